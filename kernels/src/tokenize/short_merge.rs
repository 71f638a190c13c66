//! Byte pair encoding of short words: what `merge` gives, in less time.
//!
//! Tokens are numbered by the order in which merges make them, bytes first, so
//! that what a pair merges into is its rank too. Pairs of bytes, which are most
//! of what is looked up, lie in a square; other pairs in a table with a filter
//! before it, for most of them do not merge.

use super::hash::hash_word;
use super::huge::HugeTable;
use super::pairs::PairTable;
use super::vocab::Vocab;

/// Bytes of the longest word here.
pub(crate) const SHORT_MERGE_MAX: usize = 64;

/// Positions in a word fit in this.
const PLACE_BITS: u32 = 6;
/// Numbers fit in this; so do two of them and what they merge into in a word.
const NUMBER_BITS: u32 = 21;
/// Bytes come first.
const N_BYTES: usize = 256;
/// Pairs that are compared for the lowest rank at a time.
const LANES: usize = 8;

/// No number: the pair does not merge.
const NONE: u32 = u32::MAX;
/// Above the rank of every pair that merges.
const NEVER: i32 = i32::MAX;

/// The merges of a vocabulary; they do not change.
pub(crate) struct ShortMerger {
    ids: Vec<u32>,
    /// What each two bytes merge into, or `NONE`.
    square: HugeTable<u32>,
    pairs: NumberPairs,
}

/// A word on its way: what is at each place, and the place before and after.
struct MergeWord {
    numbers: [u32; SHORT_MERGE_MAX],
    /// Rank and place of the pair that starts at each place, or `NEVER`.
    ranks: [i32; SHORT_MERGE_MAX],
    before: [u8; SHORT_MERGE_MAX + 1],
    after: [u8; SHORT_MERGE_MAX + 1],
    len: usize,
}

impl ShortMerger {
    /// For these merges, or `None` if some byte is no token, some token comes
    /// from two merges, or they are more than numbers have room for.
    pub(crate) fn new(vocab: &Vocab, merges: &PairTable) -> Option<Self> {
        let mut merges: Vec<_> = merges.iter().map(|(pair, merge)| (merge, pair)).collect();
        merges.sort_unstable_by_key(|(merge, _)| merge.rank);
        let greatest = vocab.greatest_id()? as usize;
        let tied = !merges.is_sorted_by(|a, b| a.0.rank < b.0.rank);
        if tied || (merges.len() + N_BYTES) >> NUMBER_BITS != 0 || greatest > 4 * vocab.len() + 1024
        {
            return None;
        }
        let mut ids = Vec::with_capacity(N_BYTES + merges.len());
        for byte in 0..=u8::MAX {
            ids.push(vocab.byte_id(byte)?);
        }
        ids.extend(merges.iter().map(|(merge, _)| merge.id));
        let mut number_of = vec![NONE; greatest + 1];
        for (number, &id) in (0..).zip(&ids) {
            let place = number_of.get_mut(id as usize)?;
            if *place != NONE {
                return None;
            }
            *place = number;
        }
        let mut square = HugeTable::filled(N_BYTES * N_BYTES, NONE);
        let mut pairs = NumberPairs::with_capacity(merges.len());
        for (number, (_, (left, right))) in (N_BYTES as u32..).zip(merges) {
            let left = *number_of.get(left as usize)?;
            let right = *number_of.get(right as usize)?;
            // A part that nothing makes never stands beside another.
            if left == NONE || right == NONE {
                continue;
            }
            match square.get_mut(left as usize * N_BYTES + right as usize) {
                Some(place) if right < N_BYTES as u32 => *place = number,
                _ => pairs.insert(left, right, number),
            }
        }
        Some(Self { ids, square, pairs })
    }

