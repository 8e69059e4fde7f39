//! Writes the help from the table of options.

use super::table::SPECS;
use std::fmt::Write;

/// The help, as wide as a terminal has always been.
#[must_use = "makes a value and changes nothing"]
pub(super) fn help(name: &str) -> String {
    let mut text = format!(
        "Runs a command, or services, as PID 1; a stop lets every process clean up.\n\n\
         Usage: {name} [OPTIONS] [--] COMMAND [ARG…]\n       \
                {name} [OPTIONS] [--config FILE | --procfile | 'NAME: COMMAND'…]\n\n\
         Options end at the first word that is none. Each can also be given by the\n\
         environment variable that stands below it.\n"
    );
    let mut heading = "";
    for spec in SPECS {
        if spec.heading != heading {
            heading = spec.heading;
            _ = write!(text, "\n{heading}:\n");
        }
        let short = spec
            .short
            .map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
        let value = spec
            .value
            .map_or_else(String::new, |value| match spec.is_optional() {
                true => value.replace('[', "[="),
                false => format!(" {value}"),
            });
        _ = writeln!(text, "  {short}--{}{value}", spec.long);
        for line in wrap(spec.help, 70) {
            _ = writeln!(text, "          {line}");
        }
        _ = writeln!(text, "          [{}]", spec.env);
    }
    text.push_str(
        "\n  -h, --help\n  -V, --version\n\n\
         Exit code: the command's, or 128 + the signal that ended it; 127 when it is not\n\
         found, 126 when it can't be run, 125 for bowout's own errors.\n",
    );
    text
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one from the start");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_fits_a_terminal_and_names_all() {
        let text = help("bowout-init");
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        assert!(
            SPECS
                .iter()
                .all(|spec| text.contains(&format!("--{}", spec.long)) && text.contains(spec.env))
        );
    }
}
