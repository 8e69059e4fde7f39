//! Asks for services without a `bowout.toml`, for one that is found by itself, and for bad mixtures.

use conformance::{Configuration, Exit, Init, Signal, Stage, bowout};

/// What bowout says to a command line that it can't take.
#[track_caller]
fn refused(words: &[&str]) -> String {
    let mut it = Configuration::of(words)
        .file("bowout.toml", "[service.web]\ncommand = \"true\"\n")
        .file("Procfile", "web: true\n")
        .start();
    assert_eq!(it.exit(), Exit::Code(125), "{words:?}: {}", it.stderr());
    assert_eq!(it.stdout(), "");
    it.stderr()
}

#[test]
fn commands_with_names_are_services() {
    let mut it =
        Configuration::of(&["web: $PUPPET web", "worker: $PUPPET worker 'print a b'"]).start();
    let mut web = it.puppet("web");
    let worker = it.puppet("worker");
    assert_eq!(it.stdout(), "a b\n");
    let said = it.ctl(&["status", "--json"]).with_code(0).json();
    let names: Vec<&str> = said["services"]
        .as_array()
        .expect("there is a list")
        .iter()
        .filter_map(|service| service["name"].as_str())
        .collect();
    assert_eq!(names, ["web", "worker"]);
    // All are essential, and none is started again.
    web.exit(3);
    assert_eq!(it.exit(), Exit::Code(3));
    worker.process.await_reaped();
}

#[test]
fn without_a_shell_where_none_is_needed() {
    let puppet = conformance::puppet_binary().display().to_string();
    let it = Configuration::of(&[&format!("web: {puppet} web 'print a b'")]).start();
    let mut web = it.puppet("web");
    assert_eq!(web.facts().number("ppid"), 1);
    assert_eq!(it.stdout(), "a b\n");
}

#[test]
fn a_procfile_runs_as_it_is() {
    let mut it = Configuration::of(&["--procfile", "${HERE}/deploy/Procfile"])
        .file(
            "deploy/Procfile",
            "# what runs\nweb: exec $PUPPET web\n\nworker: exec $PUPPET worker \"print one\"\n",
        )
        .start();
    let mut web = it.puppet("web");
    let mut worker = it.puppet("worker");
    assert_eq!(it.stdout(), "one\n");
    web.ask("catch 15");
    worker.ask("catch 15");
    it.signal(Signal::TERM);
    web.expect(Signal::TERM);
    worker.expect(Signal::TERM);
    web.exit(0);
    worker.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
}

#[test]
fn a_file_is_found_where_one_looks_for_it() {
    const TEXT: &str = "[service.web]\ncommand = [\"${PUPPET}\", \"web\"]\n";
    // Where bowout is started.
    let it = Configuration::of(&[])
        .file("bowout.toml", TEXT)
        .on(|stage| stage.after("cd $HERE"))
        .start();
    let _web = it.puppet("web");
    // By a variable.
    let it = Configuration::of(&[])
        .file("other.toml", TEXT)
        .env("BOWOUT_CONFIG", "${HERE}/other.toml")
        .on(|stage| stage.after("cd /"))
        .start();
    let _web = it.puppet("web");
    let it = Configuration::of(&["--procfile"])
        .file("Procfile", "web: $PUPPET web\n")
        .on(|stage| stage.after("cd $HERE"))
        .start();
    let _web = it.puppet("web");
    // Nowhere: it says where it looked.
    let mut it = Configuration::of(&[])
        .on(|stage| stage.after("cd /proc"))
        .start();
    assert_eq!(it.exit(), Exit::Code(125));
    for text in ["./bowout.toml", "/etc/bowout.toml", "COMMAND", "--help"] {
        assert!(it.stderr().contains(text), "{}", it.stderr());
    }
}

#[test]
fn a_command_goes_before_the_variable() {
    let it = Configuration::of(&["--", "${HERE}/run.sh"])
        .file("other.toml", "[service.web]\ncommand = \"false\"\n")
        .env("BOWOUT_CONFIG", "${HERE}/other.toml");
    let path = it.path("run.sh");
    std::fs::write(&path, "#!/bin/sh\nexec $PUPPET app\n").expect("cannot write it");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("cannot change it");
    let mut it = it.without_socket().start();
    it.app().exit(4);
    assert_eq!(it.exit(), Exit::Code(4));
}

#[test]
fn bad_mixtures_are_named() {
    for (words, text) in [
        (&["--config", "${HERE}/bowout.toml", "ls"][..], "--config"),
        (&["--config", "${HERE}/bowout.toml", "web: ls"], "--config"),
        (
            &[
                "--config",
                "${HERE}/bowout.toml",
                "--procfile",
                "${HERE}/Procfile",
            ],
            "--procfile",
        ),
        (
            &["web: ./web", "ls"],
            "\"ls\" is not accepted beside services",
        ),
        (
            &["web: ls", "web: ls"],
            "the service \"web\" is there already",
        ),
        (&["web: 'ls"], "the command line:1:"),
        (
            &["--user", "web", "--config", "${HERE}/bowout.toml"],
            "write user in the table",
        ),
        (&["--workdir", "/", "web: ls"], "--workdir"),
        (
            &["--stop-signal", "QUIT", "--config", "${HERE}/bowout.toml"],
            "write stop_signal in the table",
        ),
        (
            &["-e", "143", "web: ls"],
            "--expect-exit: is for one command",
        ),
        (&["--check", "ls"], "--check: is for services"),
        (&["--socket", "/x", "ls"], "--socket: is for services"),
        (&["--config"], "--config"),
        (&["--config", "${HERE}/missing.toml"], "missing.toml"),
        (&["--procfile", "${HERE}/missing"], "missing"),
        (&["--config", "${HERE}"], "no regular file"),
        (&["--confg", "x"], "did you mean --config?"),
    ] {
        let said = refused(words);
        assert!(said.contains(text), "{words:?}: {said}");
    }
}

