//! Fetches Debian packages, with all that they depend on, by the machine's own apt and unpacks them into a folder.
//!
//! Unpacking without configuring takes three seconds where debootstrap takes a minute, and nothing here
//! needs a configured system: the programs run as they are.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::run;

/// Makes a root file system out of `names` in `root`; `state` holds what apt needs meanwhile.
pub(super) fn unpack(names: &[&str], state: &Path, root: &Path) -> Result<(), String> {
    let describe = |error: std::io::Error| format!("cannot write {}: {error}", state.display());
    for folder in ["lists/partial", "archives/partial"] {
        fs::create_dir_all(state.join(folder)).map_err(describe)?;
    }
    // An empty list of installed packages makes apt fetch everything that the names depend on.
    fs::write(state.join("status"), "").map_err(describe)?;
    let apt = || {
        let mut command = Command::new("apt-get");
        for (key, place) in [
            ("Dir::State", ""),
            ("Dir::State::lists", "lists"),
            ("Dir::State::status", "status"),
            ("Dir::Cache", ""),
            ("Dir::Cache::archives", "archives"),
        ] {
            command
                .arg("-o")
                .arg(format!("{key}={}", state.join(place).display()));
        }
        // Its own user for downloads can't reach a folder inside somebody's build directory.
        command.args(["-o", "APT::Sandbox::User=root", "-q", "-y"]);
        command
    };
    run(apt().arg("update"))?;
    run(apt()
        .args(["install", "--download-only", "--no-install-recommends"])
        .args(names))?;
    run(Command::new("sh")
        .arg("-c")
        .arg(UNPACK)
        .arg("sh")
        .arg(state.join("archives"))
        .arg(root))
}

/// `/bin` and its like are links into `/usr`, as on every Debian of today; tar has to keep them.
const UNPACK: &str = r#"
    set -e
    for folder in bin sbin lib lib64; do
        mkdir -p "$2/usr/$folder"
        ln -s "usr/$folder" "$2/$folder"
    done
    for package in "$1"/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$2"
    done
    # What base-files, which nobody depends on, would bring.
    mkdir -p "$2/etc" "$2/run"
    mkdir -p -m 1777 "$2/tmp"
    echo 'root:x:0:0:root:/root:/bin/sh' > "$2/etc/passwd"
    rm -rf "$2/usr/share/doc" "$2/usr/share/man" "$2/usr/share/locale" "$2/usr/share/info"
"#;
