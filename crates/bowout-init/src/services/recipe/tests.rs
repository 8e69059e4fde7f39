//! Holds programs to the settings that they were made of.

use super::*;
use crate::settings::EnvFile;
use std::path::PathBuf;

fn recipe(pairs: &[(&str, &str)]) -> Recipe {
    let mut environment = Environment::default();
    for (name, value) in pairs {
        environment.set(name.as_ref(), value.as_ref());
    }
    Recipe::new(environment)
}

fn service(words: &[&str]) -> ServiceSettings {
    let command = CommandLine {
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        shell: false,
    };
    ServiceSettings::new("web", command)
}

fn variables(program: &Program) -> Vec<&str> {
    let entries = program.environment.iter();
    entries.map(|entry| entry.to_str().unwrap()).collect()
}

fn words(of: &[CString]) -> Vec<&str> {
    of.iter().map(|word| word.to_str().unwrap()).collect()
}

/// A file of this test process alone.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Scratch {
        let path = format!("bowout-init-recipe-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(path);
        std::fs::write(&path, bytes).unwrap();
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn what_was_meant_for_bowout_goes_no_further() {
    let recipe = recipe(&[
        ("PATH", "/a"),
        ("BOWOUT_GRACE", "10s"),
        ("BOWOUT_CONFIG", "/b.toml"),
        ("NOTIFY_SOCKET", "/outer"),
        ("LISTEN_PID", "0"),
        ("LISTEN_FDS", "2"),
    ]);
    let program = recipe.service(&service(&["web"]), Duration::from_millis(9_250));
    let program = program.unwrap();
    let wanted = ["PATH=/a", "BOWOUT_SERVICE=web", "BOWOUT_STOP_TIMEOUT=9.25"];
    assert_eq!(variables(&program), wanted);
    assert_eq!(words(&program.candidates), ["/a/web"]);
    assert_eq!(program.streams[0], Stream::Null);
    assert_eq!((program.close_above, program.pid_entry), (Some(2), None));
}

#[test]
fn descriptors_that_came_for_whoever_is_started_are_passed_on() {
    let own = bowout_sys::own_pid().to_string();
    let recipe = recipe(&[("LISTEN_PID", &own), ("LISTEN_FDS", "2")]);
    let program = recipe.service(&service(&["web"]), Duration::ZERO).unwrap();
    assert_eq!(program.close_above, Some(4));
    assert_eq!(program.pid_entry, Some(0));
    let hook = HookSettings {
        command: service(&["x"]).command,
        timeout: None,
    };
    let hook = recipe.command(&hook, None).unwrap();
    assert_eq!(variables(&hook), [""; 0]);
}

#[test]
fn the_environment_is_put_together_in_its_order() {
    let file = Scratch::new("env", b"A=file\nB=file\nC=file\n");
    let secret = Scratch::new("secret", b"hush\n");
    let mut web = service(&["web"]);
    web.env_file = vec![
        EnvFile {
            path: file.0.clone(),
            required: true,
        },
        EnvFile {
            path: "/nowhere".into(),
            required: false,
        },
    ];
    web.environment = [
        ("B".to_owned(), Some("table".to_owned())),
        ("C".to_owned(), Some("table".to_owned())),
        ("GONE".to_owned(), None),
    ]
    .into();
    web.environment_from_file = [("C".to_owned(), secret.0.clone())].into();
    let recipe = recipe(&[("A", "base"), ("GONE", "base")]);
    let program = recipe.service(&web, Duration::ZERO).unwrap();
    let found = variables(&program);
    assert_eq!(found[..3], ["A=file", "B=table", "C=hush"]);
    assert!(!found.iter().any(|entry| entry.starts_with("GONE")));
}

#[test]
fn what_cannot_be_read_is_named_and_its_value_is_not() {
    let secret = Scratch::new("zero", b"hu\0sh\n");
    let mut web = service(&["web"]);
    web.environment_from_file = [("A".to_owned(), secret.0.clone())].into();
    let unmade = recipe(&[]).service(&web, Duration::ZERO).unwrap_err();
    assert!(
        unmade.text.starts_with("environment_from_file: "),
        "{unmade:?}"
    );
    assert!(!unmade.text.contains("hu"), "{unmade:?}");
    web.environment_from_file = [("A".to_owned(), "/nowhere".into())].into();
    let unmade = recipe(&[]).service(&web, Duration::ZERO).unwrap_err();
    assert_eq!(unmade.errno, bowout_sys::spawn::NOT_FOUND);
    assert_eq!(
        unmade.text,
        "environment_from_file: /nowhere: there is no such file"
    );
}

#[test]
fn a_watchdog_is_promised_with_its_period() {
    let mut web = service(&["web"]);
    web.watchdog = Some(Duration::from_secs(2));
    let program = recipe(&[]).service(&web, Duration::ZERO).unwrap();
    let found = variables(&program);
    assert!(found.contains(&"WATCHDOG_USEC=2000000"), "{found:?}");
    let entry = program.pid_entry.unwrap();
    assert_eq!(found[entry], "WATCHDOG_PID=0000000000");
}

#[test]
fn a_shell_runs_what_only_a_shell_understands() {
    let mut web = service(&["a | b"]);
    web.command.shell = true;
    let program = recipe(&[]).service(&web, Duration::ZERO).unwrap();
    assert_eq!(words(&program.arguments), ["/bin/sh", "-c", "a | b"]);
    assert_eq!(words(&program.candidates), ["/bin/sh"]);
}

#[test]
fn probes_over_a_network_are_processes_of_bowout_itself() {
    let web = service(&["web"]);
    let facts = Facts {
        time: Some(Duration::from_secs(5)),
        ..Facts::default()
    };
    let probe = Probe::Tcp("db:5432".into());
    let program = recipe(&[("A", "b")]).probe(&web, &probe, &facts).unwrap();
    let wanted = ["bowout-init", "probe", "tcp", "db:5432", "--timeout", "5"];
    assert_eq!(words(&program.arguments), wanted);
    assert_eq!(program.candidates, bowout_sys::identity::own_program());
    assert_eq!(program.credentials, None);
}

#[test]
fn settings_reach_the_program() {
    let mut web = service(&["web"]);
    web.working_dir = Some("/srv".into());
    web.umask = Some(0o27);
    web.nice = Some(5);
    web.no_new_privs = true;
    web.limits = vec![crate::settings::Limit {
        resource: "nofile".into(),
        soft: Some(64),
        hard: None,
    }];
    let program = recipe(&[]).service(&web, Duration::ZERO).unwrap();
    assert_eq!(program.directory, Some(c"/srv".into()));
    assert_eq!((program.umask, program.nice), (Some(0o27), Some(5)));
    assert!(program.no_new_privs);
    assert_eq!(program.limits[0].resource.name(), "nofile");
    web.user = Some(crate::cli::UserSpec {
        user: "nobody-is-called-so".into(),
        group: None,
    });
    let unmade = recipe(&[]).service(&web, Duration::ZERO).unwrap_err();
    assert!(unmade.text.starts_with("user: no user "), "{unmade:?}");
}
