//! Fetches what a client is to get piece by piece, only as fast as it reads.

use super::client::Client;
use super::task::{Reading, Task, Work};
use crate::control::protocol::{Event, Id, Item, LogLine, Missed, Names, Outcome, Reply, rfc3339};
use crate::control::scene::{Clock, Scene, container_status, service_status};
use crate::output::{self, Line};
use bowout_core::plan::ServiceId;
use std::borrow::Cow;
use std::time::{Duration, SystemTime};

/// How many lines are fetched at once: they may be long.
const LINES: usize = 8;

/// Fetches for all requests of a client, as much as there is room for.
pub(super) fn all(client: &mut Client, scene: &dyn Scene, clock: Clock) {
    // They are taken out meanwhile, so that lines can be queued.
    let mut tasks = std::mem::take(&mut client.tasks);
    tasks.retain_mut(|task| goes_on(client, task, scene, clock));
    tasks.append(&mut client.tasks);
    client.tasks = tasks;
}

/// The first line for one who follows events: from now on none is missed.
pub(super) fn following(id: Option<&Id>, clock: Clock) -> Vec<u8> {
    let event = Event {
        time: rfc3339(clock.wall),
        event: Cow::Borrowed("following"),
        service: None,
        state: None,
        ready: None,
        pid: None,
        message: Cow::Borrowed("what happens from now on follows"),
    };
    Reply::item(id, Item::Event(event)).line()
}

fn goes_on(client: &mut Client, task: &mut Task, scene: &dyn Scene, clock: Clock) -> bool {
    let id = task.id.as_ref();
    match &mut task.work {
        Work::Status { services, told } => {
            while client.has_room() {
                let Some(service) = nth(services, *told, scene) else {
                    let outcome = Outcome {
                        container: Some(container_status(scene, clock)),
                        ..Outcome::default()
                    };
                    client.push(&Reply::done(id, outcome).line());
                    return false;
                };
                *told += 1;
                // One that has gone meanwhile is left out.
                if let Some(service) = service {
                    let status = service_status(scene, service, clock);
                    client.push(&Reply::item(id, Item::Service(Box::new(status))).line());
                }
            }
            true
        }
        Work::Logs(reading) => {
            let goes_on = lines(client, id, reading, scene);
            if !goes_on {
                client.push(&Reply::done(id, Outcome::default()).line());
            }
            goes_on
        }
        Work::Events(_) | Work::Goal { .. } | Work::Asked { .. } => true,
    }
}

/// Whether there are lines, or will be, that are wanted.
fn lines(client: &mut Client, id: Option<&Id>, reading: &mut Reading, scene: &dyn Scene) -> bool {
    let Some(ring) = scene.ring() else {
        return false;
    };
    if reading.seen == Some(ring.next_sequence()) {
        return true;
    }
    while client.has_room() {
        let items = ring.take(&mut reading.follower, LINES);
        if items.is_empty() {
            reading.seen = Some(ring.next_sequence());
            return reading.until.is_none();
        }
        for item in items {
            if let (output::Item::Line(line), Some(until)) = (&item, reading.until)
                && line.sequence >= until
            {
                return false;
            }
            client.push(&Reply::item(id, kept(item)).line());
        }
    }
    true
}

/// The service at this place of what is asked for; `None`: there is no such place.
fn nth(services: &Names, place: usize, scene: &dyn Scene) -> Option<Option<ServiceId>> {
    match services {
        Names::All => Some(Some(*scene.plan().graph().start_order().get(place)?)),
        Names::Some(names) => Some(scene.plan().find(names.get(place)?)),
    }
}

fn kept(item: output::Item) -> Item<'static> {
    match item {
        output::Item::Missed { service, lines } => Item::Missed(Missed {
            service: Cow::Owned(service),
            lines,
        }),
        output::Item::Line(Line {
            time,
            service,
            stream,
            text,
            ..
        }) => Item::Log(LogLine {
            time: rfc3339(since_epoch(time)),
            service: Cow::Owned(service),
            stream: Cow::Borrowed(stream.name()),
            text: Cow::Owned(match String::from_utf8(text) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }),
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
