//! Byte pair encoding of one word: the lowest rank first, leftmost on a tie.
//!
//! Short words scan all pairs for the lowest rank at each merge; the ids lie
//! in one cache line and there is nothing to set up. Longer words keep pairs
//! in a heap over a linked list: every merge adds at most two entries, so a
//! run of n bytes costs O(n log n) whatever it holds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::pairs::{NO_RANK, PairTable};

/// Up to so many symbols a word is merged by scanning; measured, the two
/// cross between 40 and 100.
const SCAN_MAX: usize = 64;

/// Buffers of words beyond so many symbols are not kept.
const KEEP_MAX: usize = 1 << 16;

/// No neighbour.
const END: u32 = u32::MAX;

/// Buffers that merging uses; empty between words.
#[derive(Default)]
pub(crate) struct Merger {
    symbols: Vec<u32>,
    ranks: Vec<u32>,
    links: Vec<Link>,
    heap: BinaryHeap<Reverse<u64>>,
}

#[derive(Clone, Copy)]
struct Link {
    prev: u32,
    next: u32,
}

impl Merger {
    /// Appends to `ids` what the symbols merge into.
    ///
    /// `symbols` yields fewer than 2^32 ids.
    #[inline]
    pub(crate) fn merge(
        &mut self,
        symbols: impl Iterator<Item = u32>,
        pairs: &PairTable,
        ids: &mut Vec<u32>,
    ) {
        self.symbols.clear();
        self.symbols.extend(symbols);
        if self.symbols.len() <= SCAN_MAX {
            self.merge_by_scan(pairs);
            ids.extend_from_slice(&self.symbols);
        } else {
            self.merge_by_heap(pairs, ids);
        }
    }

    /// Bytes that are held.
    pub(crate) fn len_bytes(&self) -> usize {
        4 * (self.symbols.capacity() + self.ranks.capacity())
            + size_of::<Link>() * self.links.capacity()
            + size_of::<Reverse<u64>>() * self.heap.capacity()
    }

    fn merge_by_scan(&mut self, pairs: &PairTable) {
        let symbols = &mut self.symbols;
        let ranks = &mut self.ranks;
        ranks.clear();
        ranks.extend(
            symbols
                .windows(2)
                .map(|pair| pairs.get(pair[0], pair[1]).rank),
        );
        while let Some(at) = lowest(ranks) {
            symbols[at] = pairs.get(symbols[at], symbols[at + 1]).id;
            symbols.remove(at + 1);
            ranks.remove(at);
            if let Some(&next) = symbols.get(at + 1) {
                ranks[at] = pairs.get(symbols[at], next).rank;
            }
            if let Some(before) = at.checked_sub(1) {
                ranks[before] = pairs.get(symbols[before], symbols[at]).rank;
            }
        }
    }

    fn merge_by_heap(&mut self, pairs: &PairTable, ids: &mut Vec<u32>) {
        self.link(pairs);
        while let Some(Reverse(entry)) = self.heap.pop() {
            let (rank, at) = ((entry >> 32) as u32, (entry & 0xffff_ffff) as usize);
            // An entry whose pair has changed since is stale: the pair there
            // now, if it merges, has an entry of its own.
            if self.ranks[at] != rank {
                continue;
            }
            let right = self.links[at].next as usize;
            self.symbols[at] = pairs.get(self.symbols[at], self.symbols[right]).id;
            self.ranks[right] = NO_RANK;
            let next = self.links[right].next;
            self.links[at].next = next;
            if next != END {
                self.links[next as usize].prev = at as u32;
            }
            self.update(at, pairs);
            if self.links[at].prev != END {
                self.update(self.links[at].prev as usize, pairs);
            }
        }
        let mut at = 0;
        while at != END {
            ids.push(self.symbols[at as usize]);
            at = self.links[at as usize].next;
        }
        if self.symbols.len() > KEEP_MAX {
            *self = Self::default();
        }
    }

