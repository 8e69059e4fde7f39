//! Asks for the surroundings of a service: `working_dir`, `umask`, `limits`, `nice`, `oom_score_adj`,
//! `no_new_privs`.

use conformance::{Exit, Process, await_that, bowout};

use crate::{as_root, run};

#[test]
fn working_dir_is_where_it_starts_and_relative_to_the_file() {
    let it = conformance::Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        working_dir = "/proc/sys"
        [service.near]
        command = ["${PUPPET}", "near"]
        working_dir = "deep/er"
    "#,
    )
    .file("deep/er/file", "")
    .start();
    assert_eq!(it.puppet("web").facts().text("directory"), "/proc/sys");
    let near = it.path("deep/er").display().to_string();
    assert_eq!(it.puppet("near").facts().text("directory"), near);
}

#[test]
fn without_its_working_dir_it_does_not_start() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        working_dir = "/no/such/place"
    "#);
    assert_eq!(it.exit(), Exit::Code(125));
    assert!(it.stderr().contains("/no/such/place"), "{}", it.stderr());
}

#[test]
fn umask_is_octal() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        umask = "027"
    "#);
    let web = it.puppet("web");
    assert_eq!(web.process.status("Umask:").as_deref(), Some("0027"));
}

/// The soft and the hard limit, as /proc prints them.
#[track_caller]
fn limits(process: Process, name: &str) -> (String, String) {
    let all = process.file("limits");
    let line = all.lines().find_map(|line| line.strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in {all}"));
    let mut words = line.split_whitespace().map(str::to_owned);
    let mut next = || words.next().expect("there are two");
    (next(), next())
}

#[test]
fn limits_are_set_soft_and_hard() {
    for key in ["limits", "ulimits"] {
        let it = run(&format!(
            r#"
            [service.web]
            command = ["${{PUPPET}}", "web"]
            {key} = {{ nofile = {{ soft = 200, hard = 300 }}, core = 0, fsize = "unlimited", nproc = 500 }}
        "#
        ));
        let web = it.puppet("web").process;
        let is = |name, soft: &str, hard: &str| {
            assert_eq!(
                limits(web, name),
                (soft.to_owned(), hard.to_owned()),
                "{name}"
            );
        };
        is("Max open files", "200", "300");
        is("Max core file size", "0", "0");
        is("Max file size", "unlimited", "unlimited");
        is("Max processes", "500", "500");
    }
}

/// The priority is the 19th field, the 17th behind the name, which may have spaces.
fn priority(process: Process) -> i32 {
    let line = process.file("stat");
    let (_, rest) = line.rsplit_once(')').expect("the name is in parentheses");
    let field = rest.split_whitespace().nth(16).expect("there are more");
    field.parse().expect("it is a number")
}

#[test]
fn nice_is_its_priority() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        nice = 7
        [service.other]
        command = ["${PUPPET}", "other"]
    "#);
    assert_eq!(priority(it.puppet("web").process), 7);
    assert_eq!(priority(it.puppet("other").process), priority(it.init()));
}

#[test]
fn nice_may_be_more_urgent() {
    as_root("nice_may_be_more_urgent", || {
        let it = run(r#"
            [service.web]
            command = ["${PUPPET}", "web"]
            nice = -5
            user = "65534"
        "#);
        assert_eq!(priority(it.puppet("web").process), -5);
    });
}

#[test]
fn oom_score_adj_is_set() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        oom_score_adj = 500
    "#);
    let web = it.puppet("web").process;
    assert_eq!(web.file("oom_score_adj").trim(), "500");
}

#[test]
fn no_new_privs_is_set() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        no_new_privs = true
        [service.other]
        command = ["${PUPPET}", "other"]
    "#);
    let of = |name: &str| it.puppet(name).process.status("NoNewPrivs:");
    assert_eq!(of("web").as_deref(), Some("1"));
    assert_eq!(of("other").as_deref(), Some("0"));
}

/// What bowout was started with is what a service gets where nothing is said.
#[test]
fn what_is_not_set_is_inherited() {
    let it = conformance::Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
    "#,
    )
    .on(|stage| stage.after("umask 013; ulimit -Sn 123; cd /proc/sys"))
    .start();
    let mut web = it.puppet("web");
    assert_eq!(web.process.status("Umask:").as_deref(), Some("0013"));
    assert_eq!(limits(web.process, "Max open files").0, "123");
    assert_eq!(web.facts().text("directory"), "/proc/sys");
}

/// Reading a configuration takes most of the program, and serving a client takes some of it.
#[test]
fn what_was_needed_for_a_configuration_or_a_client_leaves_the_memory() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
    "#);
    let size = std::fs::metadata(bowout("bowout-init")).map_or(0, |file| file.len());
    let is_small = || it.init().text() < size / 2;
    await_that("less than half of the program is in memory", is_small);
    it.ctl(&["reload", "-w"]).with_code(0);
    await_that(
        "it is so when it was read anew and the client has gone",
        is_small,
    );
}
