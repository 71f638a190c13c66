//! Byte pair encoding of short words over any symbols: what [`super::merge`]
//! gives, in less time.
//!
//! A word lies in arrays of fixed length, linked by places of one byte, and the
//! lowest rank is found by comparing several at a time. Pairs are looked up behind a
//! filter, since most that come up while merging do not merge.

use super::hash::hash_word;
use super::huge::HugeTable;
use super::pairs::PairTable;

/// Symbols of the longest word here.
pub(crate) const SHORT_SYMBOLS: usize = 64;

/// Positions in a word fit in this.
const PLACE_BITS: u32 = 6;
/// Symbols and ranks fit in this.
const SYMBOL_BITS: u32 = 21;
/// Pairs that are compared for the lowest rank at a time.
const LANES: usize = 4;

/// A symbol that merges with nothing.
pub(crate) const LONE_SYMBOL: u32 = (1 << SYMBOL_BITS) - 1;

/// Above the rank of every pair that merges.
const NEVER: i32 = i32::MAX;
/// Both symbols of a free slot.
const FREE: u64 = u64::MAX;

/// The merges of a model; they do not change.
pub(crate) struct SymbolMerges {
    /// Open addressing with linear probing, at most half full.
    slots: HugeTable<MergeSlot>,
    /// Hashes of pairs that are there, a bit each.
    seen: Vec<u64>,
}

/// A pair, its rank before the bits of a place, and what it merges into.
#[derive(Debug, Clone, Copy)]
struct MergeSlot {
    pair: u64,
    rank: i32,
    product: u32,
}

/// A word on its way: what is at each place, and the place before and after.
pub(crate) struct SymbolWord {
    symbols: [u32; SHORT_SYMBOLS],
    /// Rank and place of the pair that starts at each place, or `NEVER`.
    ranks: [i32; SHORT_SYMBOLS],
    /// What that pair merges into.
    products: [u32; SHORT_SYMBOLS],
    before: [u8; SHORT_SYMBOLS + 1],
    after: [u8; SHORT_SYMBOLS + 1],
    len: usize,
}

impl SymbolMerges {
    /// For these merges, or `None` if they are more than numbers have room for.
    pub(crate) fn new(pairs: &PairTable) -> Option<Self> {
        let n_pairs = pairs.iter().count();
        let fits = |symbol: u32| symbol < LONE_SYMBOL;
        let free = MergeSlot {
            pair: FREE,
            rank: NEVER,
            product: 0,
        };
        let mut merges = Self {
            slots: HugeTable::filled((2 * n_pairs).next_power_of_two().max(16), free),
            seen: vec![0; (n_pairs / 4).next_power_of_two()],
        };
        for ((left, right), merge) in pairs.iter() {
            if ![left, right, merge.rank, merge.id].into_iter().all(fits) {
                return None;
            }
            merges.insert(MergeSlot {
                pair: Self::key(left, right),
                rank: (merge.rank << PLACE_BITS).cast_signed(),
                product: merge.id,
            });
        }
        Some(merges)
    }

    #[inline]
    fn key(left: u32, right: u32) -> u64 {
        u64::from(left) << SYMBOL_BITS | u64::from(right)
    }

    /// The word and bits of `seen` for a hash.
    #[inline]
    fn seen(&self, hash: usize) -> (usize, u64) {
        let bits = hash >> 32;
        ((bits >> 6) & (self.seen.len() - 1), 1 << (bits % 64))
    }

