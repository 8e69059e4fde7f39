//! Daemons: how the main process is found, which are refused, and what follows from its death.

use super::stage::{Does, Stage, Temper, hook, ms, plan, service};
use bowout_core::action::Note;
use bowout_core::event::Notice;
use bowout_core::plan::{
    Draft, Hook, HookMoment, KillMode, Kind, Readiness, Service, ServiceMoment,
};
use bowout_core::service::restart::When;
use bowout_core::{Event, Signal, Status};

pub(super) fn forking(pidfile: bool) -> impl FnOnce(&mut Service) {
    move |db| {
        db.kind = Kind::Forking { pidfile };
        db.start_timeout = Some(ms(5_000));
    }
}

pub(super) fn one(pidfile: bool) -> Draft {
    plan(vec![
        service("db", forking(pidfile)),
        service("other", |_| {}),
    ])
}

/// Its starter has forked a daemon with a session of its own, and ended well.
fn daemonized(draft: Draft) -> (Stage, i32) {
    let mut stage = Stage::started(draft);
    let starter = stage.main("db").unwrap();
    let daemon = stage.fork("db", starter, true);
    stage.pidfiles.insert("db".into(), daemon);
    stage.exits("db", 0);
    (stage, daemon)
}

#[test]
fn the_one_that_is_left_over_is_the_daemon() {
    let (mut stage, daemon) = daemonized(one(false));
    assert_eq!(
        stage.word("db"),
        "starting",
        "it counts when it is found again"
    );
    stage.at(100);
    assert_eq!(stage.main("db"), Some(daemon));
    assert!(stage.is_ready("db"));
    let found = |note: &Note| matches!(note, Note::Adopted { pid, .. } if pid.get() == daemon);
    assert_eq!(stage.said(found).len(), 1);
    stage.signal(Signal::TERM);
    assert_eq!(stage.told("db"), [(100, Signal::TERM)]);
    assert_eq!(stage.finish(), Some((100, 0)));
}

#[test]
fn one_that_forks_once_more_is_waited_for() {
    let mut stage = Stage::started(one(false));
    let starter = stage.main("db").unwrap();
    let between = stage.fork("db", starter, true);
    stage.exits("db", 0);
    let daemon = stage.fork("db", between, false);
    stage.ends_by_itself(between, Status::Exited(0));
    stage.at(100);
    assert_eq!(stage.main("db"), Some(daemon));
}

#[test]
fn a_nameless_one_is_taken_where_nobody_else_can_have_it() {
    let mut stage = Stage::new(one(false));
    stage.nameless = true;
    stage.tell(Event::Started);
    let starter = stage.main("db").unwrap();
    let daemon = stage.fork("db", starter, true);
    stage.exits("db", 0);
    stage.at(100);
    assert_eq!(stage.main("db"), Some(daemon));

    let two = || {
        let mut draft = one(false);
        draft.services.push(service("cache", forking(false)));
        draft.services[2].essential = false;
        draft
    };
    let mut stage = Stage::new(two());
    stage.nameless = true;
    stage.tell(Event::Started);
    for name in ["db", "cache"] {
        let starter = stage.main(name).unwrap();
        stage.fork(name, starter, true);
        stage.exits(name, 0);
    }
    stage.at(4_000);
    assert_eq!(stage.main("db"), None, "it may be the other one's");
    assert_eq!(stage.main("cache"), None);

    let mut stage = Stage::new(two());
    stage.nameless = true;
    stage.tell(Event::Started);
    let starter = stage.main("db").unwrap();
    let daemon = stage.fork("db", starter, true);
    stage.exits("db", 0);
    stage.at(1_000);
    assert_eq!(stage.main("db"), None, "the other one's starter runs");
    stage.exits("cache", 1);
    stage.at(4_000);
    assert_eq!(stage.main("db"), Some(daemon));
}

#[test]
fn its_pidfile_names_it() {
    let (mut stage, daemon) = daemonized(one(true));
    stage.at(20);
    assert_eq!(stage.main("db"), Some(daemon));
    // It is written after the starter has ended, and a helper is there too.
    let mut stage = Stage::started(one(true));
    let starter = stage.main("db").unwrap();
    stage.fork("db", starter, true);
    let daemon = stage.fork("db", starter, true);
    stage.exits("db", 0);
    stage.at(1_000);
    assert_eq!(
        stage.word("db"),
        "starting",
        "nobody guesses where a file will say it"
    );
    stage.pidfiles.insert("db".into(), daemon);
    stage.at(2_100);
    assert_eq!(stage.main("db"), Some(daemon));
}

