//! Plays a stop in which nobody listens, to the letter: what comes after a SIGKILL, and when.

use bowout_core::action::Target;
use bowout_core::plan::{Draft, Hook, HookMoment, Plan, Service, ServiceId, ServiceMoment};
use bowout_core::process::Process;
use bowout_core::{Action, Event, Instant, Pid, Signal, Status, Supervisor};

const AT: fn(u64) -> Instant = Instant::from_millis;

/// web hangs until its SIGKILL, and its hook until that of the hook: it may still need db, and has all of
/// the time that it was promised.
#[test]
fn hooks_after_a_sigkill_come_before_what_the_service_depended_on() {
    let mut draft = Draft::single(Service::new("web"));
    draft.is_command = false;
    draft.services.push(Service::new("db"));
    draft.services[0].depends_on = vec![ServiceId(1).into()];
    let second = std::time::Duration::from_secs(1);
    for (service, seconds) in draft.services.iter_mut().zip([2, 1]) {
        service.stop_timeout = Some(seconds * second);
    }
    draft.hooks.push(Hook {
        name: "upload".into(),
        moment: HookMoment::Of(ServiceId(0), ServiceMoment::PostStop),
        timeout: Some(3 * second),
    });
    // Nothing is left over: 2 s, 3 s, 1 s, and 250 ms for the sweep.
    draft.stop.grace = Some(6 * second + std::time::Duration::from_millis(750));
    let mut sup = Supervisor::new(Plan::new(draft).unwrap(), Pid::INIT);
    let pids = [Pid::new(2), Pid::new(3), Pid::new(4)];
    let [web, db, upload] = pids;
    _ = sup.handle(AT(0), Event::Started);
    for (service, pid) in [(1, db), (0, web)] {
        let service = ServiceId(service);
        _ = sup.handle(AT(0), Event::Spawned { service, pid });
    }
    let mut living = vec![web, db];
    let mut story = Vec::new();
    let mut events = vec![Event::StopRequested];
    let mut now = AT(0);
    while !sup.is_finished() {
        if events.is_empty() {
            now = sup.deadline().unwrap();
            events.push(Event::DeadlineReached);
        }
        for action in sup.handle(now, events.remove(0)) {
            match action {
                Action::Survey { .. } => {
                    let all = living.iter().map(|pid| Process::new(*pid, Pid::INIT));
                    events.push(Event::Surveyed(Some(all.collect())));
                }
                Action::RunHook { hook, .. } => {
                    living.push(upload);
                    events.push(Event::HookSpawned { hook, pid: upload });
                }
                Action::Signal {
                    target: Target::Process(pid) | Target::Group(pid),
                    signal: signal @ (Signal::TERM | Signal::KILL),
                    ..
                } => {
                    story.push((now.as_nanos() / 1_000_000, pid, signal));
                    if signal == Signal::KILL && living.contains(&pid) {
                        living.retain(|other| *other != pid);
                        let status = Status::by(Signal::KILL);
                        events.push(Event::Exited { pid, status });
                    }
                }
                Action::Signal {
                    target: Target::Namespace,
                    ..
                } => events.push(Event::NamespaceEmptied),
                _ => {}
            }
        }
    }
    let expected = [
        (0, web, Signal::TERM),
        (2000, web, Signal::KILL),
        (5000, upload, Signal::KILL),
        (5000, db, Signal::TERM),
        (6000, db, Signal::KILL),
    ];
    assert_eq!(story, expected);
}