#[test]
fn two_files_are_one_too_many() {
    let said = refused(&[
        "--config",
        "${HERE}/bowout.toml",
        "--config",
        "${HERE}/other.toml",
    ]);
    assert!(said.contains("other.toml"), "{said}");
}

#[test]
fn check_says_what_is_wrong_and_runs_nothing() {
    let check = |text: &str| {
        let mut it = Configuration::of(&["--check", "--config", "${HERE}/bowout.toml"])
            .file("bowout.toml", text)
            .start();
        (it.exit(), it.stdout(), it.stderr(), it.record())
    };
    let (exit, said, complaints, record) =
        check("grace = 20\n[service.web]\ncommand = \"sh -c 'echo x >> $$PUPPET_RECORD'\"\n");
    assert_eq!((exit, complaints.as_str()), (Exit::Code(0), ""));
    assert!(said.contains("bowout.toml: 1 service"), "{said}");
    assert!(!record.has("x"));
    let (exit, said, complaints, _) = check("[service.web]\ncomand = \"x\"\nnice = 99\n");
    assert_eq!((exit, said.as_str()), (Exit::Code(1), ""));
    assert!(complaints.contains("did you mean command?") || complaints.contains("`command`"));
    assert!(complaints.contains("bowout.toml:3:8"), "{complaints}");
    let (exit, _, complaints, _) =
        check("[service.web]\ncommand = \"/no/such/program\"\nuser = \"nobody-has-it\"\n");
    assert_eq!(exit, Exit::Code(0));
    assert!(complaints.contains("warning: "), "{complaints}");
    assert!(complaints.contains("nobody-has-it"), "{complaints}");
}

#[test]
fn a_bad_file_runs_nothing_and_every_mistake_is_shown_with_its_line() {
    let mut it = Configuration::new(
        "[service.web]\ncommand = [\"sh\", \"-c\", \"echo ran >> $$PUPPET_RECORD\"]\nnice = 99\ndepends_on = [\"dbs\"]\n\n[service.db]\ncommand = \"true\"\nreplicas = 3\n",
    )
    .start();
    assert_eq!(it.exit(), Exit::Code(125));
    let said = it.stderr();
    for text in [
        "bowout.toml:3:8",
        "3 | nice = 99",
        "^^",
        "bowout.toml:4:",
        "did you mean \"db\"?",
        "bowout.toml:8:1",
        "replicas",
    ] {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert!(!it.record().has("ran"));
}

/// What the command line and its variables say goes before what the file says.
#[test]
fn options_go_before_the_file() {
    let mut it = Configuration::new(
        "grace = \"1h\"\n[service.web]\ncommand = [\"${PUPPET}\", \"web\", \"catch 15\"]\n",
    )
    .options(&["--grace", "1s", "--report", "${HERE}/report.json"])
    .start();
    let _web = it.puppet("web");
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(137));
    assert!(took.as_millis() < 1000, "{took:?}");
    let report = it.report();
    assert_eq!(report["exit_code"], 137, "{report}");
}

#[test]
fn log_says_how_much_is_said_and_in_which_form() {
    const WEB: &str = "[service.web]\ncommand = [\"${PUPPET}\", \"web\"]\n";
    let stopped = |log: &str| {
        let mut it = Configuration::new(&format!("{log}\n{WEB}")).start();
        let _web = it.puppet("web");
        it.stop();
        it.stderr()
    };
    assert_eq!(stopped("log = { level = \"error\" }"), "");
    let usual = stopped("").lines().count();
    let more = stopped("log = { level = \"debug\" }").lines().count();
    assert!(usual >= 1 && more > usual, "{usual}, {more}");
    let text = stopped("log = { format = \"json\", level = \"info\" }");
    assert!(text.lines().count() > usual, "{text}");
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(
            line["message"].is_string() && line["level"].is_string(),
            "{line}"
        );
    }
}

/// `bowout run` is the same.
#[test]
fn the_tool_runs_services_too() {
    let tool = Init::parse(&format!("{} run", bowout("bowout").display()));
    let mut run = Stage::new(&tool)
        .without_separator()
        .env("BOWOUT_SOCKET", "off")
        .start(&["web: $PUPPET web", "worker: $PUPPET worker"]);
    let _worker = run.puppet("worker");
    run.puppet("web").exit(5);
    assert_eq!(run.exit(), Exit::Code(5), "{}", run.stderr());
    let mut run = Stage::new(&tool).start(&["sh", "-c", "exit 6"]);
    assert_eq!(run.exit(), Exit::Code(6));
    let mut run = Stage::new(&tool)
        .without_separator()
        .start(&["--config", "/no/such/bowout.toml"]);
    assert_eq!(run.exit(), Exit::Code(125));
    let said = run.stderr();
    assert!(said.contains("cannot read /no/such/bowout.toml"), "{said}");
}
