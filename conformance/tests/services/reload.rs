//! Asks how a configuration is changed while it runs: `reload`, SIGHUP, `add` and `remove`.

use conformance::{Configuration, Exit, Puppet, Signal, Supervisor};
use serde_json::json;

use crate::run;

/// `a` depends on `b`; `c` is by itself.
const BEFORE: &str = r#"
    [service.a]
    command = ["${PUPPET}", "a", "catch 15", "on 15 exit 0"]
    depends_on = ["b"]
    [service.b]
    command = ["${PUPPET}", "b", "catch 15", "on 15 exit 0"]
    [service.c]
    command = ["${PUPPET}", "c", "catch 15", "on 15 exit 0"]
"#;

#[track_caller]
fn goes_on(it: &Supervisor, puppet: &mut Puppet) {
    let name = puppet.name().to_owned();
    assert_eq!(it.status(&name)["pid"], puppet.own_pid, "{name}");
    assert_eq!(puppet.signals(), [], "{name}");
}

fn before() -> (Supervisor, Puppet, Puppet, Puppet) {
    let it = run(BEFORE);
    let (a, b, c) = (it.puppet("a"), it.puppet("b"), it.puppet("c"));
    it.await_state("a", "running");
    (it, a, b, c)
}

#[test]
fn reload_starts_stops_and_restarts_what_is_otherwise_and_nothing_else() {
    let (it, mut a, mut b, mut c) = before();
    it.write(
        "bowout.toml",
        r#"
        [service.a]
        command = ["${PUPPET}", "a", "catch 15", "on 15 exit 0"]
        depends_on = ["b"]
        [service.b]
        command = ["${PUPPET}", "b", "catch 15", "on 15 exit 0"]
        environment = { NEW = "yes" }
        [service.d]
        command = ["${PUPPET}", "d"]
    "#,
    );
    let said = it.ctl(&["reload", "--wait", "--json"]).with_code(0).json();
    assert_eq!(
        said["configuration"],
        json!({"added": ["d"], "changed": ["b"], "removed": ["c"]})
    );
    c.await_end();
    b.await_end();
    goes_on(&it, &mut a);
    let mut b = it.puppet("b");
    assert_eq!(b.env("NEW").as_deref(), Some("yes"));
    let mut d = it.puppet("d");
    goes_on(&it, &mut d);
    let said = it.ctl(&["status", "c"]).with_code(4);
    assert!(
        said.stderr.contains("there is no service \"c\""),
        "{said:?}"
    );
    let said = it.ctl(&["reload"]).with_code(0);
    assert_eq!(said.stdout, "nothing has changed\n");
    for puppet in [&mut a, &mut b, &mut d] {
        goes_on(&it, puppet);
    }
}

#[test]
fn sighup_does_the_same() {
    let (it, mut a, mut b, mut c) = before();
    let mut events = it.events();
    it.write("bowout.toml", &BEFORE.replace("[service.c]", "[service.d]"));
    it.signal(Signal::HUP);
    c.await_end();
    let _d = it.puppet("c");
    events.expect_state("d", "running");
    it.await_log("another configuration: new: d; gone: c");
    goes_on(&it, &mut a);
    goes_on(&it, &mut b);
}

#[test]
fn a_bad_file_changes_nothing_and_every_mistake_is_shown() {
    let (it, mut a, mut b, mut c) = before();
    it.write(
        "bowout.toml",
        "[service.a]\ncomand = \"x\"\n[service.new]\ncommand = \"true\"\nnice = 99\n",
    );
    let said = it.ctl(&["reload"]).with_code(1);
    for text in ["bowout.toml:2:1", "did you mean", "bowout.toml:5:"] {
        assert!(said.stderr.contains(text), "{text}: {said:?}");
    }
    let said = it.ctl(&["reload", "--json"]).with_code(1).json();
    assert_eq!(said["error"]["code"], "bad_config");
    it.await_log("nothing was changed: there are mistakes in the new configuration");
    let told = it.stderr().matches("bowout.toml:2").count();
    it.signal(Signal::HUP);
    conformance::await_that("it is told again", || {
        it.stderr().matches("bowout.toml:2").count() > told
    });
    for puppet in [&mut a, &mut b, &mut c] {
        goes_on(&it, puppet);
    }
    it.ctl(&["status", "new"]).with_code(4);
    // It may be mended.
    it.write("bowout.toml", BEFORE);
    let said = it.ctl(&["reload"]).with_code(0);
    assert_eq!(said.stdout, "nothing has changed\n");
}

