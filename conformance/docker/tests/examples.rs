//! Runs the examples: what a README says that one sees is seen.

use conformance_docker::container::Run;
use conformance_docker::engine::Engine;
use conformance_docker::example;
use conformance_docker::init::Init;
use conformance_docker::supervised::Supervised;
use conformance_docker::workplace::Scratch;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

struct Example {
    engine: Engine,
    image: String,
    data: Scratch,
}

impl Example {
    fn or_skip(name: &str) -> Option<Example> {
        let engine = Engine::or_skip()?;
        let image = example::image(&engine, name).unwrap_or_else(|error| panic!("{error}"));
        let data = Scratch::new();
        Some(Example {
            engine,
            image,
            data,
        })
    }

    fn run(&self, flags: &[&str]) -> Run {
        let volume = format!("{}:/data", self.data.path().display());
        let run = Run::tag(&self.engine, &self.image);
        run.flags(&["--volume", &volume]).flags(flags)
    }

    /// For those with services.
    fn start(&self, flags: &[&str]) -> Supervised {
        Supervised::ready(self.run(flags).start(), "/bowout-init")
    }

    /// For those with one command: runs it until this is in its output, stops it, and returns all of that.
    fn stopped_after(&self, line: &str, flags: &[&str]) -> String {
        let mut container = self.run(flags).start();
        container.until_logged(line);
        let stop = container.stop(10);
        assert_eq!(stop.exit_code, 0, "{}", stop.logs);
        stop.logs
    }

    fn read(&self, file: &str) -> String {
        let path = self.data.path().join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
    }
}

#[test]
fn cron_prepares_once_repeats_and_ends_the_run_in_hand() {
    let Some(example) = Example::or_skip("cron") else {
        return;
    };
    let mut stack = example.start(&["--env", "REPORT_EVERY=500ms"]);
    assert_eq!(stack.status("prepare")["state"], "completed");
    let prepared = example.read("prepared");
    stack.until("a second run", |stack| {
        stack.container.logs().matches("begun").count() >= 2
    });
    // In the pause after a run, too, all is well.
    stack.wait_until_ready();
    let stop = stack.container.stop(10);
    assert_eq!(stop.exit_code, 0, "{}", stop.logs);
    let count = |word: &str| stop.logs.matches(word).count();
    assert_eq!(count("| begun"), count("| done"), "{}", stop.logs);
    assert_eq!(example.read("prepared"), prepared);
}

