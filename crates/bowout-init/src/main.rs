//! Runs bowout-init: PID 1 of a container.
#![no_main]

use bowout_sys::arena::Arena;

#[global_allocator]
static ARENA: Arena = Arena::new();

bowout_sys::entry!(bowout_init::run);
