//! Holds any container init to what a container needs, as a black box over a real kernel.
//!
//! A [`Stage`] starts an [`Init`] in a PID namespace of its own, with a puppet (or a shell script
//! with puppets in it) as its command. A [`Puppet`] does what it is told and reports what it got, so
//! that a test waits for facts and never for time. [`cases`] has the cases that any init can take;
//! they are called by the tests and by the program `who-passes`, which prints who passes what.
//!
//! A [`Supervisor`] is `bowout-init` with a [`Configuration`]; its services are puppets.
//!
//! `INIT_UNDER_TEST="tini -g --"` chooses the init; without it it is the static `bowout-init` that
//! `cargo xtask build` makes.

pub mod case;
pub mod cases;

mod binaries;
mod client;
mod exit;
mod init;
mod mask;
mod port;
mod process;
mod puppet;
mod record;
mod run;
mod scratch;
mod signal;
mod skip;
mod stage;
mod supervisor;
mod terminal;
mod tool;
mod watchdog;

pub use binaries::{bowout, puppet_binary};
pub use client::{Answer, Client, Events};
pub use exit::Exit;
pub use init::Init;
pub use mask::Mask;
pub use port::{Port, Server};
pub use process::Process;
pub use puppet::{Facts, Got, Puppet};
pub use record::Record;
pub use run::Run;
pub use scratch::Scratch;
pub use signal::Signal;
pub use skip::{Skip, need_root, skip};
pub use stage::{Privilege, Rank, Stage};
pub use supervisor::{Configuration, Supervisor};
pub use terminal::Terminal;
pub use tool::{Program, Said, say};
pub use watchdog::{await_that, expect_hangs, watchdog};
