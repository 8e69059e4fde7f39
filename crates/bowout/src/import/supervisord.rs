//! Reads a supervisord.conf: sections, groups, and files that it includes.

mod environment;
mod expand;
mod glob;
mod ini;
mod keys;
mod order;
mod output;
mod program;
mod restart;
mod sections;

use super::document::{Document, Line, Remark, missing};
use super::fault::{Fault, Place};
use super::source::Source;
use super::template::{Atom, Template};
use ini::Section;
use keys::Keys;
use program::Process;
use std::collections::{BTreeMap, BTreeSet};

/// A part of the document before the order is known.
enum Part {
    Processes(Vec<Process>),
    Remarks(Vec<Remark>),
}

/// Makes a document of a supervisord.conf.
///
/// # Errors
/// What can't be read, in it or in files that it includes.
pub(crate) fn import(source: &Source) -> Result<Document, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut sections = Vec::new();
    ini::read(source, &mut sections, &mut faults);
    let mut head = sections::include(source, &mut sections, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let defaults = sections
        .iter()
        .position(|section| section.name == "DEFAULT")
        .map(|at| sections.remove(at));
    let mut names = BTreeMap::new();
    let host = Atom::Variable {
        name: "HOSTNAME".into(),
        otherwise: None,
    };
    let mut host_name = Template::default();
    host_name.push(host);
    names.insert("host_node_name".to_owned(), host_name);
    let whole = sections::supervisord(&sections, defaults.as_ref(), &names, &mut faults);
    for (name, value) in &whole.surroundings.environment {
        names.insert(format!("ENV_{name}"), value.clone());
    }
    head.extend(whole.remarks);
    head.extend(sections::control(&sections));
    let groups = sections::groups(&sections, defaults.as_ref(), &names, &mut faults);
    let mut parts = Vec::new();
    for section in &sections {
        let is_program = ["program:", "fcgi-program:"]
            .iter()
            .any(|kind| section.name.starts_with(kind));
        if !is_program {
            parts.push(Part::Remarks(sections::others(section)));
            continue;
        }
        let name = program::program_name(section);
        let mut around = whole.surroundings.clone();
        around.group = groups.get(name).cloned();
        let group = around
            .group
            .as_ref()
            .map_or(name, |(group, _)| group.as_str());
        let names = program::names(name, group, &names);
        let mut keys = Keys::new(section, defaults.as_ref(), names.clone());
        parts.push(Part::Processes(program::read(
            &mut keys, section, &around, &names,
        )));
        faults.append(&mut keys.faults);
    }
    let has_program = parts
        .iter()
        .any(|part| matches!(part, Part::Processes(processes) if !processes.is_empty()));
    if !has_program && faults.is_empty() {
        let text = "has no program; accepted: sections such as [program:web], here or in files of [include]";
        faults.push(Fault::new(&source.name, Place::WHOLE, text));
    }
    match faults.is_empty() {
        true => Ok(document(&sections, head, parts)),
        false => Err(faults),
    }
}

fn document(sections: &[Section], mut head: Vec<Remark>, mut parts: Vec<Part>) -> Document {
    rename(&mut parts);
    let processes = || {
        parts.iter().flat_map(|part| match part {
            Part::Processes(processes) => processes.as_slice(),
            Part::Remarks(_) => &[],
        })
    };
    let places: Vec<_> = processes().map(|process| process.place.clone()).collect();
    let dependencies = order::dependencies(&places);
    let mut notes = Vec::new();
    if processes().any(|process| !process.service.lines.is_empty() && ends_quietly(process)) {
        notes.push(Remark::Note(
            "supervisord goes on when a program has ended for good, and so do services with `essential = false`. \
             Without it the container stops, and whoever runs it sees that."
                .into(),
        ));
    }
    if !dependencies.is_empty() {
        notes.push(Remark::Note(
            "supervisord starts by priority and stops in reverse; `depends_on` says so here. Take out what doesn't need \
             the other: what is free stops at the same time."
                .into(),
        ));
    }
    if processes().any(|process| process.was_auto) {
        notes.push(Remark::Note(
            "What supervisord kept in log files of its own goes to the container's standard output and error.".into(),
        ));
    }
    if uses_here(sections) {
        head.push(missing(
            "%(here)s",
            "stands for the folder in which the file was imported; write the one that it has in the image",
        ));
    }
    let mut document = Document::default();
    document.remarks(notes);
    // What is lost stands below what is only said.
    head.sort_by_key(|remark| matches!(remark, Remark::Missing { .. }));
    document.remarks(head);
    let mut open = Vec::new();
    for part in parts {
        match part {
            Part::Remarks(remarks) => open.extend(remarks),
            Part::Processes(processes) => {
                document.remarks(std::mem::take(&mut open));
                for mut process in processes {
                    depend(&mut process, &dependencies);
                    document.service(process.service);
                }
            }
        }
    }
    document.remarks(open);
    document
}

fn ends_quietly(process: &Process) -> bool {
    process.service.has("essential")
}

/// Puts `depends_on` behind what runs.
fn depend(process: &mut Process, dependencies: &BTreeMap<String, Vec<String>>) {
    let Some(names) = dependencies.get(&process.place.name) else {
        return;
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let lines = &mut process.service.lines;
    let early = ["command", "type", "autostart", "essential"];
    let at = lines
        .iter()
        .rposition(|line| matches!(line, Line::Entry(key, _) if early.contains(key)))
        .map_or(0, |at| at + 1);
    lines.insert(at, Line::Entry("depends_on", names.into()));
}

/// Two processes of the same name, in different groups, get different ones.
fn rename(parts: &mut [Part]) {
    let mut processes: Vec<&mut Process> = Vec::new();
    for part in parts {
        match part {
            Part::Processes(more) => processes.extend(more),
            Part::Remarks(_) => {}
        }
    }
    let mut free: BTreeSet<String> = BTreeSet::new();
    let all: BTreeSet<String> = processes
        .iter()
        .map(|process| process.service.name.clone())
        .collect();
    for process in processes {
        let name = process.service.name.clone();
        if free.insert(name.clone()) {
            continue;
        }
        let other = (2u32..)
            .map(|number| format!("{name}-{number}"))
            .find(|other| !all.contains(other) && free.insert(other.clone()));
        if let Some(other) = other {
            let note = format!("It is called {name} in supervisord, as another one is.");
            process.service.above.push(Remark::Note(note));
            process.service.name.clone_from(&other);
            process.place.name = other;
        }
    }
}

fn uses_here(sections: &[Section]) -> bool {
    sections
        .iter()
        .filter(|section| section.name.contains("program:"))
        .flat_map(|section| &section.entries)
        .any(|entry| entry.value.contains("%(here)s"))
}
