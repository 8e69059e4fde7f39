//! Finds the inits that are installed, what they call themselves, and how each is called.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::elf;

/// One row of the comparison.
#[derive(Clone, Debug)]
pub(crate) struct Entrant {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) version: String,
    pub(crate) role: Role,
    pub(crate) size: u64,
    pub(crate) linked: elf::Linked,
    /// Options of every call.
    options: &'static [&'static str],
    /// Further options where it is not PID 1.
    elsewhere: &'static [&'static str],
}

/// What a row is in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// What this project makes.
    Ours,
    /// What it is compared with.
    Peer,
    /// A peer with the option that reaches its whole process group: counts where a tree is stopped.
    PeerGroup,
    /// The child without any init: what a figure costs anyway.
    Baseline,
}

struct Known {
    name: &'static str,
    program: &'static str,
    options: &'static [&'static str],
    elsewhere: &'static [&'static str],
    role: Role,
}

const fn peer(name: &'static str) -> Known {
    Known {
        name,
        program: name,
        options: &[],
        elsewhere: &[],
        role: Role::Peer,
    }
}

/// The peers, each called as its users call it. tini warns on every start unless told to be a subreaper.
const KNOWN: &[Known] = &[
    Known {
        elsewhere: &["-s"],
        ..peer("tini")
    },
    Known {
        elsewhere: &["-s"],
        ..peer("tini-static")
    },
    peer("dumb-init"),
    peer("catatonit"),
    Known {
        elsewhere: &["-s"],
        ..peer("docker-init")
    },
    peer("pid1"),
    Known {
        name: "tini -g",
        program: "tini",
        options: &["-g"],
        elsewhere: &["-s"],
        role: Role::PeerGroup,
    },
    Known {
        name: "catatonit -g",
        program: "catatonit",
        options: &["-g"],
        elsewhere: &[],
        role: Role::PeerGroup,
    },
];

impl Entrant {
    /// The words before the child's own.
    pub(crate) fn command(&self, pid1: bool) -> Vec<String> {
        if self.role == Role::Baseline {
            return Vec::new();
        }
        let elsewhere = if pid1 { &[][..] } else { self.elsewhere };
        let mut words = vec![self.path.display().to_string()];
        words.extend(
            self.options
                .iter()
                .chain(elsewhere)
                .map(|option| (*option).to_owned()),
        );
        words.push("--".into());
        words
    }

    /// An entrant that is called in its own way: a manager of services.
    pub(crate) fn manager(
        name: &str,
        path: &Path,
        version: String,
        role: Role,
    ) -> Result<Self, String> {
        let content =
            fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Ok(Self {
            name: name.into(),
            path: path.to_owned(),
            version,
            role,
            size: content.len() as u64,
            linked: elf::linked(&content),
            options: &[],
            elsewhere: &[],
        })
    }

    /// An entrant without a file behind it, for tests of what is drawn.
    #[cfg(test)]
    pub(crate) fn example(name: &str, role: Role) -> Self {
        Self {
            name: name.into(),
            path: PathBuf::from(name),
            version: "1.0".into(),
            role,
            size: 1,
            linked: elf::Linked::Static,
            options: &[],
            elsewhere: &[],
        }
    }
}

/// bowout-init, then every peer on PATH, then the baseline. `names` empty means all.
pub(crate) fn discover(bowout: &Path, names: &[&String]) -> Result<Vec<Entrant>, String> {
    let ours = Known {
        name: "bowout-init",
        program: "bowout-init",
        options: &[],
        elsewhere: &[],
        role: Role::Ours,
    };
    let mut found = vec![entrant(&ours, bowout.to_owned())?];
    let mut contents = HashSet::new();
    for known in KNOWN {
        let Some(path) = on_path(known.program) else {
            continue;
        };
        let content =
            fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        // The same file under a second name (docker-init is often tini-static) would only be measured twice.
        if known.role == Role::Peer && !contents.insert(content) {
            eprintln!(
                "left out: {} is the same file as a peer before it",
                known.name
            );
            continue;
        }
        found.push(entrant(known, path)?);
    }
    if let Some(unknown) = names
        .iter()
        .find(|name| !found.iter().any(|entrant| entrant.name == ***name))
    {
        return Err(format!(
            "--only {unknown}: neither a figure nor an init that is installed"
        ));
    }
    found.retain(|entrant| names.is_empty() || names.iter().any(|name| **name == entrant.name));
    found.push(Entrant {
        name: "no init".into(),
        path: PathBuf::new(),
        version: String::new(),
        role: Role::Baseline,
        size: 0,
        linked: elf::Linked::Static,
        options: &[],
        elsewhere: &[],
    });
    Ok(found)
}

fn entrant(known: &Known, path: PathBuf) -> Result<Entrant, String> {
    let content =
        fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(Entrant {
        name: known.name.into(),
        version: version(&path),
        role: known.role,
        size: content.len() as u64,
        linked: elf::linked(&content),
        options: known.options,
        elsewhere: known.elsewhere,
        path,
    })
}

/// The last word with a digit of the first line that `--version` prints, on either stream.
pub(crate) fn version(path: &Path) -> String {
    let output = Command::new(path)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        return "?".into();
    };
    let text = if output.stdout.is_empty() {
        output.stderr
    } else {
        output.stdout
    };
    version_of(&String::from_utf8_lossy(&text))
}

fn version_of(text: &str) -> String {
    let words = text.lines().next().unwrap_or_default().split_whitespace();
    let version = words
        .rev()
        .find(|word| word.contains(|letter: char| letter.is_ascii_digit()));
    let bare = version.unwrap_or("?").trim_start_matches('v');
    bare.split('_').next().unwrap_or(bare).to_owned()
}

/// The first file of this name in a folder of PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version_lines_of_the_peers() {
        assert_eq!(version_of("tini version 0.19.0\n"), "0.19.0");
        assert_eq!(version_of("dumb-init v1.2.5\n"), "1.2.5");
        assert_eq!(version_of("tini version 0.1.7_catatonit\n"), "0.1.7");
        assert_eq!(version_of(""), "?");
    }

    #[test]
    fn a_peer_elsewhere_gets_its_further_options() {
        let mut tini = Entrant::example("tini", Role::Peer);
        tini.elsewhere = &["-s"];
        assert_eq!(tini.command(true), ["tini", "--"]);
        assert_eq!(tini.command(false), ["tini", "-s", "--"]);
        assert!(
            Entrant::example("no init", Role::Baseline)
                .command(true)
                .is_empty()
        );
    }
}
