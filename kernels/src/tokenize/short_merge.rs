//! Byte pair encoding of short words: what `merge` gives, in less time.
//!
//! Tokens are numbered by the order in which merges make them, bytes first, so
//! that what a pair merges into is its rank too.

use std::hint::select_unpredictable;

use super::number_pairs::{NONE, NUMBER_BITS, NumberPairs, SoughtPair};
use super::pairs::PairTable;
use super::vocab::Vocab;
use super::word_starts::{N_BYTES, WordStarts};

/// Bytes of the longest word here.
pub(crate) const SHORT_MERGE_MAX: usize = 64;

/// Positions in a word fit in this.
pub(crate) const PLACE_BITS: u32 = 6;
/// Pairs that are compared for the lowest rank at a time.
const LANES: usize = 8;

/// Above the rank of every pair that merges.
pub(crate) const NEVER: i32 = i32::MAX;

/// The merges of a vocabulary; they do not change.
pub(crate) struct ShortMerger {
    ids: Vec<u32>,
    starts: WordStarts,
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
        let number = |id: u32| number_of.get(id as usize).copied();
        let numbered = merges.iter().map(|&(_, (left, right))| {
            let (left, right) = (number(left)?, number(right)?);
            // A part that nothing makes never stands beside another.
            Some((left != NONE && right != NONE).then_some((left, right)))
        });
        let numbered: Vec<Option<(u32, u32)>> = numbered.collect::<Option<_>>()?;
        let mut pairs = NumberPairs::with_capacity(numbered.len());
        Some(Self {
            starts: WordStarts::new(&numbered, &mut pairs),
            ids,
            pairs,
        })
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
            len: 0,
        };
        word.len = self.start(bytes, &mut word.numbers);
        let Some(last) = word.len.checked_sub(1) else {
            return word;
        };
        word.after[last] = SHORT_MERGE_MAX as u8;
        let neighbours = word.numbers.iter().zip(word.numbers.iter().skip(1));
        let ranks = word.ranks.iter_mut().zip(neighbours).take(last);
        for (place, (rank, (&left, &right))) in ranks.enumerate() {
            *rank = rank_at(self.product(left, right), place);
        }
        word
    }

    /// Splits a word into its bytes, but for those that surely merge; returns how
    /// many there are. `numbers` has room for all bytes.
    #[inline]
    pub(crate) fn start(&self, bytes: &[u8], numbers: &mut [u32]) -> usize {
        self.starts.split(bytes, numbers)
    }

    /// The id of a number.
    #[inline]
    pub(crate) fn id(&self, number: u32) -> Option<u32> {
        self.ids.get(number as usize).copied()
    }

    /// Begins to look for what two numbers merge into, one of which is no byte.
    #[inline]
    pub(crate) fn begin_product(&self, left: u32, right: u32) -> SoughtPair {
        self.pairs.begin(left, right)
    }

    /// What the two merge into, or `NONE`.
    #[inline]
    pub(crate) fn finish_product(&self, pair: SoughtPair) -> u32 {
        self.pairs.finish(pair)
    }

    /// What two bytes merge into, or `NONE`; `None` if they are no bytes.
    #[inline]
    pub(crate) fn product_of_bytes(&self, left: u32, right: u32) -> Option<u32> {
        self.starts.product(left, right)
    }

    /// What two numbers merge into, or `NONE`.
    #[inline]
    fn product(&self, left: u32, right: u32) -> u32 {
        self.product_of_bytes(left, right)
            .unwrap_or_else(|| self.pairs.get(left, right))
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
pub(crate) fn rank_at(number: u32, place: usize) -> i32 {
    let rank = (number << PLACE_BITS | place as u32).cast_signed();
    select_unpredictable(number == NONE, NEVER, rank)
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

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::super::merge::Merger;
    use super::super::pairs::Merge;
    use super::*;

    /// Ids are neither in the order of ranks nor in that of bytes.
    fn id(number: u32) -> u32 {
        number ^ 0x1f
    }

    /// Bytes that make characters of one, two and three bytes, and parts of them.
    pub(crate) const BYTES: [u8; 8] = *b" ab\xc3\xa9\xe3\x81\x82";

    /// All bytes and what merges of tokens that start with some bytes make, in any
    /// order of ranks; merges that repeat a token are left out.
    pub(crate) fn vocabulary(
        bytes: &[u8],
        merges: &[(prop::sample::Index, prop::sample::Index)],
        ranks: &[u32],
    ) -> (Vocab, PairTable) {
        let mut tokens: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte]).collect();
        let mut pairs = PairTable::with_capacity(merges.len());
        for ((left, right), &rank) in merges.iter().zip(ranks) {
            let bytes = bytes.iter().map(|&byte| u32::from(byte));
            let all: Vec<u32> = bytes.chain(256..tokens.len() as u32).collect();
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
            n_bytes in 2..=BYTES.len(),
            merges in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 40),
            ranks in Just((0..40).collect::<Vec<u32>>()).prop_shuffle(),
            in_order in any::<bool>(),
            words in prop::collection::vec(
                prop::collection::vec(any::<prop::sample::Index>(), 0..=SHORT_MERGE_MAX),
                1..20,
            ),
        ) {
            let ranks = if in_order { (0..40).collect() } else { ranks };
            let bytes = &BYTES[BYTES.len() - n_bytes..];
            let (vocab, pairs) = vocabulary(bytes, &merges, &ranks);
            let short = ShortMerger::new(&vocab, &pairs).unwrap();
            let mut merger = Merger::default();
            for word in words {
                let word: Vec<u8> = word.iter().map(|pick| *pick.get(bytes)).collect();
                let (mut expected, mut found) = (Vec::new(), Vec::new());
                let bytes = word.iter().map(|&byte| vocab.byte_id(byte).unwrap());
                merger.merge(bytes, &pairs, &mut expected);
                short.encode(&word, &mut found);
                prop_assert_eq!(found, expected, "{:?}", word);
            }
        }
    }
}
