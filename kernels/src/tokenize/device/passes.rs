//! The passes as devices make them, one function each, over all rows of a batch
//! as one sequence of bytes.
//!
//! What passes leave for one another has a place for every byte: a bit where a
//! word begins, a bit where there is an id, a bit where a word is yet to be
//! merged, and room for an id. A word has no more ids than bytes, so its ids
//! are put from its own first place on, by whatever thread has found them.

use super::super::pairs::NO_RANK;
use super::super::scan::class::decode;
use super::constants::{
    BUCKET, CHUNK, ENTRY, KEY, LONG, NO_ID, SAFE, SHORT, TokenizeConstants, WORD_IDS, key_of, other,
};
use super::state_map::StateMap;
use super::tables::{long_hash, pair_hash, word_hash};

/// A batch on its way through the passes.
pub(crate) struct Passes<'a> {
    tables: &'a [u32],
    constants: TokenizeConstants,
    src: &'a [u8],
    /// Where rows begin, and where the last ends.
    offsets: &'a [u32],
    /// For each chunk, what it does to the automata; then the states that it is
    /// entered in from both sides.
    maps: Vec<[StateMap; 2]>,
    states: Vec<[u8; 2]>,
    begins: Vec<bool>,
    found: Vec<bool>,
    unmerged: Vec<bool>,
    ids: Vec<u32>,
    /// For each chunk, ids; then those before it, and all of them at the end.
    counts: Vec<u32>,
}

/// The ids of all rows, and where each row's begin.
pub(crate) fn run(tables: &[u32], src: &[u8], offsets: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let n_words = size_of::<TokenizeConstants>() / 4;
    let mut passes = Passes {
        tables,
        constants: bytemuck::pod_read_unaligned(bytemuck::cast_slice(&tables[..n_words])),
        src,
        offsets,
        maps: Vec::new(),
        states: Vec::new(),
        begins: vec![false; src.len()],
        found: vec![false; src.len()],
        unmerged: vec![false; src.len()],
        ids: vec![0; src.len()],
        counts: Vec::new(),
    };
    passes.maps();
    passes.states();
    passes.words();
    passes.lookup();
    passes.short();
    passes.long();
    passes.count();
    passes.places();
    passes.write()
}

