//! Shows to people how the container and its services are.

use super::paint::Paint;
use super::words::{self, exit, length, size};
use crate::control::protocol::{Changed, ContainerStatus, DependencyStatus, ServiceStatus, State};
use crate::log::printable;
use std::fmt::Write;

/// The heads of the table. The last column is as wide as it gets.
const HEADS: [&str; 7] = ["NAME", "STATE", "READY", "PID", "FOR", "RESTARTS", "MEMORY"];
/// What stands where there is nothing to say.
const NOTHING: &str = "-";

/// One line for the whole.
pub(super) fn container(container: &ContainerStatus<'_>) -> String {
    let ready = if container.ready {
        "ready"
    } else {
        "not ready"
    };
    let mut text = format!(
        "{}, process {}: {}, {ready}, up for {}",
        printable(&container.program),
        container.pid,
        container.state.word(),
        length(container.for_ms),
    );
    if let Some(left) = container.left_ms {
        _ = write!(text, ", {} left", length(left));
    }
    text.push('\n');
    text
}

/// A line for each service.
pub(super) fn table(services: &[ServiceStatus<'_>], paint: Paint) -> String {
    let rows: Vec<([String; 7], String)> =
        services.iter().map(|one| (row(one), info(one))).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|(row, _)| row[column].chars().count());
        cells.max().unwrap_or(0).max(HEADS[column].len())
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut text = String::new();
    let heads = HEADS.map(|head| head.to_owned());
    line(&mut text, &heads, &widths, "INFO", |_, cell| {
        paint.head(cell)
    });
    for ((row, info), service) in rows.iter().zip(services) {
        line(&mut text, row, &widths, info, |column, cell| match column {
            1 => paint.state(service.state, cell),
            _ => cell.to_owned(),
        });
    }
    text
}

fn line(
    text: &mut String,
    cells: &[String; 7],
    widths: &[usize; 7],
    last: &str,
    paint: impl Fn(usize, &str) -> String,
) {
    let mut line = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        // Numbers are compared by their ends.
        let padding = " ".repeat(width - cell.chars().count());
        let cell = paint(column, cell);
        line.push_str(&match column {
            3 | 5 | 6 => format!("{padding}{cell}  "),
            _ => format!("{cell}{padding}  "),
        });
    }
    line.push_str(&match last {
        "INFO" => paint(cells.len(), last),
        other => other.to_owned(),
    });
    text.push_str(line.trim_end());
    text.push('\n');
}

fn row(service: &ServiceStatus<'_>) -> [String; 7] {
    let nothing = || NOTHING.to_owned();
    [
        printable(&service.name),
        service.state.word().to_owned(),
        if service.ready { "yes" } else { "no" }.to_owned(),
        service.pid.map_or_else(nothing, |pid| pid.to_string()),
        length(service.for_ms),
        service.restarts.to_string(),
        service.memory_bytes.map_or_else(nothing, size),
    ]
}

/// What is worth knowing of a service beside the numbers.
fn info(service: &ServiceStatus<'_>) -> String {
    let mut parts = Vec::new();
    parts.extend(service.status.as_deref().map(printable));
    parts.extend(service.why.as_deref().map(printable));
    if matches!(
        service.state,
        State::Stopped | State::Backoff | State::Failed | State::Starting
    ) && service.why.is_none()
    {
        parts.extend(service.last_exit.as_ref().map(exit));
    }
    if let Some(next) = service.next_start_ms {
        parts.push(format!("starts again in {}", length(next)));
    }
    if service.reloading {
        parts.push("reads its configuration again".to_owned());
    }
    parts.join("; ")
}

