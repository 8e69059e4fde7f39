//! Has one request answered: shows what comes piece by piece, and what is waited for meanwhile.

use super::Failed;
use super::connection::{Connection, Heard};
use super::progress::Progress;
use crate::control::protocol::{Call, Code, Id, Item, Outcome, Reply};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an answer that waits for nothing may take, and how much longer than its own time-out one that
/// does. PID 1 answers within a turn of its loop; a machine that takes longer has other worries.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the one request is called, and what the looks at how it stands are called meanwhile.
const ASKED: u64 = 1;
const LOOK: u64 = 2;

/// Sends a request and hands each item of the answer to `show`, which says whether it wants more.
///
/// # Errors
/// It was not done, or nobody answers.
pub(super) fn ask(
    socket: &Path,
    mut call: Call,
    show: &mut dyn FnMut(Item<'static>) -> bool,
) -> Result<Outcome<'static>, Failed> {
    let mut connection = Connection::open(socket)?;
    call.id = Some(Id::Number(ASKED));
    connection.send(&call)?;
    let is_endless = call.verb == "events" || call.follow;
    let waits_for_end = call.verb == "shutdown" && call.wait;
    let mut progress = Progress::new(&call);
    let mut is_accepted = false;
    let mut heard_last = Instant::now();
    let began = Instant::now();
    loop {
        let reply = match connection.read()? {
            Heard::Line(line) => connection.understand(&line)?,
            Heard::End if is_accepted => {
                progress.clear();
                return Ok(Outcome::default());
            }
            Heard::End => {
                progress.clear();
                return Err(connection.silent("was gone before it had answered"));
            }
            Heard::Nothing => {
                let limit = call.timeout_ms.map(Duration::from_millis);
                if is_accepted && limit.is_some_and(|limit| began.elapsed() >= limit) {
                    let text = "the time is up: the container is still stopping".to_owned();
                    return Err(Failed::Answered(Code::Timeout, text));
                }
                let may_be_silent = is_endless || is_accepted || (call.wait && limit.is_none());
                if !may_be_silent && heard_last.elapsed() > limit.unwrap_or_default() + PATIENCE {
                    return Err(connection.silent("does not answer"));
                }
                if progress.is_due(began.elapsed()) {
                    let mut look = Call {
                        id: Some(Id::Number(LOOK)),
                        verb: "status".to_owned(),
                        services: call.services.clone(),
                        ..Call::default()
                    };
                    if call.verb == "remove" || call.verb == "add" {
                        look.services.clear();
                    }
                    connection.send(&look)?;
                }
                continue;
            }
        };
        heard_last = Instant::now();
        if reply.id.as_deref() == Some(&Id::Number(LOOK)) {
            progress.look(&reply, began.elapsed());
            continue;
        }
        match reply {
            Reply {
                error: Some(error), ..
            } => {
                progress.clear();
                return Err(Failed::Answered(error.code, error.message.into_owned()));
            }
            Reply {
                result: Some(_), ..
            } if waits_for_end => is_accepted = true,
            Reply {
                result: Some(outcome),
                ..
            } => {
                progress.clear();
                return Ok(outcome);
            }
            Reply {
                item: Some(item), ..
            } => {
                if !show(item) {
                    return Ok(Outcome::default());
                }
            }
            // A line of a later version.
            Reply { .. } => {}
        }
    }
}
