//! Asks for what bowout does when nobody reads its output: services may have to wait, bowout never does.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use conformance::{Configuration, Exit, Puppet, Signal, Supervisor, await_that};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::json;

/// One that writes, and one that has nothing to do with it.
const TWO: &str = r#"
    grace = "10s"
    [service.loud]
    command = ["${PUPPET}", "loud"]
    log = "prefix"
    essential = false
    [service.web]
    command = ["${PUPPET}", "web", "catch 10,15", "on 15 clean 0", "on 15 exit 0"]
    restart = "always"
    restart_delay = "1ms"
"#;

/// With a pipe as standard output, and its other two ends.
fn with_a_pipe(toml: &str) -> (Supervisor, PipeReader, PipeWriter) {
    let (reader, writer) = io::pipe().expect("cannot make a pipe");
    let theirs = writer.try_clone().expect("cannot duplicate a pipe");
    let it = Configuration::new(toml)
        .on(|stage| stage.stdout(theirs))
        .start();
    (it, reader, writer)
}

/// So many lines that the pipes are full, the queue is, and the service waits.
const FLOOD: &str = "print-lines 100000 this is a line that nobody reads, and it has a number:";

/// Its pipe is full, and bowout takes nothing out of it any more: each answer to a client is from a turn in
/// which it would have read 16 KiB, and what waits for the reader is 1 MiB at most.
#[track_caller]
fn waits(it: &Supervisor, loud: &Puppet) {
    let path = format!("/proc/{}/fd/1", loud.process.0);
    let own = File::options()
        .write(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path);
    let own = own.expect("it has a pipe");
    let mut client = it.client();
    let mut full_for = 0;
    await_that("the service waits for its pipe", || {
        for _ in 0..20 {
            client.done(&json!({"verb": "ping"}));
            let mut pipe = [PollFd::new(own.as_fd(), PollFlags::POLLOUT)];
            let ready = poll(&mut pipe, PollTimeout::ZERO).expect("it is open");
            full_for = if ready == 0 { full_for + 1 } else { 0 };
        }
        full_for > 100
    });
}

#[test]
fn a_reader_that_stalls_stalls_no_reaping_no_signal_and_no_client() {
    let (mut it, _reader, _writer) = with_a_pipe(TWO);
    let mut loud = it.puppet("loud");
    let mut web = it.puppet("web");
    loud.tell(FLOOD);
    waits(&it, &loud);
    let memory = it.init().memory();
    for _ in 0..3 {
        it.signal(Signal(10));
        web.expect(Signal(10));
        web.exit(1);
        web = it.puppet("web");
        it.ctl(&["status"]).with_code(0);
    }
    web.spawn("orphan", "setsid");
    it.puppet("orphan").exit(0);
    web.ask("wait orphan");
    let grown = it.init().memory().saturating_sub(memory);
    assert!(grown < 3 << 20, "{grown} bytes");
    let (_, took) = it.stop();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(it.record().cleaned("web"), "{:?}", it.record());
    let said = it.stderr();
    assert!(said.contains("standard output w"), "{said}");
}

#[test]
fn the_service_itself_waits_and_nothing_is_lost() {
    let (mut it, mut reader, writer) = with_a_pipe(TWO);
    drop(writer);
    let mut loud = it.puppet("loud");
    let _web = it.puppet("web");
    loud.tell(FLOOD);
    waits(&it, &loud);
    let (sender, done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = reader.read_to_string(&mut text);
        let _ = sender.send(read.map(|_| text));
    });
    loud.answer(FLOOD);
    it.stop();
    let text = done
        .recv_timeout(conformance::watchdog())
        .expect("it has an end")
        .expect("it is text");
    assert_eq!(text.lines().count(), 100_000);
    for (number, line) in (1..).zip(text.lines()) {
        assert!(
            line.starts_with("loud | this is") && line.ends_with(&format!(": {number}")),
            "{number}: {line}"
        );
    }
}

/// What waits when the stop comes is taken by a reader that wakes up then.
#[test]
fn what_waits_at_the_stop_still_comes_out() {
    let (mut it, mut reader, writer) = with_a_pipe(TWO);
    drop(writer);
    let mut loud = it.puppet("loud");
    let _web = it.puppet("web");
    // More than the pipe holds, and less than waits for it.
    loud.ask("print-lines 4000 this is a line that nobody reads, and it has a number:");
    it.signal(Signal::TERM);
    loud.await_end();
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("it is text");
    assert_eq!(text.lines().count(), 4000);
    it.exit();
    assert!(!it.stderr().contains("lost"), "{}", it.stderr());
}

#[test]
fn the_end_does_not_wait_for_a_reader_that_never_comes() {
    let (mut it, _reader, _writer) = with_a_pipe(
        r#"
        grace = "3s"
        [service.loud]
        command = ["${PUPPET}", "loud"]
        log = "json"
    "#,
    );
    let mut loud = it.puppet("loud");
    loud.tell(FLOOD);
    waits(&it, &loud);
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(0));
    assert!(took < Duration::from_secs(3), "{took:?}");
    let said = it.stderr();
    assert!(
        said.contains("lines for standard output were lost"),
        "{said}"
    );
    assert!(
        said.contains("not all that service loud wrote was read"),
        "{said}"
    );
}

