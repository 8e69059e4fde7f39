//! Decides what PID 1 does next: events go in, actions come out, and nothing else happens here.
//!
//! This crate has no clock, no file, no thread, no hash map, no dependency and no `unsafe`. Whoever
//! drives it tells it the time with every [`Event`] and performs every [`Action`] it answers with.
//! That is what makes it possible to try every order in which the world can act on it (see
//! `tests/explore`), and the same machine serves one command and many services.
//!
//! - [`plan::Plan`]: what shall run, and what was promised about its stop. Valid by construction.
//! - [`supervisor::Supervisor`]: the state machine. [`Supervisor::handle`](supervisor::Supervisor::handle)
//!   is total: any event in any state is legal.
//! - [`report::Report`]: what happened in the stop, for people and for programs.
#![no_std]

extern crate alloc;

pub mod action;
pub mod event;
pub mod order;
pub mod plan;
pub mod process;
pub mod report;
pub mod service;
pub mod signal;
pub mod status;
pub mod supervisor;
pub mod time;

pub use action::Action;
pub use event::Event;
pub use plan::Plan;
pub use process::Pid;
pub use signal::{Signal, SignalSet};
pub use status::Status;
pub use supervisor::Supervisor;
pub use time::Instant;
