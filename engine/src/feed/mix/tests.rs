//! A mixture against one that is dealt out row by row.

use std::collections::VecDeque;

use proptest::prelude::*;

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

proptest! {
    #[test]
    fn any_cut_of_it_is_dealt_row_by_row(
        parts in prop::collection::vec((1_u64..40, 1_u32..7), 1..5),
        seed in any::<u64>(),
        cuts in prop::collection::vec(1_u64..50, 1..20),
        stop in prop::sample::select(vec![MixStop::FirstExhausted, MixStop::AllExhausted]),
    ) {
        let extents: Vec<Extent> = parts.iter().map(|(n_rows, _)| Extent::new(*n_rows, 4096 * n_rows)).collect();
        let weights: Vec<u32> = parts.iter().map(|(_, weight)| *weight).collect();
        let mixture = Mixture::of_extents(&extents, &weights, stop).unwrap();
        let cycle = Cycle::new(&weights).unwrap();
        let n_rows = mixture.extent().n_rows;
        let each: Vec<u64> = (0..parts.len()).map(|at| cycle.weight(at) * n_rows / cycle.n_places()).collect();
        prop_assert_eq!(n_rows % cycle.n_places(), 0);
        let is_whole = |(n, (m, _)): (&u64, &(u64, u32))| n >= m;
        match stop {
            MixStop::AllExhausted => prop_assert!(each.iter().zip(&parts).all(is_whole)),
            MixStop::FirstExhausted if n_rows > cycle.n_places() => {
                prop_assert!(each.iter().zip(&parts).all(|(n, (m, _))| n <= m));
            }
            MixStop::FirstExhausted => {}
        }

        let mut decks: Vec<Deck> = extents.iter().map(|extent| Deck {
            extent: *extent, seed, epoch: 0, rows: VecDeque::new(), n_dealt: 0,
        }).collect();
        let (mut place, mut cuts) = (0_u128, cuts.into_iter().cycle());
        for epoch in 0..3 {
            let mut position = 0;
            while position < n_rows {
                let end = n_rows.min(position + cuts.next().unwrap());
                let mut filled = Filled::default();
                mixture.rows((Shuffle::Rows, seed, epoch), position..end, &mut filled.rows);
                filled.rows.push(NO_ROW);
                mixture.settle(&mut filled);
                prop_assert_eq!(filled.rows.pop(), Some(NO_ROW));
                prop_assert_eq!(filled.datasets.pop(), Some(-1));
                prop_assert_eq!(filled.rows.len() as u64, end - position);
                for (row, dataset) in filled.rows.iter().zip(&filled.datasets) {
                    let turn = cycle.dataset(place);
                    prop_assert_eq!(usize::try_from(*dataset).unwrap(), turn);
                    prop_assert_eq!(*row, decks[turn].deal());
                    place += 1;
                }
                position = end;
                let state = State {
                    epoch, seed, position, shuffle: Shuffle::Rows, dataset: Digest(0), plan: Digest(0),
                };
                for (progress, deck) in mixture.progress(&state).iter().zip(&decks) {
                    prop_assert_eq!(progress.rows, deck.n_dealt);
                    prop_assert_eq!(progress.epoch * deck.extent.n_rows + progress.position, deck.n_dealt);
                }
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
