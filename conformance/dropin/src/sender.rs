//! Sends signals by number, realtime ones too.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::procfs::Pid;

/// A shell that sends signals: realtime ones too, which no safe call does, and without a process
/// per signal.
#[derive(Debug)]
pub(crate) struct Sender {
    shell: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Sender {
    pub(crate) fn new() -> Sender {
        let mut shell = Command::new("sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh");
        let orders = shell.stdin.take().expect("a pipe");
        let answers = BufReader::new(shell.stdout.take().expect("a pipe"));
        Sender {
            shell,
            orders,
            answers,
        }
    }

    pub(crate) fn send(&mut self, pid: Pid, signal: i32) {
        // A process that is gone already is no error: whoever cares looks at what it reported.
        writeln!(self.orders, "kill -{signal} {pid} 2>/dev/null; echo sent").expect("sh reads");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("sh answers");
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
