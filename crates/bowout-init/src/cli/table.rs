//! Lists every option once: for reading it, for its variable, for the help and for the completions.

mod specs;

pub use specs::SPECS;

use super::Options;

/// Whether an option may be given more than once, and what separates the parts in its variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// The last one counts.
    No,
    /// All count; commas in the variable.
    Commas,
    /// All count; one a line in the variable, since the values may have commas.
    Lines,
}

/// What an option is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// bowout itself, whatever it runs.
    All,
    /// One command; the key that says the same of a service, if there is one.
    Command(Option<&'static str>),
    /// Services alone.
    Services,
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its name, behind `--`.
    pub long: &'static str,
    /// Its letter.
    pub short: Option<char>,
    /// Its environment variable.
    pub env: &'static str,
    /// What its value is called; `None`: it has none. In brackets: it may be left out, and stands behind
    /// a `=` where it is given.
    pub value: Option<&'static str>,
    /// What is accepted, for errors.
    pub accepted: &'static str,
    /// More than once?
    pub repeat: Repeat,
    /// With one command, with services, or both?
    pub scope: Scope,
    /// The heading it stands under in the help.
    pub heading: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Takes a value; `None`: it is refused.
    pub apply: fn(&mut Options, &str) -> Option<()>,
    /// Forgets what was taken before.
    pub clear: fn(&mut Options),
}

impl Spec {
    /// Whether its value may be left out.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_optional(&self) -> bool {
        self.value.is_some_and(|value| value.starts_with('['))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_complete_and_named_once() {
        for (index, spec) in SPECS.iter().enumerate() {
            assert!(
                !spec.help.is_empty() && !spec.help.ends_with('.'),
                "{}",
                spec.long
            );
            let env = format!("BOWOUT_{}", spec.long.replace('-', "_").to_uppercase());
            assert_eq!(spec.env, env);
            assert_eq!(
                spec.value.is_some(),
                !spec.accepted.is_empty(),
                "{}",
                spec.long
            );
            let others = &SPECS[..index];
            assert!(others.iter().all(|other| other.long != spec.long));
            assert!(spec.short.is_none() || others.iter().all(|other| other.short != spec.short));
        }
    }
}
