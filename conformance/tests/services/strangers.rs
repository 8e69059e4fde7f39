//! Asks whose notifications are believed: those of a service's own processes, as the kernel tells them.

use std::io::IoSlice;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use conformance::{Configuration, Puppet, Supervisor, await_that};
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr, sendmsg, socket,
};

use crate::{as_root, run};

/// Two that say when they are ready.
const TWO: &str = r#"
    [service.web]
    command = ["${PUPPET}", "web"]
    ready = { notify = true }
    [service.db]
    command = ["${PUPPET}", "db"]
    ready = { notify = true }
"#;

/// The abstract name of the notify socket, with its `@`.
#[track_caller]
fn place(puppet: &mut Puppet) -> String {
    let place = puppet.env("NOTIFY_SOCKET").expect("it is told");
    assert!(place.starts_with('@'), "{place}");
    place
}

/// bowout has come to what was sent before, and the service is still not ready.
#[track_caller]
fn is_not_ready(it: &Supervisor, name: &str, other: &mut Puppet) {
    // Datagrams come in the order in which they were sent, whoever sent them.
    other.ask("notify STATUS=behind");
    let of_other = other.name().to_owned();
    it.await_status(&of_other, "told", |status| status["status"] == "behind");
    assert_eq!(it.status(name)["ready"], false);
}

#[test]
fn what_a_service_says_is_about_itself() {
    let it = run(TWO);
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    db.ask("notify READY=1 STATUS=mine");
    let status = it.await_status("db", "ready", |status| status["ready"] == true);
    assert_eq!(status["status"], "mine");
    assert_eq!(it.status("web")["ready"], false);
    assert_eq!(it.status("web")["status"], serde_json::Value::Null);
    web.ask("notify READY=1");
    it.await_status("web", "ready", |status| status["ready"] == true);
}

#[test]
fn a_child_of_a_service_speaks_for_it() {
    let it = run(TWO);
    let mut web = it.puppet("web");
    web.spawn("worker", "");
    it.puppet("worker").ask("notify READY=1");
    it.await_status("web", "ready", |status| status["ready"] == true);
    assert_eq!(it.status("db")["ready"], false);
}

/// In a session of its own, whose parent has ended: it has the environment of its service still.
#[test]
fn a_daemon_of_a_service_speaks_for_it() {
    let it = run(TWO);
    let mut web = it.puppet("web");
    web.spawn("parent", "");
    let mut parent = it.puppet("parent");
    parent.ask("spawn daemon via setsid --");
    let mut daemon = it.puppet("daemon");
    parent.exit(0);
    await_that("the daemon is bowout's child", || {
        daemon.process.parent() == Some(it.init())
    });
    daemon.ask("notify READY=1");
    it.await_status("web", "ready", |status| status["ready"] == true);
}

#[test]
fn a_process_of_the_container_that_is_no_services_is_not_believed() {
    let it = run(TWO);
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    let place = place(&mut web);
    it.enter("visitor", &[]);
    let mut visitor = it.puppet("visitor");
    visitor.ask(format_args!("notify-to {place} READY=1 STATUS=fake"));
    is_not_ready(&it, "web", &mut db);
    assert_eq!(it.status("web")["status"], serde_json::Value::Null);
    let own = visitor.own_pid;
    it.await_log(&format!(
        "process {own} is no service's: what it notified is not believed"
    ));
}

#[test]
fn a_process_outside_of_the_container_is_not_believed() {
    let it = run(TWO);
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    let place = place(&mut web);
    let socket = UnixDatagram::unbound().expect("cannot make a socket");
    let name = SocketAddr::from_abstract_name(&place[1..]).expect("it is a name");
    for _ in 0..100 {
        socket
            .send_to_addr(b"READY=1", &name)
            .expect("it has a reader");
    }
    is_not_ready(&it, "web", &mut db);
    it.await_log("somebody outside of the container is no service's");
    let told = it.stderr().matches("is not believed").count();
    assert_eq!(told, 1, "one in a while is enough: {}", it.stderr());
}

