//! Shows clients of the control socket how things are.

use super::{Known, Services, pattern};
use crate::control::{Clock, Container, Control, Scene, View};
use crate::output::{Outputs, Ring};
use crate::settings::{Output, Settings};
use bowout_core::plan::{Plan, ServiceId};
use bowout_core::{Instant, Supervisor};
use bowout_sys::proc::Proc;

/// All that a client can ask about.
pub(super) struct Stage<'a> {
    core: &'a Supervisor,
    settings: &'a Settings,
    known: &'a [Known],
    outputs: Option<&'a Outputs>,
    started: Instant,
    is_changing: bool,
}

impl Services {
    /// Who serves clients, and what it shows them.
    pub(super) fn split<'a>(
        &'a mut self,
        core: &'a Supervisor,
    ) -> (Option<&'a mut Control>, Stage<'a>) {
        let stage = Stage {
            core,
            settings: &self.settings,
            known: &self.known,
            outputs: self.outputs.as_ref(),
            started: self.started,
            is_changing: self.next.is_some() || self.offered.is_some(),
        };
        (self.control.as_mut(), stage)
    }

    /// Has clients told what is new, and gives the moment at which somebody is to be told or treated next.
    #[inline(never)]
    pub(crate) fn deadline(&mut self, core: &Supervisor) -> Option<Instant> {
        let (control, stage) = self.split(core);
        let control = control.and_then(|control| {
            control.settle(&stage, Clock::read());
            control.deadline()
        });
        [core.deadline(), control].into_iter().flatten().min()
    }
}

impl Scene for Stage<'_> {
    fn plan(&self) -> &Plan {
        self.core.plan()
    }

    fn container(&self) -> Container {
        let now = bowout_sys::clock::now();
        Container {
            started: self.started,
            is_stopping: self.core.is_stopping(),
            is_changing: self.is_changing,
            left: self.core.stop_ends_at().map(|end| end.since(now)),
        }
    }

    fn service(&self, id: ServiceId) -> View<'_> {
        let of_core = View::of(self.core, id);
        match self.known.get(id.0) {
            Some(known) => View {
                since: of_core.since.max(known.since),
                status: &known.status,
                is_reloading: known.is_reloading && of_core.main.is_some(),
                ..of_core
            },
            None => of_core,
        }
    }

    fn memory(&self, id: ServiceId) -> Option<u64> {
        let main = self.core.service(id).main()?;
        Proc::open().ok()?.memory(main)
    }

    fn is_kept(&self, id: ServiceId) -> bool {
        let settings = self.settings.services.get(id.0);
        self.outputs.is_some()
            && settings.is_some_and(|settings| {
                settings.log != Output::Null && Outputs::copies(&settings.log, pattern(settings))
            })
    }

    fn ring(&self) -> Option<&Ring> {
        self.outputs.map(Outputs::ring)
    }
}
