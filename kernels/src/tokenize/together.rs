//! Merges short words side by side: while memory is waited for on behalf of
//! one, the others go on. It is what [`ShortMerger::encode`] gives for each.

use std::ops::Range;

use super::number_pairs::{SENTINEL, SoughtPair};
use super::short_merge::{NEVER, PLACE_BITS, ShortMerger, rank_at};

/// Bytes of the longest word here.
pub(crate) const TOGETHER_MAX: usize = 31;
/// Words that are merged together.
const N_TOGETHER: usize = 8;
/// Fewer are merged one after another.
const N_WORTH_WHILE: usize = 3;
/// Places with a rank: one before the word, and one for each byte.
const N_RANKS: usize = TOGETHER_MAX + 1;
/// Places that are addressed.
const N_PLACES: usize = 64;

/// Words that are merged together.
pub(crate) struct Together {
    words: [SideWord; N_TOGETHER],
    n_words: usize,
}

/// A word on its way. Its bytes are at places 1 and on, with a number that
/// merges with nothing before and after them.
#[derive(Clone, Copy)]
struct SideWord {
    numbers: [u32; N_PLACES],
    /// Rank and place of the pair that starts at each place, or `NEVER`.
    ranks: [i32; N_RANKS],
    before: [u8; N_PLACES],
    after: [u8; N_PLACES],
    /// The places whose pairs are new, and these pairs.
    sought: [(u8, SoughtPair); 2],
    /// The pairs of the start, but for those of bytes.
    first: [SoughtPair; N_RANKS],
    /// How many tokens it starts with.
    n_first: usize,
    start: usize,
    len: usize,
}

const PLACES_BEFORE: [u8; N_PLACES] = {
    let mut places = [0; N_PLACES];
    let mut at = 1;
    while at < N_PLACES {
        places[at] = at as u8 - 1;
        at += 1;
    }
    places
};

const PLACES_AFTER: [u8; N_PLACES] = {
    let mut places = [0; N_PLACES];
    let mut at = 0;
    while at < N_PLACES {
        places[at] = at as u8 + 1;
        at += 1;
    }
    places
};

impl Together {
    pub(crate) fn new() -> Self {
        let word = SideWord {
            numbers: [SENTINEL; N_PLACES],
            ranks: [NEVER; N_RANKS],
            before: PLACES_BEFORE,
            after: PLACES_AFTER,
            sought: [(0, SoughtPair::default()); 2],
            first: [SoughtPair::default(); N_RANKS],
            n_first: 0,
            start: 0,
            len: 0,
        };
        Self {
            words: [word; N_TOGETHER],
            n_words: 0,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.n_words == N_TOGETHER
    }

    /// Takes a word of up to [`TOGETHER_MAX`] bytes, if there is room.
    pub(crate) fn push(&mut self, word: Range<usize>) {
        if let Some(side) = self.words.get_mut(self.n_words) {
            (side.start, side.len) = (word.start, word.len().min(TOGETHER_MAX));
            self.n_words += 1;
        }
    }

    /// Merges all, gives `visit` the bytes of each with its tokens, and forgets
    /// them.
    pub(crate) fn finish(
        &mut self,
        (short, text): (&ShortMerger, &[u8]),
        ids: &mut Vec<u32>,
        mut visit: impl FnMut(Range<usize>, &[u32]),
    ) {
        let Some(words) = self.words.get_mut(..self.n_words) else {
            return;
        };
        let is_worth_while = words.len() >= N_WORTH_WHILE;
        if is_worth_while {
            merge_all(words, short, text);
        }
        for word in words {
            let range = word.start..word.start + word.len;
            ids.clear();
            if is_worth_while {
                word.tokens(short, ids);
            } else {
                short.encode(&text[range.clone()], ids);
            }
            visit(range, ids);
        }
        self.n_words = 0;
    }
}

/// Merges words a step each in turn.
fn merge_all(words: &mut [SideWord], short: &ShortMerger, text: &[u8]) {
    for word in &mut *words {
        word.begin(short, &text[word.start..word.start + word.len]);
    }
    for word in &mut *words {
        word.rank_first(short);
    }
    let mut n_busy = words.len();
    while n_busy > 0 {
        n_busy = 0;
        for word in &mut *words {
            n_busy += usize::from(word.merge(short));
        }
        for word in &mut *words {
            word.rank(short);
        }
    }
}

impl SideWord {
    /// Splits the word, and begins to look for its pairs.
    fn begin(&mut self, short: &ShortMerger, bytes: &[u8]) {
        self.before = PLACES_BEFORE;
        self.after = PLACES_AFTER;
        self.ranks = [NEVER; N_RANKS];
        let len = short.start(bytes, &mut self.numbers[1..]);
        self.n_first = len;
        self.numbers[(len + 1) % N_PLACES] = SENTINEL;
        let neighbours = self.numbers[1..].iter().zip(&self.numbers[2..]);
        let ranks = self
            .ranks
            .iter_mut()
            .zip(&mut self.first)
            .enumerate()
            .skip(1);
        for ((place, (rank, sought)), (&left, &right)) in ranks.zip(neighbours).take(len - 1) {
            if let Some(number) = short.product_of_bytes(left, right) {
                *rank = rank_at(number, place);
                *sought = SoughtPair::NOTHING;
            } else {
                *sought = short.begin_product(left, right);
            }
        }
    }

