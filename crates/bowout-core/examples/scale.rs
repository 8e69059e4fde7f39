//! Starts and stops many services, and says what one event costs.
//!
//! `cargo run --release -p bowout-core --example scale [SERVICES…]`

use bowout_core::action::Target;
use bowout_core::event::Event;
use bowout_core::plan::{Draft, Plan, Service, ServiceId};
use bowout_core::process::Process;
use bowout_core::{Action, Instant, Pid, Signal, Status, Supervisor};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant as Clock};

fn main() {
    let mut counts: Vec<usize> = std::env::args()
        .skip(1)
        .map(|count| count.parse().expect("a number of services"))
        .collect();
    if counts.is_empty() {
        counts = vec![10, 100, 1_000, 4_000];
    }
    for count in counts {
        for chained in [false, true] {
            measure(count, chained);
        }
    }
}

/// What it takes to start `count` services, to see one after the other end and come back, and to stop all.
fn measure(count: usize, chained: bool) {
    let mut draft = Draft::single(Service::new("s"));
    draft.is_command = false;
    draft.services = (0..count)
        .map(|index| {
            let mut service = Service::new(&format!("s{index}"));
            if chained && index > 0 {
                service.depends_on = vec![ServiceId(index - 1).into()];
            }
            service
        })
        .collect();
    draft.stop.grace = Some(Duration::from_secs(10));
    let mut sup = Supervisor::new(Plan::new(draft).unwrap(), Pid::INIT);
    let mut now = Instant::ZERO;
    let pid = |id: ServiceId| Pid::new(i32::try_from(id.0).unwrap() + 2);
    let process = |id: ServiceId| {
        let mut process = Process::new(pid(id), Pid::INIT);
        (process.group, process.session) = (pid(id), pid(id));
        process
    };
    let begun = Clock::now();
    let mut living = BTreeMap::new();
    let mut open = sup.handle(now, Event::Started);
    let mut events = 1;
    while let Some(action) = open.pop() {
        if let Action::Spawn { service } = action {
            let pid = pid(service);
            living.insert(pid, process(service));
            open.extend(sup.handle(now, Event::Spawned { service, pid }));
            events += 1;
        }
    }
    let started = begun.elapsed();
    assert_eq!(living.len(), count);
    let begun = Clock::now();
    let (mut stops, mut surveys) = (1, 0);
    let mut asked = false;
    let mut open = VecDeque::from(sup.handle(now, Event::StopRequested));
    while !sup.is_finished() {
        // A look at all processes comes last, as in bowout-init.
        let event = match open.pop_front() {
            Some(Action::Survey { .. }) => {
                asked = true;
                continue;
            }
            Some(Action::Signal {
                target: Target::Process(to),
                signal: Signal::TERM,
                ..
            }) => {
                living.remove(&to);
                Event::Exited {
                    pid: to,
                    status: Status::by(Signal::TERM),
                }
            }
            Some(_) => continue,
            None if core::mem::take(&mut asked) => {
                surveys += 1;
                Event::Surveyed(Some(living.values().cloned().collect()))
            }
            None if living.is_empty() => Event::NamespaceEmptied,
            None => {
                now = sup.deadline().unwrap();
                Event::DeadlineReached
            }
        };
        stops += 1;
        open.extend(sup.handle(now, event));
    }
    let stopped = begun.elapsed();
    println!(
        "{count} services, {}: start {started:?}, {:?} an event; \
         stop {stopped:?}, {stops} events, {surveys} of them surveys, {:?} each",
        if chained {
            "one after the other"
        } else {
            "all at once"
        },
        started / events,
        stopped / stops,
    );
}
