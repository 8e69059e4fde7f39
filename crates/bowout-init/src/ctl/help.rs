//! Writes the help of `ctl` and of each verb from the tables.

use super::table::{OPTIONS, Spec, VERBS, Verb};
use std::fmt::Write;

/// The list of verbs.
pub(super) fn all(name: &str) -> String {
    let mut text = format!(
        "Sees and steers a running bowout-init, over its socket.\n\n\
         Usage: {name} VERB [OPTIONS] …\n\nVerbs:\n"
    );
    for verb in VERBS {
        _ = writeln!(text, "  {:<12}  {}", verb.name, verb.about);
    }
    text.push_str("\nOptions of every verb:\n");
    options(&mut text, &|option| option.is_common);
    _ = write!(
        text,
        "\nExit code: 0 done; 1 it failed, or is not ready; 2 a wrong command line;\n\
         3 no supervisor answers; 4 refused, or no such service; 5 the time is up.\n\n\
         '{name} VERB --help' has the options of a verb.\n"
    );
    text
}

/// The help of one verb.
pub(super) fn of(name: &str, verb: &Verb) -> String {
    let usage = format!("{name} {} [OPTIONS] {}", verb.name, verb.operands.usage());
    let mut text = format!("{}.\n\nUsage: {}\n", verb.about, usage.trim_end());
    if !verb.more.is_empty() {
        _ = write!(text, "\n{}\n", verb.more);
    }
    text.push_str("\nOptions:\n");
    options(&mut text, &|option| verb.takes(option));
    text
}

fn options(text: &mut String, is_meant: &dyn Fn(&Spec) -> bool) {
    for option in OPTIONS.iter().filter(|option| is_meant(option)) {
        let short = option
            .short
            .map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
        let value = option
            .value
            .map_or_else(String::new, |value| format!(" {value}"));
        _ = writeln!(
            text,
            "  {short}--{}{value}\n          {}",
            option.long, option.about
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_fits_a_terminal_and_names_all() {
        let text = all("bowout-init ctl");
        assert!(VERBS.iter().all(|verb| text.contains(verb.about)));
        for text in VERBS
            .iter()
            .map(|verb| of("bowout-init ctl", verb))
            .chain([text])
        {
            let longest = text.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(80), "{text}");
            assert!(text.contains("--socket PATH") && text.contains("--json"));
        }
    }
}
