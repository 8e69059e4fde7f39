//! Runs a child that does what it is told over a socket and says what it got.
//!
//! `puppet NAME [COMMAND]…` connects to the Unix socket named by `PUPPET_SOCKET`, carries out the
//! commands of its own command line, says `hello NAME PID`, and then answers each line it reads
//! with one line. A signal that it caught or took is a line of its own, `got …`, at any time.
//! A name that begins with `@` has no socket: it writes one byte to its standard output when it is
//! ready. What it did on its way out goes to the append-only file `PUPPET_RECORD`, so that a test
//! judges by what each process recorded and not by an exit code.

mod channel;
mod facts;
mod family;
mod notify;
mod obey;
mod signals;

use std::env;
use std::process::ExitCode;

use channel::Channel;
use obey::Puppet;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(name) = arguments.next() else {
        eprintln!("puppet: usage: puppet NAME [COMMAND]...");
        return ExitCode::from(2);
    };
    let channel = match Channel::open(&name) {
        Ok(channel) => channel,
        Err(error) => {
            eprintln!("puppet {name}: cannot reach the harness: {error}");
            return ExitCode::from(2);
        }
    };
    let mut puppet = Puppet::new(name, channel);
    for command in arguments {
        let answer = puppet.obey(&command);
        if let Some(complaint) = answer.strip_prefix("err ") {
            eprintln!("puppet {}: {command}: {complaint}", puppet.name());
            return ExitCode::from(2);
        }
    }
    puppet.perform()
}
