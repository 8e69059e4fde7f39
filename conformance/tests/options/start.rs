//! Asks how the command is started: as whom, where, with which environment, bound to whose life.

use conformance::{Exit, Init, Scratch, Signal, Stage, await_that, bowout, puppet_binary};

use crate::{as_root, both_ways, stage};

/// The command says who it is: uid, gid and all groups.
const WHO: &[&str] = &["/bin/sh", "-c", "id -u; id -g; id -G"];

#[test]
fn d17_a_user_by_name_is_found_without_the_c_library() {
    as_root("d17_a_user_by_name_is_found_without_the_c_library", || {
        both_ways("user", "nobody", |stage| {
            let mut run = stage.start(WHO);
            assert_eq!(run.exit(), Exit::Code(0), "{}", run.stderr());
            assert_eq!(run.stdout(), "65534\n65534\n65534\n");
        });
    });
}

#[test]
fn a_user_has_its_groups() {
    as_root("a_user_has_its_groups", || {
        let scratch = Scratch::new();
        let users = scratch.write(
            "passwd",
            "root:x:0:0::/:/bin/sh\nalice:x:4001:4002::/:/bin/sh\n",
            0o644,
        );
        let groups = scratch.write(
            "group",
            "root:x:0:\nalice:x:4002:\nweb:x:4003:bob,alice\nof-bob:x:4004:bob\n",
            0o644,
        );
        let cases = [
            ("alice", "4001\n4002\n4002 4003\n"),
            ("4001", "4001\n4002\n4002 4003\n"),
            ("alice:web", "4001\n4003\n4003\n"),
            ("alice:4004", "4001\n4004\n4004\n"),
            ("1234:5678", "1234\n5678\n5678\n"),
        ];
        for (user, who) in cases {
            let mut run = stage()
            .after(&format!(
                "mount --bind {users} /etc/passwd && mount --bind {groups} /etc/group || exit 98"
            ))
            .options(&["--user", user])
            .start(WHO);
            let exit = run.exit();
            assert_eq!(exit, Exit::Code(0), "{user}: {}", run.stderr());
            assert_eq!(run.stdout(), who, "{user}");
        }
    });
}

/// The init itself stays who it was, and may signal the command.
#[test]
fn a_command_of_another_user_is_stopped_as_any() {
    as_root("a_command_of_another_user_is_stopped_as_any", || {
        let mut run = stage().options(&["--user", "nobody"]).app(&["take 10,15"]);
        let mut app = run.app();
        run.signal(Signal::USR1);
        app.expect(Signal::USR1);
        run.signal(Signal::TERM);
        app.expect(Signal::TERM);
        app.exit(3);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}

#[test]
fn workdir_is_where_the_command_starts() {
    both_ways("workdir", "/usr/share", |stage| {
        let mut run = stage.start(&["pwd"]);
        assert_eq!(run.exit(), Exit::Code(0), "{}", run.stderr());
        assert_eq!(run.stdout(), "/usr/share\n");
    });
}

#[test]
fn env_file_adds_to_the_environment() {
    let scratch = Scratch::new();
    let text = "# a comment\n\nFIRST=1\nSECOND=two words # and more\nEMPTY=\nLANG=C.UTF-8\n";
    both_ways("env-file", &scratch.write("env", text, 0o644), |stage| {
        let run = stage.env("LANG", "C").env("KEPT", "yes").app(&[]);
        let mut app = run.app();
        assert_eq!(app.env("FIRST").as_deref(), Some("1"));
        assert!(
            app.env("SECOND")
                .is_some_and(|value| value.starts_with("two words"))
        );
        assert_eq!(app.env("EMPTY").as_deref(), Some(""));
        assert_eq!(app.env("LANG").as_deref(), Some("C.UTF-8"));
        assert_eq!(app.env("KEPT").as_deref(), Some("yes"));
    });
}

/// E2BIG, by an environment that the init itself was not started with.
#[test]
fn an_environment_that_is_too_large_is_126() {
    let scratch = Scratch::new();
    let file = scratch.write("env", &format!("LARGE={}\n", "x".repeat(200_000)), 0o644);
    let mut run = stage().options(&["--env-file", &file]).start(&["true"]);
    assert_eq!(run.exit(), Exit::Code(126), "{}", run.stderr());
}

/// The init is a grandchild of a puppet that is PID 1, and its parent ends.
#[test]
fn pdeathsig_stops_when_the_parent_ends() {
    for by_option in [true, false] {
        let init = Init::bowout();
        let puppet = puppet_binary().display().to_string();
        let option = if by_option {
            vec!["--pdeathsig".into(), "TERM".into()]
        } else {
            vec![]
        };
        let line = init.command_line(&option, &[puppet, "app".into(), "take".into()]);
        let line = line[..line.len() - 1].join(" ");
        let without_init = Init::parse("");
        let mut stage = Stage::new(&without_init);
        if !by_option {
            stage = stage.env("BOWOUT_PDEATHSIG", "TERM");
        }
        let run = stage.app(&[]);
        let mut first = run.app();
        first.spawn("parent", "");
        let mut parent = run.puppet("parent");
        parent.ask(format_args!("run init {line}"));
        let mut app = run.puppet("app");
        app.ask("take 15");
        parent.exit(0);
        app.expect(Signal::TERM);
    }
}

/// What a start reads and decides is most of the program; what waits for a signal is little.
#[test]
fn what_only_a_start_needs_leaves_the_memory() {
    let run = stage().app(&[]);
    let _app = run.app();
    let size = std::fs::metadata(bowout("bowout-init")).map_or(0, |file| file.len());
    // Laid out by names of another day it is a third and more, and without forgetting more than half.
    await_that("less than two fifths of the program are in memory", || {
        run.init().text() < size * 2 / 5
    });
}
