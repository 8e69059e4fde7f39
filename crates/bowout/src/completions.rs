//! `bowout completions`: writes completions for a shell.

use crate::cli;
use std::io::Write;

/// Prints them.
pub(crate) fn run(matches: &clap::ArgMatches) -> u8 {
    let Some(shell) = matches.get_one::<clap_complete::Shell>("shell") else {
        return crate::USAGE;
    };
    let mut script = Vec::new();
    clap_complete::generate(*shell, &mut cli::command(), "bowout", &mut script);
    match std::io::stdout().write_all(&script) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_knows_the_options_of_run() {
        for shell in clap_complete::Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut cli::command(), "bowout", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(
                script.contains("grace") && script.contains("success-on-stop"),
                "{shell}"
            );
        }
    }
}