impl Passes<'_> {
    fn n_chunks(&self) -> usize {
        self.src.len().div_ceil(CHUNK)
    }

    fn chunk(&self, chunk: usize) -> std::ops::Range<usize> {
        chunk * CHUNK..self.src.len().min((chunk + 1) * CHUNK)
    }

    fn begins_row(&self, at: usize) -> bool {
        let at = at as u32;
        self.offsets.binary_search(&at).is_ok()
    }

    fn table(&self, table: u32, at: usize) -> u32 {
        self.tables[table as usize + at]
    }

    /// The symbol of the character that begins at `at`, or `None` within one.
    fn symbol(&self, at: usize) -> Option<usize> {
        let byte = self.src[at];
        if byte & 0xc0 == 0x80 {
            return None;
        }
        let end = self.offsets[self.offsets.partition_point(|&begin| begin as usize <= at)];
        if byte == b'\'' {
            let shortened = match self.constants.shortened {
                0 => super::alphabet::Shortened::No,
                1 => super::alphabet::Shortened::Lower,
                _ => super::alphabet::Shortened::AnyCase,
            };
            return Some(shortened.apostrophe(&self.src[at + 1..end as usize]) as usize);
        }
        let codepoint = decode(self.src, at).0 as usize;
        let page = self.table(self.constants.page_of, codepoint / 256);
        let page = (page >> (codepoint / 128 % 2 * 16) & 0xffff) as usize;
        let symbols = self.table(self.constants.pages, page * 16 + codepoint % 128 / 8);
        Some((symbols >> (codepoint % 8 * 4) & 15) as usize)
    }

    fn map(&self, table: u32, symbol: usize) -> StateMap {
        let half = |at| u64::from(self.table(table, 2 * symbol + at));
        StateMap(half(0) | half(1) << 32)
    }

    /// Both automata over a stretch.
    fn map_of(&self, range: std::ops::Range<usize>) -> [StateMap; 2] {
        let mut maps = [StateMap::IDENTITY; 2];
        for at in range.clone() {
            if self.begins_row(at) {
                maps[0] = StateMap::always(0);
            }
            if let Some(symbol) = self.symbol(at) {
                maps[0] = maps[0].then(self.map(self.constants.forward, symbol));
            }
        }
        for at in range.rev() {
            if let Some(symbol) = self.symbol(at) {
                maps[1] = maps[1].then(self.map(self.constants.backward, symbol));
            }
            if self.begins_row(at) {
                maps[1] = StateMap::always(0);
            }
        }
        maps
    }

    /// Reads each chunk for itself.
    fn maps(&mut self) {
        let maps = (0..self.n_chunks()).map(|chunk| self.map_of(self.chunk(chunk)));
        self.maps = maps.collect();
    }

    /// Finds the states that each chunk is entered in.
    fn states(&mut self) {
        self.states = vec![[0; 2]; self.n_chunks()];
        let mut before = StateMap::IDENTITY;
        for (maps, states) in self.maps.iter().zip(&mut self.states) {
            states[0] = before.of(0);
            before = before.then(maps[0]);
        }
        let mut behind = StateMap::IDENTITY;
        for (maps, states) in self.maps.iter().zip(&mut self.states).rev() {
            states[1] = behind.of(0);
            behind = behind.then(maps[1]);
        }
    }

    /// Marks where words begin.
    fn words(&mut self) {
        for chunk in 0..self.n_chunks() {
            let range = self.chunk(chunk);
            let [mut before, mut behind] = self.states[chunk];
            let mut states = vec![0; range.len()];
            for at in range.clone().rev() {
                if let Some(symbol) = self.symbol(at) {
                    behind = self.map(self.constants.backward, symbol).of(behind);
                }
                states[at - range.start] = behind;
                if self.begins_row(at) {
                    behind = 0;
                }
            }
            for at in range.clone() {
                let begins_row = self.begins_row(at);
                if begins_row {
                    before = 0;
                }
                let Some(symbol) = self.symbol(at) else {
                    continue;
                };
                let row = self.table(self.constants.begins, usize::from(before));
                self.begins[at] = begins_row || row >> states[at - range.start] & 1 == 1;
                before = self.map(self.constants.forward, symbol).of(before);
            }
        }
    }

    /// The end of the word that begins at `at`, or a place further off than a
    /// device looks.
    fn word_end(&self, at: usize) -> usize {
        let mut end = at + 1;
        while end < self.src.len() && end - at <= LONG && !self.begins[end] {
            end += 1;
        }
        end
    }

    /// Puts an id in its place.
    fn put(&mut self, at: usize, id: u32) {
        self.ids[at] = id;
        self.found[at] = true;
    }

    /// Looks words up as a whole.
    fn lookup(&mut self) {
        for at in 0..self.src.len() {
            if !self.begins[at] {
                continue;
            }
            let word = at..self.word_end(at);
            if word.len() > LONG {
                self.put(at, NO_ID);
            } else if word.len() <= KEY {
                match self.known(word) {
                    None => self.unmerged[at] = true,
                    Some(ids) => {
                        let ids = ids.into_iter().take_while(|&id| id != NO_ID);
                        ids.enumerate().for_each(|(i, id)| self.put(at + i, id));
                    }
                }
            } else {
                match self.known_long(word) {
                    None => self.unmerged[at] = true,
                    Some(id) => self.put(at, id),
                }
            }
        }
    }

    fn known(&self, word: std::ops::Range<usize>) -> Option<[u32; WORD_IDS]> {
        let key = key_of(&self.src[word]);
        let hash = word_hash(key);
        for hash in [hash, other(hash)] {
            let bucket = (hash & self.constants.words_mask) as usize * BUCKET;
            for slot in 0..BUCKET {
                let at = self.constants.words as usize + (bucket + slot) * ENTRY;
                if self.tables[at..at + 4] == key {
                    return self.tables[at + 4..at + ENTRY].first_chunk().copied();
                }
            }
        }
        None
    }

    fn known_long(&self, word: std::ops::Range<usize>) -> Option<u32> {
        let word = &self.src[word];
        let hash = long_hash(word);
        let mut place = hash & self.constants.long_mask;
        loop {
            let entry = |i: usize| self.table(self.constants.long_words, 4 * place as usize + i);
            let len = entry(2);
            if len == 0 {
                return None;
            }
            if entry(0) == hash && len as usize == word.len() {
                let from = (self.constants.long_bytes + entry(1)) as usize;
                let known: &[u8] = bytemuck::cast_slice(&self.tables[from..]);
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
            let entry = |i: usize| self.table(self.constants.pairs, 4 * place as usize + i);
            let rank = entry(2);
            if rank == NO_RANK || (entry(0) == left && entry(1) == right) {
                return [rank, entry(3)];
            }
            place = (place + 1) & self.constants.pairs_mask;
        }
    }

    fn symbols(&self, word: std::ops::Range<usize>) -> Vec<u32> {
        let bytes = self.src[word].iter();
        let id = |&byte: &u8| self.table(self.constants.byte_ids, usize::from(byte));
        bytes.map(id).filter(|&id| id != NO_ID).collect()
    }

    /// Merges words of up to 32 bytes, each in one thread: the lowest rank first,
    /// leftmost.
    fn short(&mut self) {
        for at in 0..self.src.len() {
            let word = at..self.word_end(at);
            if !self.unmerged[at] || word.len() > SHORT {
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
                self.put(at + i, id);
            }
        }
    }

    /// Merges longer words, each in a group of threads: all pairs of the lowest
    /// rank at once where that is safe.
    fn long(&mut self) {
        for at in 0..self.src.len() {
            let word = at..self.word_end(at);
            if !self.unmerged[at] || word.len() <= SHORT {
                continue;
            }
            let mut symbols = self.symbols(word);
            while let Some(merged) = self.round(&symbols) {
                symbols = merged;
            }
            for (i, id) in symbols.into_iter().enumerate() {
                self.put(at + i, id);
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

    /// Counts the ids of each chunk.
    fn count(&mut self) {
        let chunks = self.found.chunks(CHUNK);
        let count = |chunk: &[bool]| chunk.iter().filter(|&&found| found).count() as u32;
        self.counts = chunks.map(count).collect();
    }

    /// Finds where the ids of each chunk go.
    fn places(&mut self) {
        let mut before = 0;
        self.counts.push(0);
        for count in &mut self.counts {
            before += std::mem::replace(count, before);
        }
    }

    /// Writes ids close together, and where those of rows begin.
    fn write(&self) -> (Vec<u32>, Vec<u32>) {
        let mut ids = vec![0; self.counts[self.n_chunks()] as usize];
        let mut offsets = vec![ids.len() as u32; self.offsets.len()];
        for chunk in 0..self.n_chunks() {
            let mut place = self.counts[chunk] as usize;
            for at in self.chunk(chunk) {
                let rows = self.offsets.iter().zip(&mut offsets);
                if self.begins_row(at) {
                    rows.filter(|(begin, _)| **begin as usize == at)
                        .for_each(|(_, offset)| *offset = place as u32);
                }
                if self.found[at] {
                    ids[place] = self.ids[at];
                    place += 1;
                }
            }
        }
        (ids, offsets)
    }
}
