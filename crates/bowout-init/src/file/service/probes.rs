//! Reads when a service is ready, and whether it still works.

use crate::file::chapter::chapters;
use crate::file::command::{COMMAND, Written};
use crate::file::key::{Form, Key, Section, Shape, Take};
use crate::file::lookup::{Lookup, lookup};
use crate::file::reader::{Filled, Reader};
use crate::file::tree::Node;
use crate::settings::{CommandLine, Healthcheck, Probe, ReadyWhen};
use std::time::Duration;

pub(super) const READY: Form = Form {
    accepted: "\"notify\", or a table with one of notify, fd, tcp, http, exec, log and delay",
    shape: Shape::Either(&[
        Shape::Word(&["notify"]),
        Shape::Table(|| chapters(READY_SECTIONS)),
    ]),
};

pub(super) const HEALTHCHECK: Form = Form {
    accepted: "a table with one of test, tcp and http",
    shape: Shape::Table(|| chapters(HEALTH_SECTIONS)),
};

const TEST: Form = Form {
    accepted: "a command as a text, or as an array that begins with \"CMD\", \"CMD-SHELL\" or \"NONE\", or \
               with the program",
    shape: COMMAND.shape,
};

const TCP: Form = Form {
    accepted: "an address such as \":8080\", \"localhost:8080\" or \"[::1]:8080\"",
    shape: Shape::Pattern(r"^([^:\s]*|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$"),
};

const HTTP: Form = Form {
    accepted: "an address such as \"http://localhost:8080/healthz\"",
    shape: Shape::Pattern(r"^http://\S+$"),
};

/// What is found in the table `ready`: of the first ones exactly one.
#[derive(Default)]
pub(in crate::file) struct Ready {
    when: Option<ReadyWhen>,
    probe: Option<Probe>,
    interval: Option<Duration>,
}

const READY_SECTIONS: &[Section<Ready>] = &[Section {
    heading: "",
    keys: &[
        Key {
            name: "notify",
            about: "It says so by sd_notify(3), `READY=1`.",
            example: "notify = true",
            take: Take::Other(&NOTIFY, |reader, ready, node| match node.data.switch() {
                Some(true) => ready.when = Some(ReadyWhen::Notify),
                Some(false) | None => reader.refuse(node, NOTIFY.accepted),
            }),
            ..Key::PLAIN
        },
        Key {
            name: "fd",
            elsewhere: &["notification_fd"],
            about: "It writes a line to this descriptor, which it gets from bowout (s6's way).",
            example: "fd = 3",
            take: Take::Whole(3, 1023, |ready, number| {
                ready.when = i32::try_from(number).ok().map(ReadyWhen::Descriptor);
            }),
            ..Key::PLAIN
        },
        Key {
            name: "tcp",
            elsewhere: &["port", "tcp_socket"],
            about: "A connection to this address is accepted. Without a host it is the local one.",
            example: "tcp = \":5432\"",
            take: Take::Other(&TCP, |reader, ready, node| ready.probe = reader.tcp(node)),
            ..Key::PLAIN
        },
        Key {
            name: "http",
            elsewhere: &["http_get", "url"],
            about: "A GET of this address gets a status below 400.",
            example: "http = \"http://localhost:8080/healthz\"",
            take: Take::Other(&HTTP, |reader, ready, node| ready.probe = reader.http(node)),
            ..Key::PLAIN
        },
        Key {
            name: "exec",
            elsewhere: &["test", "command", "cmd"],
            about: "This command ends with code 0. It is written as a `command` is.",
            example: "exec = [\"pg_isready\", \"-q\"]",
            take: Take::Other(&COMMAND, |reader, ready, node| {
                let written = reader.command(node);
                let line = written.and_then(|written| reader.line(written, node.place, false));
                ready.probe = line.map(Probe::Exec);
            }),
            ..Key::PLAIN
        },
        Key {
            name: "log",
            elsewhere: &["pattern", "output"],
            about: "This text is in a line of its output, which bowout copies until then, whatever `log` of \
                    the service says.",
            example: "log = \"ready to accept connections\"",
            take: Take::Text("a text that is not empty", |ready, text| {
                ready.when = Some(ReadyWhen::Log(text));
            }),
            ..Key::PLAIN
        },
        Key {
            name: "delay",
            elsewhere: &["startsecs", "sleep"],
            about: "So long after its start, if it is still there.",
            example: "delay = \"2s\"",
            take: Take::Period(|ready, delay| ready.when = Some(ReadyWhen::Delay(delay))),
            ..Key::PLAIN
        },
        Key {
            name: "interval",
            default: "500ms",
            about: "From the end of one attempt to the next, with `tcp`, `http` or `exec`. How long all of it \
                    may take is `start_timeout` of the service.",
            example: "interval = \"200ms\"",
            take: Take::Period(|ready, interval| ready.interval = Some(interval)),
            ..Key::PLAIN
        },
    ],
}];

