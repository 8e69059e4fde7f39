//! Finds the managers that are installed, and what they call themselves.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::catalogue::{Known, OURS, PEERS, Version};
use crate::entrant::{self, Entrant, Role};

/// A manager that is there.
pub(super) struct Manager {
    pub(super) known: &'static Known,
    pub(super) program: PathBuf,
}

/// bowout-init, then every peer on PATH, each as what runs and as what is shown. `names` empty means all.
pub(super) fn discover(
    bowout: &Path,
    names: &[&String],
) -> Result<(Vec<Manager>, Vec<Entrant>), String> {
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| *wanted == name);
    let ours = (&OURS, Some(bowout.to_owned()), Role::Ours);
    let peers = PEERS
        .iter()
        .map(|known| (known, entrant::on_path(known.program), Role::Peer));
    let (mut managers, mut entrants) = (Vec::new(), Vec::new());
    for (known, program, role) in std::iter::once(ours).chain(peers) {
        let Some(program) = program.filter(|_| wanted(known.name)) else {
            continue;
        };
        let version = version(known, &program);
        entrants.push(Entrant::manager(known.name, &program, version, role)?);
        managers.push(Manager { known, program });
    }
    let unknown = names
        .iter()
        .find(|name| !managers.iter().any(|manager| manager.known.name == **name));
    match unknown {
        Some(unknown) => Err(format!(
            "--only {unknown}: neither a figure nor a manager that is installed"
        )),
        None => Ok((managers, entrants)),
    }
}

fn version(known: &Known, program: &Path) -> String {
    match known.version {
        Version::Flag => entrant::version(program),
        Version::Package(package) => {
            let asked = Command::new("dpkg-query")
                .args(["--show", "--showformat=${Version}", package])
                .stdin(Stdio::null())
                .output();
            let text = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            let text = text.unwrap_or_default();
            // The part after the last dash is the packaging's.
            let version = text.rsplit_once('-').map_or(text.as_str(), |(own, _)| own);
            if version.is_empty() {
                "?".into()
            } else {
                version.to_owned()
            }
        }
    }
}
