//! Lays out the longest stop that a plan allows: what happens from when to when, if nobody ends by itself.

use bowout_core::Plan;
use bowout_core::plan::budget::Budget;
use bowout_core::plan::{Draft, HookId, HookMoment, ServiceId, ServiceMoment};
use std::time::Duration;

/// What a part of a stop is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A command that runs at a moment.
    Hook(HookId),
    /// Services go on so that load balancers stop sending.
    Drain,
    /// From the stop signal of a service to its SIGKILL.
    Stop(ServiceId),
    /// What is left gets a signal, and is reaped.
    Sweep,
    /// What is kept free so that the engine sees the end in time.
    Margin,
}

/// One part of a stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part {
    pub(super) kind: Kind,
    /// Its name: that of the service, or of the hook.
    pub(super) name: String,
    /// Since the request to stop.
    pub(super) from: Duration,
    /// Likewise.
    pub(super) to: Duration,
    /// What it has once everything is cut to fit; as long as it is where it fits.
    pub(super) given: Duration,
    /// Whether the stop would be shorter if this were.
    pub(super) is_critical: bool,
}

impl Part {
    pub(super) fn length(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }
}

/// What is shown in one line: a service with its hooks, or something of the container.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) service: Option<ServiceId>,
    pub(super) parts: Vec<Part>,
}

impl Row {
    pub(super) fn from(&self) -> Duration {
        self.parts.first().map_or(Duration::ZERO, |part| part.from)
    }

    pub(super) fn to(&self) -> Duration {
        self.parts.last().map_or(Duration::ZERO, |part| part.to)
    }

    pub(super) fn is_critical(&self) -> bool {
        self.parts.iter().any(|part| part.is_critical)
    }
}

/// The longest stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Schedule {
    /// The platform's grace period: then comes its SIGKILL.
    pub(super) grace: Duration,
    /// So long before that bowout is done.
    pub(super) margin: Duration,
    /// What there is: the grace period less the margin.
    pub(super) budget: Duration,
    /// What the parts add up to along the longest chain, before they are cut.
    pub(super) wanted: Duration,
    /// Services without a time-out of their own for which the others leave nothing.
    pub(super) starved: Vec<String>,
    /// In the order in which they begin.
    pub(super) rows: Vec<Row>,
}

/// With less than this nothing can be cleaned up.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);

impl Schedule {
    /// Lays out a plan. Where nobody knows the grace period, it is the assumed one.
    pub(super) fn of(plan: &Plan) -> Schedule {
        let stop = plan.stop();
        let grace = stop.grace.unwrap_or(stop.assumed_grace);
        let whole = Budget::of(&change(plan, |draft| {
            draft.stop.grace = None;
            draft.stop.assumed_grace = grace;
        }));
        let cut = Budget::of(&change(plan, |draft| draft.stop.grace = Some(grace)));
        let mut layout = Layout {
            plan,
            whole: &whole,
            cut: &cut,
            rows: Vec::new(),
        };
        let end = layout.all();
        let mut rows = layout.rows;
        // In the stop that bowout will make of it the margin begins where the budget ends.
        let margin = grace.saturating_sub(cut.total);
        if !margin.is_zero() && end <= cut.total {
            rows.push(row(Part {
                kind: Kind::Margin,
                name: "margin".to_owned(),
                from: cut.total,
                to: grace,
                given: margin,
                is_critical: false,
            }));
        }
        let is_starved = |id: &ServiceId| {
            plan.service(*id).stop_timeout.is_none() && whole.timeout(*id) < SHORTEST
        };
        let starved = plan.ids().filter(is_starved);
        Schedule {
            grace,
            margin,
            budget: cut.total,
            wanted: whole.wanted,
            starved: starved.map(|id| plan.service(id).name.clone()).collect(),
            rows,
        }
    }

    /// Whether nothing has to be cut, and everybody has some time.
    pub(super) fn fits(&self) -> bool {
        !self.is_cut() && self.starved.is_empty()
    }

    /// Whether bowout will give every part less than is wanted for it.
    pub(super) fn is_cut(&self) -> bool {
        self.wanted > self.budget
    }

    /// What is left of each part once everything is cut to fit, in percent.
    pub(super) fn percent(&self) -> u128 {
        match self.is_cut() {
            false => 100,
            true => self.budget.as_nanos() * 100 / self.wanted.as_nanos(),
        }
    }

    /// Everything on the longest chain, in its order.
    pub(super) fn chain(&self) -> Vec<&Part> {
        let parts = self.rows.iter().flat_map(|row| &row.parts);
        let mut chain: Vec<&Part> = parts.filter(|part| part.is_critical).collect();
        chain.sort_by_key(|part| part.from);
        chain
    }

    /// When the last thing is over.
    pub(super) fn end(&self) -> Duration {
        self.wanted.max(self.grace)
    }
}

