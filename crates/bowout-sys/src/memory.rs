//! Gives memory back that is not needed any more.

use std::ptr::addr_of;

unsafe extern "C" {
    /// Where the program's file begins in memory, and where its instructions end (ld(1) provides both).
    static __executable_start: u8;
    static etext: u8;
}

/// Forgets the program's own text, of which what is used from now on comes back from the page cache, by
/// windows of 16 pages (madvise(2), `MADV_DONTNEED`).
///
/// A start needs more of it than all that comes after: a reader of configurations, for one. Errors do not
/// matter, since then everything is as it was.
// A function of its own: the layout of the program is divided by it (`cargo xtask order`).
#[inline(never)]
pub fn forget_text() {
    let (start, end) = (addr_of!(__executable_start), addr_of!(etext));
    // SAFETY: takes no pointer, and has no error for this name.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(65536);
    // The last page may be shared with variables.
    let length = (end.addr() - start.addr()) / page * page;
    // SAFETY: nobody writes to text and constants, so what comes back from the file is what was there.
    unsafe { libc::madvise(start.cast_mut().cast(), length, libc::MADV_DONTNEED) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much of the program's text is in memory, in kB (proc(5), smaps).
    fn resident() -> u64 {
        let start = addr_of!(__executable_start).addr();
        let range = start..addr_of!(etext).addr();
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let (mut is_inside, mut sum) = (false, 0);
        for line in maps.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            if let Some((first, _)) = word.split_once('-') {
                let first = usize::from_str_radix(first, 16);
                is_inside = first.is_ok_and(|first| range.contains(&first));
            } else if word == "Rss:" && is_inside {
                let number = rest.trim().trim_end_matches(" kB");
                sum += number.parse::<u64>().unwrap();
            }
        }
        sum
    }

    #[test]
    fn what_is_not_used_any_more_leaves_the_memory() {
        let (start, end) = (addr_of!(__executable_start), addr_of!(etext));
        let pages = (0..end.addr() - start.addr()).step_by(4096);
        // SAFETY: within the program's text and constants, which are one piece of the file.
        let read = pages.map(|offset| unsafe { start.add(offset).read_volatile() });
        assert_ne!(read.map(u64::from).sum::<u64>(), 0);
        let before = resident();
        forget_text();
        let after = resident();
        assert!(after < before, "{before} kB, and {after} kB after that");
    }
}
