//! Plays single stories to the letter: one rule each, as somebody would tell it.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a story looks for one action, and a new one is none of it"
)]

mod scenarios {
    mod budget;
    mod commands;
    mod conditions;
    mod daemons;
    mod ending;
    mod extension;
    mod health;
    mod hooks;
    mod named;
    mod readiness;
    mod reload;
    mod restarting;
    mod said;
    mod signals;
    pub(crate) mod stage;
    mod stopping;
}
