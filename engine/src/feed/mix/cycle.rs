//! Which dataset has which place of an endless sequence that mixes several, in
//! proportion to whole weights: arithmetic, and nothing else.
//!
//! The sequence repeats a cycle of as many places as the weights add up to, `n`, once
//! they are divided by what they have in common. Sample `i` of the `w` that a
//! dataset has in it may stand from place `floor(i n / w)` on and must stand before
//! place `ceil((i + 1) n / w)`. Each place takes of the samples that may stand there
//! the one that must come first, of equal ones that of the earlier dataset.
//!
//! So of the first `k` places a dataset has less than one more and less than one
//! fewer than its share, `k w / n`: sample `i` stands at or behind `i n / w`, rounded
//! down, and before `(i + 1) n / w`, rounded up. That every sample finds a place in
//! time is a theorem of G. Steiner and S. Yeomans, "Level schedules for mixed-model,
//! just-in-time processes", 1993.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::error::{Error, ErrorKind, Result};

/// Places of a cycle, at most.
const MAX_PLACES: u32 = 1 << 16;

/// Datasets that are mixed, at most.
const MAX_DATASETS: usize = 1 << 10;

/// The cycle of some weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cycle {
    /// The dataset of each place.
    datasets: Vec<u16>,
    /// The places of each dataset, ascending.
    places: Vec<Vec<u32>>,
}

impl Cycle {
    /// The cycle of these weights, one for each dataset.
    ///
    /// # Errors
    /// `Usage` for weights that are 0 or add up to too much, and for none.
    pub(super) fn new(weights: &[u32]) -> Result<Self> {
        let weights = reduced(weights)?;
        let n_places = weights.iter().sum();
        let mut datasets = Vec::new();
        let mut places: Vec<Vec<u32>> = vec![Vec::new(); weights.len()];
        // The next sample of each dataset, by the place from which on it may stand, or
        // where it may stand already, by the place before which it must.
        let first = (0..).zip(&weights);
        let first = first.map(|(dataset, weight)| Reverse(window(n_places, *weight, (0, dataset))));
        let mut later: BinaryHeap<_> = first.collect();
        let mut ready: BinaryHeap<Reverse<(u32, u16)>> = BinaryHeap::new();
        for place in 0..n_places {
            while let Some(Reverse((start, end, dataset))) = later.peek().copied()
                && start <= place
            {
                later.pop();
                ready.push(Reverse((end, dataset)));
            }
            let Some(Reverse((_, dataset))) = ready.pop() else {
                return Err(Error::internal("a place that no sample may take"));
            };
            let index = usize::from(dataset);
            let (Some(weight), Some(own)) = (weights.get(index), places.get_mut(index)) else {
                return Err(Error::internal("a sample of no dataset"));
            };
            own.push(place);
            datasets.push(dataset);
            let n_had = u32::try_from(own.len()).unwrap_or(u32::MAX);
            if n_had < *weight {
                later.push(Reverse(window(n_places, *weight, (n_had, dataset))));
            }
        }
        Ok(Self { datasets, places })
    }

    /// Places of a cycle.
    pub(super) fn n_places(&self) -> u64 {
        self.datasets.len() as u64
    }

    /// The places of a cycle that are of a dataset: its weight, reduced.
    pub(super) fn weight(&self, dataset: usize) -> u64 {
        self.places.get(dataset).map_or(0, Vec::len) as u64
    }

    /// The dataset of a place of the sequence.
    pub(super) fn dataset(&self, place: u128) -> usize {
        let (_, place) = self.cut(place);
        self.datasets.get(place).copied().map_or(0, usize::from)
    }

    /// How many of the places before `place` are of a dataset.
    pub(super) fn n_before(&self, place: u128, dataset: usize) -> u128 {
        let (n_cycles, place) = self.cut(place);
        let Some(places) = self.places.get(dataset) else {
            return 0;
        };
        let n_begun = places.partition_point(|other| (*other as usize) < place);
        n_cycles * places.len() as u128 + n_begun as u128
    }

    /// The cycle of a place, and the place in it.
    fn cut(&self, place: u128) -> (u128, usize) {
        let n_places = (self.datasets.len() as u128).max(1);
        (place / n_places, (place % n_places) as usize)
    }
}

