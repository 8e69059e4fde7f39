//! Holds the time bounds of a stop, and how a noisy machine is told from a slow init.

use std::sync::OnceLock;
use std::time::Duration;

use crate::engine::Engine;
use crate::image::Image;
use crate::init::Init;
use crate::program::Program;
use crate::scenario::{Scenario, Shape};

/// What an init may add to the clean-up of its slowest process.
pub const BOUND: Duration = Duration::from_millis(100);

/// The same for a thousand processes, which have to be found, told and reaped on two cores.
pub const BOUND_THOUSAND: Duration = Duration::from_millis(300);

/// A busy machine spoils a measurement and never improves one, so the best of this many counts.
const TRIES: usize = 3;

/// What the engine itself adds: the median of three stops of the C program as PID 1, without any init. From the
/// engine's record of the stop signal to its record of the end, less the clean-up that the program recorded.
pub fn overhead(engine: &Engine) -> Duration {
    static OVERHEAD: OnceLock<Duration> = OnceLock::new();
    *OVERHEAD.get_or_init(|| {
        let scenario = Scenario::new(Image::Debian, "/bin/sh", Shape::Main, Program::C);
        let mut measured = [(); 3].map(|()| scenario.run(engine, None).stop.excess());
        measured.sort();
        measured[1]
    })
}

/// Runs the scenario and asserts all that is promised of it: every clean-up ran to its end, every request was
/// answered, nobody was told twice, the exit code; each time it is run. The time is the best of a few tries.
pub fn assert_graceful(engine: &Engine, init: &Init, scenario: &Scenario, bound: Duration) {
    let mut excess = Vec::new();
    for _ in 0..TRIES {
        let outcome = scenario.run(engine, Some(init));
        let stop = &outcome.stop;
        let what = format!(
            "{} under {}: exit {} after {:?}",
            scenario.title,
            init.title(),
            stop.exit_code,
            stop.elapsed
        );
        assert!(
            stop.graceful(),
            "{what}, cut short: {:#?}\nlogs: {}",
            stop.unfinished(),
            stop.logs
        );
        assert!(outcome.answered, "{what}, a request in flight was dropped");
        assert!(
            stop.told_twice().is_empty(),
            "{what}, told twice: {:?}",
            stop.told_twice()
        );
        assert_eq!(
            stop.exit_code, scenario.exit_code,
            "{what}\nlogs: {}",
            stop.logs
        );
        let added = stop
            .excess()
            .saturating_sub(overhead(engine))
            .saturating_sub(scenario.allowance);
        if added <= bound {
            return;
        }
        excess.push(added);
    }
    panic!(
        "{} under {}: added {excess:?} to the clean-up, {bound:?} is allowed",
        scenario.title,
        init.title()
    );
}