#[test]
fn a_reader_that_is_gone_costs_its_lines_and_nothing_else() {
    let (mut it, reader, writer) = with_a_pipe(TWO);
    drop((reader, writer));
    let mut loud = it.puppet("loud");
    let mut web = it.puppet("web");
    loud.ask(FLOOD);
    loud.ask("print the end");
    it.await_log("lines of services are lost: standard output: broken pipe");
    await_that("what is kept is kept", || {
        let said = it.ctl(&["logs", "-n", "1", "loud"]).with_code(0);
        said.stdout == "the end\n"
    });
    assert_eq!(web.signals(), [], "nobody got bowout's SIGPIPE");
    web.exit(1);
    let _web = it.puppet("web");
    let told = it.stderr().matches("are lost").count();
    assert_eq!(told, 1, "{}", it.stderr());
    it.stop();
}

/// bowout's own log has the same reader. It costs lines, and they are counted when somebody reads again.
#[test]
fn a_log_that_nobody_reads_costs_lines() {
    let (mut reader, mut writer) = io::pipe().expect("cannot make a pipe");
    fill(&mut writer);
    let theirs = writer.try_clone().expect("cannot duplicate a pipe");
    let mut it = Configuration::new(TWO)
        .on(|stage| stage.stderr(theirs))
        .start();
    drop(writer);
    for _ in 0..5 {
        it.puppet("web").exit(1);
    }
    let _web = it.puppet("web");
    it.ctl(&["status"]).with_code(0);
    let reading = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = reader.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    await_that("somebody reads", || {
        reading.thread().id() != std::thread::current().id()
    });
    it.puppet("loud").ask("print-error heard");
    let (_, took) = it.stop();
    assert!(took < Duration::from_secs(5), "{took:?}");
    let text = reading.join().expect("it has an end");
    assert!(text.contains("were lost: nobody read them"), "{text:?}");
}

fn fill(writer: &mut PipeWriter) {
    let flags = OFlag::from_bits_retain(fcntl(&*writer, FcntlArg::F_GETFL).expect("it is open"));
    fcntl(&*writer, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).expect("it is open");
    while writer.write(&[b'\n'; 4096]).is_ok() {}
    while writer.write(b"\n").is_ok() {}
    fcntl(&*writer, FcntlArg::F_SETFL(flags)).expect("it is open");
}

/// The pipe is others' too: they must not find it to be otherwise than they left it.
#[test]
fn the_pipe_is_left_as_it_was() {
    let (mut it, mut reader, writer) = with_a_pipe(TWO);
    let mut loud = it.puppet("loud");
    loud.ask("print one");
    let mut room = [0; 11];
    reader.read_exact(&mut room).expect("it is written");
    assert_eq!(&room, b"loud | one\n");
    let flags = OFlag::from_bits_retain(fcntl(&writer, FcntlArg::F_GETFL).expect("it is open"));
    assert!(!flags.contains(OFlag::O_NONBLOCK));
    it.stop();
    let flags = OFlag::from_bits_retain(fcntl(&writer, FcntlArg::F_GETFL).expect("it is open"));
    assert!(!flags.contains(OFlag::O_NONBLOCK));
}

/// Standard output that was closed from the beginning is one that nobody reads.
#[test]
fn closed_streams_are_no_reason_not_to_run() {
    let mut it = Configuration::new(TWO)
        .on(|stage| stage.after("exec >&- 2>&-"))
        .start();
    let mut loud = it.puppet("loud");
    let _web = it.puppet("web");
    loud.ask("print one");
    let said = await_logs(&it, "one\n");
    assert_eq!(said, "one\n");
    let (exit, _) = it.stop();
    assert_eq!(exit, Exit::Code(0));
}

#[track_caller]
fn await_logs(it: &Supervisor, wanted: &str) -> String {
    let mut said = String::new();
    await_that("it is kept", || {
        said = it.ctl(&["logs", "loud"]).with_code(0).stdout;
        said == wanted
    });
    said
}

/// A named pipe in the place of a log file: the reader of the one stalls nobody else.
#[test]
fn a_stalled_pipe_in_place_of_a_file_stalls_its_service_alone() {
    let it = Configuration::new(
        r#"
        grace = "5s"
        [service.loud]
        command = ["${PUPPET}", "loud"]
        log = { file = "${HERE}/pipe" }
        [service.other]
        command = ["${PUPPET}", "other"]
        log = "prefix"
    "#,
    );
    let path = it.path("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_retain(0o666))
        .expect("cannot make a pipe");
    let both = File::options().read(true).write(true).open(&path);
    let reader = both.expect("it is there");
    assert!(reader.as_raw_fd() > 2);
    let mut it = it.start();
    let (mut loud, mut other) = (it.puppet("loud"), it.puppet("other"));
    loud.tell(FLOOD);
    waits(&it, &loud);
    other.ask("print fine");
    it.await_stdout("other | fine\n");
    let (_, took) = it.stop();
    assert!(took < Duration::from_secs(5), "{took:?}");
}
