//! Runs the tasks of the repository: `cargo xtask` lists them.

mod demo;
mod order;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "\
Usage: cargo xtask TASK

  demo    build, then stop a bad entrypoint without an init, with those installed, and with bowout
  build   the static programs that tests and images use (x86-64 musl, release)
  dist    the same for x86-64 and aarch64, copied to target/dist with their sizes
  test    build, then every test of the workspace; arguments go to the test runner
  lint    formatting, clippy, documentation, tidy, and cargo deny where it is installed
  tidy    the house rules alone
  order   write .cargo/order-*.txt anew, which the linker lays bowout-init out by (as root, with
          valgrind and nm; worth it after a new version, toolchain or dependency, or when the bench
          shows more memory or a slower start)
";

/// What goes into images, and what the black-box tests drive.
const PROGRAMS: [&str; 3] = ["bowout-init", "bowout", "puppet"];
const NATIVE: &str = "x86_64-unknown-linux-musl";
const FOREIGN: &str = "aarch64-unknown-linux-musl";

type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let result = match task.as_str() {
        "build" => build(NATIVE),
        "demo" => build(NATIVE).and_then(|()| demo::run()),
        "dist" => dist(),
        "test" => build(NATIVE).and_then(|()| test(&rest)),
        "lint" => lint(),
        "tidy" => report_tidy(),
        "order" => order::write(),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn cargo(arguments: &[&str]) -> Result<()> {
    run(Command::new(env!("CARGO")).args(arguments))
}

fn run(command: &mut Command) -> Result<()> {
    let said = format!("{command:?}").replace('"', "");
    let status = command
        .current_dir(root())
        .status()
        .map_err(|error| format!("cannot run {said}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("failed: {said}"))
    }
}

fn build(target: &str) -> Result<()> {
    let mut arguments = vec!["build", "--quiet", "--release", "--target", target];
    for program in PROGRAMS {
        arguments.extend(["--package", program]);
    }
    cargo(&arguments)
}

fn dist() -> Result<()> {
    for target in [NATIVE, FOREIGN] {
        build(target)?;
        let place = target_dir().join("dist").join(target);
        std::fs::create_dir_all(&place)
            .map_err(|error| format!("cannot make {}: {error}", place.display()))?;
        for program in PROGRAMS.iter().filter(|program| **program != "puppet") {
            let from = target_dir().join(target).join("release").join(program);
            let bytes = std::fs::copy(&from, place.join(program))
                .map_err(|error| format!("cannot copy {}: {error}", from.display()))?;
            println!("{bytes:>9} bytes  {}", place.join(program).display());
        }
    }
    Ok(())
}

/// nextest where it is installed: it runs test programs side by side, and ends with one line for all.
fn test(arguments: &[String]) -> Result<()> {
    let has_nextest = Command::new(env!("CARGO"))
        .args(["nextest", "--version"])
        .output();
    let has_nextest = has_nextest.is_ok_and(|output| output.status.success());
    let mut command = Command::new(env!("CARGO"));
    match has_nextest {
        true => command.args(["nextest", "run", "--workspace"]),
        false => command.args(["test", "--workspace", "--quiet"]),
    };
    run(command.args(arguments))
}

fn lint() -> Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&[
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])?;
    run(Command::new(env!("CARGO"))
        .env("RUSTDOCFLAGS", "-D warnings")
        .args(["doc", "--quiet", "--workspace", "--no-deps"]))?;
    // No clock, no file, no thread: the core builds where there is none of them.
    cargo(&[
        "build",
        "--quiet",
        "--package",
        "bowout-core",
        "--target",
        "wasm32-unknown-unknown",
    ])?;
    report_tidy()?;
    dependencies()?;
    match Command::new(env!("CARGO"))
        .args(["deny", "--version"])
        .output()
    {
        // Advisories need the network, and are looked at where there is one.
        Ok(output) if output.status.success() => cargo(&[
            "deny",
            "--log-level",
            "error",
            "check",
            "bans",
            "licenses",
            "sources",
        ]),
        _ => {
            println!("SKIP cargo deny: not installed (cargo install --locked cargo-deny)");
            Ok(())
        }
    }
}

/// All that PID 1 links is on a list that is committed: one more is seen in a review.
fn dependencies() -> Result<()> {
    let arguments = [
        "tree",
        "--package",
        "bowout-init",
        "--edges",
        "normal,no-proc-macro",
        "--target",
        NATIVE,
        "--prefix",
        "none",
        "--no-dedupe",
        "--format",
        "{lib}",
    ];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output();
    let output = output.map_err(|error| format!("cannot run cargo tree: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let linked: std::collections::BTreeSet<&str> = text.lines().collect();
    let list = "crates/bowout-init/dependencies.txt";
    let listed =
        std::fs::read_to_string(root().join(list)).map_err(|error| format!("{list}: {error}"))?;
    match linked == listed.lines().collect() {
        true => Ok(()),
        false => Err(format!("{list}: bowout-init links {linked:?}")),
    }
}

fn report_tidy() -> Result<()> {
    let faults = tidy::faults(&root());
    if faults.is_empty() {
        return Ok(());
    }
    Err(faults.join("\n"))
}
