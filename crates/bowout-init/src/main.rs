//! Runs bowout-init: PID 1 of a container.
#![no_main]

bowout_sys::entry!(bowout_init::run);
