//! Parents a manager of many services, and takes down what each service says of itself.
//!
//! `services FIFO COUNT SIGNAL -- MANAGER…`. Answers in lines, one for each thing that is asked for on standard input:
//!
//! | asked | answer |
//! |---|---|
//! | (nothing: once all run) | `up PID TIME`: the manager's pid, and nanoseconds from its exec to the first instruction of the last service |
//! | `count` | `count N TIME`: crashes so far, and the processor time in nanoseconds that those processes had used since their fork |
//! | `stop` | `down TIME CODE DONE WHO`: from the signal to the end of PID 1, how that ended, how many services finished their clean-up, which |
//!
//! The end of standard input ends all.

use std::io::{PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// The pause between two looks at what services have said while they start. They stamp their records themselves, so
/// nothing is measured by these looks; a wake-up for each record would take time from the manager.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// What a platform gives by default between the signal and SIGKILL (docker stop).
const GRACE: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};

/// Runs one manager through its life.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let (own, command) = args
        .iter()
        .position(|arg| arg == "--")
        .map(|end| (&args[..end], &args[end + 1..]))
        .ok_or("no `--`")?;
    let [fifo, count, signal] = own else {
        return Err("wants FIFO COUNT SIGNAL".into());
    };
    let count: usize = count.parse().map_err(|_| "COUNT is no number")?;
    let signal = match signal.as_str() {
        "TERM" => Signal::TERM,
        "HUP" => Signal::HUP,
        other => return Err(format!("unknown signal `{other}`")),
    };
    let mut records = Records::open(fifo)?;
    let (mut manager, mut stamps) = spawn(command)?;
    let pid = Pid::from_child(&manager);
    while records.take()?.started < count {
        if let Some(status) = manager
            .try_wait()
            .map_err(|error| format!("wait: {error}"))?
        {
            let started = records.take()?.started;
            return Err(format!(
                "the manager ended ({status}) when {started} of {count} services ran"
            ));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    let mut launched = [0; 8];
    stamps
        .read_exact(&mut launched)
        .map_err(|error| format!("no stamp: {error}"))?;
    let took = records
        .last_start
        .saturating_sub(u64::from_le_bytes(launched));
    println!("up {} {took}", pid.as_raw_nonzero());

    while let Some(word) = asked(&mut records)? {
        match word.as_str() {
            "count" => println!("count {} {}", records.crashed, records.crash_cost),
            "stop" => return stop(manager, pid, signal, &mut records),
            other => return Err(format!("asked for `{other}`")),
        }
    }
    kill_process(pid, Signal::KILL).map_err(|error| format!("kill: {error}"))?;
    manager.wait().map_err(|error| format!("wait: {error}"))?;
    Ok(())
}

/// Starts the launcher, which becomes the manager. Its first 8 bytes of output are the stamp, and there are no others.
fn spawn(command: &[String]) -> Result<(Child, PipeReader), String> {
    let (reader, writer) = std::io::pipe().map_err(|error| format!("pipe: {error}"))?;
    let this = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
    let manager = Command::new(this)
        .args(["launch", "pid1", "quiet"])
        .args(command)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("spawn: {error}"))?;
    Ok((manager, reader))
}

/// Waits for the next word on standard input, taking records meanwhile; none at its end.
fn asked(records: &mut Records) -> Result<Option<String>, String> {
    let stdin = std::io::stdin();
    loop {
        let fifo = records.fifo.as_fd();
        let mut both = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(&fifo, PollFlags::IN),
        ];
        wait(&mut both, None)?;
        let readable = !both[0].revents().is_empty();
        records.take()?;
        if readable {
            let mut line = String::new();
            let length = stdin
                .read_line(&mut line)
                .map_err(|error| format!("standard input: {error}"))?;
            return Ok((length > 0).then(|| line.trim().to_owned()));
        }
    }
}

/// Tells the manager to stop, and SIGKILLs it when the grace is over, as a platform does.
fn stop(mut manager: Child, pid: Pid, signal: Signal, records: &mut Records) -> Result<(), String> {
    let ended = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| format!("pidfd: {error}"))?;
    let sent = crate::now();
    kill_process(pid, signal).map_err(|error| format!("kill: {error}"))?;
    if wait(&mut [PollFd::new(&ended, PollFlags::IN)], Some(&GRACE))? == 0 {
        kill_process(pid, Signal::KILL).map_err(|error| format!("kill: {error}"))?;
    }
    let status = manager.wait().map_err(|error| format!("wait: {error}"))?;
    let took = crate::now().saturating_sub(sent);
    let code = status
        .code()
        .or(status.signal().map(|signal| 128 + signal))
        .ok_or("the manager neither exited nor died")?;
    let finished = &records.take()?.finished;
    println!("down {took} {code} {} {finished}", finished.len());
    Ok(())
}

fn wait(descriptors: &mut [PollFd<'_>], limit: Option<&Timespec>) -> Result<usize, String> {
    poll(descriptors, limit).map_err(|error| format!("poll: {error}"))
}

/// What the services have written.
struct Records {
    fifo: OwnedFd,
    /// Bytes of a record that is not all here yet.
    rest: Vec<u8>,
    started: usize,
    last_start: u64,
    crashed: usize,
    crash_cost: u64,
    /// Who finished, by one letter each, in that order.
    finished: String,
}

/// A record of `child.c`: when, processor time, what and who.
const RECORD: usize = 24;

impl Records {
    fn open(path: &str) -> Result<Self, String> {
        // Open for writing too, so that it does not end with the first service that does.
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fifo = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|error| format!("cannot open {path}: {error}"))?;
        Ok(Self {
            fifo,
            rest: Vec::new(),
            started: 0,
            last_start: 0,
            crashed: 0,
            crash_cost: 0,
            finished: String::new(),
        })
    }

    /// Takes what is there, without waiting.
    fn take(&mut self) -> Result<&Self, String> {
        let mut buffer = [0; RECORD * 256];
        loop {
            match rustix::io::read(&self.fifo, &mut buffer) {
                Ok(length) => self.rest.extend_from_slice(&buffer[..length]),
                Err(rustix::io::Errno::AGAIN) => break,
                Err(error) => return Err(format!("services: {error}")),
            }
        }
        let whole = self.rest.len() / RECORD * RECORD;
        let rest = self.rest.split_off(whole);
        let taken = std::mem::replace(&mut self.rest, rest);
        for record in taken.as_chunks::<RECORD>().0 {
            let word = |at: usize| {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(&record[at..at + 8]);
                u64::from_le_bytes(bytes)
            };
            match record[16] {
                b's' => {
                    self.started += 1;
                    self.last_start = self.last_start.max(word(0));
                }
                b'c' => {
                    self.crashed += 1;
                    self.crash_cost += word(8);
                }
                b'd' => self.finished.push(char::from(record[17])),
                other => return Err(format!("services: a record begins with {other}")),
            }
        }
        Ok(self)
    }
}