pub(in crate::file) static READY_LOOKUP: Lookup<Ready> = lookup!(READY_SECTIONS);

const NOTIFY: Form = Form {
    accepted: "true",
    shape: Shape::Only(true),
};

/// What is found in the table `healthcheck`.
#[derive(Default)]
pub(in crate::file) struct Health {
    probe: Option<Probe>,
    interval: Option<Duration>,
    timeout: Option<Duration>,
    retries: Option<u32>,
    start_period: Option<Duration>,
    is_off: bool,
}

const HEALTH_SECTIONS: &[Section<Health>] = &[Section {
    heading: "",
    keys: &[
        Key {
            name: "test",
            elsewhere: &["exec", "command", "cmd"],
            about: "This command ends with code 0. As in Compose a text is for `/bin/sh -c`, and an array may \
                    begin with `CMD`, with `CMD-SHELL` and one text, or be `[\"NONE\"]`.",
            example: "test = [\"CMD\", \"curl\", \"-fs\", \"http://localhost/\"]",
            take: Take::Other(&TEST, |reader, health, node| reader.test(health, node)),
            ..Key::PLAIN
        },
        Key {
            name: "tcp",
            elsewhere: &["port", "tcp_socket"],
            about: "A connection to this address is accepted. Without a host it is the local one.",
            example: "tcp = \":8080\"",
            take: Take::Other(&TCP, |reader, health, node| health.probe = reader.tcp(node)),
            ..Key::PLAIN
        },
        Key {
            name: "http",
            elsewhere: &["http_get", "url"],
            about: "A GET of this address gets a status below 400.",
            example: "http = \"http://localhost:8080/healthz\"",
            take: Take::Other(&HTTP, |reader, health, node| {
                health.probe = reader.http(node)
            }),
            ..Key::PLAIN
        },
        Key {
            name: "interval",
            elsewhere: &["period_seconds"],
            default: "30s",
            about: "From the end of one attempt to the next.",
            example: "interval = \"10s\"",
            take: Take::Period(|health, interval| health.interval = Some(interval)),
            ..Key::PLAIN
        },
        Key {
            name: "timeout",
            elsewhere: &["timeout_seconds"],
            default: "30s",
            about: "How long one attempt may take.",
            example: "timeout = \"3s\"",
            take: Take::Period(|health, timeout| health.timeout = Some(timeout)),
            ..Key::PLAIN
        },
        Key {
            name: "retries",
            elsewhere: &["failure_threshold", "retry", "attempts"],
            default: "3",
            about: "How many attempts in a row must fail.",
            example: "retries = 5",
            take: Take::Whole(1, 1_000_000, |health, number| {
                health.retries = u32::try_from(number).ok();
            }),
            ..Key::PLAIN
        },
        Key {
            name: "start_period",
            elsewhere: &["initial_delay_seconds"],
            default: "0",
            about: "For how long after the start failures are not counted.",
            example: "start_period = \"20s\"",
            take: Take::Duration(|health, period| health.start_period = Some(period)),
            ..Key::PLAIN
        },
        Key {
            name: "disable",
            default: "false",
            about: "Whether there is no healthcheck after all.",
            example: "disable = true",
            take: Take::Switch(|health, disable| health.is_off = disable || health.is_off),
            ..Key::PLAIN
        },
    ],
}];

pub(in crate::file) static HEALTH_LOOKUP: Lookup<Health> = lookup!(HEALTH_SECTIONS);

