//! Asks where a supervisor works and who may talk to it: other users, no /proc, a read-only file system, a
//! socket that is taken, or none at all.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use conformance::{
    Configuration, Exit, Privilege, Rank, Said, Scratch, Signal, Supervisor, bowout, say,
};
use serde_json::json;

use crate::{as_root, run};

const WEB: &str = r#"
    [service.web]
    command = ["${PUPPET}", "web", "catch 15", "on 15 clean 0", "on 15 exit 0"]
"#;

/// The client with these words, with nothing in its environment.
fn ctl(words: &[&str]) -> Command {
    let mut command = Command::new(bowout("bowout-init"));
    command
        .arg("ctl")
        .args(words)
        .env_remove("BOWOUT_SOCKET")
        .stdin(Stdio::null());
    command
}

/// The client as another user. It can't read folders of root that the program may lie in, so by its shell.
fn as_user(it: &Supervisor, uid: u32, words: &[&str]) -> Said {
    let mut command = it.ctl_command(words);
    command.uid(uid).gid(uid);
    say(command)
}

#[test]
fn where_there_is_no_supervisor_it_says_so() {
    let folder = Scratch::new();
    let path = folder.file("none.sock");
    for verb in [
        "status",
        "ping",
        "healthcheck",
        "logs",
        "events",
        "shutdown",
    ] {
        let said = say(ctl(&[verb, "--socket", &path])).with_code(3);
        assert!(
            said.stderr
                .contains(&format!("no supervisor at {path}: no such file")),
            "{said:?}"
        );
        assert!(said.stderr.contains("BOWOUT_SOCKET"), "{said:?}");
        assert_eq!(said.stdout, "");
    }
    let said = say(ctl(&["status", "--json", "--socket", &path])).with_code(3);
    let error = said.json();
    assert_eq!(error["error"]["code"], json!(null));
    assert!(error["error"]["message"].as_str().is_some());
    // A file that somebody left behind, and one that is no socket.
    drop(UnixListener::bind(&path).expect("cannot bind"));
    let said = say(ctl(&["status", "--socket", &path])).with_code(3);
    assert!(said.stderr.contains("connection refused"), "{said:?}");
    let file = folder.write("file", "", 0o666);
    say(ctl(&["status", "--socket", &file])).with_code(3);
    // The name of a socket has 107 bytes at most.
    let long = format!("/{}", "x".repeat(107));
    let said = say(ctl(&["status", "--socket", &long])).with_code(2);
    assert!(said.stderr.contains("107"), "{said:?}");
    let mut health = Command::new(bowout("bowout-init"));
    health.args(["healthcheck", "--socket", &path]);
    let said = say(health).with_code(1);
    assert!(said.stderr.contains("no supervisor"), "{said:?}");
}

#[test]
fn who_answers_otherwise_is_no_supervisor() {
    use std::io::Write;
    let folder = Scratch::new();
    let path = folder.file("other.sock");
    let listener = UnixListener::bind(&path).expect("cannot bind");
    let other = std::thread::spawn(move || {
        for answer in ["SSH-2.0-OpenSSH\n", ""] {
            let (mut stream, _) = listener.accept().expect("somebody comes");
            stream.write_all(answer.as_bytes()).expect("it is there");
        }
    });
    let said = say(ctl(&["ping", "--socket", &path])).with_code(3);
    assert!(said.stderr.contains("can't be read"), "{said:?}");
    let said = say(ctl(&["ping", "--socket", &path])).with_code(3);
    assert!(
        said.stderr.contains("gone before it had answered"),
        "{said:?}"
    );
    other.join().expect("both came");
}

