//! Imports files as people have them, and compares what comes out with the files beside them.
//!
//! `BOWOUT_UPDATE=1` writes those files anew.

use bowout_init::assemble::{Place, plan_of};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/import")
        .join(name)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn import(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bowout"))
        .arg("import")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs it with this on its standard input.
fn import_text(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bowout"))
        .arg("import")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

/// An empty folder that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path =
            std::env::temp_dir().join(format!("bowout-import-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Holds a text to a file, or writes the file.
fn hold(path: &Path, text: &str) {
    if std::env::var_os("BOWOUT_UPDATE").is_some() {
        std::fs::write(path, text).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == text,
        "{} is not what came out (BOWOUT_UPDATE=1 writes it anew):\n{text}",
        path.display()
    );
}

/// The file that a case imports: the one that is no result, no folder and no list of variables.
fn input(case: &Path) -> String {
    let files = entries(case);
    let file = files.iter().find(|path| {
        let name = path.file_name().unwrap();
        path.is_file() && name != "bowout.toml" && name != ".env"
    });
    let file = file.unwrap_or_else(|| panic!("{}: no file to import", case.display()));
    file.file_name().unwrap().to_str().unwrap().to_owned()
}

fn cases() -> Vec<PathBuf> {
    ["procfile", "supervisord", "compose"]
        .iter()
        .flat_map(|kind| entries(&folder(kind)))
        .collect()
}

#[test]
fn what_people_have_becomes_what_one_would_write() {
    for case in cases() {
        let output = import(&case, &[&input(&case)]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{}: {said}", case.display());
        assert_eq!(said.lines().count(), 1, "{}: {said}", case.display());
        let made = text(&output.stdout);
        let marked = made.matches("# not taken over: ").count();
        let counted = match marked {
            0 => "all taken over".to_owned(),
            1 => "1 thing not taken over".to_owned(),
            many => format!("{many} things not taken over"),
        };
        assert!(
            said.contains(&counted),
            "{}: {marked}: {said}",
            case.display()
        );
        hold(
            &case.join("bowout.toml"),
            &made.replace(case.to_str().unwrap(), "/here"),
        );
    }
}

/// What `--check` does. What bowout reads may come from the environment: each variable is set to something
/// that fits anywhere.
#[test]
fn all_that_is_written_can_be_run() {
    let variable = |_: &str| Some("1".to_owned());
    for case in cases() {
        let path = case.join("bowout.toml");
        let settings = bowout_init::file::read(&path, &variable)
            .unwrap_or_else(|problems| panic!("{problems}"));
        let plan = plan_of(&settings, Place::CONTAINER).unwrap_or_else(|error| panic!("{error}"));
        assert!(!plan.services().is_empty(), "{}", path.display());
    }
}

#[test]
fn there_are_cases_of_every_kind() {
    for (kind, least) in [("procfile", 5), ("supervisord", 8), ("compose", 8)] {
        assert!(entries(&folder(kind)).len() >= least, "{kind}");
    }
}

/// Each file in `errors` that can't be taken, and beside it what is said.
#[test]
fn what_can_not_be_taken_is_told_with_file_line_and_key() {
    let folder = folder("errors");
    let files = entries(&folder);
    let inputs: Vec<&PathBuf> = files
        .iter()
        .filter(|path| path.is_file() && path.extension().is_none_or(|end| end != "stderr"))
        .collect();
    assert!(inputs.len() >= 20, "{}", inputs.len());
    for path in inputs {
        let name = path.file_name().unwrap().to_str().unwrap();
        let output = import(&folder, &[name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert_eq!(text(&output.stdout), "", "{name}");
        let said = text(&output.stderr);
        let begin = format!("bowout import: {name}:");
        let included = "bowout import: broken.d/";
        let mut lines = said.lines();
        let is_placed = |line: &str| line.starts_with(&begin) || line.starts_with(included);
        assert!(lines.all(is_placed), "{said}");
        hold(&folder.join(format!("{name}.stderr")), &said);
    }
}

#[test]
fn standard_input_is_taken_and_known_by_what_is_in_it() {
    let scratch = Scratch::new("stdin");
    for (input, from, expected) in [
        ("web: ./web\n", None, "[service.web]\ncommand = \"./web\"\n"),
        (
            "[program:a]\ncommand=/a\n",
            None,
            "[service.a]\ncommand = \"/a\"\n",
        ),
        (
            "services:\n  b: {command: /b}\n",
            None,
            "[service.b]\ncommand = \"/b\"\n",
        ),
        (
            "services: ./c\n",
            Some("procfile"),
            "[service.services]\ncommand = \"./c\"\n",
        ),
    ] {
        let mut arguments = vec!["-"];
        arguments.extend(from.map(|_| "--from"));
        arguments.extend(from);
        let output = import_text(&scratch.0, &arguments, input);
        let made = text(&output.stdout);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{input}: {}",
            text(&output.stderr)
        );
        assert!(made.contains(expected), "{input}: {made}");
        assert!(
            made.starts_with("# Made from standard input by `bowout import`."),
            "{made}"
        );
    }
    let output = import_text(&scratch.0, &["-"], "neither this nor that\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("bowout import: standard input: is none of"));
}

#[test]
fn a_file_that_is_there_is_not_overwritten() {
    let scratch = Scratch::new("output");
    let place = scratch.0.join("bowout.toml");
    let import = |arguments: &[&str], input: &str| import_text(&scratch.0, arguments, input);
    let output = import(&["-", "-o", "bowout.toml"], "web: ./web\n");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "");
    let said = "bowout import: standard input: 1 service, all taken over; `bowout-init --config bowout.toml --check` \
                checks it\n";
    assert_eq!(text(&output.stderr), said);
    let first = std::fs::read_to_string(&place).unwrap();
    assert!(first.contains("./web"), "{first}");

    let output = import(&["-", "--output", "bowout.toml"], "web: ./other\n");
    assert_eq!(output.status.code(), Some(2));
    let said = "bowout import: bowout.toml: is there already; --force overwrites it\n";
    assert_eq!(text(&output.stderr), said);
    assert_eq!(std::fs::read_to_string(&place).unwrap(), first);

    let output = import(&["-", "-o", "bowout.toml", "--force"], "web: ./x\n");
    assert_eq!(output.status.code(), Some(0));
    let second = std::fs::read_to_string(&place).unwrap();
    assert!(
        second.contains("./x") && !second.contains("./web"),
        "{second}"
    );

    // What can't be read leaves no file.
    let output = import(&["-", "-o", "new.toml", "--from", "compose"], "[");
    assert_eq!(output.status.code(), Some(2));
    assert!(!scratch.0.join("new.toml").exists());
    let output = import(&["-", "-o", "no/such/folder.toml"], "web: ./x\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no/such/folder.toml: cannot be written: "));
}

#[test]
fn strict_is_content_only_if_nothing_is_lost() {
    let scratch = Scratch::new("strict");
    let code = |input: &str, strict: &[&str]| {
        let arguments: Vec<&str> = ["-"].iter().chain(strict).copied().collect();
        let output = import_text(&scratch.0, &arguments, input);
        assert!(text(&output.stdout).contains("[service."));
        output.status.code()
    };
    let lossy = "[program:a]\ncommand=/a\nserverurl=http://x\n";
    assert_eq!(code(lossy, &[]), Some(0));
    assert_eq!(code(lossy, &["--strict"]), Some(1));
    assert_eq!(code("web: ./web\n", &["--strict"]), Some(0));
}

#[test]
fn a_wrong_command_line_and_a_file_that_is_not_there_are_told() {
    let scratch = Scratch::new("usage");
    for (arguments, expected) in [
        (&[][..], "required"),
        (&["a", "b"][..], "unexpected argument"),
        (
            &["a", "--from", "systemd"][..],
            "procfile, supervisord, compose",
        ),
        (
            &["nowhere.yaml"][..],
            "nowhere.yaml: cannot be read: No such file",
        ),
        (&["."][..], ".: cannot be read: "),
    ] {
        let output = import(&scratch.0, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            text(&output.stderr).contains(expected),
            "{}",
            text(&output.stderr)
        );
    }
}

/// What `every-key` has is all that the two programs know, and what nobody knows.
#[test]
fn every_key_is_documented() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands/import.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    let read = |name: &str| std::fs::read_to_string(folder(name)).unwrap();
    let supervisord = read("supervisord/every-key/supervisord.conf");
    let (_, program) = supervisord.split_once("[program:all]").unwrap();
    let of_program = program.lines().filter_map(|line| line.split_once('='));
    let compose = read("compose/every-key/compose.yaml");
    let (_, services) = compose.split_once("  all:\n").unwrap();
    let of_service = services
        .lines()
        .take_while(|line| line.starts_with("    "))
        .filter(|line| !line.starts_with("     "))
        .filter_map(|line| line.trim().split_once(':'));
    let keys: Vec<&str> = of_program.chain(of_service).map(|(key, _)| key).collect();
    assert!(keys.len() > 110, "{}", keys.len());
    for key in keys {
        let unknown = ["nice", "shape", "x-mine"].contains(&key);
        assert!(unknown || manual.contains(&format!("`{key}`")), "{key}");
    }
}
