//! Shows on this machine what a stop does to a badly written entrypoint, without an init, with the inits
//! that are installed, and with bowout.

mod engine;
mod namespace;

use crate::{NATIVE, Result, target_dir};
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The grace period of the demonstration. Docker gives 10 s.
const GRACE: Duration = Duration::from_secs(5);

/// When something hangs that should not, the demonstration ends with an error.
const WATCHDOG: Duration = Duration::from_secs(30);

/// The mistake: no `exec`. The shell stays in front of the program, and is PID 1.
const ENTRYPOINT: &str = "#!/bin/sh
echo 'preparing'
sh \"$1/app.sh\" \"$1\"
echo \"app ended with $?\"
";

/// A program that does everything right: on SIGTERM it cleans up, which takes a second.
const APP: &str = "#!/bin/sh
clean_up() { echo told >> \"$1/record\"; sleep 1; echo finished >> \"$1/record\"; exit 0; }
trap 'clean_up \"$1\"' TERM
echo ready
while :; do sleep 3600 & wait $!; done
";

/// What one way to start the entrypoint came to.
struct Outcome {
    name: String,
    took: Duration,
    exit: i32,
    record: String,
}

/// Runs the demonstration and prints its table.
pub(crate) fn run() -> Result<()> {
    let place = std::env::temp_dir().join(format!("bowout-demo-{}", std::process::id()));
    fs::create_dir_all(&place)
        .map_err(|error| format!("cannot make {}: {error}", place.display()))?;
    let result = rehearse_all(&place);
    // Whatever happened, nothing is left behind.
    _ = fs::remove_dir_all(&place);
    result
}

fn rehearse_all(place: &Path) -> Result<()> {
    for (name, text) in [("entrypoint.sh", ENTRYPOINT), ("app.sh", APP)] {
        let path = place.join(name);
        fs::write(&path, text)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    println!(
        "An entrypoint script that forgets `exec`, and an app that needs 1 s to clean up on SIGTERM.\n\
         Each line: PID 1 of a new PID namespace; SIGTERM; SIGKILL after {} s, as a platform does.\n",
        GRACE.as_secs()
    );
    println!(
        "{:<14}  {:>7}  {:>4}  {:<9}  THE CLEAN-UP",
        "PID 1", "STOP", "EXIT", "TOLD"
    );
    let bowout = target_dir().join(NATIVE).join("release/bowout-init");
    let inits = inits(&bowout);
    show(&inits, |name, init| namespace::rehearse(name, init, place))?;
    match engine::Engine::prepare(place, &bowout) {
        Ok(engine) => {
            println!(
                "\nThe same in a container: docker stop --timeout {}.\n",
                GRACE.as_secs()
            );
            let ends = [&inits[..1], &inits[inits.len() - 1..]].concat();
            show(&ends, |name, init| engine.rehearse(name, !init.is_empty()))?;
        }
        Err(reason) => println!("\nNot tried in a container: {reason}."),
    }
    println!(
        "\nIn an image:  COPY bowout-init /\n              ENTRYPOINT [\"/bowout-init\", \"--\", \"/entrypoint.sh\"]"
    );
    Ok(())
}

type Init = (&'static str, Vec<PathBuf>);

/// Rehearses each, prints a line for each, and is an error unless the last, which is bowout, let the app
/// finish.
fn show(
    inits: &[Init],
    mut rehearse: impl FnMut(&str, &[PathBuf]) -> Result<Outcome>,
) -> Result<()> {
    let progress = std::io::stderr().is_terminal();
    let mut last_finished = false;
    for (name, init) in inits {
        if progress {
            eprint!("{name}: stopping …");
        }
        let outcome = rehearse(name, init);
        if progress {
            eprint!("\r\x1b[K");
        }
        let outcome = outcome?;
        print(&outcome);
        last_finished = finished(&outcome);
    }
    match last_finished {
        true => Ok(()),
        false => Err(
            "bowout-init did not let the app finish: that is a bug, please report it".to_owned(),
        ),
    }
}

/// No init, those that are installed, and bowout last.
fn inits(bowout: &Path) -> Vec<Init> {
    let mut inits = vec![("no init", Vec::new())];
    for name in ["tini", "dumb-init", "catatonit"] {
        let found = std::env::var_os("PATH").and_then(|path| {
            std::env::split_paths(&path)
                .map(|part| part.join(name))
                .find(|file| file.is_file())
        });
        inits.extend(found.map(|file| (name, vec![file, "--".into()])));
    }
    inits.push(("bowout-init", vec![bowout.to_owned(), "--".into()]));
    inits
}

fn print(outcome: &Outcome) {
    let told = if outcome.record.contains("told") {
        "told"
    } else {
        "not told"
    };
    let clean_up = match (finished(outcome), outcome.record.contains("told")) {
        (true, _) => "finished",
        (false, true) => "SIGKILLed in the middle of it",
        (false, false) => "never began; SIGKILLed",
    };
    println!(
        "{:<14}  {:>5.2} s  {:>4}  {told:<9}  {clean_up}",
        outcome.name,
        outcome.took.as_secs_f64(),
        outcome.exit
    );
}

fn finished(outcome: &Outcome) -> bool {
    outcome.record.contains("finished")
}
