//! Lists the managers that are known: how each is set up, told to stop, and asked for its version.

use std::io;

use super::setup::{self, Setup};

/// One manager of services.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) program: &'static str,
    pub(super) version: Version,
    /// Writes its configuration, and gives the words that start it.
    pub(super) setup: fn(&Setup<'_>) -> io::Result<Vec<String>>,
    /// The signal that asks it to stop its services and end.
    pub(super) stop: &'static str,
    /// Whether it starts and stops services in an order.
    pub(super) ordered: bool,
    /// Whether it starts an ended service again.
    pub(super) restarts: bool,
    /// Whether it restarts once a second, by itself or because it can be told to.
    pub(super) paced: bool,
}

/// Where the version comes from.
pub(super) enum Version {
    /// The program prints it.
    Flag,
    /// The program does not know; Debian's package of this name does.
    Package(&'static str),
}

const fn known(
    name: &'static str,
    program: &'static str,
    setup: fn(&Setup<'_>) -> io::Result<Vec<String>>,
) -> Known {
    Known {
        name,
        program,
        version: Version::Flag,
        setup,
        stop: "TERM",
        ordered: true,
        restarts: true,
        paced: true,
    }
}

/// What this project makes.
pub(super) const OURS: Known = known("bowout-init", "bowout-init", setup::bowout);

/// The peers.
pub(super) const PEERS: &[Known] = &[
    Known {
        paced: false,
        ..known("supervisord", "supervisord", setup::supervisord)
    },
    Known {
        version: Version::Package("s6"),
        ordered: false,
        ..known("s6", "s6-svscan", setup::s6)
    },
    // On TERM it ends and leaves its services alone; HUP is its way to stop them.
    Known {
        version: Version::Package("runit"),
        stop: "HUP",
        ordered: false,
        ..known("runit", "runsvdir", setup::runit)
    },
    known("dinit", "dinit", setup::dinit),
    Known {
        paced: false,
        ..known("circus", "circusd", setup::circus)
    },
    known("Horust", "horust", setup::horust),
    Known {
        ordered: false,
        restarts: false,
        paced: false,
        ..known("multirun", "multirun", setup::multirun)
    },
];
