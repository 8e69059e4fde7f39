//! Holds one init to one case, and says what came of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::cases::CASES;
use crate::init::Init;
use crate::skip::Skip;

/// Something that any init should do.
pub struct Case {
    /// What it is about.
    pub group: &'static str,
    /// What it says.
    pub name: &'static str,
    pub(crate) hold: fn(&Init),
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It does not, for this reason.
    Failed(String),
    /// It can't be said here, for this reason.
    Skipped(String),
}

impl Case {
    /// Holds an init to it.
    #[must_use]
    pub fn hold(&self, init: &Init) -> Verdict {
        judge(|| (self.hold)(init))
    }
}

/// Runs a body and judges it by how it panics.
pub fn judge(body: impl FnOnce()) -> Verdict {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(()) => Verdict::Passed,
        Err(payload) => match payload.downcast::<Skip>() {
            Ok(skip) => Verdict::Skipped(skip.0),
            Err(payload) => Verdict::Failed(message(&*payload)),
        },
    }
}

/// Is the body of a `#[test]`: a skip is printed, a failure fails it.
///
/// # Panics
/// If the case does not hold.
pub fn test(name: &str, body: impl FnOnce()) {
    match judge(body) {
        Verdict::Passed => {}
        Verdict::Skipped(reason) => println!("SKIP {name}: {reason}"),
        // The reason was printed when the body panicked.
        Verdict::Failed(reason) => resume_unwind(Box::new(reason)),
    }
}

/// Holds the init under test to the case of this name.
///
/// # Panics
/// If the case does not hold, or there is none.
pub fn test_case(group: &str, name: &str) {
    let case = CASES
        .iter()
        .find(|case| case.group == group && case.name == name);
    let case = case.unwrap_or_else(|| panic!("no case {group}::{name}"));
    let init = Init::under_test();
    test(name, || (case.hold)(&init));
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message").to_owned()
}
