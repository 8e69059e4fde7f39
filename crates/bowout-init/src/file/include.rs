//! Finds the files that a pattern stands for.
//!
//! Two wildcards inside of names are all that `conf.d/*.toml` takes; the crates for patterns bring classes,
//! braces and walks through trees, and one of them a regular expression engine.

use bowout_core::order::sort;
use std::io;
use std::path::{Component, Path, PathBuf};

/// More files than these are not included, all in all.
pub(super) const MOST: usize = 1000;
/// Files that include files that include files are not followed further.
pub(super) const DEEPEST: usize = 8;

/// Whether it stands for more than itself.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?'])
}

/// The files that a pattern stands for, by name. None is no error.
///
/// # Errors
/// The folder that can't be read, and why. One that is not there has no files.
pub(super) fn find(pattern: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let name = component.as_os_str();
        let Some(pattern) = name.to_str().filter(|name| is_pattern(name)) else {
            found.iter_mut().for_each(|path| path.push(name));
            continue;
        };
        if !matches!(component, Component::Normal(_)) {
            continue;
        }
        let mut next = Vec::new();
        for folder in &found {
            let place = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            let entries = match std::fs::read_dir(place) {
                Ok(entries) => entries,
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err((folder.clone(), error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| (folder.clone(), error))?;
                let name = entry.file_name();
                if name.to_str().is_some_and(|name| matches(pattern, name)) {
                    next.push(folder.join(name));
                }
                // One too many says that there are too many.
                if next.len() > MOST {
                    break;
                }
            }
        }
        sort(&mut next, |a, b| a < b);
        found = next;
    }
    found.retain(|path| path.exists());
    Ok(found)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Whether a name is one that a pattern stands for. A dot at the start has to be written.
fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut from) = (0, 0);
    // The last star, and how much of the name it has taken: it takes more when the rest does not fit.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        if pattern.get(at) == Some(&'*') {
            star = Some((at, from));
            at += 1;
        } else if pattern
            .get(at)
            .is_some_and(|c| *c == '?' || *c == name[from])
        {
            at += 1;
            from += 1;
        } else if let Some((place, taken)) = star {
            star = Some((place, taken + 1));
            at = place + 1;
            from = taken + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_letters() {
        let cases = [
            ("*.toml", "a.toml", true),
            ("*.toml", ".a.toml", false),
            (".*", ".a", true),
            ("*.toml", "a.toml~", false),
            ("a*b*c", "a.b.b.c", true),
            ("a*b*c", "a.b.b", false),
            ("??", "ab", true),
            ("??", "é!", true),
            ("??", "abc", false),
            ("*", "", true),
            ("[ab]", "a", false),
        ];
        for (pattern, name, wanted) in cases {
            assert_eq!(matches(pattern, name), wanted, "{pattern} {name}");
        }
        let long = "a".repeat(200);
        assert!(!matches(&"*a".repeat(100), &format!("{long}b")));
    }

    #[test]
    fn files_are_found_by_name() {
        let folder = std::env::temp_dir().join(format!("bowout-include-{}", std::process::id()));
        for place in ["x/conf.d", "y/conf.d", "z"] {
            std::fs::create_dir_all(folder.join(place)).unwrap();
        }
        for name in [
            "x/conf.d/b.toml",
            "x/conf.d/a.toml",
            "x/conf.d/a.txt",
            "y/conf.d/c.toml",
        ] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let found = |pattern: &str| -> Vec<String> {
            let paths = find(&folder.join(pattern)).unwrap();
            let names = paths.iter().map(|path| path.strip_prefix(&folder).unwrap());
            names.map(|name| name.display().to_string()).collect()
        };
        assert_eq!(
            found("x/conf.d/*.toml"),
            ["x/conf.d/a.toml", "x/conf.d/b.toml"]
        );
        assert!(found("?/conf.d/[ac].toml").is_empty());
        assert_eq!(found("*/conf.d/?.toml").len(), 3);
        assert!(found("none/*.toml").is_empty());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
