//! Builds what a run needs: the static bowout-init, the static probe, and the child.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Paths of the programs of a run.
pub(crate) struct Programs {
    pub(crate) bowout: PathBuf,
    pub(crate) probe: PathBuf,
    pub(crate) child: PathBuf,
}

/// The child has no libc: nothing to link, and no page that is not its own.
const CHILD_FLAGS: &[&str] = &[
    "-O2",
    "-static",
    "-nostdlib",
    "-ffreestanding",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-Wl,--build-id=none",
];

/// Builds with the cargo that runs us, into the same target folder; does nothing that is already done.
pub(crate) fn build(bowout: Option<&Path>) -> Result<Programs, String> {
    let this = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
    let target = this
        .parent()
        .and_then(Path::parent)
        .ok_or("bench is not in a target folder: run it by cargo")?;
    let triple = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            "--target",
            &triple,
            "--target-dir",
        ])
        .arg(target);
    cargo
        .arg("--manifest-path")
        .arg(manifest.join("Cargo.toml"));
    cargo.args(["--package", "bench", "--bin", "bench-probe"]);
    finish(cargo)?;
    let release = target.join(&triple).join("release");
    let bowout = match bowout {
        Some(path) => path
            .canonicalize()
            .map_err(|error| format!("--bowout {}: {error}", path.display()))?,
        None => {
            let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
            cargo
                .args([
                    "build",
                    "--quiet",
                    "--release",
                    "--target",
                    &triple,
                    "--target-dir",
                ])
                .arg(target);
            cargo
                .arg("--manifest-path")
                .arg(manifest.with_file_name("Cargo.toml"));
            cargo.args(["--package", "bowout-init"]);
            finish(cargo)?;
            release.join("bowout-init")
        }
    };
    let child = release.join("bench-child");
    let mut cc = Command::new(std::env::var_os("CC").unwrap_or("cc".into()));
    cc.args(CHILD_FLAGS)
        .arg("-o")
        .arg(&child)
        .arg(manifest.join("probe/child.c"));
    finish(cc)?;
    Ok(Programs {
        bowout,
        probe: release.join("bench-probe"),
        child,
    })
}

fn finish(mut command: Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    eprintln!(
        "building: {name} {}",
        command
            .get_args()
            .map(|arg| arg.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    );
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("cannot run {name}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{name}: {status}"))
    }
}
