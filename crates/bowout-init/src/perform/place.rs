//! Finds bowout its place: signals blocked, orphans adopted, the terminal held or given up.

use super::text::Text;
use super::{Programs, World};
use crate::command::Command;
use crate::config::{self, Setup};
use crate::contract::Contract;
use crate::log::{Level, Log};
use crate::services::Services;
use bowout_core::plan::JobControl;
use bowout_core::{Instant, Signal, SignalSet};
use bowout_sys::signals::{self, Woken};
use bowout_sys::spawn::Terminal;
use bowout_sys::terminal::{self, Standing};
use std::io;
use std::time::Duration;

/// Blocks all signals first; what fails later is told while none can be lost.
pub(super) fn find(setup: Setup, job_control: JobControl) -> io::Result<World> {
    let Setup {
        programs,
        account,
        pdeathsig,
        contract,
        standing,
        mut log,
    } = setup;
    let set = contract
        .leave
        .iter()
        .fold(SignalSet::ALL, SignalSet::without);
    let inherited = signals::block(set)?;
    // Ignored, the kernel would reap children itself, and tell nobody how they ended.
    let chld_was_ignored = signals::set_ignored(Signal::CHLD, false)?;
    let is_init = bowout_sys::identity::is_init();
    adopt(is_init, &contract, &mut log);
    if let Some(signal) = pdeathsig {
        signals::on_parent_death(signal)?;
    }
    let programs = match programs {
        config::Programs::Command(mut command) => {
            command.inherit(&contract, inherited, chld_was_ignored);
            release_terminal(&command, standing);
            Programs::Command(command)
        }
        config::Programs::Services(mut start) => {
            start.recipe.mask = inherited;
            start.recipe.chld_is_ignored = chld_was_ignored;
            Programs::Services(Box::new(Services::new(*start, set, &mut log)?))
        }
    };
    Ok(World {
        log,
        contract,
        standing,
        job_control,
        account,
        programs,
        own: bowout_sys::own_pid(),
        is_init,
        set,
        reaping: false,
        nobody: false,
        now: Instant::ZERO,
        text: Text::Large,
        survey: None,
    })
}

fn adopt(is_init: bool, contract: &Contract, log: &mut Log) {
    if !is_init && contract.subreaper {
        // Some kernels, and what plays one, do not know it: what runs is still stopped in order.
        if let Err(error) = bowout_sys::identity::become_subreaper() {
            let text = format!("orphans go to somebody else: {error}");
            log.say(Level::Notice, &text);
        }
    }
    let reaps = || is_init || bowout_sys::identity::is_subreaper();
    if contract.tells_of_no_reaper && !reaps() {
        let text = "not PID 1 and not a subreaper: orphans go to somebody else (-s makes it one)";
        log.say(Level::Notice, text);
    }
}

fn release_terminal(command: &Command, standing: Standing) {
    let takes = command
        .program
        .as_ref()
        .is_some_and(|program| program.terminal == Terminal::Control);
    let has = matches!(
        standing,
        Standing::Leader | Standing::Foreground | Standing::Background
    );
    if takes && has && terminal::release().is_ok() {
        // To the leader of the session and its group the kernel says goodbye by these two.
        let farewell = SignalSet::EMPTY.with(Signal::HUP).with(Signal::CONT);
        while standing == Standing::Leader
            && matches!(
                signals::wait(farewell, Some(Duration::ZERO)),
                Ok(Woken::By(_))
            )
        {}
    }
}
