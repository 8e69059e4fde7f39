//! Makes the programs of hooks, with what each is told, and starts them.

use super::asked::probe;
use super::recipe::{Facts, Unmade};
use super::{Services, not_made};
use crate::command::NOTHING;
use crate::log::Log;
use crate::perform::start;
use crate::settings::SignalRule;
use bowout_core::event::SpawnError;
use bowout_core::plan::{HookId, HookMoment, ServiceId, ServiceMoment};
use bowout_core::service::{Ending, Fault};
use bowout_core::{Pid, Signal, Status, Supervisor};
use bowout_sys::spawn::{Program, Stream};
use std::os::fd::AsRawFd;
use std::time::Duration;

impl Services {
    /// Starts the program of a hook.
    #[inline(never)]
    pub(crate) fn run_hook(
        &mut self,
        hook: HookId,
        time: Option<Duration>,
        core: &Supervisor,
        log: &mut Log,
    ) -> Result<Pid, SpawnError> {
        let of_plan = core.plan().hooks().get(hook.0).ok_or(NOTHING)?;
        let made = self.make_hook(hook, of_plan.moment, time, core);
        let mut program: Program = made.map_err(|unmade| not_made(&of_plan.name, &unmade, log))?;
        let heard = self.listen_to(of_plan.moment);
        if let Some((_, _, writer)) = &heard {
            program.streams[2] = Stream::Descriptor(writer.as_raw_fd());
        }
        let pid = start(&mut program, Some(&of_plan.name), log)?;
        if let Some((id, reader, _)) = heard {
            self.asked.insert(pid, (id, reader));
        }
        Ok(pid)
    }

    pub(super) fn make_hook(
        &self,
        hook: HookId,
        moment: HookMoment,
        time: Option<Duration>,
        core: &Supervisor,
    ) -> Result<Program, Unmade> {
        let place = self.hooks.get(hook.0).copied().unwrap_or(0);
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let commands = match moment {
            HookMoment::Of(service, moment) => {
                return self.make_of_service(service, moment, place, time, core);
            }
            HookMoment::PreStop => self.settings.pre_stop.as_slice(),
            HookMoment::PostStop => &self.settings.post_stop,
            HookMoment::OnSignal(signal) => match self.settings.signals.get(&signal) {
                Some(SignalRule::Run(commands)) => commands.as_slice(),
                Some(
                    SignalRule::Reload(_)
                    | SignalRule::Forward(_)
                    | SignalRule::ReloadConfig
                    | SignalRule::Ignore,
                )
                | None => &[],
            },
        };
        let command = commands.get(place).ok_or_else(super::recipe::nothing)?;
        self.recipe.command(command, time)
    }

    fn make_of_service(
        &self,
        id: ServiceId,
        moment: ServiceMoment,
        place: usize,
        time: Option<Duration>,
        core: &Supervisor,
    ) -> Result<Program, Unmade> {
        let settings = self.settings.services.get(id.0);
        let settings = settings.ok_or_else(super::recipe::nothing)?;
        let service = core.service(id);
        let facts = Facts {
            time,
            main: service.main(),
            ended: match moment {
                ServiceMoment::PostStop => ended(service.ending, service.fault),
                ServiceMoment::PreStart
                | ServiceMoment::PostStart
                | ServiceMoment::Readiness
                | ServiceMoment::Liveness
                | ServiceMoment::Reload
                | ServiceMoment::PreStop
                | ServiceMoment::Stop => Vec::new(),
            },
        };
        match probe(settings, moment) {
            Some(probe) => self.recipe.probe(settings, probe, &facts),
            None => self.recipe.hook(settings, moment, place, &facts),
        }
    }
}

/// Signals that are a clean end to systemd (systemd.service(5), `SuccessExitStatus=`).
const CLEAN: [Signal; 4] = [Signal::HUP, Signal::INT, Signal::TERM, Signal::PIPE];

/// How a service ended, in systemd's words (systemd.exec(5), `$SERVICE_RESULT` and those below it).
fn ended(ending: Ending, fault: Option<Fault>) -> Vec<(&'static str, String)> {
    let status = match ending {
        Ending::Exited(status) => Some(status),
        Ending::NeverRan | Ending::NotStarted(_) | Ending::Blocked(_) => None,
    };
    let result = match (fault, status) {
        (Some(Fault::StartTimedOut), _) => "timeout",
        (Some(Fault::WatchdogExpired), _) => "watchdog",
        (Some(Fault::NoDaemon), _) => "protocol",
        (Some(Fault::Unhealthy), _) => "unhealthy",
        (Some(Fault::PreStartFailed), _) | (None, Some(Status::Exited(1..))) => "exit-code",
        (None, Some(Status::Exited(0))) => "success",
        (None, Some(Status::Signaled { signal, .. })) if CLEAN.contains(&signal) => "success",
        (
            None,
            Some(Status::Signaled {
                core_dumped: true, ..
            }),
        ) => "core-dump",
        (None, Some(Status::Signaled { .. })) => "signal",
        (None, None) => "resources",
    };
    let mut ended = vec![("SERVICE_RESULT", result.to_owned())];
    let (code, status) = match status {
        Some(Status::Exited(code)) => ("exited", code.to_string()),
        Some(Status::Signaled {
            signal,
            core_dumped,
        }) => {
            let code = if core_dumped { "dumped" } else { "killed" };
            let signal = signal.to_string();
            (code, signal.trim_start_matches("SIG").to_owned())
        }
        None => return ended,
    };
    ended.extend([("EXIT_CODE", code.to_owned()), ("EXIT_STATUS", status)]);
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(ending: Ending, fault: Option<Fault>) -> String {
        let ended = ended(ending, fault);
        let words: Vec<String> = ended.into_iter().map(|(_, value)| value).collect();
        words.join(" ")
    }

    #[test]
    fn an_end_is_told_in_the_words_of_systemd() {
        let exited = |code| Ending::Exited(Status::Exited(code));
        let by = |signal| Ending::Exited(Status::by(signal));
        assert_eq!(words(exited(0), None), "success exited 0");
        assert_eq!(words(exited(3), None), "exit-code exited 3");
        assert_eq!(words(by(Signal::TERM), None), "success killed TERM");
        assert_eq!(words(by(Signal::KILL), None), "signal killed KILL");
        let dumped = Ending::Exited(Status::Signaled {
            signal: Signal::QUIT,
            core_dumped: true,
        });
        assert_eq!(words(dumped, None), "core-dump dumped QUIT");
        let late = Some(Fault::WatchdogExpired);
        assert_eq!(words(by(Signal::TERM), late), "watchdog killed TERM");
        assert_eq!(words(Ending::NeverRan, None), "resources");
    }
}