/// All that is known of a service.
pub(super) fn block(service: &ServiceStatus<'_>, paint: Paint) -> String {
    let ready = if service.ready { "ready" } else { "not ready" };
    let mut text = format!(
        "{}: {}, {ready}\n",
        printable(&service.name),
        paint.state(service.state, service.state.word())
    );
    let mut field = |name: &str, value: String| {
        if !value.is_empty() {
            _ = writeln!(text, "  {name:<14}  {value}");
        }
    };
    let yes = |value: bool| if value { "yes" } else { "no" }.to_owned();
    field("kind", printable(&service.kind));
    field(
        "since",
        format!("{} ({})", printable(&service.since), length(service.for_ms)),
    );
    field(
        "main process",
        service.pid.map_or_else(String::new, |pid| pid.to_string()),
    );
    field(
        "memory",
        service.memory_bytes.map_or_else(String::new, size),
    );
    field(
        "status",
        service
            .status
            .as_deref()
            .map_or_else(String::new, printable),
    );
    field(
        "why",
        service.why.as_deref().map_or_else(String::new, printable),
    );
    field("restarts", service.restarts.to_string());
    field(
        "next start",
        service
            .next_start_ms
            .map_or_else(String::new, |next| format!("in {}", length(next))),
    );
    field(
        "last exit",
        service.last_exit.as_ref().map_or_else(String::new, exit),
    );
    field(
        "stop time-out",
        service
            .stop_timeout_ms
            .map_or_else(String::new, words::length),
    );
    field("wanted", yes(service.wanted));
    field("essential", yes(service.essential));
    let depends: Vec<String> = service.depends_on.iter().map(dependency).collect();
    field("depends on", depends.join(", "));
    text
}

fn dependency(dependency: &DependencyStatus<'_>) -> String {
    let condition = printable(&dependency.condition);
    format!("{} ({condition})", printable(&dependency.service))
}

/// What became different.
pub(super) fn changed(changed: &Changed) -> String {
    let mut text = String::new();
    for (what, names) in [
        ("added", &changed.added),
        ("changed", &changed.changed),
        ("removed", &changed.removed),
    ] {
        if !names.is_empty() {
            let names: Vec<String> = names.iter().map(|name| printable(name)).collect();
            _ = writeln!(text, "{what}: {}", names.join(", "));
        }
    }
    if text.is_empty() {
        text.push_str("nothing has changed\n");
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::control::protocol::Exit;

    pub(in crate::ctl) fn service(name: &'static str, state: State) -> ServiceStatus<'static> {
        ServiceStatus {
            name: name.into(),
            kind: "simple".into(),
            state,
            ready: state == State::Running,
            wanted: true,
            reloading: false,
            essential: false,
            pid: (state == State::Running).then_some(12),
            since: "2026-11-21T05:12:59.085Z".into(),
            for_ms: 61_000,
            restarts: 0,
            next_start_ms: None,
            memory_bytes: Some(12_345_678),
            last_exit: None,
            status: None,
            why: None,
            stop_timeout_ms: Some(9000),
            depends_on: Vec::new(),
        }
    }

    #[test]
    fn columns_stand_below_their_heads() {
        let mut failed = service("a-longer-näme", State::Backoff);
        failed.last_exit = Some(Exit::Exited { code: 1 });
        failed.next_start_ms = Some(3200);
        failed.restarts = 12_345_678;
        failed.memory_bytes = None;
        let mut told = service("web\u{1b}[2J", State::Running);
        told.status = Some("3 of 8 \u{7}workers".into());
        let services = [failed, told];
        let plain = table(&services, Paint(false));
        assert_eq!(
            plain,
            "\
NAME           STATE    READY  PID  FOR        RESTARTS   MEMORY  INFO
a-longer-näme  backoff  no       -  1 min 1 s  12345678        -  exited with 1; starts again in 3 s
web\\u{1b}[2J   running  yes     12  1 min 1 s         0  12.3 MB  3 of 8 \\u{7}workers
"
        );
        let painted = table(&services, Paint(true));
        let stripped = painted
            .replace("\u{1b}[1m", "")
            .replace("\u{1b}[33m", "")
            .replace("\u{1b}[32m", "")
            .replace("\u{1b}[0m", "");
        assert_eq!(stripped, plain);
        assert_ne!(painted, plain);
    }

    #[test]
    fn a_block_has_what_there_is() {
        let mut web = service("web", State::Running);
        web.depends_on = vec![DependencyStatus {
            service: "db".into(),
            condition: "ready".into(),
        }];
        let text = block(&web, Paint(false));
        assert!(text.starts_with("web: running, ready\n"), "{text}");
        assert!(text.contains("\n  main process    12\n"), "{text}");
        assert!(text.contains("\n  depends on      db (ready)\n"), "{text}");
        assert!(!text.contains("last exit"), "{text}");
    }

    #[test]
    fn changes_are_listed() {
        assert_eq!(changed(&Changed::default()), "nothing has changed\n");
        let both = Changed {
            added: vec!["a".into(), "b".into()],
            changed: Vec::new(),
            removed: vec!["c".into()],
        };
        assert_eq!(changed(&both), "added: a, b\nremoved: c\n");
    }
}
