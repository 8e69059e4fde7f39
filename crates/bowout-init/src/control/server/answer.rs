//! Answers requests, or begins what will.

use super::client::MOST_TASKS;
use super::goal::{Goal, Restarting};
use super::task::{Reading, Task, Work};
use super::{ClientId, Server, Ticket, Wanted};
use crate::control::protocol::{
    Code, Id, Names, Outcome, Reply, Request, Verb, Wait, did_you_mean, quoted,
};
use crate::control::scene::{Clock, Scene, container_status, is_fine, not_ready};
use bowout_core::event::Command;
use bowout_core::order::Set;
use bowout_core::plan::ServiceId;

/// How many services a line names that are not ready.
const NAMED: usize = 3;

/// A code and a message.
type Refused = (Code, String);

/// What becomes of a request.
enum Answer {
    /// It is over.
    Done(Outcome<'static>),
    /// It goes on.
    Begun(Work),
}

/// Who asks, and what about.
struct Asked<'a> {
    client: ClientId,
    scene: &'a dyn Scene,
    clock: Clock,
    wait: Option<Wait>,
}

/// Answers one request.
pub(super) fn to(
    server: &mut Server,
    client: ClientId,
    request: Request,
    scene: &dyn Scene,
    clock: Clock,
    wanted: &mut Vec<Wanted>,
) {
    let asked = Asked {
        client,
        scene,
        clock,
        wait: request.wait,
    };
    let is_full = server
        .clients
        .get(&client)
        .is_none_or(|client| client.tasks.len() >= MOST_TASKS);
    let answer = match is_full {
        true => {
            let text = format!("{MOST_TASKS} requests of this client are under way");
            Err((Code::Busy, text))
        }
        false => begin(&asked, request.verb, &mut server.next_serial, wanted),
    };
    let Some(client) = server.clients.get_mut(&client) else {
        return;
    };
    let id: Option<&Id> = request.id.as_ref();
    match answer {
        Ok(Answer::Done(outcome)) => client.push(&Reply::done(id, outcome).line()),
        Ok(Answer::Begun(work)) => {
            if let Work::Events(_) = work {
                client.push(&super::feed::following(id, clock));
            }
            client.tasks.push(Task {
                id: request.id,
                work,
            });
        }
        Err((code, text)) => client.push(&Reply::failed(id, code, &text).line()),
    }
}

fn begin(
    asked: &Asked<'_>,
    verb: Verb,
    next_serial: &mut u64,
    wanted: &mut Vec<Wanted>,
) -> Result<Answer, Refused> {
    let scene = asked.scene;
    match verb {
        Verb::Ping => Ok(asked.container()),
        Verb::Status(services) => {
            find(&services, scene)?;
            Ok(Answer::Begun(Work::Status { services, told: 0 }))
        }
        Verb::Healthcheck(services) => asked.healthcheck(services),
        Verb::Start(services) => {
            going_on(scene)?;
            let ids = find(&services, scene)?;
            wanted.extend(ids.into_iter().map(Command::Start).map(Wanted::Command));
            Ok(asked.until(Goal::Up(services)))
        }
        Verb::Stop(services) => {
            // What depends on others goes first, so that nobody loses what it still needs.
            let ids = find(&services, scene)?.into_iter().rev();
            wanted.extend(ids.map(Command::Stop).map(Wanted::Command));
            Ok(asked.until(Goal::Down(services)))
        }
        Verb::Restart(services) => {
            going_on(scene)?;
            let ids = find(&services, scene)?;
            let goal = Goal::Restarted(ids.iter().map(|id| restarting(*id, scene)).collect());
            wanted.extend(ids.into_iter().map(Command::Restart).map(Wanted::Command));
            Ok(asked.until(goal))
        }
        Verb::Reload(services) => {
            going_on(scene)?;
            let ids = running(&services, scene)?;
            wanted.extend(ids.into_iter().map(Command::Reload).map(Wanted::Command));
            Ok(asked.until(Goal::Reloaded(services)))
        }
        Verb::Signal(services, signal) => {
            let ids = running(&services, scene)?;
            let commands = ids.into_iter().map(|id| Command::Signal(id, signal));
            wanted.extend(commands.map(Wanted::Command));
            Ok(Answer::Done(Outcome::default()))
        }
        Verb::Logs {
            services,
            lines,
            follow,
        } => asked.logs(&services, lines, follow),
        Verb::Events(services) => {
            find(&services, scene)?;
            Ok(Answer::Begun(Work::Events(services)))
        }
        Verb::ReloadConfig => {
            asked.changing(next_serial, |ticket| wanted.push(Wanted::Reload(ticket)))
        }
        Verb::Add(toml) => {
            asked.changing(next_serial, |ticket| wanted.push(Wanted::Add(ticket, toml)))
        }
        Verb::Remove(service) => {
            let id = find_one(&service, scene)?;
            asked.changing(next_serial, |ticket| {
                wanted.push(Wanted::Remove(ticket, id));
            })
        }
        Verb::Shutdown => {
            wanted.push(Wanted::Shutdown);
            Ok(Answer::Done(Outcome::default()))
        }
    }
}

