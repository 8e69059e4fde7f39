//! Finds the files that a pattern names, as glob(7) says, in the order of their names.

use std::path::{Component, Path, PathBuf};

/// The most files that one pattern may name.
const MOST: usize = 1000;

/// The files that a pattern names; a folder that can't be read has none.
pub(super) fn files(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let part = component.as_os_str().to_string_lossy();
        let is_pattern =
            matches!(component, Component::Normal(_)) && part.contains(['*', '?', '[']);
        let mut next = Vec::new();
        for folder in found {
            if !is_pattern {
                next.push(folder.join(component));
                continue;
            }
            let here = match folder.as_os_str().is_empty() {
                true => Path::new("."),
                false => &folder,
            };
            let entries = std::fs::read_dir(here).into_iter().flatten().flatten();
            let mut names: Vec<String> = entries
                .filter_map(|entry| entry.file_name().into_string().ok())
                .filter(|name| !name.starts_with('.') || part.starts_with('.'))
                .filter(|name| matches(&part, name))
                .take(MOST)
                .collect();
            names.sort();
            next.extend(names.iter().map(|name| folder.join(name)));
        }
        next.truncate(MOST);
        found = next;
    }
    found.retain(|path| path.is_file());
    found
}

/// Whether a name is one of those that the pattern stands for.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where the last star stands, and how much of the name it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(length) = one(&pattern[p..], name[n]) {
            p += length;
            n += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            n = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How long the part of the pattern is that stands for this character.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => {
            let (inverted, from) = match pattern.get(1) {
                Some('!' | '^') => (true, 2),
                _ => (false, 1),
            };
            // A bracket that comes first is one of the characters.
            let close = pattern.iter().skip(from + 1).position(|c| *c == ']');
            let Some(close) = close.map(|at| at + from + 1) else {
                return (c == '[').then_some(1);
            };
            let mut set = pattern[from..close].iter();
            let mut found = false;
            while let Some(low) = set.next() {
                let mut ahead = set.clone();
                let high = match (ahead.next(), ahead.next()) {
                    (Some('-'), Some(high)) => {
                        set = ahead;
                        high
                    }
                    (_, _) => low,
                };
                found |= (low..=high).contains(&&c);
            }
            (found != inverted).then_some(close + 1)
        }
        other => (*other == c).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_glob() {
        for (pattern, name, yes) in [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.conf.bak", false),
            ("a*b*c", "aXbYbZc", true),
            ("a?c", "abc", true),
            ("[ab]*", "bx", true),
            ("[!ab]*", "bx", false),
            ("[0-9][0-9]-*.ini", "10-x.ini", true),
            ("[0-9]", "x", false),
            ("[", "[", true),
            ("[]a]", "]", true),
            ("*", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), yes, "{pattern} {name}");
        }
    }
}
