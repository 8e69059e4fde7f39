//! Services that say which process is their main one, and what that is worth when it ends.

use super::daemons::one;
use super::stage::{Stage, ms, plan, service};
use bowout_core::action::Note;
use bowout_core::event::Notice;
use bowout_core::plan::Readiness;
use bowout_core::{Pid, Status};

#[test]
fn a_service_can_name_another_main_process() {
    let mut draft = one(false);
    draft.services[0] = service("db", |_| {});
    let mut stage = Stage::started(draft);
    let old = stage.main("db").unwrap();
    let new = stage.fork("db", old, false);
    // It is not bowout's child yet.
    stage.notify("db", Notice::MainPid(Pid::new(new)));
    assert_eq!(stage.main("db"), Some(old));
    stage.exits("db", 0);
    stage.at(50);
    assert_eq!(
        stage.main("db"),
        Some(new),
        "it is, now that the old one has ended"
    );
    assert!(stage.is_ready("db"));
    assert_eq!(stage.finish(), None);
    let other = stage.main("other").unwrap();
    stage.notify("db", Notice::MainPid(Pid::new(other)));
    stage.notify("db", Notice::MainPid(Pid::new(4_711)));
    assert_eq!(
        stage.main("db"),
        Some(new),
        "neither somebody else's nor nobody's"
    );
    assert_eq!(
        stage.said(|note| matches!(note, Note::Refused { .. })),
        [50, 50]
    );
    stage.ends_by_itself(new, Status::Exited(5));
    assert_eq!(stage.finish(), Some((50, 5)));
}

#[test]
fn one_that_was_named_and_has_been_reaped_is_nobody() {
    // Where nobody can look, a number would be all that is left of it, and the next process may have it.
    let mut stage = Stage::started(one(true));
    stage.proc = false;
    stage.slow_look = true;
    let starter = stage.main("db").unwrap();
    let between = stage.fork("db", starter, true);
    let daemon = stage.fork("db", between, true);
    stage.pidfiles.insert("db".into(), between);
    stage.exits("db", 0);
    stage.ends_by_itself(between, Status::Exited(0));
    stage.looked();
    assert_eq!(stage.main("db"), None, "its file named one that has ended");
    stage.slow_look = false;
    stage.pidfiles.insert("db".into(), daemon);
    stage.at(100);
    assert_eq!(stage.main("db"), Some(daemon));

    let mut stage = Stage::started(one(false));
    stage.proc = false;
    let old = stage.main("other").unwrap();
    let new = stage.fork("other", 1, true);
    stage.notify("other", Notice::MainPid(Pid::new(new)));
    stage.ends_by_itself(new, Status::Exited(0));
    assert_eq!(stage.said(|note| matches!(note, Note::Refused { .. })), [0]);
    stage.ends_by_itself(old, Status::Exited(5));
    assert_eq!(stage.main("other"), None, "nobody takes its place");
    stage.at(100);
    assert_eq!(stage.finish().unwrap().1, 5);
}

#[test]
fn a_starter_that_named_itself_leaves_its_daemon_all_the_same() {
    let mut stage = Stage::started(one(false));
    let starter = stage.main("db").unwrap();
    stage.notify("db", Notice::MainPid(Pid::new(starter)));
    let daemon = stage.fork("db", starter, true);
    stage.exits("db", 0);
    stage.at(100);
    assert_eq!(stage.main("db"), Some(daemon));
}

/// It names another main process after 100 ms, which is found when the old one ends.
fn renamed(set: impl FnOnce(&mut Stage)) -> Stage {
    let db = service("db", |db| {
        db.readiness = Readiness::Told;
        db.start_timeout = Some(ms(5_000));
    });
    let mut stage = Stage::started(plan(vec![db]));
    set(&mut stage);
    stage.at(100);
    let old = stage.main("db").unwrap();
    let new = stage.fork("db", old, true);
    stage.notify("db", Notice::MainPid(Pid::new(new)));
    stage.exits("db", 0);
    stage.at(200);
    assert_eq!(stage.main("db"), Some(new));
    stage
}

#[test]
fn another_main_process_has_what_the_start_has_left() {
    let late = |stage: &Stage| stage.said(|note| matches!(note, Note::StartTimedOut { .. }));
    let mut stage = renamed(|_| ());
    stage.at(4_999);
    assert_eq!(late(&stage), []);
    stage.at(5_000);
    assert_eq!(late(&stage), [5_000], "and no more");
    let mut stage = renamed(|stage| {
        stage.notify("db", Notice::Ready);
        stage.notify("db", Notice::Reloading);
    });
    stage.at(60_000);
    assert_eq!(late(&stage), [], "its start is over, whatever it does now");
}
