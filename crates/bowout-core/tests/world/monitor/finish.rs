//! Watches the end: nobody is left behind, the exit code is right, and the account is complete.

use super::Monitor;
use crate::world::World;
use crate::world::kernel::{Kernel, Life, Origin};
use bowout_core::plan::{KillMode, Leftovers, ServiceId, Sweep};
use bowout_core::report::{Reason, Report};
use bowout_core::service::{End, Ending, State};
use bowout_core::{Signal, Status};

impl Monitor {
    pub(super) fn check_finish(world: &mut World, code: u8, report: &Report) {
        Monitor::check_left(world);
        let expected = Monitor::expected_code(world, report);
        let World { monitor, case, .. } = world;
        monitor.expect(code == expected || monitor.killed_unseen, || {
            format!("exit code {code} instead of {expected}")
        });
        monitor.expect(report.code == code, || {
            "the report has another exit code".into()
        });
        for (pid, told) in monitor.told.clone() {
            // A number can be used again, or seem to be.
            let mut entries = report
                .processes
                .iter()
                .filter(|process| process.pid.get() == pid);
            let kept = entries.any(|entry| {
                told.iter()
                    .all(|signal| entry.told.iter().any(|(sent, _)| sent == signal))
            });
            monitor.expect(kept, || {
                format!("the report does not say that {pid} was told")
            });
        }
        if monitor.has_killed() && case.proc {
            monitor.expect(report.killed().next().is_some(), || {
                "the report names nobody who was SIGKILLed".into()
            });
        }
    }

    /// Nobody is left who was not SIGKILLed, but whom bowout was told to leave, or when time was up.
    fn check_left(world: &mut World) {
        let World {
            monitor,
            sup,
            kernel,
            now,
            case,
            ..
        } = world;
        let Some(_) = &monitor.stop else {
            return monitor.broken("the end comes without a stop");
        };
        let plan = sup.plan();
        let leaves = plan.stop().leftovers == Leftovers::Leave
            || (plan.is_command() && plan.service(ServiceId(0)).kill_mode == KillMode::Process);
        if monitor.haste > 0 || monitor.end(sup).is_some_and(|end| end <= *now) {
            return;
        }
        let left: Vec<i32> = kernel
            .living()
            .filter(|(pid, proc)| match proc.origin {
                Origin::Stranger => plan.stop().sweep == Sweep::Namespace && !leaves,
                Origin::Service(service) => !leaves || monitor.seen[service].main == Some(*pid),
                // One that was started at this very moment was not there yet.
                Origin::Gone => !leaves,
                Origin::Hook(_) => !leaves && proc.life != (Life::Works { since: *now }),
            })
            .map(|(pid, _)| pid)
            .filter(|pid| !monitor.killed.contains(pid))
            .collect();
        monitor.expect(
            left.is_empty() || (case.slow && !case.strangers.is_empty()),
            || format!("bowout leaves although {left:?} are there"),
        );
    }

    fn expected_code(world: &World, report: &Report) -> u8 {
        let World {
            monitor,
            sup,
            kernel,
            ..
        } = world;
        let plan = sup.plan();
        let Some(stop) = &monitor.stop else { return 0 };
        let clean = stop.asked && !monitor.has_killed();
        if !plan.is_command() {
            return match report.reason {
                Reason::Signal(_) | Reason::Request => {
                    if clean {
                        0
                    } else {
                        128 + 9
                    }
                }
                Reason::Ended { service, .. } => monitor.seen[service.0]
                    .status
                    .map_or(255, Status::exit_code),
                Reason::NotStarted { error, .. } => error.kind.exit_code(),
                Reason::Failed { service } => monitor.failed_code(kernel, service.0),
                Reason::NothingLeft => {
                    let failed =
                        |id: &ServiceId| sup.service(*id).state == State::Ended(End::Failed);
                    let first = plan.ids().find(failed);
                    first.map_or(0, |id| monitor.failed_code(kernel, id.0))
                }
            };
        }
        if let Ending::NotStarted(error) = sup.service(ServiceId(0)).ending {
            return error.kind.exit_code();
        }
        let lives = monitor.seen[0]
            .main
            .is_some_and(|pid| kernel.procs.contains_key(&pid));
        let code = match (monitor.seen[0].main, monitor.seen[0].status) {
            (None, _) => 128 + stop.signal.number(),
            (Some(_), _) if lives => return 128 + Signal::KILL.number(),
            (Some(_), status) => status.map_or(255, Status::exit_code),
        };
        let forgiven =
            plan.exit().expected.contains(&code) || (plan.exit().success_on_stop && clean);
        if forgiven { 0 } else { code }
    }

    /// The code of a service that failed, or of what it depends on that did: its own if that says so. One
    /// that was never ready, or does not work, has failed whatever it says. One that is still there leaves by
    /// SIGKILL.
    fn failed_code(&self, kernel: &Kernel, service: usize) -> u8 {
        let mut root = &self.seen[service];
        for _ in &self.seen {
            root = root.blocked.map_or(root, |on| &self.seen[on]);
        }
        let lives = root.main.is_some_and(|pid| kernel.procs.contains_key(&pid));
        match (root.failure, root.status) {
            (None, None) if lives => 128 + Signal::KILL.number(),
            (Some(kind), _) => kind.exit_code(),
            (None, Some(status)) if !status.is_success() => status.exit_code(),
            (None, _) => 1,
        }
    }
}
