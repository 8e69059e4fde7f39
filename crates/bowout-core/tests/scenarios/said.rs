//! Says what is promised to be said, to the letter.

use bowout_core::action::{Lingering, Note};
use bowout_core::event::{Received, Sender};
use bowout_core::plan::{Draft, Hook, HookId, HookMoment, Plan, Service, ServiceId};
use bowout_core::process::{Process, Stayed};
use bowout_core::{Action, Event, Instant, Pid, Signal, SignalSet, Status, Supervisor};

const AT: fn(u64) -> Instant = Instant::from_millis;

fn came(signal: Signal) -> Event {
    let sender = Sender {
        pid: Pid::OUTSIDE,
        uid: 0,
    };
    Event::SignalReceived(Received {
        signal,
        sender,
        value: None,
    })
}

/// A command that runs, as process 2.
fn running(draft: Draft) -> Supervisor {
    let mut sup = Supervisor::new(Plan::new(draft).unwrap(), Pid::INIT);
    let spawn = Action::Spawn {
        service: ServiceId(0),
    };
    let changed = Action::Tell(Note::Changed {
        service: ServiceId(0),
    });
    let started = sup.handle(AT(0), Event::Started);
    assert_eq!(started, [changed.clone(), spawn]);
    let spawned = Event::Spawned {
        service: ServiceId(0),
        pid: Pid::new(2),
    };
    assert_eq!(sup.handle(AT(0), spawned), [changed]);
    sup
}

#[test]
fn who_is_waited_for_is_said() {
    let mut sup = running(Draft::single(Service::new("app")));
    let mut stubborn = Process::new(Pid::new(2), Pid::INIT);
    stubborn.name = "app".into();
    stubborn.ignored = SignalSet::EMPTY.with(Signal::TERM);
    let mut actions = sup.handle(AT(0), came(Signal::TERM));
    let mut said = Vec::new();
    let mut now = AT(0);
    let mut steps = 0;
    while now < AT(40_000) {
        steps += 1;
        assert!(steps < 500, "a busy loop");
        let asked = actions
            .iter()
            .any(|action| matches!(action, Action::Survey { .. }));
        for action in &actions {
            if let Action::Tell(Note::Waiting { since, processes }) = action {
                let expected = Lingering {
                    pid: Pid::new(2),
                    name: "app".to_owned(),
                    service: Some(ServiceId(0)),
                    stayed: Stayed::Ignores,
                };
                assert_eq!(*processes, [expected]);
                said.push(since.as_secs());
            }
        }
        actions = if asked {
            sup.handle(now, Event::Surveyed(Some(vec![stubborn.clone()])))
        } else {
            now = sup.deadline().unwrap();
            sup.handle(now, Event::DeadlineReached)
        };
    }
    assert_eq!(said, [1, 5, 15, 25, 35]);
}

#[test]
fn a_hook_on_a_signal_runs_once_more() {
    let mut draft = Draft::single(Service::new("app"));
    draft.hooks.push(Hook {
        name: "rotate".into(),
        moment: HookMoment::OnSignal(Signal::USR1),
        timeout: None,
    });
    let mut sup = running(draft);
    let hook = HookId(0);
    let run = Action::RunHook { hook, time: None };
    assert_eq!(
        sup.handle(AT(1), came(Signal::USR1)),
        std::slice::from_ref(&run)
    );
    let spawned = |pid| Event::HookSpawned {
        hook,
        pid: Pid::new(pid),
    };
    let exited = |pid| Event::Exited {
        pid: Pid::new(pid),
        status: Status::Exited(0),
    };
    assert_eq!(sup.handle(AT(1), spawned(3)), []);
    for _ in 0..3 {
        assert_eq!(sup.handle(AT(2), came(Signal::USR1)), []);
    }
    assert!(sup.handle(AT(3), exited(3)).contains(&run));
    assert_eq!(sup.handle(AT(3), spawned(4)), []);
    assert!(!sup.handle(AT(4), exited(4)).contains(&run));
}