    /// Appends the tokens of a word of up to [`SHORT_MERGE_MAX`] bytes to `ids`.
    #[inline]
    pub(crate) fn encode(&self, bytes: &[u8], ids: &mut Vec<u32>) {
        let mut word = self.begin(bytes);
        while let Some((place, number)) = word.lowest() {
            self.merge(&mut word, place, number);
        }
        let mut place = 0;
        while place < word.len {
            ids.push(self.ids[word.numbers[place] as usize]);
            place = usize::from(word.after[place]);
        }
    }

    #[inline]
    fn begin(&self, bytes: &[u8]) -> MergeWord {
        let mut word = MergeWord {
            numbers: [0; SHORT_MERGE_MAX],
            ranks: [NEVER; SHORT_MERGE_MAX],
            before: PLACES_BEFORE,
            after: PLACES_AFTER,
            len: bytes.len().min(SHORT_MERGE_MAX),
        };
        for (number, &byte) in word.numbers.iter_mut().zip(bytes) {
            *number = byte.into();
        }
        let neighbours = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
        for (place, (rank, (&left, &right))) in word.ranks.iter_mut().zip(neighbours).enumerate() {
            let number = self.square[usize::from(left) * N_BYTES + usize::from(right)];
            *rank = rank_at(number, place);
        }
        word
    }

    /// Puts `number` in place of the pair at `place`.
    #[inline]
    fn merge(&self, word: &mut MergeWord, place: usize, number: u32) {
        let right = usize::from(word.after[place]);
        let after = usize::from(word.after[right]);
        word.numbers[place] = number;
        word.after[place] = after as u8;
        word.before[after] = place as u8;
        word.ranks[right] = NEVER;
        word.ranks[place] = if after < word.len {
            rank_at(self.pairs.get(number, word.numbers[after]), place)
        } else {
            NEVER
        };
        if place > 0 {
            let before = usize::from(word.before[place]);
            let number = self.pairs.get(word.numbers[before], number);
            word.ranks[before] = rank_at(number, before);
        }
    }
}

/// Before the first place is itself.
const PLACES_BEFORE: [u8; SHORT_MERGE_MAX + 1] = {
    let mut places = [0; SHORT_MERGE_MAX + 1];
    let mut at = 1;
    while at <= SHORT_MERGE_MAX {
        places[at] = at as u8 - 1;
        at += 1;
    }
    places
};

/// After the end is itself.
const PLACES_AFTER: [u8; SHORT_MERGE_MAX + 1] = {
    let mut places = [SHORT_MERGE_MAX as u8; SHORT_MERGE_MAX + 1];
    let mut at = 0;
    while at < SHORT_MERGE_MAX {
        places[at] = at as u8 + 1;
        at += 1;
    }
    places
};

/// Ranks in the order of merging: by number, then from left to right.
#[inline]
fn rank_at(number: u32, place: usize) -> i32 {
    if number == NONE {
        NEVER
    } else {
        (number << PLACE_BITS | place as u32).cast_signed()
    }
}

impl MergeWord {
    /// The pair that merges first: its place, and what it becomes.
    #[inline]
    fn lowest(&self) -> Option<(usize, u32)> {
        let mut lowest = [NEVER; LANES];
        let (groups, _) = self.ranks.as_chunks::<LANES>();
        for group in groups.iter().take(self.len.div_ceil(LANES)) {
            for (low, &rank) in lowest.iter_mut().zip(group) {
                *low = (*low).min(rank);
            }
        }
        let rank = lowest.into_iter().fold(NEVER, i32::min);
        let bits = rank.cast_unsigned();
        let place = bits as usize % SHORT_MERGE_MAX;
        (rank != NEVER).then_some((place, bits >> PLACE_BITS))
    }
}

/// What two numbers merge into: open addressing with linear probing, a word a
/// slot, at most half full.
struct NumberPairs {
    /// Left, right and product, of `NUMBER_BITS` each; `FREE` if free.
    slots: HugeTable<u64>,
    /// Hashes of pairs that are there, a bit each, in less memory than the
    /// slots: most pairs that are looked up are not there.
    seen: Vec<u64>,
}

const FREE: u64 = u64::MAX;