    fn insert(&mut self, new: MergeSlot) {
        let hash = hash_word(new.pair);
        let (word, bit) = self.seen(hash);
        self.seen[word] |= bit;
        let mask = self.slots.len() - 1;
        let mut slot = hash & mask;
        while self.slots[slot].pair != FREE {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = new;
    }

    /// The rank of a pair and its place, in the order of merging, and what it
    /// merges into.
    #[inline]
    fn merge_at(&self, left: u32, right: u32, place: usize) -> (i32, u32) {
        let pair = Self::key(left, right);
        let hash = hash_word(pair);
        let (word, bit) = self.seen(hash);
        if self.seen[word] & bit == 0 {
            return (NEVER, 0);
        }
        let mut slot = hash;
        loop {
            let found = &self.slots[slot & (self.slots.len() - 1)];
            if found.pair == pair {
                return (found.rank | (place as u32).cast_signed(), found.product);
            }
            if found.pair == FREE {
                return (NEVER, 0);
            }
            slot += 1;
        }
    }

    /// Merges the symbols of a word, and calls `visit` with what is left and the
    /// number of symbols that each is made of. The word is empty then.
    #[inline]
    pub(crate) fn merge(&self, word: &mut SymbolWord, mut visit: impl FnMut(u32, usize)) {
        self.begin(word);
        while let Some(place) = word.lowest() {
            self.join(word, place);
        }
        let mut place = 0;
        while place < word.len {
            let after = usize::from(word.after[place]);
            visit(word.symbols[place], after - place);
            place = after;
        }
        word.len = 0;
    }

    #[inline]
    fn begin(&self, word: &mut SymbolWord) {
        let len = word.len;
        for place in 1..len {
            let pair = (word.symbols[place - 1], word.symbols[place]);
            (word.ranks[place - 1], word.products[place - 1]) =
                self.merge_at(pair.0, pair.1, place - 1);
        }
        // No pair starts at the last place, nor in the rest of its lanes.
        let last = len.saturating_sub(1);
        let end = len.next_multiple_of(LANES);
        if let Some(rest) = word.ranks.get_mut(last..end) {
            rest.fill(NEVER);
        }
        for place in 0..=len {
            word.before[place] = place.saturating_sub(1) as u8;
            word.after[place] = (place + 1).min(len) as u8;
        }
    }

    /// Merges the pair at a place.
    #[inline]
    fn join(&self, word: &mut SymbolWord, place: usize) {
        let symbol = word.products[place];
        let right = usize::from(word.after[place]);
        let after = usize::from(word.after[right]);
        word.symbols[place] = symbol;
        word.after[place] = after as u8;
        word.before[after] = place as u8;
        word.ranks[right] = NEVER;
        (word.ranks[place], word.products[place]) = if after < word.len {
            self.merge_at(symbol, word.symbols[after], place)
        } else {
            (NEVER, 0)
        };
        if place > 0 {
            let before = usize::from(word.before[place]);
            (word.ranks[before], word.products[before]) =
                self.merge_at(word.symbols[before], symbol, before);
        }
    }
}

impl Default for SymbolWord {
    fn default() -> Self {
        Self {
            symbols: [0; SHORT_SYMBOLS],
            ranks: [NEVER; SHORT_SYMBOLS],
            products: [0; SHORT_SYMBOLS],
            before: [0; SHORT_SYMBOLS + 1],
            after: [0; SHORT_SYMBOLS + 1],
            len: 0,
        }
    }
}

impl SymbolWord {
    /// Adds a symbol, if there is room for it.
    #[inline]
    pub(crate) fn push(&mut self, symbol: u32) -> Option<()> {
        let place = self.symbols.get_mut(self.len)?;
        *place = symbol;
        self.len += 1;
        (symbol <= LONE_SYMBOL).then_some(())
    }

    /// Forgets all symbols.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// The place of the pair that merges first.
    #[inline]
    fn lowest(&self) -> Option<usize> {
        let (groups, _) = self.ranks.as_chunks::<LANES>();
        let groups = groups.iter().take(self.len.div_ceil(LANES));
        let lowest = groups.fold([NEVER; LANES], |lowest, group| {
            std::array::from_fn(|lane| lowest[lane].min(group[lane]))
        });
        let [a, b, c, d] = lowest;
        let rank = a.min(b).min(c.min(d));
        (rank != NEVER).then_some(rank.cast_unsigned() as usize % SHORT_SYMBOLS)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::merge::Merger;
    use super::super::pairs::Merge;
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn short_words_are_merged_as_all_are(
            merges in prop::collection::vec((0..14_u32, 0..14_u32, 0..10_u32), 0..40),
            words in prop::collection::vec(prop::collection::vec(0..5_u32, 0..=SHORT_SYMBOLS), 1..20),
        ) {
            // Several pairs may give one token, at one rank or at several.
            let mut pairs = PairTable::with_capacity(merges.len());
            for (rank, (left, right, product)) in (0..).zip(merges) {
                let merge = if product % 2 == 0 {
                    Merge { rank: 100 + product, id: 4 + product }
                } else {
                    Merge { rank, id: 4 + product }
                };
                pairs.insert(left, right, merge);
            }
            let short = SymbolMerges::new(&pairs).unwrap();
            let mut merger = Merger::default();
            let mut short_word = SymbolWord::default();
            for word in words {
                let (mut expected, mut found) = (Vec::new(), Vec::new());
                merger.merge(word.iter().copied(), &pairs, &mut expected);
                for &symbol in &word {
                    prop_assert!(short_word.push(symbol).is_some());
                }
                let mut n_symbols = 0;
                short.merge(&mut short_word, |symbol, n| {
                    found.push(symbol);
                    n_symbols += n;
                });
                prop_assert_eq!(n_symbols, word.len());
                prop_assert_eq!(found, expected, "{:?}", word);
            }
        }
    }
}
