//! Allocates small things from a piece of the program's own data, and leaves the rest to the C library.
//!
//! For the few kilobytes that PID 1 needs, musl's malloc takes pages from the kernel for each class of
//! sizes, at the break and in the area of mappings, with the page tables for them, and gives them back
//! at the end. An arena beside the program's variables needs none of that. Measured: a third of the
//! page faults and of the system calls of a start, and 20 kB of the container's memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU64, Ordering};

/// The unit of allocation. Most of what PID 1 allocates are strings of some 20 bytes.
const BLOCK: usize = 32;

/// How many words of 64 blocks there are: 32 kB. A page that is never used costs nothing; what does not
/// fit any more, after a look at some hundred processes, goes to the C library.
const WORDS: usize = 16;

/// The largest allocation: all blocks of a word.
const LARGEST: usize = 64 * BLOCK;

/// An allocator of small things, for `#[global_allocator]`.
///
/// Each block is a bit, set while it is in use. An allocation is a run of bits in one word, taken and
/// given back by one atomic operation on it, so there is no lock that a thread or a signal handler could
/// wait for, and neighbours grow together again by themselves. The first place that is large enough is
/// taken: what is in use stays on few pages.
#[derive(Debug)]
// In this order, so that the bits and the first blocks are on one page.
#[repr(C)]
pub struct Arena {
    used: [AtomicU64; WORDS],
    memory: UnsafeCell<Memory>,
}

#[derive(Debug)]
#[repr(align(32))]
struct Memory {
    _bytes: [u8; WORDS * LARGEST],
}

const _: () = assert!(align_of::<Memory>() == BLOCK, "a block begins where it may");

// SAFETY: `used` is atomic, and of `memory` only the address is taken here; each piece of it belongs to
// whoever got it from `alloc`.
unsafe impl Sync for Arena {}

impl Arena {
    /// An arena with nothing in use.
    #[must_use = "allocates only as the #[global_allocator]"]
    pub const fn new() -> Arena {
        Arena {
            used: [const { AtomicU64::new(0) }; WORDS],
            memory: UnsafeCell::new(Memory {
                _bytes: [0; WORDS * LARGEST],
            }),
        }
    }

    fn take(&self, blocks: usize) -> Option<*mut u8> {
        for (index, word) in self.used.iter().enumerate() {
            let mut used = word.load(Ordering::Relaxed);
            while let Some(first) = free_run(used, blocks) {
                let taken = used | run(first, blocks);
                // Whoever gave these blocks back has done with them before we begin.
                match word.compare_exchange(used, taken, Ordering::Acquire, Ordering::Relaxed) {
                    Ok(_) => {
                        let offset = (index * 64 + first) * BLOCK;
                        // SAFETY: the run lies within the word's blocks, and these within the memory.
                        return Some(unsafe { self.memory.get().cast::<u8>().add(offset) });
                    }
                    Err(now) => used = now,
                }
            }
        }
        None
    }

    /// Where a pointer points to, in blocks; `None` outside of the arena.
    fn block(&self, pointer: *mut u8) -> Option<usize> {
        let offset = pointer.addr().wrapping_sub(self.memory.get().addr());
        (offset < WORDS * LARGEST).then_some(offset / BLOCK)
    }
}

impl Default for Arena {
    fn default() -> Arena {
        Arena::new()
    }
}

/// How many blocks a layout needs; `None` for what the C library does.
fn blocks(layout: Layout) -> Option<usize> {
    (layout.size() <= LARGEST && layout.align() <= BLOCK)
        .then(|| layout.size().div_ceil(BLOCK).max(1))
}

fn run(first: usize, blocks: usize) -> u64 {
    (u64::MAX >> (64 - blocks)) << first
}

/// The first of `blocks` zeros, 1 to 64, in a row.
fn free_run(used: u64, blocks: usize) -> Option<usize> {
    // Bit n stays if it and the `have - 1` above it are free; `have` doubles up to what is wanted.
    let mut free = !used;
    let mut have = 1;
    while have < blocks && free != 0 {
        let step = have.min(blocks - have);
        free &= free >> step;
        have += step;
    }
    (free != 0).then(|| free.trailing_zeros() as usize)
}

// SAFETY: a run of blocks is given to one caller until it is given back, is as long as the layout and
// aligned to a block, which is all that `blocks` lets through. The rest is `System`'s, and goes back to it.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match blocks(layout).and_then(|blocks| self.take(blocks)) {
            Some(pointer) => pointer,
            // SAFETY: the caller's promises about the layout are those that `System` wants.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        match (self.block(pointer), blocks(layout)) {
            (Some(block), Some(blocks)) => {
                let gone = run(block % 64, blocks);
                self.used[block / 64].fetch_and(!gone, Ordering::Release);
            }
            // SAFETY: it does not lie in the arena, so `System` gave it, with this layout.
            _ => unsafe { System.dealloc(pointer, layout) },
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if self.block(pointer).is_none() {
            // SAFETY: as for `dealloc`; the caller's promises about the size are those that `System` wants.
            return unsafe { System.realloc(pointer, layout, size) };
        }
        // SAFETY: the caller promises that this size is valid with this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if blocks(new) == blocks(layout) {
            return pointer;
        }
        // SAFETY: the layout is valid, and its size not zero (GlobalAlloc::realloc).
        let place = unsafe { self.alloc(new) };
        if !place.is_null() {
            // SAFETY: both places are as long as the shorter, and distinct, since both are in use.
            unsafe { place.copy_from_nonoverlapping(pointer, layout.size().min(size)) };
            // SAFETY: the caller gives this place up, and it had this layout.
            unsafe { self.dealloc(pointer, layout) };
        }
        place
    }
}

#[cfg(test)]
mod tests;