#[test]
fn a_pidfile_that_names_somebody_else_is_refused() {
    let mut stage = Stage::started(one(true));
    let other = stage.main("other").unwrap();
    let starter = stage.main("db").unwrap();
    stage.fork("db", starter, true);
    stage.pidfiles.insert("db".into(), other);
    stage.exits("db", 0);
    stage.at(4_999);
    assert_eq!(stage.main("db"), None);
    let refused = |note: &Note| matches!(note, Note::Refused { pid, .. } if pid.get() == other);
    assert_eq!(stage.said(refused).len(), 1, "and that is said once");
    stage.at(5_000);
    assert_eq!(
        stage.told("db"),
        [(5_000, Signal::TERM)],
        "it was not ready in time"
    );
    assert_eq!(
        stage.told("other"),
        [(5_000, Signal::TERM)],
        "by the stop, not as a daemon"
    );
    assert_eq!(stage.finish(), Some((5_000, 1)));
}

#[test]
fn a_pidfile_that_names_nobody_is_read_again() {
    let (mut stage, daemon) = daemonized(one(true));
    let mut stale = Stage::started(one(true));
    let starter = stale.main("db").unwrap();
    let own = stale.fork("db", starter, true);
    stale.pidfiles.insert("db".into(), 999);
    stale.exits("db", 0);
    stale.at(1_000);
    assert_eq!(stale.main("db"), None);
    stale.pidfiles.insert("db".into(), own);
    stale.at(2_100);
    assert_eq!(stale.main("db"), Some(own));
    stage.at(100);
    assert_eq!(stage.main("db"), Some(daemon));
}

#[test]
fn a_starter_that_fails_or_leaves_nobody_has_failed() {
    let mut stage = Stage::started(one(false));
    stage.exits("db", 3);
    assert_eq!(stage.finish(), Some((0, 3)));
    let mut stage = Stage::started(one(false));
    stage.exits("db", 0);
    stage.at(1_000);
    let (at, code) = stage.finish().unwrap();
    assert!(at < 200, "at {at}: who should come?");
    assert_eq!(code, 1);
}

#[test]
fn its_death_is_seen_and_obeys_the_policy() {
    let mut draft = one(false);
    draft.services[0].restart.when = When::OnFailure;
    let (mut stage, daemon) = daemonized(draft);
    stage.at(100);
    stage.ends_by_itself(daemon, Status::by(Signal::new(11).unwrap()));
    assert_eq!(stage.word("db"), "backoff");
    stage.at(200);
    assert_eq!(stage.spawns("db"), [0, 200]);
    let (mut stage, daemon) = daemonized(one(false));
    stage.at(100);
    stage.ends_by_itself(daemon, Status::Exited(4));
    assert_eq!(stage.finish(), Some((100, 4)));
}

#[test]
fn a_stop_while_it_is_started_reaches_all_of_it() {
    // The starter runs, and nobody can say yet who the main process is.
    for mode in [KillMode::Auto, KillMode::Main, KillMode::Process] {
        let mut draft = one(false);
        draft.services[0].kill_mode = mode;
        let mut stage = Stage::started(draft);
        let starter = stage.main("db").unwrap();
        stage.fork("db", starter, true);
        stage.at(50);
        stage.signal(Signal::TERM);
        let told = [(50, Signal::TERM), (50, Signal::TERM)];
        assert_eq!(stage.told("db"), told, "{mode:?}");
        assert_eq!(stage.finish(), Some((50, 0)));
    }
    // It has ended, and the daemon is not known.
    let mut stage = Stage::started(one(true));
    let starter = stage.main("db").unwrap();
    let daemon = stage.fork("db", starter, true);
    stage.temper("db", Temper::Cleans(300));
    stage.exits("db", 0);
    stage.at(50);
    stage.signal(Signal::TERM);
    stage.at(10_000);
    assert_eq!(stage.told("db"), [(50, Signal::TERM)], "{daemon}");
    assert_eq!(stage.finish(), Some((350, 0)));
}