#[test]
fn secrets_reach_who_is_to_have_them_and_nobody_else() {
    let Some(example) = Example::or_skip("secrets") else {
        return;
    };
    use std::os::unix::fs::PermissionsExt;
    let secret = example.data.path().join("db_password");
    fs::write(&secret, "hunter2hunter2\n").expect("write the secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o400)).expect("only its owner");
    let volume = format!("{}:/run/secrets/db_password:ro", secret.display());
    let mut stack = example.start(&["--volume", &volume]);
    stack.until("both have spoken", |stack| {
        let logs = stack.container.logs();
        logs.contains("password: none") && logs.contains("ready")
    });
    let logs = stack.container.logs();
    let said = "user app of uid 1000, password of 14 characters";
    assert!(logs.contains(said), "{logs}");
    let shown = stack.container.inspect("{{json .Config.Env}}") + &stack.ctl(&["--json", "status"]);
    let stop = stack.container.stop(10);
    assert_eq!(stop.exit_code, 0, "{}", stop.logs);
    assert!(!(stop.logs + &shown).contains("hunter2"));
}

#[test]
fn what_is_in_memory_is_saved_at_the_stop_and_there_at_the_next_start() {
    let Some(example) = Example::or_skip("save-at-stop") else {
        return;
    };
    let mut last = 0;
    for _ in 0..2 {
        let mut stack = example.start(&["--tmpfs", "/work"]);
        let first = format!("ready, round {last}");
        stack.until(&first, |stack| stack.container.logs().contains(&first));
        stack.until("it goes on", |stack| {
            let world = stack.container.exec(&["cat", "/work/world"]);
            // A number, or "half of round" and a number.
            let round = world.split(' ').next_back();
            round.is_some_and(|round| round.parse::<u32>().is_ok_and(|round| round > last))
        });
        let stop = stack.container.stop(10);
        assert_eq!(stop.exit_code, 0, "{}", stop.logs);
        let world = example.read("world");
        let ended = format!("ended after round {}", world.trim());
        assert!(stop.logs.contains(&ended), "{}", stop.logs);
        last = world.trim().parse().expect("a whole round");
        assert_eq!(example.read("registration"), "gone\n");
        let report: serde_json::Value =
            serde_json::from_str(&example.read("stop.json")).expect("JSON");
        let hooks = report["hooks"].as_array().expect("hooks");
        assert_eq!(hooks.len(), 3, "{hooks:?}");
        assert!(!example.data.path().join("world.new").exists());
    }
}

#[test]
fn a_procfile_runs_as_it_is() {
    let Some(example) = Example::or_skip("procfile") else {
        return;
    };
    let mut stack = example.start(&[]);
    let page = stack
        .container
        .exec(&["wget", "-qO-", "http://127.0.0.1:8080/Procfile"]);
    assert!(page.contains("worker: ./worker.sh"), "{page}");
    stack.container.until_logged("ready");
    let stop = stack.container.stop(10);
    assert_eq!(stop.exit_code, 0, "{}", stop.logs);
    assert!(stop.logs.contains("finished"), "{}", stop.logs);
}

#[test]
fn an_entrypoint_without_exec_is_repaired() {
    let Some(example) = Example::or_skip("shell-entrypoint") else {
        return;
    };
    let mut container = example.run(&[]).start();
    container.until_logged("app: ready");
    let stop = container.stop(10);
    assert!(stop.logs.contains("app: finished"), "{}", stop.logs);
}

#[test]
fn another_stop_signal_lets_it_finish() {
    let Some(example) = Example::or_skip("quit-signal") else {
        return;
    };
    let logs = example.stopped_after("ready", &[]);
    assert!(
        logs.contains("finished") && !logs.contains("dropped"),
        "{logs}"
    );
}

#[test]
fn hooks_of_one_command_run_before_and_after_it() {
    let Some(example) = Example::or_skip("hooks") else {
        return;
    };
    let logs = example.stopped_after("ready", &["--tmpfs", "/tmp"]);
    assert!(
        logs.contains("about to stop") && logs.contains("moved"),
        "{logs}"
    );
    let world = example.read("world");
    assert!(world.starts_with("saved at "), "{world}");
}

#[test]
fn a_python_server_finishes_its_request() {
    let Some(example) = Example::or_skip("python") else {
        return;
    };
    let mut container = example.run(&["--read-only", "--cap-drop", "ALL"]).start();
    container.until_logged("ready");
    let ask = "import socket\n\
        stream = socket.create_connection(('127.0.0.1', 8000))\n\
        stream.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\n\
        print('asked', flush=True)\n\
        print(stream.makefile().read(), flush=True)";
    let mut command = container.engine().command();
    command.args(["exec", container.name(), "python3", "-c", ask]);
    let mut asking = command
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("run docker exec");
    let mut answer = std::io::BufReader::new(asking.stdout.take().expect("piped"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut answer, &mut line).expect("read");
    assert_eq!(line, "asked\n");
    let stop = container.stop(10);
    assert_eq!(stop.exit_code, 0, "{}", stop.logs);
    assert!(stop.logs.contains("finished"), "{}", stop.logs);
    let mut page = String::new();
    std::io::Read::read_to_string(&mut answer, &mut page).expect("read");
    asking.wait().expect("wait for docker exec");
    assert!(page.contains("done"), "{page}");
}

/// Every example's file of this name.
fn files(name: &str) -> Vec<PathBuf> {
    let folders = fs::read_dir(example::folder()).expect("the examples");
    let mut files: Vec<PathBuf> = folders
        .map(|folder| folder.expect("an entry").path().join(name))
        .filter(|file| file.exists())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no {name}");
    files
}

fn run(program: &str, words: &[&str], variables: &[(String, String)]) -> Output {
    let init = Init::bowout().unwrap_or_else(|error| panic!("{error}"));
    let mut command = Command::new(init.path().with_file_name(program));
    command.args(words).envs(variables.iter().cloned());
    for name in ["BOWOUT_GRACE", "BOWOUT_CONFIG", "KUBERNETES_SERVICE_HOST"] {
        if !variables.iter().any(|(is, _)| is == name) {
            command.env_remove(name);
        }
    }
    command
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

fn assert_done(what: &str, output: &Output) {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{what}: {}{}", text[0], text[1]);
}

#[test]
fn every_configuration_is_right_and_fits_its_grace_period() {
    for file in files("bowout.toml") {
        let path = file.display().to_string();
        assert_done(
            &path,
            &run("bowout-init", &["--config", &path, "--check"], &[]),
        );
        assert_done(&path, &run("bowout", &["plan", "--config", &path], &[]));
    }
    for file in files("Procfile") {
        let option = format!("--procfile={}", file.display());
        assert_done(&option, &run("bowout-init", &[&option, "--check"], &[]));
    }
}

/// What stands behind this key in a YAML file.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with(key));
    line.map(|line| line[key.len()..].trim())
}

#[test]
fn the_grace_periods_of_platform_and_configuration_are_the_same() {
    let mut looked_at = 0;
    for (name, key) in [
        ("compose.yaml", "stop_grace_period:"),
        ("kubernetes.yaml", "terminationGracePeriodSeconds:"),
    ] {
        for file in files(name) {
            let configuration = file.with_file_name("bowout.toml");
            if !configuration.exists() {
                continue;
            }
            let text = fs::read_to_string(&file).expect("read");
            let grace = value(&text, key).unwrap_or_else(|| panic!("{}: no {key}", file.display()));
            let grace = format!("{}s", grace.trim_end_matches('s'));
            // `- {name: BOWOUT_GRACE, value: 15s}`
            let variables: Vec<(String, String)> = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("- {name: BOWOUT_"))
                .filter_map(|rest| rest.trim_end_matches('}').split_once(", value: "))
                .map(|(name, value)| (format!("BOWOUT_{name}"), value.to_owned()))
                .collect();
            let words = [
                "plan",
                "--json",
                "--config",
                &configuration.display().to_string(),
            ];
            let output = run("bowout", &words, &variables);
            assert_done(&file.display().to_string(), &output);
            let plan: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
            let planned = plan["grace_ms"].as_f64().expect("a grace period");
            assert_eq!(
                format!("{}s", planned / 1000.0),
                grace,
                "{}",
                file.display()
            );
            looked_at += 1;
        }
    }
    assert!(looked_at >= 3, "only {looked_at} files");
}

#[test]
fn every_example_is_in_the_list_and_has_a_readme() {
    let list = fs::read_to_string(example::folder().join("README.md")).expect("read");
    for readme in files("README.md") {
        let folder = readme.parent().expect("a folder");
        let name = folder
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(list.contains(&format!("[{name}]({name})")), "{name}");
    }
    let folders = fs::read_dir(example::folder()).expect("the examples");
    for folder in folders.map(|folder| folder.expect("an entry").path()) {
        assert!(
            !folder.is_dir() || folder.join("README.md").exists(),
            "{folder:?}"
        );
    }
}