#[test]
fn a_cycle_and_a_file_that_is_gone_change_nothing() {
    let (it, mut a, _b, _c) = before();
    it.write(
        "bowout.toml",
        &BEFORE.replace("[service.c]", "depends_on = [\"a\"]\n[service.c]"),
    );
    let said = it.ctl(&["reload"]).with_code(1);
    assert!(said.stderr.contains("a"), "{said:?}");
    std::fs::remove_file(it.path("bowout.toml")).expect("cannot remove it");
    let said = it.ctl(&["reload"]).with_code(1);
    assert!(said.stderr.contains("bowout.toml"), "{said:?}");
    it.signal(Signal::HUP);
    it.await_log("nothing was changed");
    goes_on(&it, &mut a);
}

/// What is about the stop, the order and restarts counts from now on, without another start.
#[test]
fn what_needs_no_start_gets_none() {
    let (it, mut a, mut b, mut c) = before();
    let changed = BEFORE.replace(
        "[service.c]",
        "stop_timeout = \"2s\"\nrestart = \"always\"\nessential = false\nrestart_delay = \"1ms\"\n[service.c]\ndepends_on = [\"a\"]\n",
    );
    it.write("bowout.toml", &changed);
    let said = it.ctl(&["reload", "-w", "--json"]).with_code(0).json();
    assert_eq!(said["configuration"]["changed"], json!([]));
    for puppet in [&mut a, &mut b, &mut c] {
        goes_on(&it, puppet);
    }
    let status = it.status("b");
    assert_eq!(status["stop_timeout_ms"], 2000);
    assert_eq!(status["essential"], false);
    assert_eq!(it.status("c")["depends_on"][0]["service"], "a");
    b.exit(1);
    let _again = it.puppet("b");
}

#[test]
fn what_somebody_has_stopped_stays_down() {
    let (it, mut a, mut b, mut c) = before();
    it.ctl(&["stop", "-w", "c"]).with_code(0);
    c.await_end();
    it.write(
        "bowout.toml",
        &BEFORE.replace("[service.c]", "[service.c]\nnice = 5"),
    );
    let said = it.ctl(&["reload", "-w", "--json"]).with_code(0).json();
    assert_eq!(said["configuration"]["changed"], json!(["c"]));
    let status = it.status("c");
    assert_eq!(
        (&status["state"], &status["wanted"]),
        (&"stopped".into(), &false.into())
    );
    goes_on(&it, &mut a);
    goes_on(&it, &mut b);
    it.ctl(&["start", "-w", "c"]).with_code(0);
    let _c = it.puppet("c");
}

#[test]
fn included_files_and_variables_are_read_again() {
    let it = Configuration::new("include = [\"conf.d/*.toml\"]\n")
        .file(
            "conf.d/a.toml",
            "[service.a]\ncommand = [\"${PUPPET}\", \"a\"]\n",
        )
        .start();
    let mut a = it.puppet("a");
    it.write(
        "conf.d/b.toml",
        "[service.b]\ncommand = [\"${PUPPET}\", \"b\"]\n",
    );
    let said = it.ctl(&["reload", "-w"]).with_code(0);
    assert_eq!(said.stdout, "added: b\n");
    let _b = it.puppet("b");
    goes_on(&it, &mut a);
    std::fs::remove_file(it.path("conf.d/b.toml")).expect("cannot remove it");
    let said = it.ctl(&["reload", "-w"]).with_code(0);
    assert_eq!(said.stdout, "removed: b\n");
    goes_on(&it, &mut a);
}

#[test]
fn a_procfile_is_read_again() {
    let it = Configuration::of(&["--procfile", "${HERE}/Procfile"])
        .file("Procfile", "a: $PUPPET a\n")
        .start();
    let mut a = it.puppet("a");
    it.write("Procfile", "a: $PUPPET a\nb: $PUPPET b\n");
    let said = it.ctl(&["reload"]).with_code(0);
    assert_eq!(said.stdout, "added: b\n");
    let _b = it.puppet("b");
    assert_eq!(a.signals(), []);
}

#[test]
fn wait_is_for_what_is_new() {
    let (it, _a, _b, _c) = before();
    let more = "[service.new]\ncommand = [\"${PUPPET}\", \"new\"]\nready = { notify = true }\n";
    it.write("bowout.toml", &format!("{BEFORE}\n{more}"));
    let waiting = it.follow(&["reload", "--wait"]);
    let mut new = it.puppet("new");
    assert_eq!(it.status("new")["state"], "starting");
    new.ask("notify READY=1");
    assert_eq!(waiting.end().0, 0);
    assert_eq!(it.status("new")["ready"], true);
    let worse = more
        .replace("new", "worse")
        .replace("\"worse\"]", "\"worse\", \"exit 3\"]")
        + "essential = false\n";
    it.write("bowout.toml", &format!("{BEFORE}\n{more}{worse}"));
    let said = it.ctl(&["reload", "--wait"]).with_code(1);
    assert!(said.stderr.contains("worse"), "{said:?}");
}

