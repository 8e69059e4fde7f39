//! Asks whom services run as: `user` and `groups`, by name and by number, in images with and without a list
//! of users.

use conformance::{Configuration, Exit, Puppet};

use crate::{as_root, run};

/// Its user, its group, and its supplementary groups.
#[track_caller]
fn identity(mut puppet: Puppet) -> (i32, i32, Vec<u32>) {
    let facts = puppet.facts();
    let groups = puppet.process.status("Groups:").expect("it is there");
    let mut groups: Vec<u32> = groups
        .split_whitespace()
        .map(|group| group.parse().expect("it is a number"))
        .collect();
    groups.sort_unstable();
    (facts.number("uid"), facts.number("gid"), groups)
}

/// /etc is empty, but for what these commands write.
fn with_etc(toml: &str, commands: &str) -> Configuration {
    let script = format!("mount -t tmpfs none /etc || exit 98\n{commands}");
    Configuration::new(toml).on(|stage| stage.after(&script))
}

#[test]
fn numbers_need_no_list_of_users() {
    as_root("numbers_need_no_list_of_users", || {
        let it = with_etc(
            r#"
            [service.web]
            command = ["${PUPPET}", "web"]
            user = "1234:5678"
            groups = [90, "91"]
            [service.alone]
            command = ["${PUPPET}", "alone"]
            user = 4321
        "#,
            "",
        )
        .start();
        // The own group is among the others too, as with container engines.
        let web = identity(it.puppet("web"));
        assert_eq!(web, (1234, 5678, vec![90, 91, 5678]));
        assert_eq!(identity(it.puppet("alone")), (4321, 0, vec![0]));
    });
}

/// Compose's name for it.
#[test]
fn group_add_is_groups_without_another_user() {
    as_root("group_add_is_groups_without_another_user", || {
        let it = with_etc(
            r#"
            [service.web]
            command = ["${PUPPET}", "web"]
            group_add = ["video"]
        "#,
            "echo 'video:x:44:' > /etc/group",
        )
        .start();
        let (uid, gid, groups) = identity(it.puppet("web"));
        assert_eq!((uid, gid), (0, 0));
        assert!(groups.contains(&44), "{groups:?}");
    });
}

#[test]
fn a_group_that_nobody_knows_is_said_and_nothing_starts() {
    for (key, value) in [
        ("user", "\"1:nobody-has-it\""),
        ("groups", "[\"nobody-has-it\"]"),
    ] {
        let mut it = run(&format!(
            r#"
            [service.web]
            command = ["${{PUPPET}}", "web", "record ran"]
            {key} = {value}
        "#
        ));
        assert_eq!(it.exit(), Exit::Code(125));
        let said = it.stderr();
        assert!(
            said.contains("no group \"nobody-has-it\" in /etc/group; give a number"),
            "{said}"
        );
        assert!(!it.record().has("web ran"));
    }
}

/// With its name come its home and its name, as login would have it.
#[test]
fn a_user_with_an_entry_has_its_own_home() {
    as_root("a_user_with_an_entry_has_its_own_home", || {
        let it = with_etc(
            r#"
            [service.web]
            command = ["${PUPPET}", "web"]
            user = "www"
            [service.number]
            command = ["${PUPPET}", "number"]
            user = "4321"
        "#,
            "echo 'www:x:33:34::/srv/www:/bin/sh' > /etc/passwd",
        )
        .env("HOME", "/root")
        .start();
        let mut web = it.puppet("web");
        for (name, value) in [("HOME", "/srv/www"), ("USER", "www"), ("LOGNAME", "www")] {
            assert_eq!(web.env(name).as_deref(), Some(value), "{name}");
        }
        assert_eq!(it.puppet("number").env("HOME").as_deref(), Some("/root"));
    });
}

#[test]
fn names_are_looked_up_with_the_groups_they_bring_along() {
    as_root(
        "names_are_looked_up_with_the_groups_they_bring_along",
        || {
            let it = with_etc(
            r#"
            [service.web]
            command = ["${PUPPET}", "web"]
            user = "www"
            [service.more]
            command = ["${PUPPET}", "more"]
            user = "www:tls"
            groups = ["video", 99]
        "#,
            "echo 'www:x:33:34::/:/bin/sh' > /etc/passwd
             printf 'www:x:34:\\ntls:x:40:www\\naudio:x:41:other,www\\nvideo:x:44:\\n' > /etc/group",
        )
        .start();
            assert_eq!(identity(it.puppet("web")), (33, 34, vec![34, 40, 41]));
            // Who names a group has that one, and none that /etc/group adds: as with `docker run --user`.
            assert_eq!(identity(it.puppet("more")), (33, 40, vec![40, 44, 99]));
        },
    );
}

#[test]
fn a_name_that_nobody_has_is_said_and_nothing_starts() {
    as_root("a_name_that_nobody_has_is_said_and_nothing_starts", || {
        let mut it = with_etc(
            r#"
            [service.web]
            command = ["${PUPPET}", "web", "record ran"]
            user = "nobody-has-it"
        "#,
            "",
        )
        .start();
        assert_eq!(it.exit(), Exit::Code(125));
        assert!(it.stderr().contains("nobody-has-it"), "{}", it.stderr());
        assert!(!it.record().has("web ran"));
    });
}

/// The hooks of a service are the service's own, and run as its user.
#[test]
fn hooks_of_a_service_run_as_its_user() {
    as_root("hooks_of_a_service_run_as_its_user", || {
        let it = run(r#"
            [service.web]
            command = ["${PUPPET}", "web"]
            user = "1234:5678"
            pre_start = { command = 'echo "hook $$(id -u) $$(id -g)" >> $$PUPPET_RECORD', shell = true }
        "#);
        let _web = it.puppet("web");
        assert!(it.record().has("hook 1234 5678"), "{:?}", it.record());
    });
}

/// Nobody may become another user without being root; it is said, and it is no crash.
#[test]
fn who_is_not_root_can_not_give_another_user() {
    let mut it = Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        user = "1"
    "#,
    )
    .on(|stage| stage.privilege(conformance::Privilege::UserNamespace))
    .start();
    assert_eq!(it.exit(), Exit::Code(125));
    assert!(it.stderr().contains("user 1"), "{}", it.stderr());
}
