//! Reads a compose.yaml: its services become services of one container.

mod extends;
mod health;
mod hosts;
mod interpolate;
mod reader;
mod rest;
mod restart;
mod service;
mod start;
mod yaml;

use super::document::{Document, Line, Remark, Service};
use super::fault::{Fault, Place};
use super::source::Source;
use reader::Reader;
use service::Wanted;
use std::collections::{BTreeMap, BTreeSet};
use yaml::{Data, Node};

/// Makes a document of a compose.yaml.
///
/// # Errors
/// What can't be read.
pub(crate) fn import(source: &Source) -> Result<Document, Vec<Fault>> {
    let root = yaml::read(&source.name, &source.text).map_err(|fault| vec![fault])?;
    let whole = |at, text: &str| Err(vec![Fault::new(&source.name, at, text)]);
    let Some(entries) = root.entries() else {
        return whole(
            root.at,
            "is no map; accepted: a Compose file with `services:`",
        );
    };
    let Some(services) = root.get("services") else {
        return whole(
            Place::WHOLE,
            "has no `services`; accepted: a Compose file with `services:` at the left",
        );
    };
    let list = match services.entries() {
        Some(list) if !list.is_empty() => list,
        Some(_) | None => {
            return whole(
                services.at,
                "services: is empty; accepted: a map of services",
            );
        }
    };
    let mut faults = Vec::new();
    let mut resolved: Vec<(&str, Node)> = Vec::new();
    for (key, node) in list {
        let mut fault = |text: String| {
            let text = format!("services.{}: {text}", key.text);
            faults.push(Fault::new(&source.name, key.at, text));
        };
        if !super::is_name(&key.text) {
            fault(format!(
                "is no name for a service; accepted: {}",
                super::NAME
            ));
        }
        match (&node.data, extends::resolve(services, node)) {
            (Data::Map(_), Ok(node)) => resolved.push((&key.text, node)),
            (Data::Map(_), Err(error)) => fault(format!("extends: {error}")),
            (Data::Null | Data::Scalar(_) | Data::List(_), _) => {
                fault("is no map; accepted: a service with `image` or `command`".into());
            }
        }
    }
    unknown_dependencies(source, services, &resolved, &mut faults);
    circle(source, &resolved, &mut faults);
    let wanted = wanted(&resolved);
    let mut top = Reader::new(&source.name, "the top");
    for (key, node) in entries {
        rest::lose_top(&mut top, &key.text, node);
    }
    let names: Vec<&str> = resolved.iter().map(|(name, _)| *name).collect();
    let mut made = Vec::new();
    let has_image_entrypoint = resolved
        .iter()
        .any(|(_, node)| node.get("command").is_some() && node.get("entrypoint").is_none());
    for (name, node) in &resolved {
        let mut reader = Reader::new(&source.name, &format!("services.{name}"));
        let wanted = wanted.get(name).copied().unwrap_or_default();
        let mut service = service::read(&mut reader, name, node, wanted);
        faults.append(&mut reader.faults);
        let mut remarks = hosts::remarks(&service, &names);
        remarks.append(&mut reader.remarks);
        service.lines.extend(remarks.into_iter().map(Line::Remark));
        made.push(service);
    }
    match faults.is_empty() {
        true => Ok(document(made, has_image_entrypoint, top.remarks)),
        false => {
            faults.sort_by_key(|fault| fault.at);
            Err(faults)
        }
    }
}

/// Services that depend on each other in a circle never start.
fn circle(source: &Source, services: &[(&str, Node)], faults: &mut Vec<Fault>) {
    let mut left: Vec<(&str, &Node, Vec<&str>)> = services
        .iter()
        .map(|(name, node)| {
            let on = start::dependencies(node).into_iter().map(|(on, _)| on);
            (*name, node, on.collect())
        })
        .collect();
    // Whoever waits for nobody who is left is in no circle.
    loop {
        let names: BTreeSet<&str> = left.iter().map(|(name, ..)| *name).collect();
        let before = left.len();
        left.retain(|(.., on)| on.iter().any(|on| names.contains(*on)));
        if left.len() == before {
            break;
        }
    }
    if let Some((_, node, _)) = left.first() {
        let names: Vec<&str> = left.iter().map(|(name, ..)| *name).collect();
        let at = node.get("depends_on").map_or(node.at, |node| node.at);
        let text = format!(
            "depends_on: a circle keeps these from ever starting: {}",
            super::document::excerpt(&names.join(", "))
        );
        faults.push(Fault::new(&source.name, at, text));
    }
}

/// What is awaited of each service.
fn wanted<'a>(services: &'a [(&str, Node)]) -> BTreeMap<&'a str, Wanted> {
    let mut found: BTreeMap<&str, Wanted> = BTreeMap::new();
    for (_, node) in services {
        for (name, condition) in start::dependencies(node) {
            let wanted = found.entry(name).or_default();
            match condition {
                "ready" => wanted.healthy = true,
                "completed" => wanted.completed = true,
                _ => {}
            }
        }
    }
    found
}

fn unknown_dependencies(
    source: &Source,
    all: &Node,
    services: &[(&str, Node)],
    faults: &mut Vec<Fault>,
) {
    for (name, node) in services {
        for (on, _) in start::dependencies(node) {
            if all.get(on).is_none() {
                let at = node.get("depends_on").map_or(node.at, |node| node.at);
                let text = format!(
                    "services.{name}.depends_on: there is no service {:?}",
                    super::document::excerpt(on)
                );
                faults.push(Fault::new(&source.name, at, text));
            }
        }
    }
}

fn document(services: Vec<Service>, has_image_entrypoint: bool, top: Vec<Remark>) -> Document {
    let mut notes = vec![Remark::Note(
        "All services are in one container here: one image with all of their programs, one network (127.0.0.1), one \
         set of volumes, one grace period."
            .into(),
    )];
    if has_image_entrypoint {
        notes.push(Remark::Note(
            "Where a service had no `entrypoint`, the ENTRYPOINT of its image, if there is one, stood in front of its \
             command."
                .into(),
        ));
    }
    if services.iter().any(|service| service.has("essential")) {
        notes.push(Remark::Note(
            "Compose goes on when a service has ended for good, and so do services with `essential = false`. Without it \
             the container stops, and whoever runs it sees that."
                .into(),
        ));
    }
    if services.iter().any(|service| service.has("healthcheck")) {
        notes.push(Remark::Note(
            "A service that its healthcheck finds unhealthy is stopped here, and `restart` decides whether it starts \
             again; Compose only shows it."
                .into(),
        ));
    }
    let mut document = Document::default();
    document.remarks(notes);
    document.remarks(top);
    services
        .into_iter()
        .for_each(|service| document.service(service));
    document
}