/// A change that comes while another one waits for a service to stop goes with it.
#[test]
fn a_second_change_does_not_wait_for_the_first() {
    let it = run(r#"
        grace = "30s"
        [service.slow]
        command = ["${PUPPET}", "slow", "catch 15"]
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
    "#);
    let mut slow = it.puppet("slow");
    let mut keeper = it.puppet("keeper");
    let keeper_alone = "[service.keeper]\ncommand = [\"${PUPPET}\", \"keeper\"]\n";
    it.write("bowout.toml", keeper_alone);
    let said = it.ctl(&["reload"]).with_code(0);
    assert_eq!(said.stdout, "removed: slow\n");
    slow.expect(Signal::TERM);
    assert_eq!(it.status("slow")["state"], "stopping");
    let said = it.ctl(&["reload"]).with_code(1);
    assert!(said.stderr.contains("another change"), "{said:?}");
    let more = "[service.more]\ncommand = [\"${PUPPET}\", \"more\"]\n";
    it.write("bowout.toml", &format!("{keeper_alone}{more}"));
    it.signal(Signal::HUP);
    it.await_log("another configuration: new: more; gone: slow");
    slow.exit(0);
    let _more = it.puppet("more");
    it.ctl(&["status", "slow"]).with_code(4);
    goes_on(&it, &mut keeper);
}

#[test]
fn reload_while_services_are_starting() {
    let it = run(r#"
        [service.db]
        command = ["${PUPPET}", "db"]
        ready = { notify = true }
        [service.web]
        command = ["${PUPPET}", "web"]
        depends_on = { db = { condition = "ready" } }
    "#);
    let mut db = it.puppet("db");
    assert_eq!(it.status("web")["state"], "waiting");
    let text = it.read("bowout.toml");
    it.write(
        "bowout.toml",
        &(text + "environment = { NEW = \"yes\" }\n[service.more]\ncommand = [\"${PUPPET}\", \"more\"]\n"),
    );
    let said = it.ctl(&["reload", "--json"]).with_code(0).json();
    assert_eq!(
        said["configuration"],
        json!({"added": ["more"], "changed": ["web"], "removed": []})
    );
    let _more = it.puppet("more");
    goes_on(&it, &mut db);
    db.ask("notify READY=1");
    let mut web = it.puppet("web");
    assert_eq!(web.env("NEW").as_deref(), Some("yes"));
}

#[test]
fn a_stop_during_a_change_goes_first() {
    let mut it = run(r#"
        grace = "20s"
        [service.slow]
        command = ["${PUPPET}", "slow", "catch 15"]
        [service.keeper]
        command = ["${PUPPET}", "keeper", "catch 15", "on 15 exit 0"]
    "#);
    let mut slow = it.puppet("slow");
    let mut keeper = it.puppet("keeper");
    it.write("bowout.toml", "[service.new]\ncommand = \"true\"\n");
    it.ctl(&["reload"]).with_code(0);
    slow.expect(Signal::TERM);
    it.signal(Signal::TERM);
    keeper.await_end();
    slow.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
}

#[test]
fn add_brings_a_service_and_remove_takes_it_away() {
    let (it, mut a, mut b, mut c) = before();
    it.write(
        "more.toml",
        "[service.d]\ncommand = [\"${PUPPET}\", \"d\", \"catch 15\", \"on 15 exit 0\"]\ndepends_on = [\"a\"]\n",
    );
    let file = it.path("more.toml").display().to_string();
    let said = it.ctl(&["add", &file, "--wait"]).with_code(0);
    assert_eq!(said.stdout, "added: d\n");
    let mut d = it.puppet("d");
    assert_eq!(it.status("d")["depends_on"][0]["service"], "a");
    let said = it.ctl(&["add", &file]).with_code(1);
    assert!(
        said.stderr.contains("there is a service \"d\" already"),
        "{said:?}"
    );
    let said = it.ctl(&["add", &file, "--json"]).with_code(1).json();
    assert_eq!(said["error"]["code"], "exists");
    let said = it.ctl(&["remove", "d", "--wait", "--json"]).with_code(0);
    assert_eq!(
        said.json()["configuration"],
        json!({"added": [], "changed": [], "removed": ["d"]})
    );
    d.await_end();
    it.ctl(&["status", "d"]).with_code(4);
    let said = it.ctl(&["remove", "b"]).with_code(1);
    assert!(said.stderr.contains("b"), "a needs it: {said:?}");
    it.ctl(&["remove", "c", "-w"]).with_code(0);
    c.await_end();
    // The file still has it.
    let said = it.ctl(&["reload"]).with_code(0);
    assert_eq!(said.stdout, "added: c\n");
    let _c = it.puppet("c");
    goes_on(&it, &mut a);
    goes_on(&it, &mut b);
}

#[test]
fn add_reads_standard_input_and_says_what_is_wrong() {
    let (it, mut a, ..) = before();
    let add = |text: &str| {
        let mut command = it.ctl_command(&["add", "-"]);
        it.write("input", text);
        command.stdin(std::fs::File::open(it.path("input")).expect("it is there"));
        conformance::say(command)
    };
    for (text, wrong) in [
        ("[service.x]\nnice = 1\n", "command"),
        ("[service.x\n", "1:"),
        ("grace = \"5s\"\n", "grace"),
        ("", "service"),
        (
            "[service.x]\ncommand = \"x\"\ndepends_on = [\"y\"]\n",
            "\"y\"",
        ),
        ("[service.\"x y\"]\ncommand = \"x\"\n", "x y"),
    ] {
        let said = add(text).with_code(1);
        assert!(said.stderr.contains(wrong), "{text:?}: {said:?}");
        goes_on(&it, &mut a);
    }
    let said = add(&"# much\n".repeat(10_000)).with_code(2);
    assert!(said.stderr.contains("longer than 65536 bytes"), "{said:?}");
    let said = add("[service.x]\ncommand = [\"${PUPPET}\", \"x\"]\n").with_code(0);
    assert_eq!(said.stdout, "added: x\n");
    let _x = it.puppet("x");
    // What was added is gone when the configuration is read again, which knows nothing of it.
    let said = it.ctl(&["reload", "-w"]).with_code(0);
    assert_eq!(said.stdout, "removed: x\n");
}

/// The rest of the file counts too: the budget, the rules for signals.
#[test]
fn what_is_about_the_whole_counts_as_well() {
    let (mut it, mut a, mut b, mut c) = before();
    let rule = "[signal.USR1]\nforward = [\"b\"]\n";
    it.write("bowout.toml", &format!("grace = \"4s\"\n{rule}{BEFORE}"));
    it.ctl(&["reload", "-w"]).with_code(0);
    b.ask("catch 10");
    it.signal(Signal(10));
    b.expect(Signal(10));
    for puppet in [&mut a, &mut c] {
        assert_eq!(puppet.signals(), []);
    }
    a.ask("catch 15");
    a.ask("block 15");
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(137));
    assert!(took.as_millis() < 4000, "{took:?}");
}

#[test]
fn what_counts_only_at_the_next_start_is_said() {
    let (it, mut a, ..) = before();
    let more = "control = \"other.sock\"\nlog = { level = \"debug\" }\nreport = \"r.json\"\n";
    it.write("bowout.toml", &format!("{more}{BEFORE}"));
    it.ctl(&["reload", "-w"]).with_code(0);
    it.await_log("report, log: counts when bowout is started the next time");
    // BOWOUT_SOCKET goes before what the file says.
    assert!(!it.stderr().contains("control, "), "{}", it.stderr());
    it.ctl(&["ping"]).with_code(0);
    goes_on(&it, &mut a);
}

/// Nothing was copied before, and no descriptor was there for it.
#[test]
fn the_output_of_the_first_that_is_copied_is_copied() {
    let (it, ..) = before();
    it.write(
        "more.toml",
        "[service.d]\ncommand = [\"${PUPPET}\", \"d\"]\nlog = \"prefix\"\n",
    );
    let file = it.path("more.toml").display().to_string();
    it.ctl(&["add", &file, "-w"]).with_code(0);
    it.puppet("d").ask("print one");
    it.await_stdout("d | one\n");
    let said = it.ctl(&["logs", "d"]).with_code(0);
    assert_eq!(said.stdout, "one\n");
    // What is removed is forgotten with its lines.
    it.ctl(&["remove", "d", "-w"]).with_code(0);
    it.ctl(&["add", &file, "-w"]).with_code(0);
    let _d = it.puppet("d");
    assert_eq!(it.ctl(&["logs", "d"]).with_code(0).stdout, "");
}
