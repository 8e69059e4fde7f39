//! Compares bowout-init with managers of many services: what they cost, how fast they start and stop, who finishes.

mod catalogue;
mod figures;
mod life;
mod manager;
mod measure;
mod processes;
mod scene;
mod setup;

pub(crate) use figures::{FIGURES, SIZES};

use crate::entrant::Entrant;
use crate::options::Options;
use crate::programs::Programs;
use crate::samples::Samples;

/// Measures the chosen groups of figures with every manager that is installed; `names` empty means all of them.
pub(crate) fn measure(
    programs: &Programs,
    names: &[&String],
    options: &Options,
    chosen: impl Fn(&str) -> bool,
) -> Result<(Vec<Entrant>, Samples), String> {
    let (managers, entrants) = manager::discover(&programs.bowout, names)?;
    let sizes = if options.services.is_empty() {
        SIZES
    } else {
        &options.services
    };
    let samples = measure::all(programs, &managers, sizes, options.runs, chosen);
    Ok((entrants, samples))
}
