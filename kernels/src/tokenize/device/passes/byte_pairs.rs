//! The passes that byte-level BPE has of its own.

use super::super::super::pairs::NO_RANK;
use super::super::byte_pair_tables::{long_hash, pair_hash};
use super::super::constants::{KEY, LONG, NO_ID, PairConstants, SAFE, SHORT, key_of};
use super::shared::Passes;

/// Byte-level BPE behind the passes that find words.
pub(super) struct BytePairPasses<'a, 'b> {
    passes: &'b mut Passes<'a>,
    constants: PairConstants,
}

impl<'a, 'b> BytePairPasses<'a, 'b> {
    pub(super) fn new(passes: &'b mut Passes<'a>) -> Self {
        Self {
            constants: passes.model(),
            passes,
        }
    }

    /// All of them.
    pub(super) fn run(&mut self) {
        self.lookup();
        self.short();
        self.long();
    }

    /// Looks words up as a whole.
    fn lookup(&mut self) {
        for at in 0..self.passes.src.len() {
            if !self.passes.begins[at] {
                continue;
            }
            let word = at..self.passes.word_end(at);
            if word.len() > LONG {
                self.passes.put(at, NO_ID);
            } else if word.len() <= KEY {
                let table = (self.constants.words, self.constants.words_mask);
                match self.passes.known(table, key_of(&self.passes.src[word])) {
                    None => self.passes.unmerged[at] = true,
                    Some(ids) => self.passes.put_known(at, ids),
                }
            } else {
                match self.known_long(word) {
                    None => self.passes.unmerged[at] = true,
                    Some(id) => self.passes.put(at, id),
                }
            }
        }
    }

    fn known_long(&self, word: std::ops::Range<usize>) -> Option<u32> {
        let word = &self.passes.src[word];
        let hash = long_hash(word);
        let mut place = hash & self.constants.long_mask;
        loop {
            let entry = |i: usize| {
                self.passes
                    .table(self.constants.long_words, 4 * place as usize + i)
            };
            let len = entry(2);
            if len == 0 {
                return None;
            }
            if entry(0) == hash && len as usize == word.len() {
                let from = (self.constants.long_bytes + entry(1)) as usize;
                let known: &[u8] = bytemuck::cast_slice(&self.passes.tables[from..]);
                if &known[..word.len()] == word {
                    return Some(entry(3));
                }
            }
            place = (place + 1) & self.constants.long_mask;
        }
    }

    /// The rank of a pair, and what it merges into.
    fn merge(&self, left: u32, right: u32) -> [u32; 2] {
        let mut place = pair_hash(left, right) & self.constants.pairs_mask;
        loop {
            let entry = |i: usize| {
                self.passes
                    .table(self.constants.pairs, 4 * place as usize + i)
            };
            let rank = entry(2);
            if rank == NO_RANK || (entry(0) == left && entry(1) == right) {
                return [rank, entry(3)];
            }
            place = (place + 1) & self.constants.pairs_mask;
        }
    }

    fn symbols(&self, word: std::ops::Range<usize>) -> Vec<u32> {
        let bytes = self.passes.src[word].iter();
        let id = |&byte: &u8| {
            self.passes
                .table(self.constants.byte_ids, usize::from(byte))
        };
        bytes.map(id).filter(|&id| id != NO_ID).collect()
    }

    /// Merges words of up to 32 bytes, each in one thread: the lowest rank first,
    /// leftmost.
    fn short(&mut self) {
        for at in 0..self.passes.src.len() {
            let word = at..self.passes.word_end(at);
            if !self.passes.unmerged[at] || word.len() > SHORT {
                continue;
            }
            let mut symbols = self.symbols(word);
            loop {
                let pairs = symbols.windows(2).enumerate();
                let ranks = pairs.map(|(i, pair)| (self.merge(pair[0], pair[1])[0], i));
                let Some((_, i)) = ranks.min().filter(|&(rank, _)| rank != NO_RANK) else {
                    break;
                };
                symbols[i] = self.merge(symbols[i], symbols[i + 1])[1] & !SAFE;
                symbols.remove(i + 1);
            }
            for (i, id) in symbols.into_iter().enumerate() {
                self.passes.put(at + i, id);
            }
        }
    }

    /// Merges longer words, each in a group of threads: all pairs of the lowest
    /// rank at once where that is safe.
    fn long(&mut self) {
        for at in 0..self.passes.src.len() {
            let word = at..self.passes.word_end(at);
            if !self.passes.unmerged[at] || word.len() <= SHORT {
                continue;
            }
            let mut symbols = self.symbols(word);
            while let Some(merged) = self.round(&symbols) {
                symbols = merged;
            }
            for (i, id) in symbols.into_iter().enumerate() {
                self.passes.put(at + i, id);
            }
        }
    }

    /// One round: which pairs merge, and what is left, close together.
    fn round(&self, symbols: &[u32]) -> Option<Vec<u32>> {
        let pairs = symbols.windows(2);
        let merges: Vec<[u32; 2]> = pairs.map(|pair| self.merge(pair[0], pair[1])).collect();
        let ranks = merges.iter().enumerate().map(|(i, merge)| (merge[0], i));
        let (lowest, leftmost) = ranks.min().filter(|&(rank, _)| rank != NO_RANK)?;
        let all = merges[leftmost][1] & SAFE != 0;
        // Of pairs that overlap, every other one merges from the left on.
        let merges_at = |i: usize| {
            let candidates = merges[..i].iter().rev();
            let before = candidates.take_while(|merge| merge[0] == lowest).count();
            merges.get(i).is_some_and(|merge| merge[0] == lowest)
                && if all { before % 2 == 0 } else { i == leftmost }
        };
        let left = (0..symbols.len()).filter(|&i| i == 0 || !merges_at(i - 1));
        let symbol = |i| {
            if merges_at(i) {
                merges[i][1] & !SAFE
            } else {
                symbols[i]
            }
        };
        Some(left.map(symbol).collect())
    }
}
