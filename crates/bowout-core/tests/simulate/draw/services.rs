//! Draws services of every kind, and how one plan becomes another.

use super::super::chance::Chance;
use super::people::{brief, length, script, tree};
use crate::world::Part;
use crate::world::asking::{Cast, Whom};
use crate::world::script::Script;
use bowout_core::Signal;
use bowout_core::plan::{
    Condition, Dependency, Draft, Hook, HookMoment, KillMode, Kind, Liveness, Plan, Readiness,
    Service, ServiceId, ServiceMoment,
};
use bowout_core::service::restart::{Restart, When};
use std::time::Duration;

/// A program in the foreground, without anything that needs an answer.
pub(super) fn plain(chance: &mut Chance, index: usize) -> Service {
    let mut service = Service::new(&format!("s{index}"));
    service.depends_on = (0..index)
        .filter(|_| chance.once_in(2))
        .map(|id| ServiceId(id).into())
        .collect();
    service.kill_mode = match chance.below(7) {
        0 => KillMode::Main,
        1 => KillMode::Group,
        2 => KillMode::Process,
        _ => KillMode::Auto,
    };
    if chance.once_in(4) {
        service.stop_signal = vec![Signal::QUIT, Signal::TERM];
        service.stop_signal.truncate(1 + chance.below(2));
    }
    service.stop_timeout = chance.once_in(4).then(|| length(chance));
    service.essential = !chance.once_in(4);
    service.restart = Restart {
        when: chance.of(&[When::Never, When::Never, When::OnFailure, When::Always]),
        limit: chance.once_in(2).then_some(2),
        ..Restart::NO
    };
    service
}

/// From a millisecond on: nothing is asked without a pause.
fn pause(chance: &mut Chance) -> Duration {
    let most = chance.of(&[20, 300, 4_000]);
    Duration::from_millis(chance.range(1, most))
}

/// One service, its hooks and processes, with numbers that it keeps.
#[derive(Clone)]
pub(super) struct Player {
    number: u32,
    service: Service,
    hooks: Vec<(u32, ServiceMoment, Option<Duration>, Script)>,
    tree: Vec<Part>,
    pidfile: Vec<Whom>,
}

/// Everybody in a plan.
pub(super) struct Troupe {
    pub(super) services: Vec<Player>,
    /// Those of the container's own hooks.
    hooks: Vec<Script>,
    next: u32,
}

