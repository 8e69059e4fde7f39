//! Shows where output goes through real pipes, and that nobody who stalls can stall it.

use super::destination::Destination;
use super::*;
use std::fs::File;
use std::io::{PipeReader, Read as _, Write as _};
use std::path::PathBuf;
use std::thread;

/// What copies, and the other ends of its standard streams.
struct Stage {
    outputs: Outputs,
    out: PipeReader,
    err: PipeReader,
}

fn stage() -> Stage {
    let mut outputs = Outputs::new(true).unwrap();
    let mut pipe = |stream, name| {
        let (reader, writer) = io::pipe().unwrap();
        let file = File::from(OwnedFd::from(writer));
        let destination = Destination::shared(name, file);
        outputs.channels.replace_standard(stream, destination);
        reader
    };
    let out = pipe(Stream::Out, "out");
    let err = pipe(Stream::Err, "err");
    Stage { outputs, out, err }
}

fn open(outputs: &mut Outputs, name: &str, log: &Output) -> (File, File) {
    let (ends, news) = outputs.open(name, log, None, None);
    assert_eq!(news, []);
    (ends.stdout.unwrap().into(), ends.stderr.unwrap().into())
}

fn turn(outputs: &mut Outputs) -> Vec<News> {
    outputs.turn(bowout_sys::clock::now())
}

/// Whether the loop would be woken.
fn has_something_to_do(outputs: &Outputs) -> bool {
    let mut poll = Poll::new().unwrap();
    poll.add(outputs.descriptor(), 0, Interest::Read).unwrap();
    let mut ready = Vec::new();
    poll.wait(Some(Duration::ZERO), &mut ready).unwrap();
    !ready.is_empty()
}

fn kept(outputs: &Outputs) -> Vec<String> {
    let ring = outputs.ring();
    let items = ring.take(&mut ring.follow(&[], usize::MAX), usize::MAX);
    let text = |item| match item {
        Item::Line(line) => String::from_utf8(line.text).unwrap(),
        Item::Missed { service, lines } => format!("{service} -{lines}"),
    };
    items.into_iter().map(text).collect()
}

/// Closes the destinations, and gives what came out.
fn all(stage: Stage) -> (String, String) {
    let Stage {
        outputs,
        mut out,
        mut err,
    } = stage;
    drop(outputs);
    let (mut stdout, mut stderr) = (String::new(), String::new());
    out.read_to_string(&mut stdout).unwrap();
    err.read_to_string(&mut stderr).unwrap();
    (stdout, stderr)
}

fn flush(outputs: &mut Outputs, limit: Duration) -> Vec<News> {
    outputs.flush(bowout_sys::clock::now().after(limit))
}

fn texts(news: Vec<News>) -> Vec<String> {
    let text = |news| match news {
        News::Say(_, text) => text,
        News::Matched { service } => format!("{service} matched"),
    };
    news.into_iter().map(text).collect()
}

/// Writes lines with numbers until the pipe is full, and nobody reads it any more.
fn write_until_it_blocks(end: &File, outputs: &mut Outputs, next: &mut u64) {
    let mut own = bowout_sys::output::reopen(end.as_fd()).unwrap();
    loop {
        let line = format!("{next:>99}\n");
        match own.write(line.as_bytes()) {
            Ok(count) => {
                assert_eq!(count, line.len(), "short lines go in one piece");
                *next += 1;
            }
            Err(_) if has_something_to_do(outputs) => _ = turn(outputs),
            Err(_) => return,
        }
    }
}

#[test]
fn each_stream_goes_to_its_own_with_the_name_in_front() {
    let mut stage = stage();
    stage.outputs.expect(["db", "webserver"].into_iter());
    let (mut db_out, mut db_err) = open(&mut stage.outputs, "db", &Output::Prefix);
    let (mut web_out, _web_err) = open(&mut stage.outputs, "webserver", &Output::Json);
    stage.outputs.spawned("webserver", Pid::new(42));
    assert!(!has_something_to_do(&stage.outputs));
    db_out.write_all(b"up\nand ").unwrap();
    assert!(has_something_to_do(&stage.outputs));
    assert_eq!(turn(&mut stage.outputs), []);
    db_err.write_all(b"oh\n").unwrap();
    web_out.write_all(b"GET\n").unwrap();
    db_out.write_all(b"running\n").unwrap();
    turn(&mut stage.outputs);
    assert!(!has_something_to_do(&stage.outputs));
    assert_eq!(kept(&stage.outputs).len(), 4);
    let (out, err) = all(stage);
    assert_eq!(err, "db        | oh\n");
    assert!(out.contains("db        | up\n") && out.contains("db        | and running\n"));
    assert!(out.contains("\"pid\":42,\"message\":\"GET\""), "{out}");
    assert!(!out.contains('\x1b'), "a pipe has no colours");
}

