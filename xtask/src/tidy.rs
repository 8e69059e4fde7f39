//! Checks the house rules that no compiler knows.

use std::path::{Path, PathBuf};

/// A room that can't be known at a glance is too large.
const LONGEST_FILE: usize = 450;

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 5] = ["utils", "helpers", "common", "types", "misc"];

/// What is wrong in the tree, one line for each fault.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for path in files(root) {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .display()
            .to_string();
        if path.extension().is_some_and(|extension| extension == "rs") {
            faults.extend(rust_faults(&name, &text));
        }
        if name.ends_with("docs/promises.md") {
            faults.extend(promise_faults(root, &text));
        }
        if name.ends_with("mutants/list.txt") {
            faults.extend(mutant_faults(&root.join("crates/bowout-core"), &text));
        }
    }
    faults.extend(core_dependencies(root));
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap_or_default();
    let list = read("crates/bowout-init/dependencies.txt");
    faults.extend(unexplained(&read("ARCHITECTURE.md"), &list));
    faults
}

/// Every crate that PID 1 links, but for ours, is in the table of ARCHITECTURE.md that says why.
fn unexplained(page: &str, list: &str) -> Vec<String> {
    let section = page.split("\n## Dependencies of PID 1").nth(1);
    let section = section.and_then(|rest| rest.split("\n## ").next());
    let words: Vec<String> = section
        .unwrap_or_default()
        .split('`')
        .map(|word| word.replace('-', "_"))
        .collect();
    list.lines()
        .filter(|name| !name.starts_with("bowout_") && !words.iter().any(|word| word == name))
        .map(|name| format!("ARCHITECTURE.md: does not say why PID 1 needs {name}"))
        .collect()
}

fn rust_faults(name: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let first = text
        .lines()
        .find(|line| !line.starts_with("#!") && !line.is_empty())
        .unwrap_or_default();
    if !first.starts_with("//! ") {
        faults.push(format!(
            "{name}: the file does not open with a //! sentence"
        ));
    }
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        faults.push(format!("{name}: {lines} lines, more than {LONGEST_FILE}"));
    }
    let stem = Path::new(name)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    if EMPTY_NAMES.contains(&stem) || stem == "mod" {
        faults.push(format!(
            "{name}: the file's name does not say what is inside"
        ));
    }
    if !name.starts_with("crates/bowout-sys/") && !name.starts_with("xtask/") {
        for (number, line) in (1..).zip(text.lines()) {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains("unsafe ") || code.contains("unsafe(") {
                faults.push(format!("{name}:{number}: unsafe outside of bowout-sys"));
            }
        }
    }
    faults
}

/// A promise names the tests that hold it, in backquotes after `held by`, and each of them is there.
fn promise_faults(root: &Path, text: &str) -> Vec<String> {
    let mut all_code = String::new();
    for path in files(root)
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
    {
        all_code.push_str(&std::fs::read_to_string(path).unwrap_or_default());
    }
    let mut faults = Vec::new();
    for promise in text.split("\n- **P").skip(1) {
        let promise = promise.split("\n\n").next().unwrap_or_default();
        let number = promise.split('*').next().unwrap_or_default();
        // In backquotes, with the place in front: `explore: name_of_a_test`.
        let quoted = promise.split('`').skip(1).step_by(2);
        let tests: Vec<&str> = quoted
            .filter_map(|text| text.split_once(": ").map(|(_, test)| test.trim()))
            .collect();
        let missing = tests
            .iter()
            .find(|test| !all_code.contains(&format!("fn {test}(")));
        match missing {
            Some(test) => faults.push(format!(
                "docs/promises.md: P{number} names {test}, which is not there"
            )),
            None if tests.is_empty() => {
                faults.push(format!("docs/promises.md: P{number} names no test"))
            }
            None => {}
        }
    }
    faults
}

/// A mistake that can't be made any more shows nothing: its line is there exactly once.
fn mutant_faults(core: &Path, list: &str) -> Vec<String> {
    let lines: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    let blocks = lines.split(|line| line.is_empty());
    let fault = |block: &[&str]| {
        let [file, old, _, _] = block else {
            return Some(format!("a mutant has four lines: {block:?}"));
        };
        let text = std::fs::read_to_string(core.join(file)).unwrap_or_default();
        let times = text.lines().filter(|line| line.trim() == *old).count();
        (times != 1).then(|| format!("mutants/list.txt: {file} has {times} times: {old}"))
    };
    blocks
        .filter(|block| !block.is_empty())
        .filter_map(fault)
        .collect()
}

fn core_dependencies(root: &Path) -> Option<String> {
    let path = root.join("crates/bowout-core/Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let (_, behind) = text.split_once("[dependencies]")?;
    let own = behind.split("\n[").next().unwrap_or_default();
    let named = own.lines().find(|line| line.contains('='))?;
    Some(format!(
        "crates/bowout-core/Cargo.toml: the core has no dependencies, not even {named}"
    ))
}

/// Files of the repository, without what builds leave behind.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if path.is_dir() {
                if !name.starts_with("target") && !name.starts_with('.') {
                    open.push(path);
                }
            } else if path.is_file() {
                // A pipe or a socket that a run left behind has no text, and reading a pipe would wait.
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let faults = faults(&root);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn faults_are_seen() {
        let page = "\n## Dependencies of PID 1\n| `a-b` (with `c`) | |\n## Next\n`d`\n";
        assert_eq!(unexplained(page, "a_b\nbowout_core\nc\nd\n").len(), 1);
        let long = format!("//! Says.\n{}", "// x\n".repeat(LONGEST_FILE));
        assert_eq!(rust_faults("a/b.rs", &long).len(), 1);
        assert_eq!(
            rust_faults("a/utils.rs", "fn f() { unsafe { g() } }\n").len(),
            3
        );
        assert_eq!(
            rust_faults(
                "crates/bowout-sys/src/b.rs",
                "//! Calls.\nunsafe fn f() {}\n"
            )
            .len(),
            0
        );
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let core = root.join("crates/bowout-core");
        let list =
            "# One\n\nsrc/lib.rs\nextern crate alloc;\n\nsrc/lib.rs\nno line\n\nIt breaks.\n";
        assert_eq!(mutant_faults(&core, list).len(), 3);
        let list =
            "src/lib.rs\nextern crate alloc;\n//\nIt breaks.\n\nsrc/lib.rs\nno line\n//\nIt too.\n";
        assert_eq!(mutant_faults(&core, list).len(), 1);
        assert_eq!(
            promise_faults(
                &root,
                "\n- **P1** It holds. `explore: no_such_test_anywhere`\n- **P2** Too.\n"
            )
            .len(),
            2
        );
    }
}
