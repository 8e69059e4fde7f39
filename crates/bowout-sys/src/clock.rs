//! Reads the clocks: the one that deadlines are counted by, and the one on the wall.
//!
//! By system call and not by the vDSO: mapping that costs PID 1 a page table and a fault (10 kB of the
//! container's memory), and it looks at the clock a few times in its life.

use bowout_core::Instant;

/// Now, by `CLOCK_MONOTONIC` (clock_gettime(2)): it never jumps, and stands still while the machine
/// sleeps, as the timers of container engines do.
#[must_use = "reads a value and changes nothing"]
pub fn now() -> Instant {
    let (seconds, nanos) = read(libc::CLOCK_MONOTONIC);
    let seconds = u64::try_from(seconds).unwrap_or(0);
    Instant::from_nanos(
        seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::from(nanos)),
    )
}

/// Seconds and nanoseconds since 1970, for lines that people read.
#[must_use = "reads a value and changes nothing"]
pub fn wall() -> (i64, u32) {
    read(libc::CLOCK_REALTIME)
}

fn read(clock: libc::clockid_t) -> (i64, u32) {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a timespec that lives through the call. It can't fail for these clocks;
    // if it did, the time would be zero.
    unsafe { libc::syscall(libc::SYS_clock_gettime, clock, &raw mut time) };
    (time.tv_sec, u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_forward() {
        let first = now();
        assert!(first > Instant::ZERO && now() >= first);
        assert!(wall().0 > 1_700_000_000, "after 2023");
    }
}
