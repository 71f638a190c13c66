//! A mixture against one that is dealt out row by row.

use std::collections::VecDeque;
use std::ops::Range;

use super::cycle::Cycle;
use super::mixture::{MixStop, Mixture};
use crate::feed::fill::{Filled, NO_ROW};
use crate::feed::options::Shuffle;
use crate::feed::order::{Extent, Order};
use crate::feed::state::State;
use crate::plan::Digest;

/// The next rows of a dataset, an epoch at a time.
struct Deck {
    extent: Extent,
    seed: u64,
    epoch: u32,
    rows: VecDeque<u64>,
    n_dealt: u64,
}

impl Deck {
    fn deal(&mut self) -> u64 {
        if self.rows.is_empty() {
            let order = Order::new(Shuffle::Rows, self.seed, self.epoch, self.extent);
            let mut rows = Vec::new();
            order.rows(0..self.extent.n_rows, &mut rows);
            self.rows = rows.into();
            self.epoch += 1;
        }
        self.n_dealt += 1;
        self.rows.pop_front().unwrap()
    }
}

/// Deals a mixture out for three epochs, read in pieces of these lengths.
fn check(parts: &[(u64, u32)], stop: MixStop, cuts: &[u64]) {
    let seed = 0x1234_5678_9abc_def0;
    let extents: Vec<Extent> = parts
        .iter()
        .map(|(n_rows, _)| Extent::new(*n_rows, 4096 * n_rows))
        .collect();
    let weights: Vec<u32> = parts.iter().map(|(_, weight)| *weight).collect();
    let mixture = Mixture::of_extents(&extents, &weights, stop).unwrap();
    let cycle = Cycle::new(&weights).unwrap();
    check_length(parts, &cycle, (stop, mixture.extent().n_rows));
    let deck = |extent: &Extent| Deck {
        extent: *extent,
        seed,
        epoch: 0,
        rows: VecDeque::new(),
        n_dealt: 0,
    };
    let mut decks: Vec<Deck> = extents.iter().map(deck).collect();
    let n_rows = mixture.extent().n_rows;
    let (mut place, mut cuts) = (0_u128, cuts.iter().cycle());
    for epoch in 0..3 {
        let mut position = 0;
        while position < n_rows {
            let end = n_rows.min(position + cuts.next().unwrap());
            let filled = read(&mixture, (Shuffle::Rows, seed, epoch), position..end);
            for (row, dataset) in filled.rows.iter().zip(&filled.datasets) {
                let turn = cycle.dataset(place);
                assert_eq!(usize::try_from(*dataset).unwrap(), turn);
                assert_eq!(*row, decks[turn].deal());
                place += 1;
            }
            position = end;
            let state = State {
                epoch,
                seed,
                position,
                shuffle: Shuffle::Rows,
                dataset: Digest(0),
                plan: Digest(0),
            };
            for (progress, deck) in mixture.progress(&state).iter().zip(&decks) {
                assert_eq!(progress.rows, deck.n_dealt);
                let all = progress.epoch * deck.extent.n_rows + progress.position;
                assert_eq!(all, deck.n_dealt);
            }
        }
    }
}

/// The rows at some positions, settled, beside one that is none.
fn read(mixture: &Mixture, of: (Shuffle, u64, u32), positions: Range<u64>) -> Filled {
    let mut filled = Filled::default();
    mixture.rows(of, positions.clone(), &mut filled.rows);
    filled.rows.push(NO_ROW);
    mixture.settle(&mut filled);
    assert_eq!(filled.rows.pop(), Some(NO_ROW));
    assert_eq!(filled.datasets.pop(), Some(-1));
    assert_eq!(filled.rows.len() as u64, positions.end - positions.start);
    filled
}

/// An epoch is whole cycles, and ends where `stop` says.
fn check_length(parts: &[(u64, u32)], cycle: &Cycle, (stop, n_rows): (MixStop, u64)) {
    let n_cycles = n_rows / cycle.n_places();
    assert_eq!(n_rows % cycle.n_places(), 0);
    let of = |n_cycles: u64| {
        let each = parts.iter().enumerate();
        each.map(move |(at, (n_rows, _))| (cycle.weight(at) * n_cycles, *n_rows))
    };
    match stop {
        MixStop::AllExhausted => {
            assert!(of(n_cycles).all(|(had, n_rows)| had >= n_rows));
            assert!(of(n_cycles - 1).any(|(had, n_rows)| had < n_rows));
        }
        MixStop::FirstExhausted => {
            assert!(n_cycles == 1 || of(n_cycles).all(|(had, n_rows)| had <= n_rows));
            assert!(of(n_cycles + 1).any(|(had, n_rows)| had > n_rows));
        }
    }
}

#[test]
fn any_cut_of_it_is_dealt_row_by_row() {
    let mixtures: [&[(u64, u32)]; 8] = [
        &[(1, 1)],
        &[(37, 3)],
        &[(10, 1), (10, 1)],
        &[(39, 2), (5, 1), (17, 6)],
        &[(1, 6), (2, 1)],
        &[(100, 1), (3, 1), (40, 1), (7, 1)],
        &[(64, 70), (33, 30)],
        &[(5, 4), (6, 6), (7, 2), (1, 1), (300, 3)],
    ];
    for parts in mixtures {
        for stop in [MixStop::FirstExhausted, MixStop::AllExhausted] {
            for cuts in [&[1][..], &[7, 2], &[64, 1, 13], &[5000]] {
                check(parts, stop, cuts);
            }
        }
    }
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let extents = [Extent::new(1 << 61, 1 << 62), Extent::new(3, 12)];
    let mixture = Mixture::of_extents(&extents, &[1, 1], MixStop::AllExhausted).unwrap();
    let n_rows = mixture.extent().n_rows;
    assert_eq!(n_rows, 1 << 62);
    let mut rows = Vec::new();
    mixture.rows(
        (Shuffle::Rows, 7, u32::MAX),
        n_rows - 5..u64::MAX,
        &mut rows,
    );
    assert_eq!(rows.len(), 5);
    mixture.rows((Shuffle::Rows, 7, u32::MAX), u64::MAX..u64::MAX, &mut rows);
    assert_eq!(rows.len(), 5);
    let too_many = Mixture::of_extents(&extents, &[1, 3], MixStop::AllExhausted);
    assert!(too_many.unwrap_err().to_string().contains("2^62"));
}
