//! Which two neighbouring tokens merge, at what rank, into what.

use super::hash::hash_word;

/// A merge: the lower the rank, the earlier it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) rank: u32,
    pub(crate) id: u32,
}

/// `rank` of a pair that does not merge.
pub(crate) const NO_RANK: u32 = u32::MAX;

/// What a pair that does not merge gives.
const NO_MERGE: Merge = Merge {
    rank: NO_RANK,
    id: u32::MAX,
};

/// Open addressing with linear probing, at most half full.
pub(crate) struct PairTable {
    /// Pair and merge; a slot whose merge has `NO_RANK` is free.
    slots: Vec<(u64, Merge)>,
    n_pairs: usize,
}

impl PairTable {
    /// A table with room for `n_pairs`; it does not grow.
    pub(crate) fn with_capacity(n_pairs: usize) -> Self {
        Self {
            slots: vec![(0, NO_MERGE); (2 * n_pairs).next_power_of_two().max(16)],
            n_pairs: 0,
        }
    }

    #[inline]
    fn key(left: u32, right: u32) -> u64 {
        u64::from(left) << 32 | u64::from(right)
    }

    #[inline]
    fn slot(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash_word(key) & mask;
        while self.slots[slot].1.rank != NO_RANK && self.slots[slot].0 != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// Sets what a pair merges into; the last call for a pair wins. A pair
    /// beyond the capacity and `NO_RANK` are left out.
    pub(crate) fn insert(&mut self, left: u32, right: u32, merge: Merge) {
        let key = Self::key(left, right);
        let slot = self.slot(key);
        if merge.rank == NO_RANK || 2 * (self.n_pairs + 1) > self.slots.len() {
            return;
        }
        if self.slots[slot].1.rank == NO_RANK {
            self.n_pairs += 1;
        }
        self.slots[slot] = (key, merge);
    }

    /// The merge of a pair, with `NO_RANK` if there is none.
    #[inline]
    pub(crate) fn get(&self, left: u32, right: u32) -> Merge {
        self.slots[self.slot(Self::key(left, right))].1
    }

    /// Every pair with its merge, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ((u32, u32), Merge)> + Clone {
        let taken = self.slots.iter().filter(|slot| slot.1.rank != NO_RANK);
        taken.map(|&(key, merge)| (((key >> 32) as u32, key as u32), merge))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.n_pairs
    }
}