#[test]
fn the_last_words_of_one_that_was_killed_are_there() {
    let mut stage = stage();
    let (mut out, _) = open(&mut stage.outputs, "web", &Output::Prefix);
    // More than is read at once, and no newline at its end.
    let text = format!("{}last words", "x\n".repeat(30_000));
    assert_eq!(out.write(text.as_bytes()).unwrap(), text.len());
    drop(out);
    let reader = {
        let mut out = stage.out.try_clone().unwrap();
        thread::spawn(move || {
            let mut all = String::new();
            out.read_to_string(&mut all).unwrap();
            all
        })
    };
    let news = stage.outputs.ended("web", bowout_sys::clock::now());
    assert_eq!(news, []);
    assert_eq!(kept(&stage.outputs).last().unwrap(), "last words");
    assert_eq!(flush(&mut stage.outputs, Duration::from_secs(60)), []);
    drop(stage);
    let all = reader.join().unwrap();
    assert_eq!(all.lines().count(), 30_001);
    assert!(all.ends_with("web | last words\n"));
}

#[test]
fn a_reader_that_stalls_makes_the_service_wait_and_nobody_else() {
    let mut stage = stage();
    let (out, _err) = open(&mut stage.outputs, "web", &Output::Prefix);
    let (_out, mut err) = open(&mut stage.outputs, "db", &Output::Prefix);
    let mut next = 0;
    write_until_it_blocks(&out, &mut stage.outputs, &mut next);
    let bound = queue::LIMIT + (1 << 20);
    assert!(
        next as usize * 100 > queue::LIMIT && next as usize * 100 < bound,
        "{next}"
    );
    // There is no room, and nothing to do: PID 1 sleeps.
    assert!(!has_something_to_do(&stage.outputs));
    // The other stream has a reader, so it goes on.
    err.write_all(b"fine\n").unwrap();
    turn(&mut stage.outputs);
    let mut line = [0; 10];
    stage.err.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"db | fine\n");
    // The reader goes on, and nothing is missing.
    let mut reader = bowout_sys::output::reopen(out.as_fd()).unwrap();
    let mut got = Vec::new();
    let mut room = vec![0; 65536];
    let last = format!("{:>99}", next + 1000);
    while !got.ends_with(format!("{last}\n").as_bytes()) {
        let line = format!("{next:>99}\n");
        if !got.ends_with(last.as_bytes()) && reader.write(line.as_bytes()).is_ok() {
            next += 1;
        }
        if has_something_to_do(&stage.outputs) {
            turn(&mut stage.outputs);
        }
        let waits = stage.out.as_fd();
        let mut poll = Poll::new().unwrap();
        poll.add(waits, 0, Interest::Read).unwrap();
        let mut ready = Vec::new();
        poll.wait(Some(Duration::ZERO), &mut ready).unwrap();
        if !ready.is_empty() {
            let count = stage.out.read(&mut room).unwrap();
            got.extend_from_slice(&room[..count]);
        }
    }
    let text = String::from_utf8(got).unwrap();
    for (number, line) in text.lines().enumerate() {
        assert_eq!(line, format!("web | {number:>99}"));
    }
}

#[test]
fn at_the_end_a_slow_reader_gets_everything_in_time() {
    let mut stage = stage();
    let (out, err) = open(&mut stage.outputs, "web", &Output::Json);
    let mut next = 0;
    write_until_it_blocks(&out, &mut stage.outputs, &mut next);
    drop((out, err));
    let mut reader = stage.out.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut all = String::new();
        reader.read_to_string(&mut all).unwrap();
        all
    });
    assert_eq!(flush(&mut stage.outputs, Duration::from_secs(60)), []);
    drop(stage);
    let all = reader.join().unwrap();
    assert_eq!(all.lines().count() as u64, next);
}

#[test]
fn at_the_end_nobody_is_waited_for_beyond_the_deadline() {
    let mut stage = stage();
    let (out, _err) = open(&mut stage.outputs, "web", &Output::Prefix);
    let mut next = 0;
    write_until_it_blocks(&out, &mut stage.outputs, &mut next);
    let limit = Duration::from_millis(20);
    let began = bowout_sys::clock::now();
    let texts = texts(stage.outputs.flush(began.after(limit)));
    let took = bowout_sys::clock::now().since(began);
    assert!(took >= limit && took < Duration::from_secs(30), "{took:?}");
    assert_eq!(
        texts[0],
        "not all that service web wrote was read: nobody took it"
    );
    assert!(texts[1].ends_with(" lines for out were lost"), "{texts:?}");
    let lost: u64 = texts[1].split(' ').next().unwrap().parse().unwrap();
    assert!(lost > 9_000 && lost < next, "{lost}");
}

