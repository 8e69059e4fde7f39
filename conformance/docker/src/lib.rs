//! Runs any container init in real containers and judges stops by what the programs inside recorded.
//!
//! The init is named by `INIT_UNDER_TEST` (a command line: `tini -g`), the static `bowout-init` if that is not set.

pub mod budget;
pub mod clock;
pub mod container;
pub mod engine;
pub mod example;
pub mod image;
pub mod init;
pub mod journal;
pub mod program;
pub mod request;
pub mod scenario;
pub mod second_engine;
pub mod skip;
pub mod stop;
pub mod supervised;
pub mod terminal;
pub mod workplace;