impl Troupe {
    pub(super) fn draw(chance: &mut Chance, hooks: Vec<Script>) -> Troupe {
        let count = chance.of(&[1, 2, 2, 3, 4, 6]);
        let mut troupe = Troupe {
            services: Vec::new(),
            hooks,
            // Below are the numbers of the container's own hooks.
            next: 100,
        };
        for index in 0..count {
            let player = troupe.player(chance, index);
            troupe.services.push(player);
        }
        troupe
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn player(&mut self, chance: &mut Chance, index: usize) -> Player {
        let mut service = plain(chance, index);
        for dependency in &mut service.depends_on {
            dependency.condition = chance.of(&[
                Condition::Started,
                Condition::Ready,
                Condition::Ready,
                Condition::Completed,
            ]);
        }
        service.kind = match chance.below(8) {
            0 => Kind::Oneshot,
            1 | 2 => Kind::Forking {
                pidfile: chance.once_in(2),
            },
            _ => Kind::Simple,
        };
        service.autostart = !chance.once_in(8);
        service.readiness = match chance.below(6) {
            0 => Readiness::Told,
            1 => Readiness::Delay(length(chance)),
            2 => Readiness::Probed {
                every: pause(chance),
            },
            _ => Readiness::Started,
        };
        service.start_timeout = chance.once_in(3).then(|| length(chance));
        if chance.once_in(5) {
            service.liveness = Some(Liveness {
                every: pause(chance),
                retries: u32::try_from(chance.below(3)).unwrap(),
                start_period: length(chance),
            });
        }
        service.watchdog = chance.once_in(8).then(|| length(chance));
        service.restart.window = length(chance).max(Duration::from_secs(1));
        service.restart.steady = length(chance);
        service.restart.first_pause = pause(chance);
        if chance.once_in(8) {
            service.restart.longest_pause = pause(chance);
        }
        let hooks = self.moments(chance, &service);
        let tree = people(chance, &service);
        let all = [
            Whom::Child,
            Whom::Child,
            Whom::Below,
            Whom::Other,
            Whom::Stale,
            Whom::Nobody,
        ];
        let mut pidfile: Vec<Whom> = (0..chance.below(4)).map(|_| chance.of(&all)).collect();
        if pidfile.is_empty() || !chance.once_in(4) {
            pidfile.push(Whom::Child);
        }
        Player {
            number: self.number(),
            service,
            hooks,
            tree,
            pidfile,
        }
    }

    fn moments(
        &mut self,
        chance: &mut Chance,
        service: &Service,
    ) -> Vec<(u32, ServiceMoment, Option<Duration>, Script)> {
        let mut moments = Vec::new();
        if matches!(service.readiness, Readiness::Probed { .. }) {
            moments.push(ServiceMoment::Readiness);
        }
        if service.liveness.is_some() {
            moments.push(ServiceMoment::Liveness);
        }
        for moment in [
            ServiceMoment::PreStart,
            ServiceMoment::PostStart,
            ServiceMoment::Reload,
            ServiceMoment::PreStop,
            ServiceMoment::PostStop,
        ] {
            let count = chance.of(&[0, 0, 0, 0, 0, 1, 1, 2]);
            moments.extend([moment; 2].iter().take(count));
        }
        if chance.once_in(8) {
            moments.push(ServiceMoment::Stop);
        }
        let mut hooks = Vec::new();
        for moment in moments {
            let timeout = chance.once_in(2).then(|| length(chance));
            hooks.push((self.number(), moment, timeout, brief(chance)));
        }
        hooks
    }

    /// Another plan: some go, some change, some come, and the rest goes on.
    pub(super) fn changed(&self, chance: &mut Chance) -> Troupe {
        let mut next = Troupe {
            services: Vec::new(),
            hooks: self.hooks.clone(),
            next: self.next,
        };
        let mut places = Vec::new();
        for (index, old) in self.services.iter().enumerate() {
            let at = next.services.len();
            let mut player = match chance.below(6) {
                0 => {
                    places.push(None);
                    continue;
                }
                1 => next.player(chance, at),
                _ => old.clone(),
            };
            player.service.name = self.services[index].service.name.clone();
            let on = old.service.depends_on.iter();
            player.service.depends_on = on
                .filter_map(|dependency| {
                    let on: Option<ServiceId> = places[dependency.on.0];
                    Some(Dependency {
                        on: on?,
                        ..*dependency
                    })
                })
                .collect();
            places.push(Some(ServiceId(at)));
            next.services.push(player);
        }
        if chance.once_in(2) || next.services.is_empty() {
            let mut player = next.player(chance, next.services.len());
            player.service.name = format!("n{}", next.next);
            next.services.push(player);
        }
        next
    }

    pub(super) fn plan(&self, frame: &Draft) -> Plan {
        let mut draft = frame.clone();
        draft.services = self
            .services
            .iter()
            .map(|player| player.service.clone())
            .collect();
        for (index, player) in self.services.iter().enumerate() {
            for (_, moment, timeout, _) in &player.hooks {
                draft.hooks.push(Hook {
                    name: "hook".into(),
                    moment: HookMoment::Of(ServiceId(index), *moment),
                    timeout: *timeout,
                });
            }
        }
        Plan::new(draft).unwrap()
    }

    pub(super) fn cast(&self) -> Cast {
        let own = || self.services.iter().flat_map(|player| &player.hooks);
        let count = u32::try_from(self.hooks.len()).unwrap();
        Cast {
            services: self.services.iter().map(|player| player.number).collect(),
            hook_numbers: (0..count).chain(own().map(|hook| hook.0)).collect(),
            trees: self
                .services
                .iter()
                .map(|player| player.tree.clone())
                .collect(),
            hooks: self
                .hooks
                .iter()
                .copied()
                .chain(own().map(|hook| hook.3))
                .collect(),
            pidfiles: self
                .services
                .iter()
                .map(|player| player.pidfile.clone())
                .collect(),
        }
    }
}

/// The processes of a service, by its kind.
fn people(chance: &mut Chance, service: &Service) -> Vec<Part> {
    let mut tree = tree(chance);
    tree.truncate(4);
    match service.kind {
        Kind::Simple => {}
        Kind::Oneshot => tree[0].script = brief(chance),
        Kind::Forking { .. } => {
            let daemon = Part {
                parent: if chance.once_in(2) { None } else { Some(0) },
                session: chance.once_in(2),
                script: script(chance),
            };
            tree[0].script = brief(chance);
            if !chance.once_in(8) {
                tree.insert(1, daemon);
                for part in &mut tree[2..] {
                    part.parent = part.parent.map(|parent| parent.max(1));
                }
            }
        }
    }
    for part in &mut tree {
        let tells = service.readiness == Readiness::Told || chance.once_in(12);
        part.script.tells = tells && !chance.once_in(4);
    }
    tree
}