impl Asked<'_> {
    fn container(&self) -> Answer {
        Answer::Done(Outcome {
            container: Some(container_status(self.scene, self.clock)),
            ..Outcome::default()
        })
    }

    /// Done at once, or when the goal is reached.
    fn until(&self, goal: Goal) -> Answer {
        match self.wait {
            None => Answer::Done(Outcome::default()),
            Some(wait) => Answer::Begun(Work::goal(goal, wait, self.clock)),
        }
    }

    fn healthcheck(&self, services: Names) -> Result<Answer, Refused> {
        let ids = find(&services, self.scene)?;
        going_on(self.scene)?;
        if self.wait.is_some() {
            return Ok(self.until(Goal::Up(services)));
        }
        let missing: Vec<String> = ids
            .into_iter()
            .filter_map(|id| {
                let view = self.scene.service(id);
                // Who was not asked for by name does no harm by being down, if that is what is wanted.
                if services == Names::All && is_fine(&view) {
                    return None;
                }
                not_ready(&self.scene.plan().service(id).name, &view)
            })
            .collect();
        if missing.is_empty() {
            return Ok(self.container());
        }
        let mut text = missing[..missing.len().min(NAMED)].join("; ");
        if missing.len() > NAMED {
            text.push_str(&format!("; and {} more", missing.len() - NAMED));
        }
        Err((Code::NotReady, text))
    }

    fn logs(
        &self,
        services: &Names,
        lines: Option<usize>,
        follow: bool,
    ) -> Result<Answer, Refused> {
        let scene = self.scene;
        let ids = find(services, scene)?;
        let is_kept = |id: &ServiceId| scene.is_kept(*id);
        let unkept = match services {
            Names::All if ids.iter().any(is_kept) => None,
            Names::All => ids.first().copied(),
            Names::Some(_) => ids.iter().copied().find(|id| !is_kept(id)),
        };
        let Some(ring) = scene.ring().filter(|_| unkept.is_none()) else {
            let name = unkept.map_or("", |id| scene.plan().service(id).name.as_str());
            return Err((
                Code::NoLog,
                format!(
                    "what {name} writes goes to the container's own output; log = \"prefix\", \"json\" or a file keeps it here too"
                ),
            ));
        };
        let names: Vec<&str> = match services {
            Names::All => Vec::new(),
            Names::Some(names) => names.iter().map(String::as_str).collect(),
        };
        Ok(Answer::Begun(Work::Logs(Reading {
            follower: ring.follow(&names, lines.unwrap_or(usize::MAX)),
            until: (!follow).then(|| ring.next_sequence()),
            seen: None,
        })))
    }

    /// Something that the loop does, and answers by a ticket.
    fn changing(&self, next_serial: &mut u64, ask: impl FnOnce(Ticket)) -> Result<Answer, Refused> {
        going_on(self.scene)?;
        if self.scene.container().is_changing {
            let text = "another change of the configuration is under way; try again".to_owned();
            return Err((Code::Busy, text));
        }
        let serial = *next_serial;
        *next_serial += 1;
        ask(Ticket {
            client: self.client,
            serial,
        });
        Ok(Answer::Begun(Work::Asked {
            serial,
            wait: self.wait,
        }))
    }
}

fn restarting(id: ServiceId, scene: &dyn Scene) -> Restarting {
    let view = scene.service(id);
    Restarting {
        name: scene.plan().service(id).name.clone(),
        former: view.main,
        was_down: view.main.is_none(),
    }
}

fn going_on(scene: &dyn Scene) -> Result<(), Refused> {
    match scene.container().is_stopping {
        false => Ok(()),
        true => Err((Code::Stopping, "the container is stopping".to_owned())),
    }
}

/// The services that are meant, each once, in start order.
fn find(names: &Names, scene: &dyn Scene) -> Result<Vec<ServiceId>, Refused> {
    let order = scene.plan().graph().start_order();
    let Names::Some(names) = names else {
        return Ok(order.to_vec());
    };
    let mut chosen = Set::new();
    for name in names {
        chosen.insert(find_one(name, scene)?);
    }
    let ids = order.iter().copied();
    Ok(ids.filter(|id| chosen.contains(id)).collect())
}

fn find_one(name: &str, scene: &dyn Scene) -> Result<ServiceId, Refused> {
    scene.plan().find(name).ok_or_else(|| {
        let known = scene.plan().services().iter();
        let hint = did_you_mean(name, known.map(|service| service.name.as_str()));
        let text = format!("there is no service \"{}\"{hint}", quoted(name));
        (Code::UnknownService, text)
    })
}

/// As [`find`], and each has a main process. Of all, those that have one.
fn running(names: &Names, scene: &dyn Scene) -> Result<Vec<ServiceId>, Refused> {
    let ids = find(names, scene)?;
    let runs = |id: &ServiceId| scene.service(*id).main.is_some();
    if *names == Names::All {
        return Ok(ids.into_iter().filter(runs).collect());
    }
    match ids.iter().copied().find(|id| !runs(id)) {
        None => Ok(ids),
        Some(id) => {
            let name = &scene.plan().service(id).name;
            let said = scene.service(id).state.said();
            Err((Code::NotRunning, format!("{name} does not run: it {said}")))
        }
    }
}