#[test]
fn a_reader_that_is_gone_costs_lines_and_is_told_once() {
    let mut stage = stage();
    let (mut out, mut err) = open(&mut stage.outputs, "web", &Output::Prefix);
    write_until_it_blocks(&out, &mut stage.outputs, &mut 0);
    drop(stage.out);
    let news = texts(turn(&mut stage.outputs));
    assert_eq!(news, ["lines of services are lost: out: broken pipe"]);
    // What was held back follows, and from then on nobody waits.
    while has_something_to_do(&stage.outputs) {
        assert_eq!(turn(&mut stage.outputs), []);
    }
    out.write_all(b"1\n").unwrap();
    err.write_all(b"2\n").unwrap();
    assert_eq!(turn(&mut stage.outputs), []);
    assert!(!has_something_to_do(&stage.outputs));
    assert_eq!(kept(&stage.outputs).last().unwrap(), "2");
    let news = texts(flush(&mut stage.outputs, Duration::from_secs(60)));
    assert!(
        news.len() == 1 && news[0].ends_with("lines for out were lost"),
        "{news:?}"
    );
    let mut line = String::new();
    drop(stage.outputs);
    stage.err.read_to_string(&mut line).unwrap();
    assert_eq!(line, "web | 2\n");
}

#[test]
fn a_pattern_makes_ready_once_for_each_run() {
    for log in [Output::Inherit, Output::Null, Output::Prefix] {
        let mut stage = stage();
        for _run in 0..2 {
            let (ends, _) = stage
                .outputs
                .open("db", &log, Some("ready to accept"), None);
            let mut err = File::from(ends.stderr.unwrap());
            err.write_all(b"getting ready\nto accept\n").unwrap();
            assert_eq!(turn(&mut stage.outputs), []);
            err.write_all(b"LOG: ready to accept connections\nready to accept\n")
                .unwrap();
            assert_eq!(texts(turn(&mut stage.outputs)), ["db matched"]);
            drop((err, ends.stdout));
            turn(&mut stage.outputs);
        }
        let (_, err) = all(stage);
        let expected = match log {
            Output::Null => 0,
            Output::Inherit | Output::Prefix | Output::Json | Output::File { .. } => 8,
        };
        assert_eq!(err.lines().count(), expected, "{log:?}");
        assert_eq!(err.contains("db | LOG"), log == Output::Prefix);
    }
}

#[test]
fn without_a_copy_there_is_no_pipe() {
    let mut stage = stage();
    assert!(!Outputs::copies(&Output::Inherit, None));
    let (ends, news) = stage.outputs.open("web", &Output::Inherit, None, None);
    assert!(ends.stdout.is_none() && ends.stderr.is_none() && news.is_empty());
    let (ends, _) = stage.outputs.open("web", &Output::Null, None, None);
    let mut null = File::from(ends.stdout.unwrap());
    null.write_all(b"x").unwrap();
    assert!(!null.metadata().unwrap().is_file() && stage.outputs.sources.all().is_empty());
}

#[test]
fn pipes_of_earlier_runs_are_bounded() {
    let mut stage = stage();
    let mut ends = Vec::new();
    for _ in 0..20 {
        ends.push(open(&mut stage.outputs, "web", &Output::Prefix));
    }
    assert_eq!(stage.outputs.sources.all().len(), EARLIER + 2);
    let news = ends.iter_mut().map(|(out, _)| out.write(b"here\n").is_ok());
    let open: Vec<bool> = news.collect();
    let runs = EARLIER / 2 + 1;
    assert!(
        open[..20 - runs].iter().all(|open| !open) && open[20 - runs..].iter().all(|open| *open)
    );
    turn(&mut stage.outputs);
    assert_eq!(kept(&stage.outputs).len(), runs);
}

#[test]
fn services_that_are_gone_leave_nothing() {
    let mut stage = stage();
    let path = std::env::temp_dir().join(format!("bowout-{}-gone", std::process::id()));
    for number in 0..50 {
        let name = format!("service-{number}");
        stage.outputs.expect([name.as_str()].into_iter());
        let log = Output::File {
            path: PathBuf::from(format!("{}-{number}", path.display())),
            max_size: None,
            keep: 0,
        };
        let (mut out, err) = open(&mut stage.outputs, &name, &log);
        out.write_all(b"one\n").unwrap();
        drop((out, err));
        while has_something_to_do(&stage.outputs) {
            turn(&mut stage.outputs);
        }
        if let Output::File { path, .. } = log {
            assert_eq!(std::fs::read(&path).unwrap(), b"one\n");
            std::fs::remove_file(path).unwrap();
        }
        assert_eq!(kept(&stage.outputs), ["one"]);
    }
    stage.outputs.expect([].into_iter());
    assert!(kept(&stage.outputs).is_empty() && stage.outputs.sources.all().is_empty());
    assert!(stage.outputs.channels.len() <= 2, "places are used again");
}
