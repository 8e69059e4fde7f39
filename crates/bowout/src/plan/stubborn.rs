//! Plays the worst case with the core itself, in virtual time, and holds the chart to it: every hook hangs,
//! and no service listens to anything but SIGKILL.

use super::schedule::{Kind, Part, Schedule};
use crate::chance::Numbers;
use bowout_core::action::Target;
use bowout_core::plan::{
    Draft, Hook, HookId, HookMoment, KillMode, Plan, Service, ServiceId, ServiceMoment,
};
use bowout_core::process::Process;
use bowout_core::{Action, Event, Instant, Pid, Signal, SignalSet, Supervisor};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// `BOWOUT_PLAN_SEEDS=100000` looks at more of them.
const SEEDS: u64 = 2000;

/// When the stop is asked for.
const ASKED: Instant = Instant::from_millis(1000);

/// What was started.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    Service(ServiceId),
    Hook(HookId),
}

/// From the stop signal of a service, or the start of a hook, to its SIGKILL.
type Times = BTreeMap<What, (Instant, Instant)>;

/// The world around the core, where nobody ends before it is SIGKILLed.
struct Stubborn {
    core: Supervisor,
    moments: Vec<HookMoment>,
    now: Instant,
    events: VecDeque<Event>,
    living: BTreeMap<i32, What>,
    next: i32,
    began: BTreeMap<What, Instant>,
    times: Times,
    finished: Option<Instant>,
}

impl Stubborn {
    /// Who was SIGKILLed when, and when all was over.
    fn play(plan: &Plan) -> (Times, Duration) {
        let mut world = Stubborn {
            core: Supervisor::new(plan.clone(), Pid::INIT),
            moments: plan.hooks().iter().map(|hook| hook.moment).collect(),
            now: Instant::ZERO,
            events: VecDeque::from([Event::Started]),
            living: BTreeMap::new(),
            next: 2,
            began: BTreeMap::new(),
            times: Times::new(),
            finished: None,
        };
        world.settle();
        assert_eq!(world.living.len(), plan.services().len(), "all are up");
        world.now = ASKED;
        world.events.push_back(Event::StopRequested);
        world.settle();
        while world.finished.is_none() {
            let deadline = world.core.deadline().expect("a stop goes on");
            world.now = world.now.max(deadline);
            world.events.push_back(Event::DeadlineReached);
            world.settle();
        }
        let end = world.finished.unwrap_or(Instant::ZERO);
        (world.times, end.since(ASKED))
    }

    /// All that happens at this moment.
    fn settle(&mut self) {
        while let Some(event) = self.events.pop_front() {
            for action in self.core.handle(self.now, event) {
                self.perform(action);
            }
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Spawn { service } => {
                let pid = self.start(What::Service(service));
                self.events.push_back(Event::Spawned { service, pid });
            }
            Action::RunHook { hook, .. } => {
                let pid = self.start(What::Hook(hook));
                self.began.insert(What::Hook(hook), self.now);
                if let HookMoment::Of(id, ServiceMoment::Stop) = self.moments[hook.0] {
                    // Instead of a signal.
                    self.began.insert(What::Service(id), self.now);
                }
                self.events.push_back(Event::HookSpawned { hook, pid });
            }
            Action::Survey { .. } => {
                let all = self.living.keys().map(|pid| deaf(*pid)).collect();
                self.events.push_back(Event::Surveyed(Some(all)));
            }
            Action::Signal { target, signal, .. } => self.signal(target, signal),
            Action::Finish { .. } => self.finished = Some(self.now),
            Action::Tell(_)
            | Action::Forward { .. }
            | Action::ReadPidfile { .. }
            | Action::Extended { .. }
            | Action::ReadConfig
            | Action::Install
            | Action::Suspend => {}
        }
    }

    fn start(&mut self, what: What) -> Pid {
        self.next += 1;
        self.living.insert(self.next, what);
        Pid::new(self.next)
    }

    fn signal(&mut self, target: Target, signal: Signal) {
        let (Target::Process(pid) | Target::Group(pid)) = target else {
            if self.living.is_empty() {
                self.events.push_back(Event::NamespaceEmptied);
            }
            return;
        };
        let Some(what) = self.living.get(&pid.get()).copied() else {
            return;
        };
        let began = *self.began.entry(what).or_insert(self.now);
        if signal != Signal::KILL {
            return;
        }
        self.living.remove(&pid.get());
        self.times.insert(what, (began, self.now));
        let status = bowout_core::Status::by(Signal::KILL);
        self.events.push_back(Event::Exited { pid, status });
        if self.living.is_empty() {
            self.events.push_back(Event::ChildrenGone);
        }
    }
}

