//! `bowout completions`: writes completions for a shell.

use crate::cli;
use clap_complete::Shell;
use std::io::Write;

/// What the command line alone can't tell, for the shell that most people have.
const SERVICES: &str = include_str!("completions/services.bash");

/// Prints them.
pub(crate) fn run(matches: &clap::ArgMatches) -> u8 {
    let Some(shell) = matches.get_one::<Shell>("shell") else {
        return crate::USAGE;
    };
    match std::io::stdout().write_all(&script(*shell)) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "bowout", &mut script);
    if shell == Shell::Bash {
        script.extend_from_slice(SERVICES.as_bytes());
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_knows_the_options_of_run_and_the_verbs_of_ctl() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).unwrap();
            for word in [
                "grace",
                "success-on-stop",
                "healthcheck",
                "restart",
                "procfile",
            ] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }

    /// What bash offers behind these words, with a supervisor that has these services.
    fn offered(words: &[&str]) -> Vec<String> {
        let folder = std::env::temp_dir().join(format!(
            "bowout-bash-{}-{}",
            std::process::id(),
            words.len()
        ));
        std::fs::create_dir_all(&folder).unwrap();
        let program = folder.join("bowout");
        let answer = "#!/bin/sh\necho 'bowout-init, process 1'\necho\necho 'NAME  STATE'\n\
                      echo 'web   running'\necho 'worker  running'\n";
        std::fs::write(&program, answer).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).unwrap();
        let mut text = String::from_utf8(script(Shell::Bash)).unwrap();
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let (program, all) = (program.display(), quoted.join(" "));
        let (current, count) = (quoted.last().unwrap(), words.len());
        text.push_str(&format!(
            "\nCOMP_WORDS=({program} {all}); COMP_CWORD={count}\n\
             _bowout_services {program} {current} \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
        ));
        let output = std::process::Command::new("bash")
            .args(["--norc", "-c", &text])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        std::fs::remove_dir_all(folder).unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn bash_offers_the_names_of_services() {
        assert_eq!(offered(&["ctl", "restart", ""]), ["web", "worker"]);
        assert_eq!(offered(&["ctl", "logs", "-f", "we"]), ["web"]);
        assert_eq!(offered(&["healthcheck", "wo"]), ["worker"]);
        assert_eq!(
            offered(&["ctl", "signal", "HUP", "w", ""]),
            ["web", "worker"]
        );
        // Not where something else is meant.
        assert_eq!(offered(&["ctl", "res"]), ["restart"]);
        assert!(offered(&["ctl", "start", "--ti"]).contains(&"--timeout".to_owned()));
        assert!(!offered(&["plan", "w"]).contains(&"web".to_owned()));
    }
}