/// The same plan with something else in it.
pub(super) fn change(plan: &Plan, change: impl FnOnce(&mut Draft)) -> Plan {
    let mut draft = Draft {
        services: plan.services().to_vec(),
        hooks: plan.hooks().to_vec(),
        stop: plan.stop().clone(),
        signals: plan.signals().clone(),
        exit: plan.exit().clone(),
        is_command: plan.is_command(),
    };
    change(&mut draft);
    // Names and dependencies are those of a plan that is valid.
    Plan::new(draft).unwrap_or_else(|_| plan.clone())
}

fn row(part: Part) -> Row {
    Row {
        label: part.name.clone(),
        service: None,
        parts: vec![part],
    }
}

struct Layout<'a> {
    plan: &'a Plan,
    whole: &'a Budget,
    cut: &'a Budget,
    rows: Vec<Row>,
}

impl Layout<'_> {
    /// All rows but the margin. Returns when the last ends.
    fn all(&mut self) -> Duration {
        let mut at = self.container_hooks(HookMoment::PreStop, Duration::ZERO);
        let drain = self.whole.drain;
        if !drain.is_zero() {
            self.rows.push(row(Part {
                kind: Kind::Drain,
                name: "drain".to_owned(),
                from: at,
                to: at + drain,
                given: self.cut.drain,
                is_critical: true,
            }));
        }
        at += drain;
        at = self.services(at);
        let before_hooks = at;
        at = self.container_hooks(HookMoment::PostStop, at);
        let sweep =
            |budget: &Budget, hooks: Duration| budget.after_services().saturating_sub(hooks);
        let hooks = self.plan.hooks_at(HookMoment::PostStop);
        let given_hooks = hooks.fold(Duration::ZERO, |sum, hook| sum + self.cut.hook(hook));
        let length = sweep(self.whole, at - before_hooks);
        if !length.is_zero() {
            self.rows.push(row(Part {
                kind: Kind::Sweep,
                name: "sweep".to_owned(),
                from: at,
                to: at + length,
                given: sweep(self.cut, given_hooks),
                is_critical: true,
            }));
        }
        at + length
    }

    fn hook(&self, hook: HookId, from: Duration) -> Part {
        Part {
            kind: Kind::Hook(hook),
            name: self.plan.hooks()[hook.0].name.clone(),
            from,
            to: from + self.whole.hook(hook),
            given: self.cut.hook(hook),
            is_critical: false,
        }
    }

    fn container_hooks(&mut self, moment: HookMoment, mut at: Duration) -> Duration {
        let hooks: Vec<HookId> = self.plan.hooks_at(moment).collect();
        for hook in hooks {
            let part = Part {
                is_critical: true,
                ..self.hook(hook, at)
            };
            at = part.to;
            self.rows.push(row(part));
        }
        at
    }

    /// Each service once those that depend on it are down.
    fn services(&mut self, begin: Duration) -> Duration {
        let graph = self.plan.graph();
        let mut rows: Vec<Option<Row>> = vec![None; self.plan.services().len()];
        for id in graph.start_order().iter().rev() {
            let dependents = graph.dependents(*id).iter();
            let ends = dependents.filter_map(|on| rows[on.0].as_ref().map(Row::to));
            rows[id.0] = Some(self.service(*id, ends.max().unwrap_or(begin)));
        }
        let mut rows: Vec<Row> = rows.into_iter().flatten().collect();
        let end = rows.iter().map(Row::to).max().unwrap_or(begin);
        self.mark_chain(&mut rows, end);
        rows.sort_by_key(Row::from);
        self.rows.extend(rows);
        end
    }

    fn service(&self, id: ServiceId, from: Duration) -> Row {
        let name = &self.plan.service(id).name;
        let mut row = Row {
            label: name.clone(),
            service: Some(id),
            parts: Vec::new(),
        };
        let hooks = |row: &mut Row, moment, mut at: Duration| {
            for hook in self.plan.hooks_at(HookMoment::Of(id, moment)) {
                let part = self.hook(hook, at);
                at = part.to;
                row.parts.push(part);
            }
            at
        };
        let at = hooks(&mut row, ServiceMoment::PreStop, from);
        let to = at + self.whole.timeout(id);
        row.parts.push(Part {
            kind: Kind::Stop(id),
            name: name.clone(),
            from: at,
            to,
            given: self.cut.timeout(id),
            is_critical: false,
        });
        hooks(&mut row, ServiceMoment::PostStop, to);
        row
    }

    /// From the service that ends last back along those that it had to wait for.
    fn mark_chain(&self, rows: &mut [Row], end: Duration) {
        let place = |row: &Row, to: Duration| row.to() == to;
        let mut at = rows.iter().position(|row| place(row, end));
        while let Some(index) = at {
            for part in &mut rows[index].parts {
                part.is_critical = true;
            }
            let from = rows[index].from();
            let dependents = self.plan.graph().dependents(ServiceId(index)).iter();
            at = dependents
                .map(|on| on.0)
                .find(|dependent| place(&rows[*dependent], from));
        }
    }
}