/// A process that hears nothing.
fn deaf(pid: i32) -> Process {
    let mut process = Process::new(Pid::new(pid), Pid::INIT);
    process.ignored = SignalSet::EMPTY
        .with(Signal::TERM)
        .with(Signal::INT)
        .with(Signal::QUIT);
    process
}

/// Up to eight services in any order, with hooks, time-outs and a grace period by chance.
fn draw(numbers: &mut Numbers) -> Plan {
    let mut draft = Draft::single(Service::new("0"));
    draft.is_command = false;
    let count = 1 + numbers.below(8);
    let modes = [KillMode::Auto, KillMode::Main, KillMode::Group];
    let millis =
        |numbers: &mut Numbers, most| Duration::from_millis(1 + numbers.below(most) as u64);
    draft.services = (0..count)
        .map(|index| {
            let mut service = Service::new(&index.to_string());
            service.kill_mode = modes[numbers.below(modes.len())];
            // A share of its own, of what others leave, is the other half.
            if numbers.below(3) > 0 {
                service.stop_timeout = Some(millis(numbers, 8000));
            }
            if numbers.below(4) == 0 {
                service.stop_signal = vec![Signal::QUIT, Signal::TERM];
            }
            let on = (index + 1..count).filter(|_| numbers.below(3) == 0);
            service.depends_on = on.map(|on| ServiceId(on).into()).collect();
            service
        })
        .collect();
    for _ in 0..numbers.below(6) {
        let of = ServiceId(numbers.below(count));
        let moments = [
            HookMoment::PreStop,
            HookMoment::PostStop,
            HookMoment::Of(of, ServiceMoment::PreStop),
            HookMoment::Of(of, ServiceMoment::Stop),
            HookMoment::Of(of, ServiceMoment::PostStop),
        ];
        let moment = moments[numbers.below(moments.len())];
        let timeout = (numbers.below(3) > 0).then(|| millis(numbers, 2000));
        draft.hooks.push(Hook {
            name: "hook".into(),
            moment,
            timeout,
        });
    }
    draft.stop.grace = Some(millis(numbers, 40_000));
    if numbers.below(2) == 0 {
        draft.stop.drain = millis(numbers, 3000);
    }
    draft.stop.margin = millis(numbers, 1000);
    Plan::new(draft).unwrap()
}

fn what(part: &Part) -> Option<What> {
    match part.kind {
        Kind::Hook(hook) => Some(What::Hook(hook)),
        Kind::Stop(service) => Some(What::Service(service)),
        Kind::Drain | Kind::Sweep | Kind::Margin => None,
    }
}

/// One nanosecond is lost wherever a part is cut.
const ROUNDING: Duration = Duration::from_micros(1);

#[test]
fn the_chart_is_what_happens_when_nobody_listens() {
    let seeds = std::env::var("BOWOUT_PLAN_SEEDS");
    let seeds = seeds.ok().and_then(|text| text.parse().ok());
    let (mut fit, mut cut) = (0, 0);
    for seed in 1..=seeds.unwrap_or(SEEDS) {
        let plan = draw(&mut Numbers::new(seed));
        let schedule = Schedule::of(&plan);
        let (times, end) = Stubborn::play(&plan);
        let parts = schedule.rows.iter().flat_map(|row| &row.parts);
        for (what, part) in parts.filter_map(|part| Some((what(part)?, part))) {
            let (began, killed) = times[&what];
            let told = format!(
                "seed {seed}: {what:?}: {began:?} to {killed:?}: {part:?}\nwanted {:?} budget {:?} {times:?} {:?}",
                schedule.wanted,
                schedule.budget,
                plan.hooks()
            );
            // What is cut begins earlier than it would; how long it takes is said.
            assert!(
                killed.since(began).abs_diff(part.given) <= ROUNDING,
                "{told}"
            );
            if schedule.is_cut() {
                assert!(began.since(ASKED) <= part.from, "{told}");
                continue;
            }
            assert!(began.since(ASKED).abs_diff(part.from) <= ROUNDING, "{told}");
            assert!(killed.since(ASKED).abs_diff(part.to) <= ROUNDING, "{told}");
        }
        assert!(
            end <= schedule.budget,
            "seed {seed}: {end:?}\n{schedule:#?}"
        );
        match schedule.is_cut() {
            true => cut += 1,
            false => fit += 1,
        }
    }
    assert!(fit > 300 && cut > 300, "{fit} fit, {cut} are cut");
}