/// The processes of a service may be other users than it was started as.
#[test]
fn the_user_does_not_matter() {
    as_root("the_user_does_not_matter", || {
        let it = run(r#"
            [service.web]
            command = ["${PUPPET}", "web"]
            ready = { notify = true }
            user = "1234"
            [service.db]
            command = ["${PUPPET}", "db"]
            ready = { notify = true }
        "#);
        it.puppet("web").ask("notify READY=1");
        it.await_status("web", "ready", |status| status["ready"] == true);
        let mut db = it.puppet("db");
        db.spawn("other", "via setpriv --reuid 4321 --clear-groups --");
        it.puppet("other").ask("notify READY=1");
        it.await_status("db", "ready", |status| status["ready"] == true);
    });
}

#[test]
fn without_proc_the_main_process_is_believed_and_no_stranger() {
    let it = Configuration::new(TWO)
        .on(|stage| stage.after("mount -t tmpfs none /proc || exit 98"))
        .start();
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    let place = place(&mut web);
    let socket = UnixDatagram::unbound().expect("cannot make a socket");
    let name = SocketAddr::from_abstract_name(&place[1..]).expect("it is a name");
    socket
        .send_to_addr(b"READY=1", &name)
        .expect("it has a reader");
    is_not_ready(&it, "web", &mut db);
    web.ask("notify READY=1");
    it.await_status("web", "ready", |status| status["ready"] == true);
}

#[test]
fn a_datagram_that_is_too_long_is_not_read() {
    let it = run(TWO);
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    web.ask("notify-big 4097 READY=1");
    web.ask("notify-big 100000 READY=1");
    is_not_ready(&it, "web", &mut db);
    it.await_log("web: a notification of more than 4096 bytes is not read");
    web.ask("notify-big 4096 READY=1");
    it.await_status("web", "ready", |status| status["ready"] == true);
}

#[test]
fn a_value_that_can_not_be_taken_is_told_and_costs_that_field_alone() {
    let it = run(TWO);
    let mut web = it.puppet("web");
    web.ask("notify READY=yes MAINPID=1 STATUS=here");
    let status = it.await_status("web", "told", |status| status["status"] == "here");
    assert_eq!(status["ready"], false);
    assert_eq!(status["pid"], web.own_pid);
    it.await_log("web: READY=yes is not understood");
}

#[test]
fn descriptors_that_come_along_are_closed() {
    let it = run(TWO);
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    is_not_ready(&it, "web", &mut db);
    let init = it.init();
    await_that("nobody is connected", || init.sockets() == 2);
    let before = init.descriptors();
    // It returns when nobody has its descriptor any more.
    web.ask("notify-barrier BARRIER=1");
    web.ask("notify-barrier READY=1");
    it.await_status("web", "ready", |status| status["ready"] == true);
    let place = place(&mut web);
    for count in [1, 16, 253] {
        send_with(&place, count);
    }
    is_behind(&it, &mut db);
    await_that("descriptors are closed", || init.descriptors() <= before);
}

#[track_caller]
fn is_behind(it: &Supervisor, puppet: &mut Puppet) {
    puppet.ask("notify STATUS=further");
    let name = puppet.name().to_owned();
    it.await_status(&name, "told", |status| status["status"] == "further");
}

/// A stranger's datagram with so many descriptors.
fn send_with(place: &str, count: usize) {
    let own: OwnedFd = socket(
        AddressFamily::Unix,
        SockType::Datagram,
        SockFlag::empty(),
        None,
    )
    .expect("cannot make a socket");
    let name = UnixAddr::new_abstract(&place.as_bytes()[1..]).expect("it is a name");
    let descriptors = vec![own.as_raw_fd(); count];
    sendmsg(
        own.as_raw_fd(),
        &[IoSlice::new(b"READY=1\nFDSTORE=1")],
        &[ControlMessage::ScmRights(&descriptors)],
        MsgFlags::empty(),
        Some(&name),
    )
    .expect("it has a reader");
}

#[test]
fn a_flood_keeps_nobody_else_from_being_heard() {
    let mut it = run(TWO);
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    db.tell("notify-flood 200000 STATUS=flood");
    web.ask("notify READY=1");
    it.await_status("web", "ready", |status| status["ready"] == true);
    it.ctl(&["ping"]).with_code(0);
    db.answer("notify-flood");
    let (_, took) = it.stop();
    assert!(took.as_secs() < 5, "{took:?}");
}
