//! Throws any event at any state, in any order: the core takes it, and stays within bounds.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one event, and a new one is none of it"
)]

#[allow(
    dead_code,
    reason = "the generator of plans is shared with the simulation"
)]
mod world;

mod simulate {
    pub(crate) mod chance;
    pub(crate) mod draw;
}

use bowout_core::event::{Change, Command, Notice, Received, Sender, SpawnError, SpawnErrorKind};
use bowout_core::plan::{HookId, Plan, ServiceId};
use bowout_core::process::{Process, State};
use bowout_core::{Action, Event, Instant, Pid, Signal, SignalSet, Status, Supervisor};
use simulate::chance::Chance;
use simulate::draw::draw_case;
use std::collections::BTreeSet;
use std::time::Duration;

/// A process is named in at most a handful of actions (note, signal, SIGCONT), for each service.
const PER_EVENT: usize = 60;
const PER_PROCESS: usize = 6;

fn pid(chance: &mut Chance) -> Pid {
    Pid::new(i32::try_from(chance.below(14)).unwrap())
}

fn signal(chance: &mut Chance) -> Signal {
    let any = u8::try_from(chance.range(1, 64)).unwrap();
    chance.of(&[
        Signal::TERM,
        Signal::INT,
        Signal::USR1,
        Signal::CHLD,
        Signal::new(any).unwrap(),
    ])
}

fn process(chance: &mut Chance) -> Process {
    let mut process = Process::new(pid(chance), pid(chance));
    process.group = pid(chance);
    process.session = pid(chance);
    process.state = chance.of(&[
        State::Awake,
        State::Awake,
        State::Stopped,
        State::Traced,
        State::Uninterruptible,
        State::Zombie,
    ]);
    let set = chance.of(&[SignalSet::EMPTY, SignalSet::ALL]);
    match chance.below(4) {
        0 => process.caught = set,
        1 => process.ignored = set,
        2 => process.blocked = set,
        _ => process.awaited = set,
    }
    process.waits_for_child = chance.once_in(2);
    process.program = chance.once_in(3).then(|| "dash".into());
    process
}

fn notice(chance: &mut Chance) -> Notice {
    let length = Duration::from_millis(chance.range(0, 4_000));
    match chance.below(9) {
        0 => Notice::Ready,
        1 => Notice::Reloading,
        2 => Notice::Stopping,
        3 | 4 => Notice::MainPid(pid(chance)),
        5 => Notice::Watchdog,
        6 => Notice::WatchdogTrigger,
        7 => Notice::WatchdogPeriod(length),
        _ => Notice::Extend(chance.of(&[length, Duration::MAX])),
    }
}

fn command(chance: &mut Chance) -> Command {
    let service = ServiceId(chance.below(8));
    match chance.below(6) {
        0 | 1 => Command::Start(service),
        2 => Command::Stop(service),
        3 => Command::Restart(service),
        4 => Command::Reload(service),
        _ => Command::Signal(service, signal(chance)),
    }
}

/// A plan that comes: what it says goes on is any place, or none, or nothing is said of some.
fn change(chance: &mut Chance, plan: Plan) -> Event {
    let mut place = |most: usize| (!chance.once_in(3)).then(|| chance.below(most + 2));
    let services = plan.ids().map(|_| place(6).map(ServiceId)).collect();
    let hooks = plan.hooks().iter().map(|_| place(8).map(HookId)).collect();
    let mut change = Change {
        plan,
        services,
        hooks,
    };
    if chance.once_in(8) {
        change.services.pop();
    }
    Event::Reconfigured(Box::new(change))
}

fn event(chance: &mut Chance, plans: &[Plan]) -> Event {
    let service = ServiceId(chance.below(7));
    let hook = HookId(chance.below(12));
    let kind = chance.of(&[
        SpawnErrorKind::NotFound,
        SpawnErrorKind::CannotExecute,
        SpawnErrorKind::Exhausted,
        SpawnErrorKind::Setup,
    ]);
    let error = SpawnError { kind, errno: 1 };
    let pid = pid(chance);
    let signal = signal(chance);
    match chance.below(27) {
        0 => Event::Started,
        1..4 => Event::Spawned { service, pid },
        4 => Event::SpawnFailed { service, error },
        5 => Event::HookSpawned { hook, pid },
        6 => Event::HookSpawnFailed { hook, error },
        7 | 8 => Event::Exited {
            pid,
            status: chance.of(&[Status::Exited(0), Status::Exited(3), Status::by(signal)]),
        },
        9 => Event::ChildrenGone,
        10 => Event::NamespaceEmptied,
        11 => Event::Suspended { pid, signal },
        12 => Event::SignalReceived(Received {
            signal,
            sender: Sender { pid, uid: 0 },
            value: None,
        }),
        13 if chance.once_in(3) => Event::StopRequested,
        18 => Event::Ready { service },
        19..22 => Event::Notified {
            service,
            notice: notice(chance),
        },
        22 | 23 => Event::PidfileRead {
            service,
            pid: (!chance.once_in(3)).then_some(pid),
        },
        24 => Event::Commanded(command(chance)),
        25 => {
            let plan = plans[chance.below(plans.len())].clone();
            change(chance, plan)
        }
        13..16 => Event::Surveyed(
            (!chance.once_in(8)).then(|| (0..chance.below(12)).map(|_| process(chance)).collect()),
        ),
        _ => Event::DeadlineReached,
    }
}