impl NumberPairs {
    fn with_capacity(n_pairs: usize) -> Self {
        Self {
            slots: HugeTable::filled((2 * n_pairs).next_power_of_two().max(16), FREE),
            seen: vec![0; (n_pairs / 8).next_power_of_two()],
        }
    }

    #[inline]
    fn key(left: u32, right: u32) -> u64 {
        u64::from(left) << NUMBER_BITS | u64::from(right)
    }

    /// The word and bit of `seen` for a hash.
    #[inline]
    fn seen(&self, hash: usize) -> (usize, u64) {
        let bit = hash >> 32;
        ((bit / 64) & (self.seen.len() - 1), 1 << (bit % 64))
    }

    fn insert(&mut self, left: u32, right: u32, product: u32) {
        let key = Self::key(left, right);
        let hash = hash_word(key);
        let (word, bit) = self.seen(hash);
        self.seen[word] |= bit;
        let mask = self.slots.len() - 1;
        let mut slot = hash & mask;
        while self.slots[slot] != FREE {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = key << NUMBER_BITS | u64::from(product);
    }

    /// The number that two merge into, or `NONE`.
    #[inline]
    fn get(&self, left: u32, right: u32) -> u32 {
        let key = Self::key(left, right);
        let hash = hash_word(key);
        let (word, bit) = self.seen(hash);
        if self.seen[word] & bit == 0 {
            return NONE;
        }
        let mut slot = hash;
        loop {
            let found = self.slots[slot & (self.slots.len() - 1)];
            if found >> NUMBER_BITS == key {
                return (found & ((1 << NUMBER_BITS) - 1)) as u32;
            }
            if found == FREE {
                return NONE;
            }
            slot += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::merge::Merger;
    use super::super::pairs::Merge;
    use super::*;

    /// Ids are neither in the order of ranks nor in that of bytes.
    fn id(number: u32) -> u32 {
        number ^ 0x1f
    }

    /// All bytes and what merges of tokens make, in any order of ranks; merges
    /// that repeat a token are left out.
    fn vocabulary(
        merges: &[(prop::sample::Index, prop::sample::Index)],
        ranks: &[u32],
    ) -> (Vocab, PairTable) {
        let mut tokens: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte]).collect();
        let mut pairs = PairTable::with_capacity(merges.len());
        for ((left, right), &rank) in merges.iter().zip(ranks) {
            let all: Vec<u32> = (0..3).chain(256..tokens.len() as u32).collect();
            let (left, right) = (*left.get(&all), *right.get(&all));
            let token = [&*tokens[left as usize], &*tokens[right as usize]].concat();
            if tokens.contains(&token) || token.len() > 20 {
                continue;
            }
            let made = id(tokens.len() as u32);
            tokens.push(token);
            pairs.insert(id(left), id(right), Merge { rank, id: made });
        }
        let mut numbered: Vec<(u32, &[u8])> = (0..)
            .map(id)
            .zip(tokens.iter().map(Vec::as_slice))
            .collect();
        numbered.sort_unstable();
        (Vocab::new(numbered.into_iter()).unwrap(), pairs)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn short_words_are_merged_as_all_are(
            merges in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 40),
            ranks in Just((0..40).collect::<Vec<u32>>()).prop_shuffle(),
            in_order in any::<bool>(),
            words in prop::collection::vec(prop::collection::vec(0..3_u8, 1..=SHORT_MERGE_MAX), 1..20),
        ) {
            let ranks = if in_order { (0..40).collect() } else { ranks };
            let (vocab, pairs) = vocabulary(&merges, &ranks);
            let short = ShortMerger::new(&vocab, &pairs).unwrap();
            let mut merger = Merger::default();
            for word in words {
                let (mut expected, mut found) = (Vec::new(), Vec::new());
                let bytes = word.iter().map(|&byte| vocab.byte_id(byte).unwrap());
                merger.merge(bytes, &pairs, &mut expected);
                short.encode(&word, &mut found);
                prop_assert_eq!(found, expected, "{:?}", word);
            }
        }
    }
}
