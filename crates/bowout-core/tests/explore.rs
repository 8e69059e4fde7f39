//! Searches every state that small plans can reach, in every order in which the world can act, and
//! has every promise checked in each (`docs/promises.md`).
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one event, and a new one is none of it"
)]

#[allow(dead_code, reason = "each test program uses its part of the world")]
mod world;

mod explore {
    pub(crate) mod one_command;
    pub(crate) mod plans;
    pub(crate) mod search;
    pub(crate) mod services;
    pub(crate) mod supervised;
    pub(crate) mod surroundings;
    pub(crate) mod trees;
}
