//! Signals that are no stop: whom they go on to, and what is done instead.

use super::stage::{Stage, Temper, needs, plan, service};
use bowout_core::action::{Note, Target};
use bowout_core::plan::{Condition, Draft, Hook, HookMoment, Rule, ServiceId};
use bowout_core::{Action, Signal};

/// web depends on db; tool is not essential.
fn three() -> Draft {
    plan(vec![
        service("web", |web| {
            web.depends_on = vec![needs(1, Condition::Ready)]
        }),
        service("db", |_| {}),
        service("tool", |tool| tool.essential = false),
    ])
}

fn ruled(signal: Signal, rule: Rule) -> Draft {
    let mut draft = three();
    draft.signals.rules.insert(signal, rule);
    draft
}

/// Which services a signal went on to.
fn receivers(stage: &Stage) -> Vec<&'static str> {
    let mut all = Vec::new();
    for name in ["web", "db", "tool"] {
        let main = stage.main(name);
        let is_its = |action: &Action| {
            matches!(action, Action::Forward { target: Target::Process(pid), .. }
                if Some(pid.get()) == main)
        };
        all.extend(stage.when(is_its).iter().map(|_| name));
    }
    all
}

#[test]
fn one_without_a_rule_goes_to_every_essential_service() {
    let mut stage = Stage::started(three());
    stage.signal(Signal::USR1);
    assert_eq!(receivers(&stage), ["web", "db"]);
    assert_eq!(stage.finish(), None);
}

#[test]
fn a_rule_names_who_gets_it_and_nobody_else_does() {
    let rule = Rule {
        forward: vec![ServiceId(2)],
        ..Rule::default()
    };
    let mut stage = Stage::started(ruled(Signal::USR1, rule));
    stage.signal(Signal::USR1);
    assert_eq!(receivers(&stage), ["tool"]);
    let mut stage = Stage::started(ruled(Signal::USR1, Rule::default()));
    stage.signal(Signal::USR1);
    assert!(receivers(&stage).is_empty());
    let lost = stage.said(|note| matches!(note, Note::NotForwarded(_)));
    assert!(lost.is_empty(), "it is not lost, it is ignored");
}

#[test]
fn a_rule_can_have_services_or_bowout_reload() {
    let rule = Rule {
        reload: vec![ServiceId(0), ServiceId(2)],
        reload_config: true,
        ..Rule::default()
    };
    let mut stage = Stage::started(ruled(Signal::HUP, rule));
    stage.signal(Signal::HUP);
    assert_eq!(stage.told("web"), [(0, Signal::HUP)]);
    assert_eq!(stage.told("tool"), [(0, Signal::HUP)]);
    assert!(stage.told("db").is_empty() && receivers(&stage).is_empty());
    assert_eq!(stage.when(|action| *action == Action::ReadConfig), [0]);
    // In a stop nobody reloads any more.
    stage.temper("web", Temper::Cleans(500));
    stage.signal(Signal::TERM);
    stage.signal(Signal::HUP);
    assert_eq!(stage.told("web").len(), 2, "and one of those is its stop");
    assert_eq!(stage.when(|action| *action == Action::ReadConfig), [0]);
}

#[test]
fn a_rule_for_a_stop_signal_takes_its_place() {
    let rule = Rule {
        forward: vec![ServiceId(1)],
        ..Rule::default()
    };
    let mut stage = Stage::started(ruled(Signal::INT, rule));
    stage.signal(Signal::INT);
    assert_eq!(receivers(&stage), ["db"]);
    assert!(!stage.sup.is_stopping());
}

#[test]
fn a_hook_runs_instead_of_it() {
    let mut draft = three();
    draft.hooks.push(Hook {
        name: "rotate".into(),
        moment: HookMoment::OnSignal(Signal::USR1),
        timeout: None,
    });
    let mut stage = Stage::started(draft);
    stage.signal(Signal::USR1);
    stage.signal(Signal::USR2);
    assert_eq!(stage.runs("rotate"), [0]);
    assert_eq!(receivers(&stage), ["web", "db"], "the other one");
}

#[test]
fn one_that_was_swallowed_or_dropped_is_for_nobody() {
    let mut draft = three();
    draft.signals.swallow = draft.signals.swallow.with(Signal::USR1);
    draft.signals.rewrite.insert(Signal::USR2, None);
    draft.signals.rewrite.insert(Signal::INT, None);
    let mut stage = Stage::started(draft);
    for signal in [Signal::USR1, Signal::USR2, Signal::INT] {
        stage.signal(signal);
    }
    assert!(receivers(&stage).is_empty());
    assert!(!stage.sup.is_stopping(), "a stop that is dropped is none");
}