/// The place from which on sample `index` of a dataset may stand, and the one before
/// which it must.
fn window(n_places: u32, weight: u32, (index, dataset): (u32, u16)) -> (u32, u32, u16) {
    // Places are few: neither product overflows, nor is it more than all places.
    let start = u64::from(index) * u64::from(n_places) / u64::from(weight.max(1));
    let end = (u64::from(index) + 1) * u64::from(n_places);
    let end = end.div_ceil(u64::from(weight.max(1)));
    let narrow = |place: u64| u32::try_from(place).unwrap_or(u32::MAX);
    (narrow(start), narrow(end), dataset)
}

/// The weights without what they have in common.
fn reduced(weights: &[u32]) -> Result<Vec<u32>> {
    if weights.is_empty() || weights.len() > MAX_DATASETS {
        return Err(refused(format!(
            "expected from 1 to {MAX_DATASETS} datasets to mix, got {}",
            weights.len()
        )));
    }
    if let Some(index) = weights.iter().position(|weight| *weight == 0) {
        return Err(refused(format!(
            "expected weights of 1 or more, got 0 for dataset {index}"
        ))
        .with_hint("leave out what is not to be mixed in"));
    }
    let common = weights.iter().copied().fold(0, common_divisor);
    let weights: Vec<u32> = weights.iter().map(|weight| weight / common).collect();
    let sum: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    if sum > u64::from(MAX_PLACES) {
        return Err(refused(format!(
            "expected weights that add up to at most {MAX_PLACES} once they are divided by what \
             they have in common, got {sum}"
        ))
        .with_hint("round them: 7 and 3 stand for 70 % and 30 %"));
    }
    Ok(weights)
}

fn common_divisor(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Usage, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the cycle of some weights place by place.
    fn check(weights: &[u32]) {
        let cycle = Cycle::new(weights).unwrap();
        let scaled: Vec<u32> = weights.iter().map(|weight| weight * 37).collect();
        assert_eq!(cycle, Cycle::new(&scaled).unwrap());
        let n_places = u128::from(cycle.n_places());
        let mut n_seen = vec![0_u128; weights.len()];
        for place in 0..3 * n_places {
            for (dataset, n_seen) in n_seen.iter().enumerate() {
                assert_eq!(cycle.n_before(place, dataset), *n_seen);
                // Never a whole sample from its share of the places so far.
                let share = u128::from(cycle.weight(dataset)) * place;
                let gap = share.abs_diff(n_seen * n_places);
                assert!(gap < n_places, "{weights:?} at {place}");
            }
            n_seen[cycle.dataset(place)] += 1;
        }
        let sum: u32 = weights.iter().sum();
        for (dataset, weight) in weights.iter().enumerate() {
            assert_eq!(
                cycle.weight(dataset) * u64::from(sum),
                u64::from(*weight) * cycle.n_places()
            );
        }
    }

    #[test]
    fn counts_are_those_of_the_places() {
        for a in 1..9 {
            check(&[a]);
            for b in 1..9 {
                check(&[a, b]);
                for c in 1..6 {
                    check(&[a, b, c]);
                    check(&[c, a, 1, b, 3 * a]);
                }
            }
        }
        check(&[997, 3, 11]);
        // Many small ones beside a large one are not bunched together.
        let mut weights = vec![1; 60];
        weights.push(61);
        check(&weights);
        for seed in 1..200_u32 {
            let draw = |at: u32| (seed * 7919 + at * 104_729) % 23 + 1;
            check(&(0..2 + seed % 9).map(draw).collect::<Vec<_>>());
        }
    }

    #[test]
    fn places_are_spread_evenly() {
        let of = |weights: &[u32]| -> Vec<usize> {
            let cycle = Cycle::new(weights).unwrap();
            (0..u128::from(cycle.n_places()))
                .map(|place| cycle.dataset(place))
                .collect()
        };
        assert_eq!(of(&[5]), [0]);
        assert_eq!(of(&[2, 2]), [0, 1]);
        assert_eq!(of(&[70, 30]), [0, 0, 1, 0, 0, 1, 0, 0, 0, 1]);
        assert_eq!(of(&[1, 4]), [1, 1, 1, 0, 1]);
    }

    #[test]
    fn what_is_no_weight_is_refused() {
        let refused = |weights: &[u32]| Cycle::new(weights).unwrap_err().to_string();
        assert!(refused(&[]).contains("got 0"));
        assert!(refused(&[1, 0]).contains("got 0 for dataset 1"));
        assert!(refused(&[u32::MAX, 1]).contains("got 4294967296"));
        assert!(refused(&vec![1; 1025]).contains("got 1025"));
        Cycle::new(&[u32::MAX, u32::MAX]).unwrap();
    }
}
