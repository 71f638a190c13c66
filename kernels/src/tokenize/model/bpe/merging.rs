//! Merges symbols, the pair of the lowest rank first, the leftmost of equals.
//!
//! Few symbols are merged by scanning all pairs for the lowest rank each time;
//! many by a heap over a linked list, in O(n log n) whatever the symbols are.
//!
//! Hugging Face takes an entry of its heap that is out of date for a good one
//! if the pair that stands there now gives the same token. It never is: every
//! merge makes the text of its token longer (see `load`), and the pair that
//! stands there now covers more than the one before.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::symbols::BpeSymbol;
use crate::tokenize::pairs::{Merge, NO_RANK, PairTable};

/// Up to so many symbols a word is merged by scanning.
const SCAN_MAX: usize = 48;
/// Buffers of words beyond so many symbols are not kept.
const KEEP_MAX: usize = 1 << 16;
/// No neighbour.
const END: u32 = u32::MAX;

/// Buffers that merging uses.
#[derive(Default)]
pub(super) struct BpeMerging {
    pub(super) symbols: Vec<BpeSymbol>,
    /// Of each symbol with the next.
    merges: Vec<Merge>,
    ranks: Vec<u32>,
    links: Vec<Neighbours>,
    heap: BinaryHeap<Reverse<u64>>,
}

#[derive(Clone, Copy)]
struct Neighbours {
    prev: u32,
    next: u32,
}

impl BpeMerging {
    /// Merges the symbols, and calls `visit` with what is left.
    pub(super) fn merge(&mut self, pairs: &PairTable, visit: impl FnMut(BpeSymbol)) {
        if self.symbols.len() <= SCAN_MAX {
            self.by_scan(pairs);
            self.symbols.iter().copied().for_each(visit);
        } else {
            self.by_heap(pairs, visit);
        }
    }

    fn by_scan(&mut self, pairs: &PairTable) {
        let (symbols, merges) = (&mut self.symbols, &mut self.merges);
        merges.clear();
        merges.extend(
            symbols
                .windows(2)
                .map(|pair| pairs.get(pair[0].id, pair[1].id)),
        );
        while let Some(at) = lowest(merges) {
            let id = merges.remove(at).id;
            let len = symbols.remove(at + 1).len;
            symbols[at].id = id;
            symbols[at].len += len;
            if let Some(merge) = merges.get_mut(at) {
                *merge = pairs.get(id, symbols[at + 1].id);
            }
            if let Some(before) = at.checked_sub(1) {
                merges[before] = pairs.get(symbols[before].id, id);
            }
        }
    }

    fn by_heap(&mut self, pairs: &PairTable, mut visit: impl FnMut(BpeSymbol)) {
        self.link(pairs);
        while let Some(Reverse(entry)) = self.heap.pop() {
            let (rank, at) = ((entry >> 32) as u32, (entry & 0xffff_ffff) as usize);
            // The pair there now, if it is another, has an entry of its own.
            if self.ranks[at] == rank {
                self.join(at, pairs);
            }
        }
        let mut at = 0;
        while at != END {
            visit(self.symbols[at as usize]);
            at = self.links[at as usize].next;
        }
        if self.symbols.len() > KEEP_MAX {
            *self = Self::default();
        }
    }

    /// Links the symbols in order and puts every pair that merges on the heap.
    fn link(&mut self, pairs: &PairTable) {
        let n_symbols = self.symbols.len();
        self.links.clear();
        self.links
            .extend((0..n_symbols as u32).map(|at| Neighbours {
                prev: at.checked_sub(1).unwrap_or(END),
                next: at + 1,
            }));
        if let Some(last) = self.links.last_mut() {
            last.next = END;
        }
        self.ranks.clear();
        self.ranks.resize(n_symbols, NO_RANK);
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        for (at, pair) in self.symbols.windows(2).enumerate() {
            let rank = pairs.get(pair[0].id, pair[1].id).rank;
            self.ranks[at] = rank;
            if rank != NO_RANK {
                entries.push(entry(rank, at));
            }
        }
        self.heap = BinaryHeap::from(entries);
    }

    /// Merges the symbol at `at` with the next.
    fn join(&mut self, at: usize, pairs: &PairTable) {
        let right = self.links[at].next as usize;
        let BpeSymbol { id, len } = self.symbols[right];
        let left = &mut self.symbols[at];
        left.id = pairs.get(left.id, id).id;
        left.len += len;
        self.ranks[right] = NO_RANK;
        let next = self.links[right].next;
        self.links[at].next = next;
        if next != END {
            self.links[next as usize].prev = at as u32;
        }
        self.rank(at, pairs);
        let prev = self.links[at].prev;
        if prev != END {
            self.rank(prev as usize, pairs);
        }
    }

    /// Ranks the pair that starts at `at` anew.
    fn rank(&mut self, at: usize, pairs: &PairTable) {
        let right = self.symbols.get(self.links[at].next as usize);
        let rank = right.map_or(NO_RANK, |right| {
            pairs.get(self.symbols[at].id, right.id).rank
        });
        self.ranks[at] = rank;
        if rank != NO_RANK {
            self.heap.push(entry(rank, at));
        }
    }
}

/// The leftmost of the lowest ranks, if any pair merges.
#[inline]
fn lowest(merges: &[Merge]) -> Option<usize> {
    let mut best = NO_RANK;
    let mut at = None;
    for (position, merge) in merges.iter().enumerate() {
        if merge.rank < best {
            best = merge.rank;
            at = Some(position);
        }
    }
    at
}

/// Heap order: by rank, then from left to right.
fn entry(rank: u32, at: usize) -> Reverse<u64> {
    Reverse(u64::from(rank) << 32 | at as u64)
}