/// What the driver says when it has done this.
fn answer(chance: &mut Chance, action: Action) -> Event {
    let pid = pid(chance);
    match action {
        Action::Spawn { service } => Event::Spawned { service, pid },
        Action::RunHook { hook, .. } => Event::HookSpawned { hook, pid },
        Action::ReadPidfile { service } => Event::PidfileRead {
            service,
            pid: Some(pid),
        },
        _ => Event::DeadlineReached,
    }
}

#[test]
fn any_event_in_any_state_is_legal() {
    let mut ends = 0;
    let mut words = BTreeSet::new();
    for seed in 0..3_000 {
        let mut chance = Chance::new(seed);
        let case = draw_case(&mut chance);
        let mut plans = vec![case.plan.clone()];
        plans.extend(case.changes.iter().map(|(plan, _)| plan.clone()));
        // What the core answers to is more often right than what comes out of the blue.
        let mut awaited = Vec::new();
        let mut sup = Supervisor::new(case.plan, Pid::INIT).with_jitter(seed);
        let (mut now, mut latest) = (Instant::ZERO, Instant::ZERO);
        let (mut finished, mut lies) = (0, false);
        for _ in 0..150 {
            // Time stands still, goes on, jumps far, and even comes from a driver whose clock went back.
            now = match chance.below(10) {
                0..6 => now.after(Duration::from_millis(chance.range(0, 300))),
                6 => sup.deadline().unwrap_or(now),
                7 => now.after(Duration::from_secs(chance.range(0, 40))),
                8 => now.before(Duration::from_millis(5)),
                _ => now,
            };
            let event = match awaited.pop() {
                Some(action) if chance.once_in(2) => answer(&mut chance, action),
                Some(_) | None => event(&mut chance, &plans),
            };
            let most = PER_EVENT
                + match &event {
                    Event::Surveyed(Some(processes)) => PER_PROCESS * processes.len(),
                    _ => 0,
                };
            let mut thorough = sup.clone();
            thorough.look_at_all();
            let actions = sup.handle(now, event.clone());
            // Nobody who is looked at once more has less time for it, unless the clock went back, or a hook is
            // that of another service from now on.
            latest = latest.max(now);
            lies |= matches!(event, Event::Reconfigured(_));
            let same = thorough.handle(now, event.clone()) == actions && thorough == sup;
            assert!(
                same || lies || now < latest,
                "seed {seed}: {event:?} leaves somebody out"
            );
            assert!(
                actions.len() <= most,
                "seed {seed}: {event:?} → {} actions",
                actions.len()
            );
            assert!(
                finished == 0 || actions.is_empty(),
                "seed {seed}: {actions:?} after the end"
            );
            words.extend(sup.plan().ids().map(|id| sup.service(id).word()));
            awaited.extend(
                actions
                    .iter()
                    .filter(|action| {
                        matches!(
                            action,
                            Action::Spawn { .. }
                                | Action::RunHook { .. }
                                | Action::ReadPidfile { .. }
                        )
                    })
                    .cloned(),
            );
            finished += actions
                .iter()
                .filter(|action| matches!(action, Action::Finish { .. }))
                .count();
            assert_eq!(sup.is_finished(), finished == 1, "seed {seed}");
            assert!(
                finished == 0 || sup.deadline().is_none(),
                "seed {seed}: a deadline after the end"
            );
        }
        ends += finished;
    }
    println!("{ends} of 3,000 came to an end");
    assert!(ends > 300);
    let all = [
        "waiting",
        "starting",
        "running",
        "stopping",
        "backoff",
        "stopped",
        "completed",
        "failed",
    ];
    assert_eq!(words, BTreeSet::from(all), "every state was met");
}

#[test]
fn the_largest_durations_are_survived() {
    use bowout_core::plan::{Draft, Hook, HookMoment, Plan, Service};
    let mut draft = Draft::single(Service::new("app"));
    draft.stop.grace = Some(Duration::MAX);
    draft.stop.drain = Duration::MAX;
    draft.services[0].stop_timeout = Some(Duration::MAX);
    for moment in [
        HookMoment::PreStop,
        HookMoment::PreStop,
        HookMoment::PostStop,
    ] {
        draft.hooks.push(Hook {
            name: "hook".into(),
            moment,
            timeout: Some(Duration::MAX),
        });
    }
    let mut sup = Supervisor::new(Plan::new(draft).unwrap(), Pid::INIT);
    let end = Instant::from_nanos(u64::MAX);
    let _ = sup.handle(end, Event::Started);
    let _ = sup.handle(
        end,
        Event::Spawned {
            service: ServiceId(0),
            pid: Pid::new(2),
        },
    );
    let _ = sup.handle(end, Event::StopRequested);
    assert!(sup.is_stopping());
}