#[test]
fn another_user_may_not() {
    as_root("another_user_may_not", || {
        let it = run(WEB);
        let mut web = it.puppet("web");
        let said = as_user(&it, 1234, &["stop", "web"]).with_code(4);
        assert!(said.stderr.contains("permission denied"), "{said:?}");
        let mode = it.socket().metadata().expect("it is there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        // Whatever the mode of the file is, the kernel says who it is.
        let open = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(it.socket(), open).expect("cannot change it");
        let said = as_user(&it, 1234, &["stop", "web"]).with_code(4);
        assert!(
            said.stderr
                .contains("user 1234 may not control bowout; root may"),
            "{said:?}"
        );
        let said = as_user(&it, 1234, &["status", "--json"]).with_code(4);
        assert_eq!(said.json()["error"]["code"], "refused");
        assert_eq!(web.signals(), []);
        it.ctl(&["status"]).with_code(0);
    });
}

#[test]
fn bowouts_own_user_may_and_so_may_root() {
    as_root("bowouts_own_user_may_and_so_may_root", || {
        let it = Configuration::new(WEB)
            .on(|stage| stage.privilege(Privilege::OtherUser))
            .start();
        let mut web = it.puppet("web");
        assert_eq!(web.facts().number("uid"), 65534);
        it.ctl(&["status"]).with_code(0);
        as_user(&it, 65534, &["status"]).with_code(0);
        let open = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(it.socket(), open).expect("cannot change it");
        let said = as_user(&it, 1234, &["status"]).with_code(4);
        assert!(said.stderr.contains("root and user 65534 may"), "{said:?}");
        as_user(&it, 65534, &["restart", "-w", "web"]).with_code(0);
        let _again = it.puppet("web");
    });
}

#[test]
fn without_privilege_in_a_user_namespace_it_works() {
    let mut it = Configuration::new(WEB)
        .on(|stage| stage.privilege(Privilege::UserNamespace))
        .start();
    let mut web = it.puppet("web");
    web.ask("notify STATUS=here");
    it.await_status("web", "told", |status| status["status"] == "here");
    it.ctl(&["restart", "-w", "web"]).with_code(0);
    let _again = it.puppet("web");
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(it.record().cleaned("web"));
}

#[test]
fn not_as_pid_1_it_finds_its_services_all_the_same() {
    let mut it = Configuration::new(WEB)
        .on(|stage| stage.rank(Rank::Child))
        .start();
    let mut web = it.puppet("web");
    web.spawn("parent", "");
    let mut parent = it.puppet("parent");
    parent.ask("spawn daemon via setsid -- catch 15;on 15 clean 0;on 15 exit 0");
    let daemon = it.puppet("daemon");
    parent.exit(0);
    web.ask("wait parent");
    assert_eq!(
        daemon.process.parent(),
        Some(it.init()),
        "it is a subreaper"
    );
    let said = it.ctl(&["ping", "--json"]).with_code(0).json();
    assert_ne!(said["container"]["pid"], 1);
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(it.record().cleaned("web"));
    assert!(it.record().cleaned("daemon"));
}

#[test]
fn without_proc_it_works() {
    let mut it = Configuration::new(WEB)
        .on(|stage| stage.after("mount -t tmpfs none /proc || exit 98"))
        .start();
    let mut web = it.puppet("web");
    web.ask("notify STATUS=here");
    let status = it.await_status("web", "told", |status| status["status"] == "here");
    assert_eq!(status["memory_bytes"], json!(null));
    it.ctl(&["restart", "-w", "web"]).with_code(0);
    let _again = it.puppet("web");
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(it.record().cleaned("web"));
}

#[test]
fn where_no_socket_can_be_made_it_says_so_and_runs() {
    let long = format!("/tmp/{}", "x".repeat(107));
    for (place, reason) in [
        (long.as_str(), "107"),
        ("${HERE}/file/ctl.sock", "not a directory"),
        ("${HERE}/file", "no socket"),
        ("/proc/ctl.sock", "bind(/proc/ctl.sock)"),
    ] {
        let mut it = Configuration::new(WEB)
            .file("file", "precious")
            .without_socket()
            .env("BOWOUT_SOCKET", place)
            .start();
        let mut web = it.puppet("web");
        it.await_log("there is no control socket");
        assert!(it.stderr().contains(reason), "{}", it.stderr());
        assert_eq!(it.read("file"), "precious");
        assert_eq!(web.ask("ping"), "ok");
        assert_eq!(it.stop().0, Exit::Code(0));
    }
}

#[test]
fn with_a_read_only_root_it_works_where_there_is_a_place() {
    as_root(
        "with_a_read_only_root_it_works_where_there_is_a_place",
        || {
            let mut it = Configuration::new(WEB)
            .without_socket()
            .on(|stage| {
                stage.after(
                    "mount -t tmpfs none /run && mount -o remount,bind,ro /run || exit 98; mkdir /run/x 2>/dev/null && exit 97",
                )
            })
            .start();
            let _web = it.puppet("web");
            it.await_log("there is no control socket");
            assert!(it.stderr().contains("/run/bowout.sock"), "{}", it.stderr());
            assert!(it.stderr().contains("read-only"), "{}", it.stderr());
            assert_eq!(it.stop().0, Exit::Code(0));
            assert!(it.record().cleaned("web"));
        },
    );
}

#[test]
fn a_path_that_is_too_long_is_a_mistake_in_the_file() {
    let long = format!("/{}", "x".repeat(107));
    let mut it = Configuration::new(&format!("control = \"{long}\"\n{WEB}"))
        .without_socket()
        .start();
    assert_eq!(it.exit(), Exit::Code(125));
    assert!(it.stderr().contains("107"), "{}", it.stderr());
}

#[test]
fn what_a_former_one_left_behind_is_replaced_and_what_is_in_use_is_not() {
    let configuration = Configuration::new(WEB);
    drop(UnixListener::bind(configuration.path("ctl.sock")).expect("cannot bind"));
    let it = configuration.start();
    let _web = it.puppet("web");
    it.ctl(&["status"]).with_code(0);
    // Another one with the same place.
    let path = it.socket().display().to_string();
    let mut other = Configuration::new(WEB)
        .without_socket()
        .env("BOWOUT_SOCKET", &path)
        .start();
    let _web = other.puppet("web");
    other.await_log("address in use");
    assert_eq!(other.stop().0, Exit::Code(0));
    it.ctl(&["status"]).with_code(0);
    let name = it.ctl(&["ping", "--json"]).with_code(0).json();
    assert_eq!(name["container"]["pid"], 1);
}

#[test]
fn the_socket_is_gone_with_bowout_unless_it_is_anothers() {
    let mut it = run(WEB);
    let _web = it.puppet("web");
    let path = it.socket().to_owned();
    it.stop();
    assert!(!path.exists());
    let mut it = run(WEB);
    let _web = it.puppet("web");
    let path = it.socket().to_owned();
    std::fs::remove_file(&path).expect("cannot remove it");
    let _other = UnixListener::bind(&path).expect("cannot bind");
    it.stop();
    assert!(path.exists(), "it is somebody else's");
}

#[test]
fn the_place_is_said_in_the_file_or_by_an_option() {
    let mut it = Configuration::new(&format!("control = \"inside.sock\"\n{WEB}"))
        .without_socket()
        .start();
    let mut web = it.puppet("web");
    it.use_socket(&it.path("inside.sock"));
    it.ctl(&["status"]).with_code(0);
    // Its services find it.
    let told = web.env("BOWOUT_SOCKET").expect("it is told");
    assert_eq!(told, it.path("inside.sock").display().to_string());
    let mut it = Configuration::new(&format!("control = \"inside.sock\"\n{WEB}"))
        .options(&["--socket", "${HERE}/option.sock"])
        .start();
    let _web = it.puppet("web");
    it.use_socket(&it.path("option.sock"));
    it.ctl(&["status"]).with_code(0);
    assert!(!it.path("inside.sock").exists());
    assert!(!it.path("ctl.sock").exists(), "the option goes first");
}

#[test]
fn off_is_no_socket() {
    for (toml, value) in [("control = false", None), ("", Some("off"))] {
        let mut it = Configuration::new(&format!("{toml}\n{WEB}")).without_socket();
        if let Some(value) = value {
            it = it.env("BOWOUT_SOCKET", value);
        }
        let mut it = it.start();
        let mut web = it.puppet("web");
        assert_eq!(web.ask("ping"), "ok");
        assert_eq!(it.init().sockets(), 1, "the one for notifications");
        assert!(!it.stderr().contains("control socket"), "{}", it.stderr());
        it.signal(Signal::TERM);
        assert_eq!(it.exit(), Exit::Code(0));
    }
}

/// Without a home, a path, or anything else.
#[test]
fn an_empty_environment_is_enough() {
    let it = Configuration::new(WEB)
        .on(|stage| {
            stage.after(
                "exec env -i PUPPET=$PUPPET PUPPET_SOCKET=$PUPPET_SOCKET PUPPET_RECORD=$PUPPET_RECORD BOWOUT_SOCKET=$BOWOUT_SOCKET \"$@\"",
            )
        })
        .start();
    let mut web = it.puppet("web");
    assert_eq!(web.env("HOME"), None);
    assert_eq!(web.env("PATH"), None);
    it.ctl(&["status"]).with_code(0);
}

#[test]
fn the_client_is_there_by_its_own_name_and_in_the_tool() {
    let it = run(WEB);
    let _web = it.puppet("web");
    symlink(bowout("bowout-init"), it.path("bowoutctl")).expect("cannot link it");
    let mut command = Command::new(it.path("bowoutctl"));
    command.arg("ping").env("BOWOUT_SOCKET", it.socket());
    let said = say(command).with_code(0);
    assert!(said.stdout.starts_with("bowout-init "), "{said:?}");
    let mut command = Command::new(bowout("bowout"));
    command
        .args(["ctl", "status", "--json"])
        .env("BOWOUT_SOCKET", it.socket());
    let said = say(command).with_code(0).json();
    assert_eq!(said["services"][0]["name"], "web");
    for program in ["bowout-init", "bowout"] {
        let mut command = Command::new(bowout(program));
        command.arg("healthcheck").env("BOWOUT_SOCKET", it.socket());
        say(command).with_code(0);
    }
}
