//! Tests the arena: by a model, by chance, and by threads that fight for it.

use super::*;

/// What was allocated: where, how, and the byte that it was filled with.
struct Piece {
    place: *mut u8,
    layout: Layout,
    fill: u8,
}

impl Piece {
    fn new(arena: &Arena, layout: Layout, fill: u8) -> Piece {
        // SAFETY: the size is not zero.
        let place = unsafe { arena.alloc(layout) };
        assert!(!place.is_null() && place.addr().is_multiple_of(layout.align()));
        // SAFETY: it is as long as asked for.
        unsafe { place.write_bytes(fill, layout.size()) };
        Piece {
            place,
            layout,
            fill,
        }
    }

    fn check(&self, length: usize) {
        // SAFETY: the place was given for this layout, filled, and not given back.
        let bytes = unsafe { std::slice::from_raw_parts(self.place, length) };
        let fill = self.fill;
        assert!(
            bytes.iter().all(|byte| *byte == fill),
            "somebody wrote here"
        );
    }

    fn resize(&mut self, arena: &Arena, size: usize) {
        let old = self.layout;
        // SAFETY: the place has this layout, and the new size is not zero.
        self.place = unsafe { arena.realloc(self.place, old, size) };
        self.layout = Layout::from_size_align(size, old.align()).unwrap();
        self.check(size.min(old.size()));
        // SAFETY: it is as long as asked for.
        unsafe { self.place.write_bytes(self.fill, size) };
    }

    fn free(self, arena: &Arena) {
        self.check(self.layout.size());
        // SAFETY: the place has this layout and is not used any more.
        unsafe { arena.dealloc(self.place, self.layout) };
    }
}

fn used(arena: &Arena) -> u32 {
    let words = arena.used.iter();
    words
        .map(|word| word.load(Ordering::Relaxed).count_ones())
        .sum()
}

/// xorshift64: chance that can be repeated.
fn chance(state: &mut u64, below: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state % below as u64).unwrap()
}

/// Allocates, resizes and frees by chance; every byte must stay what its owner wrote.
fn churn(arena: &Arena, seed: u64, steps: usize) {
    let mut state = seed;
    let mut pieces: Vec<Piece> = Vec::new();
    for step in 0..steps {
        let size = match chance(&mut state, 8) {
            0 => 1 + chance(&mut state, 2 * LARGEST),
            _ => 1 + chance(&mut state, 8 * BLOCK),
        };
        let at = chance(&mut state, pieces.len() + 1);
        match chance(&mut state, 3) {
            0 if at < pieces.len() => pieces.swap_remove(at).free(arena),
            1 if at < pieces.len() => pieces[at].resize(arena, size),
            _ => {
                let align = 1 << chance(&mut state, 8);
                let layout = Layout::from_size_align(size, align).unwrap();
                let fill = u8::try_from(step % 251).unwrap();
                pieces.push(Piece::new(arena, layout, fill));
            }
        }
    }
    pieces.into_iter().for_each(|piece| piece.free(arena));
}

#[test]
fn the_first_run_that_is_long_enough_is_found() {
    for used in [
        0,
        u64::MAX,
        1,
        1 << 63,
        0x5555_5555_5555_5555,
        0xff00_0ff0_0000_00f1,
    ] {
        for blocks in 1..=64 {
            let slowly = (0..=64 - blocks).find(|first| used & run(*first, blocks) == 0);
            assert_eq!(free_run(used, blocks), slowly, "{used:#x}, {blocks}");
        }
    }
}

#[test]
fn what_is_given_back_is_used_again_and_what_does_not_fit_goes_elsewhere() {
    let arena = Arena::new();
    let layout = Layout::from_size_align(LARGEST, 8).unwrap();
    let pieces: Vec<Piece> = (0..=WORDS).map(|_| Piece::new(&arena, layout, 1)).collect();
    assert_eq!(used(&arena), 64 * 16);
    assert!(arena.block(pieces[0].place) == Some(0));
    assert!(
        arena.block(pieces[WORDS].place).is_none(),
        "the arena was full"
    );
    pieces.into_iter().for_each(|piece| piece.free(&arena));
    assert_eq!(used(&arena), 0);
    let small = Piece::new(&arena, Layout::new::<u8>(), 2);
    assert_eq!((arena.block(small.place), used(&arena)), (Some(0), 1));
    small.free(&arena);
    let wide = Piece::new(&arena, Layout::from_size_align(8, 64).unwrap(), 3);
    assert!(arena.block(wide.place).is_none());
    wide.free(&arena);
}

#[test]
fn nobody_writes_into_what_belongs_to_somebody_else() {
    for seed in 1..=8 {
        let arena = Arena::new();
        churn(&arena, seed, 4_000);
        assert_eq!(used(&arena), 0, "seed {seed}");
    }
}

#[test]
fn threads_share_it() {
    let arena = Arena::new();
    std::thread::scope(|scope| {
        for seed in 1..=4 {
            let arena = &arena;
            scope.spawn(move || churn(arena, seed, 10_000));
        }
    });
    assert_eq!(used(&arena), 0);
}
