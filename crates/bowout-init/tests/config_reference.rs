//! Holds docs/config.md and docs/bowout.schema.json to the table of keys, and every example to the reader.
//!
//! `BOWOUT_UPDATE=1` writes what is generated anew.

use bowout_init::file::{self, Problems};
use serde_json::Value;
use std::path::{Path, PathBuf};

const BEGIN: &str =
    "<!-- What follows is written by `BOWOUT_UPDATE=1 cargo test -p bowout-init`. -->\n";

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name)
}

fn page() -> String {
    std::fs::read_to_string(docs("config.md")).unwrap()
}

fn is_update() -> bool {
    std::env::var_os("BOWOUT_UPDATE").is_some()
}

#[test]
fn the_reference_is_up_to_date() {
    let page = page();
    let (by_hand, generated) = page.split_once(BEGIN).expect("the page has its two parts");
    let wanted = format!("\n{}", file::reference());
    if is_update() {
        std::fs::write(docs("config.md"), format!("{by_hand}{BEGIN}{wanted}")).unwrap();
        return;
    }
    assert_eq!(generated, wanted, "BOWOUT_UPDATE=1 writes it anew");
}

#[test]
fn the_schema_is_up_to_date() {
    if is_update() {
        std::fs::write(docs("bowout.schema.json"), file::schema()).unwrap();
    }
    let there = std::fs::read_to_string(docs("bowout.schema.json")).unwrap_or_default();
    assert_eq!(there, file::schema(), "BOWOUT_UPDATE=1 writes it anew");
}

/// Every key that the schema has, however deep, with the names of the tables above it.
fn keys(schema: &Value, path: &str, found: &mut Vec<String>) {
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}{key}");
        found.push(path.clone());
        if inner["$ref"].is_null() {
            keys(inner, &format!("{path}."), found);
        }
    }
    for inner in schema["patternProperties"]
        .as_object()
        .into_iter()
        .flatten()
    {
        keys(inner.1, path, found);
    }
    for inner in schema["anyOf"].as_array().into_iter().flatten() {
        keys(inner, path, found);
    }
    if schema["items"].is_object() {
        keys(&schema["items"], path, found);
    }
}

fn all_keys() -> Vec<String> {
    let schema: Value = serde_json::from_str(&file::schema()).unwrap();
    let mut all = Vec::new();
    keys(&schema, "", &mut all);
    assert!(all.len() > 90, "{all:?}");
    all
}

#[test]
fn every_key_is_documented() {
    let page = page();
    for path in all_keys() {
        let key = path.rsplit('.').next().unwrap();
        let has_heading = page
            .lines()
            .filter(|line| line.starts_with("#### "))
            .any(|line| line.contains(&format!("`{key}`")));
        let has_row = page.contains(&format!("\n| `{key}` |"));
        assert!(has_heading || has_row, "{path} is not in docs/config.md");
    }
}

/// The blocks of TOML of a page, each with the line it begins in.
fn blocks(page: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(page.lines()) {
        match (&mut open, line) {
            (None, "```toml") => open = Some((number + 1, String::new())),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some((_, text)), line) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}

fn read(text: &str) -> Result<(), Problems> {
    let variable = |name: &str| (name == "PORT").then(|| "8080".to_owned());
    file::read_text(Path::new("example.toml"), text, &variable).map(|_| ())
}

/// Around an example of a key, the least that makes a configuration of it.
fn whole(block: &str) -> Vec<String> {
    const OTHERS: &str = "\n[service.db]\ncommand = \"db\"\nready = { tcp = \":1\" }\n[service.migrate]\n\
                          type = \"oneshot\"\ncommand = \"m\"\n[service.worker]\ncommand = \"w\"\n";
    let web = "[service.web]\ncommand = \"web\"\n";
    vec![
        block.to_owned(),
        format!("{block}{web}{OTHERS}"),
        format!("{block}{OTHERS}"),
        format!("[service.web]\n{block}{OTHERS}"),
        format!("{web}{block}{OTHERS}"),
        format!("{web}type = \"forking\"\n{block}{OTHERS}"),
    ]
}

#[test]
fn every_example_can_be_read() {
    let blocks = blocks(&page());
    assert!(blocks.len() > 60, "{}", blocks.len());
    for (line, block) in blocks {
        let is_alone = block.contains("[service.") && block.contains("command");
        let mut ways = whole(&block);
        if is_alone {
            ways.truncate(1);
        }
        let tried: Vec<Result<(), Problems>> = ways.iter().map(|text| read(text)).collect();
        let first = tried.iter().find_map(|read| read.as_ref().err());
        assert!(
            tried.iter().any(Result::is_ok),
            "docs/config.md:{line}:\n{block}\n{}",
            first.map(ToString::to_string).unwrap_or_default()
        );
    }
}

/// What the page says that `--check` answers to its first example is what it answers.
#[test]
fn the_first_example_is_understood_as_the_page_says() {
    let page = page();
    let (_, example) = blocks(&page).remove(0);
    let console = page.split("```console\n").nth(1).unwrap();
    let said: String = console
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with("$ "))
        .map(|line| format!("{line}\n"))
        .collect();
    let scratch = std::env::temp_dir().join(format!("bowout-first-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    std::fs::write(scratch.join("bowout.toml"), example).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_bowout-init"))
        .args(["--config", "bowout.toml", "--check"])
        .current_dir(&scratch)
        .env_clear()
        .output()
        .unwrap();
    std::fs::remove_dir_all(&scratch).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), said);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_example_that_is_wrong_is_seen() {
    for wrong in [
        "grace = 10s\n",
        "stop_timeot = \"5s\"\n",
        "[service.web]\ncommand = 5\n",
    ] {
        assert!(
            whole(wrong).iter().all(|text| read(text).is_err()),
            "{wrong}"
        );
    }
}

