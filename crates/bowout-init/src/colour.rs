//! Decides whether what a person reads is coloured.

use std::ffi::OsString;
use std::io::IsTerminal;

/// Whether this goes to a terminal that can, where nobody has set NO_COLOR (no-color.org).
#[must_use = "asks and changes nothing"]
pub fn is_wanted(stream: &impl IsTerminal) -> bool {
    on(is_terminal(stream), std::env::var_os("NO_COLOR"))
}

/// Whether a person may be looking, at something that can move its cursor.
pub(crate) fn is_terminal(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb")
}

fn on(is_terminal: bool, no_color: Option<OsString>) -> bool {
    is_terminal && no_color.is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_is_coloured_and_only_where_nobody_minds() {
        let on = |is_terminal, no_color: Option<&str>| on(is_terminal, no_color.map(Into::into));
        assert!(on(true, None) && on(true, Some("")));
        assert!(!on(true, Some("1")) && !on(false, None));
    }
}
