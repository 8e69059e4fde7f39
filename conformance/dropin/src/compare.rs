//! Judges: runs a case on both sides and holds what was seen against each other.

use std::collections::BTreeMap;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::divergence::Divergence;
use crate::tool::{Side, Tool};

/// What was seen, each fact by its name.
pub type Observation = BTreeMap<String, String>;

/// A fact in which bowout differs from the original on purpose, and what it is there.
#[derive(Debug, Clone)]
pub struct Exception {
    /// The fact.
    pub fact: &'static str,
    /// What bowout has to show.
    pub bowout: &'static str,
    /// Why.
    pub why: &'static Divergence,
}

/// Collects what does not match over the cases of one test.
#[derive(Debug, Default)]
pub struct Report {
    compared: usize,
    problems: Vec<String>,
}

impl Report {
    /// Observes `case` on both sides and compares.
    pub fn compare(
        &mut self,
        tool: Tool,
        case: &str,
        exceptions: &[Exception],
        observe: impl Fn(Side) -> Observation,
    ) {
        let label = format!("{}: {case}", tool.name());
        let Some(original) = self.see(&label, Side::Original, &observe) else {
            return;
        };
        let Some(bowout) = self.see(&label, Side::Bowout, &observe) else {
            return;
        };
        self.compared += 1;
        println!("{label}: {original:?}");
        let names = original.keys().chain(bowout.keys());
        let names: std::collections::BTreeSet<&String> = names.collect();
        for name in names {
            let (theirs, ours) = (get(&original, name), get(&bowout, name));
            match exceptions.iter().find(|exception| exception.fact == name) {
                Some(exception) if ours != exception.bowout => self.problems.push(format!(
                    "{label}: {name} is {ours:?}, by our divergence \"{}\" it has to be {:?} (theirs is {theirs:?})",
                    exception.why.name, exception.bowout
                )),
                Some(exception) if ours == theirs => self.problems.push(format!(
                    "{label}: {name} is {ours:?} on both sides: no divergence \"{}\" here",
                    exception.why.name
                )),
                None if ours != theirs => {
                    self.problems.push(format!("{label}: {name} is {ours:?}, theirs is {theirs:?}"));
                }
                Some(_) | None => {}
            }
        }
        for exception in exceptions {
            if !original.contains_key(exception.fact) && !bowout.contains_key(exception.fact) {
                self.problems
                    .push(format!("{label}: nobody observed {}", exception.fact));
            }
        }
    }

    /// Observes bowout alone, where the original can't be run to its end, and holds it against what
    /// `exceptions` say.
    pub fn ours_alone(
        &mut self,
        tool: Tool,
        case: &str,
        exceptions: &[Exception],
        observe: impl Fn(Side) -> Observation,
    ) {
        let label = format!("{}: {case}", tool.name());
        let Some(bowout) = self.see(&label, Side::Bowout, &observe) else {
            return;
        };
        self.compared += 1;
        for exception in exceptions {
            let ours = get(&bowout, exception.fact);
            if ours != exception.bowout {
                self.problems.push(format!(
                    "{label}: {} is {ours:?}, by our divergence \"{}\" it has to be {:?}",
                    exception.fact, exception.why.name, exception.bowout
                ));
            }
        }
    }

    /// Ends the test.
    ///
    /// # Panics
    /// When something did not match, or when nothing was compared though a skip is not allowed.
    pub fn finish(self) {
        let Report { compared, problems } = self;
        println!("{compared} cases compared");
        assert!(
            problems.is_empty(),
            "{} of {compared} differ:\n{}",
            problems.len(),
            problems.join("\n")
        );
        assert!(compared > 0 || !skip_is_failure(), "nothing was compared");
    }

    /// A panic of the harness (a hang, an init that ended early) is a finding about that side, and
    /// the other cases go on.
    fn see(
        &mut self,
        label: &str,
        side: Side,
        observe: impl Fn(Side) -> Observation,
    ) -> Option<Observation> {
        let seen = catch_unwind(AssertUnwindSafe(|| observe(side)));
        match seen {
            Ok(observation) => Some(observation),
            Err(panic) => {
                let text = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("a panic without a text");
                self.problems.push(format!("{label}: {side:?}: {text}"));
                None
            }
        }
    }
}

/// The tools that can be compared: those whose two programs are both there. The others are skipped
/// by a line that says so.
///
/// # Panics
/// When something is missing and a skip is not allowed.
#[must_use]
pub fn present(tools: &[Tool]) -> Vec<Tool> {
    let missing = |tool: &Tool| {
        let side = [Side::Original, Side::Bowout]
            .into_iter()
            .find(|&side| tool.program(side).is_none())?;
        println!("SKIP {}: its {side:?} program is not there", tool.name());
        assert!(
            !skip_is_failure(),
            "{}: its {side:?} program is not there",
            tool.name()
        );
        Some(side)
    };
    tools
        .iter()
        .copied()
        .filter(|tool| missing(tool).is_none())
        .collect()
}

/// An observation from pairs.
#[must_use]
pub fn observation<const N: usize>(facts: [(&str, String); N]) -> Observation {
    facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// `text` or `empty`: the words are each program's own, the stream they go to is contract.
#[must_use]
pub fn amount(written: &str) -> String {
    if written.is_empty() { "empty" } else { "text" }.to_owned()
}

fn get<'a>(observation: &'a Observation, name: &str) -> &'a str {
    observation.get(name).map_or("", String::as_str)
}

fn skip_is_failure() -> bool {
    let set = |name, value: &str| env::var_os(name).is_some_and(|is| is == value);
    set("CI", "true") || set("BOWOUT_NO_SKIP", "1")
}