/// A bar in a cell would be the end of it.
#[test]
fn every_row_of_a_table_has_the_cells_of_its_head() {
    let page = page();
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut head = None;
    for (number, line) in (1..).zip(page.lines()) {
        match (line.starts_with('|'), head) {
            (true, None) => head = Some(cells(line)),
            (true, Some(head)) => assert_eq!(cells(line), head, "docs/config.md:{number}: {line}"),
            (false, _) => head = None,
        }
    }
}

/// Every form in which a value may be written is taken, and nothing is found odd about it.
#[test]
fn every_form_can_be_read() {
    for name in ["every-form.toml", "other-names.toml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/good")
            .join(name);
        let (settings, problems) = file::examine(&path, &|_| None);
        assert!(problems.is_empty(), "{problems}");
        assert!(settings.is_some());
    }
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good");
    let read = |name: &str| std::fs::read_to_string(good.join(name)).unwrap();
    let text = read("every-form.toml") + &read("other-names.toml");
    for path in all_keys() {
        assert!(uses(&text, &path), "{path} is in neither of them");
    }
}

/// Whether a text has a value for this key somewhere, whatever table it is in.
fn uses(text: &str, path: &str) -> bool {
    let key = path.rsplit('.').next().unwrap();
    let forms = [format!("{key} = "), format!("[{key}."), format!(".{key}]")];
    forms.iter().any(|form| text.contains(form))
}

/// All configurations of the project that are right.
fn good() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in ["examples", "crates/bowout/tests/import"] {
        collect(&root.join(folder), &mut found);
    }
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good"),
        &mut found,
    );
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    found.push(own.join("good-and-understood.toml"));
    found.push(own.join("together-too-long.toml"));
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|end| end == "toml") {
            found.push(path);
        }
    }
}

/// Whether each of these files passes the schema, by Python's jsonschema; `None`: there is none here.
fn by_schema(files: &[PathBuf]) -> Option<Vec<String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema.py");
    // The module may be the system's, and the first Python on the path another one.
    let outputs = ["python3", "/usr/bin/python3"].map(|python| {
        std::process::Command::new(python)
            .arg(&script)
            .arg(docs("bowout.schema.json"))
            .args(files)
            .output()
    });
    let mut outputs = outputs.into_iter().flatten();
    let Some(output) = outputs.find(|output| output.status.code() != Some(3)) else {
        let reason = "no python3 with tomllib and jsonschema (apt-get install python3-jsonschema)";
        let must = |name: &str, value: &str| std::env::var(name).is_ok_and(|given| given == value);
        assert!(
            !must("CI", "true") && !must("BOWOUT_NO_SKIP", "1"),
            "a skip is a failure here: {reason}"
        );
        println!("SKIP {reason}");
        return None;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(text.lines().map(str::to_owned).collect())
}

#[test]
fn what_is_right_passes_the_schema() {
    let scratch = std::env::temp_dir().join(format!("bowout-schema-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    let mut files = good();
    assert!(files.len() > 20, "{files:?}");
    for (line, block) in blocks(&page()) {
        let text = whole(&block)
            .into_iter()
            .find(|text| read(text).is_ok())
            .unwrap_or(block);
        let path = scratch.join(format!("config.md-{line}.toml"));
        std::fs::write(&path, text).unwrap();
        files.push(path);
    }
    let answers = by_schema(&files);
    std::fs::remove_dir_all(&scratch).unwrap();
    let Some(answers) = answers else {
        return;
    };
    assert_eq!(answers.len(), files.len());
    for (file, answer) in files.iter().zip(answers) {
        assert_eq!(answer, "passes", "{}", file.display());
    }
}

/// Keys that are not known, and values of another type: an editor marks them while they are written.
#[test]
fn what_is_wrong_in_itself_does_not_pass_the_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.retain(|file| {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap();
        (name.starts_with("key-") || name.starts_with("type-"))
            // These are about TOML, and about two names of the same key.
            && !matches!(name, "key-twice.toml" | "key-and-its-alias.toml")
    });
    assert!(files.len() > 12, "{files:?}");
    let Some(answers) = by_schema(&files) else {
        return;
    };
    for (file, answer) in files.iter().zip(answers) {
        assert!(
            answer.starts_with("fails: "),
            "{}: {answer}",
            file.display()
        );
    }
}
