//! Finds the two programs that go by one name: Debian's and ours.

use std::env;
use std::path::{Path, PathBuf};

/// A name that bowout answers to as if it were the program of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// `tini`, dynamically linked.
    Tini,
    /// `tini-static`.
    TiniStatic,
    /// `docker-init`, which is tini-static in Debian.
    DockerInit,
    /// `dumb-init`.
    DumbInit,
    /// `catatonit`.
    Catatonit,
}

/// The three names of tini.
pub const TINIS: &[Tool] = &[Tool::Tini, Tool::TiniStatic, Tool::DockerInit];

/// Every name.
pub const ALL: &[Tool] = &[
    Tool::Tini,
    Tool::TiniStatic,
    Tool::DockerInit,
    Tool::DumbInit,
    Tool::Catatonit,
];

/// Which of the two programs is being observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The program that Debian ships.
    Original,
    /// bowout, by that program's name.
    Bowout,
}

impl Tool {
    /// The name it is called by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Tool::Tini => "tini",
            Tool::TiniStatic => "tini-static",
            Tool::DockerInit => "docker-init",
            Tool::DumbInit => "dumb-init",
            Tool::Catatonit => "catatonit",
        }
    }

    /// Whether it is one of the names of tini.
    #[must_use]
    pub fn is_tini(self) -> bool {
        TINIS.contains(&self)
    }

    /// Where the program of that side is, if it is there at all.
    #[must_use]
    pub fn program(self, side: Side) -> Option<PathBuf> {
        match side {
            Side::Original => env::split_paths("/usr/bin:/usr/sbin:/usr/local/bin")
                .map(|dir| dir.join(self.name()))
                .find(|path| path.exists()),
            Side::Bowout => bowout(),
        }
    }
}

/// The static release binary, in `BOWOUT_BIN_DIR` or where cargo puts it.
fn bowout() -> Option<PathBuf> {
    let dir = env::var_os("BOWOUT_BIN_DIR").map_or_else(built, PathBuf::from);
    let path = dir.join("bowout-init");
    path.exists().then_some(path)
}

fn built() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    target
        .join(format!("{}-unknown-linux-musl", env::consts::ARCH))
        .join("release")
}