#[test]
fn a_stop_does_not_wait_for_one_that_never_came() {
    let mut draft = plan(vec![service("db", forking(false))]);
    draft.stop.drain = ms(3_000);
    draft.hooks = vec![Hook {
        name: "rotate".into(),
        moment: HookMoment::OnSignal(Signal::USR1),
        timeout: None,
    }];
    let mut stage = Stage::started(draft);
    // bowout has a child, which the kernel can't tell from a daemon.
    stage.hook("rotate", Does::Hangs);
    stage.signal(Signal::USR1);
    stage.exits("db", 0);
    stage.at(10);
    stage.signal(Signal::TERM);
    stage.at(20_000);
    let (at, code) = stage.finish().unwrap();
    assert!(at < 100, "at {at}: whom would the drain serve?");
    assert_eq!(code, 0);
}

#[test]
fn its_start_is_limited_as_any_other() {
    let mut stage = Stage::started(one(false));
    stage.at(5_000);
    assert_eq!(
        stage.told("db"),
        [(5_000, Signal::TERM)],
        "the starter hangs"
    );
    assert_eq!(stage.finish(), Some((5_000, 143)));
}

#[test]
fn it_has_its_hooks_and_says_that_it_is_ready() {
    let mut draft = one(false);
    draft.services[0].readiness = Readiness::Told;
    draft.hooks = vec![hook("greet", 0, ServiceMoment::PostStart, None)];
    let mut stage = Stage::started(draft);
    let starter = stage.main("db").unwrap();
    let daemon = stage.fork("db", starter, true);
    let service = stage.id("db");
    stage.tell(Event::Ready { service });
    assert!(!stage.is_ready("db"), "its starter still runs");
    stage.exits("db", 0);
    stage.at(100);
    assert_eq!(stage.main("db"), Some(daemon));
    assert!(stage.is_ready("db"), "it was said before");
    assert_eq!(stage.runs("greet").len(), 1);
}

#[test]
fn without_proc_a_new_pidfile_is_believed() {
    let mut stage = Stage::started(one(true));
    stage.proc = false;
    let starter = stage.main("db").unwrap();
    let daemon = stage.fork("db", starter, true);
    let other = stage.main("other").unwrap();
    stage.pidfiles.insert("db".into(), other);
    stage.exits("db", 0);
    assert_eq!(stage.main("db"), None, "but not somebody else's");
    stage.pidfiles.insert("db".into(), daemon);
    stage.at(100);
    assert_eq!(stage.main("db"), Some(daemon));
}

#[test]
fn more_time_that_it_asks_for_while_it_is_looked_for_is_its_own_when_it_is_found() {
    let mut draft = one(false);
    draft.services[0].readiness = Readiness::Told;
    let (mut stage, daemon) = daemonized(draft);
    stage.notify("db", Notice::Extend(ms(10_000)));
    assert_eq!(stage.main("db"), None);
    stage.at(9_999);
    assert_eq!(stage.main("db"), Some(daemon));
    assert!(stage.told("db").is_empty());
    stage.at(10_000);
    assert_eq!(stage.told("db"), [(10_000, Signal::TERM)]);
}

#[test]
fn what_is_left_of_an_earlier_life_is_no_daemon() {
    let again = || {
        let mut draft = one(false);
        draft.services[0].restart.when = When::Always;
        draft.services[0].kill_mode = KillMode::Process;
        let mut stage = Stage::started(draft);
        let starter = stage.main("db").unwrap();
        let daemon = stage.fork("db", starter, true);
        stage.fork("db", starter, true);
        stage.exits("db", 0);
        stage.at(100);
        assert_eq!(stage.main("db"), Some(daemon));
        stage.ends_by_itself(daemon, Status::Exited(0));
        stage.at(200);
        assert_eq!(stage.spawns("db"), [0, 200]);
        stage
    };
    let mut stage = again();
    let starter = stage.main("db").unwrap();
    let daemon = stage.fork("db", starter, true);
    stage.exits("db", 0);
    stage.at(300);
    assert_eq!(stage.main("db"), Some(daemon));
    // This starter leaves nobody.
    let mut stage = again();
    stage.exits("db", 0);
    stage.at(300);
    assert_eq!(stage.word("db"), "backoff");
    assert_eq!(
        stage.said(|note| matches!(note, Note::Adopted { .. })),
        [20]
    );
}