    /// Ranks the pairs of the start.
    fn rank_first(&mut self, short: &ShortMerger) {
        let ranks = self.ranks.iter_mut().zip(&self.first).enumerate().skip(1);
        for (place, (rank, sought)) in ranks.take(self.n_first - 1) {
            let number = short.finish_product(*sought);
            *rank = (*rank).min(rank_at(number, place));
        }
    }

    /// Merges the pair that merges first, if there is one, and begins to look
    /// for the two pairs that are new; tells whether there was one.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "words have to overlap")]
    fn merge(&mut self, short: &ShortMerger) -> bool {
        let lowest = self.lowest();
        if lowest == NEVER {
            // The place before the word never has a rank.
            self.sought = [(0, short.begin_product(SENTINEL, SENTINEL)); 2];
            return false;
        }
        let bits = lowest.cast_unsigned();
        let (place, number) = (bits as usize % N_RANKS, bits >> PLACE_BITS);
        let right = usize::from(self.after[place]) % N_PLACES;
        let next = usize::from(self.after[right]) % N_PLACES;
        let before = usize::from(self.before[place]) % N_RANKS;
        self.numbers[place] = number;
        self.after[place] = next as u8;
        self.before[next] = place as u8;
        self.ranks[right % N_RANKS] = NEVER;
        let with_next = short.begin_product(number, self.numbers[next]);
        let with_before = short.begin_product(self.numbers[before], number);
        self.sought = [(place as u8, with_next), (before as u8, with_before)];
        true
    }

    /// Ranks the pairs that were looked for.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "words have to overlap")]
    fn rank(&mut self, short: &ShortMerger) {
        for (place, pair) in self.sought {
            let place = usize::from(place) % N_RANKS;
            self.ranks[place] = rank_at(short.finish_product(pair), place);
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "words have to overlap")]
    fn lowest(&self) -> i32 {
        let mut lowest = [NEVER; 8];
        let (groups, _) = self.ranks.as_chunks::<8>();
        for group in groups {
            for (low, &rank) in lowest.iter_mut().zip(group) {
                *low = (*low).min(rank);
            }
        }
        lowest.into_iter().fold(NEVER, i32::min)
    }

    fn tokens(&self, short: &ShortMerger, ids: &mut Vec<u32>) {
        let mut place = 1;
        while place <= self.n_first {
            ids.extend(short.id(self.numbers[place % N_PLACES]));
            place = usize::from(self.after[place % N_PLACES]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::short_merge::tests::{BYTES, vocabulary};
    use super::*;

    proptest! {
        #[test]
        fn words_side_by_side_are_merged_as_each_is(
            merges in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 40),
            ranks in Just((0..40).collect::<Vec<u32>>()).prop_shuffle(),
            in_order in any::<bool>(),
            words in prop::collection::vec(
                prop::collection::vec(prop::sample::select(&BYTES[..]), 1..=TOGETHER_MAX),
                1..40,
            ),
        ) {
            let ranks = if in_order { (0..40).collect() } else { ranks };
            let (vocab, pairs) = vocabulary(&BYTES, &merges, &ranks);
            let short = ShortMerger::new(&vocab, &pairs).unwrap();
            let text = words.concat();
            let mut together = Together::new();
            let (mut found, mut ids, mut start) = (Vec::new(), Vec::new(), 0);
            for (at, word) in words.iter().enumerate() {
                together.push(start..start + word.len());
                start += word.len();
                if together.is_full() || at + 1 == words.len() {
                    together.finish((&short, &text), &mut ids, |word, ids| found.push((word, ids.to_vec())));
                }
            }
            let mut start = 0;
            let expected: Vec<_> = words.iter().map(|word| {
                let mut ids = Vec::new();
                short.encode(word, &mut ids);
                start += word.len();
                (start - word.len()..start, ids)
            }).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
