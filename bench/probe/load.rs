//! Loads the init: thousands of orphans to reap, or a tree of workers that clean up after SIGTERM.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, test_kill_process, waitid};

/// What a worker needs for its clean-up after SIGTERM.
const CLEAN_UP: Duration = Duration::from_millis(50);

/// The pause between two looks at a zombie: short against the whole, long enough to leave the core to the init.
const LOOK_AGAIN: Duration = Duration::from_micros(100);

/// `orphans N CHILD`: has N dead processes handed to init at one moment; writes how long they stay, in nanoseconds.
///
/// The brood parent holds N zombies and ends: the kernel hands all of them to init. An unreaped process still has its
/// pid, so they are gone when no pid is left.
pub(crate) fn orphans(args: &[String]) -> Result<(), String> {
    let mut brood = own()?
        .arg("brood")
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("brood: {error}"))?;
    let mut listed = Vec::new();
    let mut pipe = brood.stdout.take().ok_or("no pipe")?;
    pipe.read_to_end(&mut listed)
        .map_err(|error| format!("brood: {error}"))?;
    let handed_over = crate::now();
    if !brood
        .wait()
        .map_err(|error| format!("brood: {error}"))?
        .success()
    {
        return Err("brood failed".into());
    }
    for bytes in listed.as_chunks::<4>().0 {
        let pid = Pid::from_raw(i32::from_le_bytes(*bytes)).ok_or("pid 0")?;
        while test_kill_process(pid).is_ok() {
            std::thread::sleep(LOOK_AGAIN);
        }
    }
    put(&(crate::now() - handed_over).to_le_bytes())
}

/// `brood N CHILD`: starts N processes that end at once, waits until all are zombies, lists their pids, ends without reaping.
pub(crate) fn brood(args: &[String]) -> Result<(), String> {
    let [count, child] = args else {
        return Err("wants N CHILD".into());
    };
    let count: usize = count.parse().map_err(|_| "N is no number")?;
    let mut pids = Vec::with_capacity(count);
    for _ in 0..count {
        let mut command = Command::new(child);
        command
            .arg("exit")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let born = command
            .spawn()
            .map_err(|error| format!("child {}: {error}", pids.len()))?;
        pids.push(Pid::from_child(&born));
    }
    let mut listed = Vec::with_capacity(count * 4);
    for pid in pids {
        waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        )
        .map_err(|error| format!("waitid: {error}"))?;
        listed.extend_from_slice(&pid.as_raw_nonzero().get().to_le_bytes());
    }
    put(&listed)
}

/// `master N`: starts N workers, writes one byte when all are ready, and has no handler for SIGTERM: it ends at once.
pub(crate) fn master(args: &[String]) -> Result<(), String> {
    let count: usize = args
        .first()
        .and_then(|text| text.parse().ok())
        .ok_or("wants N")?;
    let (mut reader, writer) = std::io::pipe().map_err(|error| format!("pipe: {error}"))?;
    for number in 0..count {
        let ready = writer
            .try_clone()
            .map_err(|error| format!("pipe: {error}"))?;
        let mut worker = own()?;
        worker.arg("worker").stdin(Stdio::null()).stderr(ready);
        worker
            .spawn()
            .map_err(|error| format!("worker {number}: {error}"))?;
    }
    drop(writer);
    let mut ready = vec![0; count];
    reader
        .read_exact(&mut ready)
        .map_err(|error| format!("workers: {error}"))?;
    put(b"r")?;
    loop {
        std::thread::park();
    }
}

/// Waits for SIGTERM, cleans up, and writes one byte only when it is done with that.
pub(crate) fn worker() -> Result<(), String> {
    let (mut told, handler) = std::io::pipe().map_err(|error| format!("pipe: {error}"))?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGTERM, handler)
        .map_err(|error| format!("handler: {error}"))?;
    std::io::stderr()
        .write_all(b"w")
        .map_err(|error| format!("master: {error}"))?;
    told.read_exact(&mut [0])
        .map_err(|error| format!("handler: {error}"))?;
    std::thread::sleep(CLEAN_UP);
    put(b"d")
}

fn own() -> Result<Command, String> {
    std::env::current_exe()
        .map(Command::new)
        .map_err(|error| format!("own path: {error}"))
}

/// Writes to standard output past any buffer.
fn put(mut bytes: &[u8]) -> Result<(), String> {
    while !bytes.is_empty() {
        let written = rustix::io::write(rustix::stdio::stdout(), bytes)
            .map_err(|error| format!("stdout: {error}"))?;
        bytes = &bytes[written..];
    }
    Ok(())
}