impl Reader<'_> {
    pub(super) fn ready(&mut self, node: &Node<'_>) -> Option<ReadyWhen> {
        if node.data.text().is_some() {
            let word = self.word(node, &["notify"], READY.accepted);
            return word.map(|_| ReadyWhen::Notify);
        }
        if node.data.table().is_none() {
            self.refuse(node, READY.accepted);
            return None;
        }
        let mut ready = Ready::default();
        let seen = self.table(node, &READY_LOOKUP, &mut ready)?;
        let ways = ["notify", "fd", "tcp", "http", "exec", "log", "delay"];
        self.one_of(&ways, &seen, node.place)?;
        let when = ready.when.or(ready.probe.map(|probe| ReadyWhen::Probed {
            probe,
            interval: ready.interval,
        }));
        if let (Some(place), Some(when)) = (seen.get("interval"), &when)
            && !matches!(when, ReadyWhen::Probed { .. })
        {
            let finding = self.error(place, "`interval` is for what is tried again and again");
            self.findings
                .add(finding.hint("it goes with tcp, http or exec"));
        }
        when
    }

    pub(super) fn healthcheck(&mut self, node: &Node<'_>) -> Option<Healthcheck> {
        let mut health = Health::default();
        let seen = self.table_of(node, HEALTHCHECK.accepted, &HEALTH_LOOKUP, &mut health)?;
        if health.is_off {
            return None;
        }
        self.one_of(&["test", "tcp", "http"], &seen, node.place)?;
        health.probe.map(|probe| Healthcheck {
            probe,
            interval: health.interval,
            timeout: health.timeout,
            retries: health.retries,
            start_period: health.start_period,
        })
    }

    fn test(&mut self, health: &mut Health, node: &Node<'_>) {
        let Some(items) = node.data.list() else {
            let text = self.text(node, TEST.accepted);
            let words = text.map(|text| vec![text]);
            health.probe = words.map(|words| Probe::Exec(CommandLine { words, shell: true }));
            return;
        };
        let first = items.first().and_then(|item| item.data.text());
        let rest = items.get(1..).unwrap_or_default();
        let command = match (first.map(|first| first.as_ref()), rest) {
            (Some("NONE"), []) => {
                health.is_off = true;
                return;
            }
            (Some("CMD"), rest) => {
                let words = self.words(rest, node).map(Written::Words);
                words.and_then(|words| self.line(words, node.place, false))
            }
            (Some("CMD-SHELL"), [text]) => {
                let text = self.text(text, TEST.accepted).map(Written::Text);
                text.and_then(|text| self.line(text, node.place, true))
            }
            (Some("CMD-SHELL" | "NONE"), _) => {
                self.refuse(node, TEST.accepted);
                None
            }
            _ => {
                let words = self.words(items, node).map(Written::Words);
                words.and_then(|words| self.line(words, node.place, false))
            }
        };
        health.probe = command.map(Probe::Exec);
    }

    fn tcp(&mut self, node: &Node<'_>) -> Option<Probe> {
        self.address(node, &TCP, is_address).map(Probe::Tcp)
    }

    fn http(&mut self, node: &Node<'_>) -> Option<Probe> {
        self.address(node, &HTTP, is_url).map(Probe::Http)
    }

    fn address(
        &mut self,
        node: &Node<'_>,
        form: &Form,
        is_one: fn(&str) -> bool,
    ) -> Option<String> {
        match self.filled(node) {
            Filled::Text(text) if is_one(&text) => return Some(text.into_owned()),
            Filled::Text(text) if text.starts_with("https://") => {
                let message = "bowout itself speaks no TLS, which would double its size";
                let hint = "ask over http, or with a program: test = [\"CMD\", \"curl\", \"-fs\", \"https://…\"]";
                let finding = self.error(node.place, message).hint(hint);
                self.findings.add(finding);
            }
            Filled::Text(_) | Filled::Other => self.refuse(node, form.accepted),
            Filled::Broken => {}
        }
        None
    }
}

/// `host:port`, `[::1]:port`, `:port`.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port > 0);
    is_port && is_host(host)
}

fn is_host(host: &str) -> bool {
    match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')),
    }
}

/// `http://host[:port][/path]`, with nothing in it that would end the line of a request.
fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://") else {
        return false;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = &rest[..end];
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.ends_with(']'));
    let is_there = match has_port {
        true => is_address(host) && !host.starts_with(':'),
        false => is_host(host) && !host.is_empty(),
    };
    is_there && !rest.contains(|c: char| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hosts_and_ports() {
        for good in [
            ":80",
            "localhost:80",
            "db_1.internal:65535",
            "[::1]:80",
            "127.0.0.1:8",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "", "80", "host", ":0", ":65536", "a b:80", "::1:80", "[::g]:80", ":+80", "a:",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn urls_are_plain_http() {
        for good in [
            "http://localhost",
            "http://a:80/x?y=1",
            "http://[::1]/",
            "http://[::1]:80",
        ] {
            assert!(is_url(good), "{good}");
        }
        for bad in [
            "https://a",
            "http://",
            "http:///x",
            "http://a b/",
            "http://a/\r\nx",
            "http://:80/",
            "http://u@a/",
            "a",
        ] {
            assert!(!is_url(bad), "{bad}");
        }
    }
}