    /// Links the symbols in order and puts every pair that merges on the heap.
    fn link(&mut self, pairs: &PairTable) {
        let n_symbols = self.symbols.len();
        self.ranks.clear();
        self.ranks.resize(n_symbols, NO_RANK);
        self.links.clear();
        self.links.extend((0..n_symbols as u32).map(|at| Link {
            prev: at.checked_sub(1).unwrap_or(END),
            next: at + 1,
        }));
        if let Some(last) = self.links.last_mut() {
            last.next = END;
        }
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        for at in 0..n_symbols - 1 {
            let rank = pairs.get(self.symbols[at], self.symbols[at + 1]).rank;
            self.ranks[at] = rank;
            if rank != NO_RANK {
                entries.push(entry(rank, at));
            }
        }
        self.heap = BinaryHeap::from(entries);
    }

    /// Ranks the pair that starts at `at` anew.
    fn update(&mut self, at: usize, pairs: &PairTable) {
        let next = self.links[at].next;
        let rank = match next {
            END => NO_RANK,
            next => {
                pairs
                    .get(self.symbols[at], self.symbols[next as usize])
                    .rank
            }
        };
        self.ranks[at] = rank;
        if rank != NO_RANK {
            self.heap.push(entry(rank, at));
        }
    }
}

/// The leftmost of the lowest ranks, if any pair merges.
#[inline]
fn lowest(ranks: &[u32]) -> Option<usize> {
    let mut best = NO_RANK;
    let mut at = None;
    for (position, &rank) in ranks.iter().enumerate() {
        if rank < best {
            best = rank;
            at = Some(position);
        }
    }
    at
}

/// Heap order: by rank, then from left to right.
fn entry(rank: u32, at: usize) -> Reverse<u64> {
    Reverse(u64::from(rank) << 32 | at as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::pairs::Merge;
    use super::*;

    /// The meaning, word for word.
    fn meaning(mut symbols: Vec<u32>, pairs: &PairTable) -> Vec<u32> {
        while let Some((merge, at)) = (1..symbols.len())
            .map(|at| (pairs.get(symbols[at - 1], symbols[at]), at))
            .filter(|(merge, _)| merge.rank != NO_RANK)
            .min_by_key(|(merge, at)| (merge.rank, *at))
        {
            symbols[at - 1] = merge.id;
            symbols.remove(at);
        }
        symbols
    }

    fn table(merges: &[(u32, u32)]) -> PairTable {
        let mut pairs = PairTable::with_capacity(merges.len());
        for (rank, &(left, right)) in (0..).zip(merges) {
            pairs.insert(left, right, Merge { rank, id: 4 + rank });
        }
        pairs
    }

    proptest! {
        #[test]
        fn scan_and_heap_give_the_meaning(
            merges in prop::collection::vec((0..12_u32, 0..12_u32), 0..12),
            symbols in prop::collection::vec(0..4_u32, 1..200),
        ) {
            let pairs = table(&merges);
            let expected = meaning(symbols.clone(), &pairs);

            let mut merger = Merger::default();
            merger.symbols.clone_from(&symbols);
            merger.merge_by_scan(&pairs);
            prop_assert_eq!(&merger.symbols, &expected);

            let mut ids = Vec::new();
            merger.symbols.clone_from(&symbols);
            merger.merge_by_heap(&pairs, &mut ids);
            prop_assert_eq!(&ids, &expected);

            ids.clear();
            merger.merge(symbols.into_iter(), &pairs, &mut ids);
            prop_assert_eq!(&ids, &expected);
        }
    }

    #[test]
    fn lengths_around_the_switch() {
        // 0 0 -> 4, 4 4 -> 5, 5 5 -> 6: a run halves three times.
        let pairs = table(&[(0, 0), (4, 4), (5, 5)]);
        let mut merger = Merger::default();
        for len in [
            0,
            1,
            2,
            3,
            SCAN_MAX - 1,
            SCAN_MAX,
            SCAN_MAX + 1,
            1_000,
            KEEP_MAX + 1,
        ] {
            let mut ids = Vec::new();
            merger.merge(std::iter::repeat_n(0, len), &pairs, &mut ids);
            let mut expected = vec![6; len / 8];
            let rest = [(4, 5), (2, 4), (1, 0)];
            expected.extend(
                rest.iter()
                    .filter(|(bit, _)| len & bit != 0)
                    .map(|(_, id)| *id),
            );
            assert_eq!(ids, expected, "{len}");
        }
        assert_eq!(merger.symbols.capacity(), 0, "large buffers are let go");
    }
}
