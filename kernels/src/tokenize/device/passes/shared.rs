//! The passes that all models have, and what they leave for one another.
//!
//! There is a place for every byte: a bit where a word begins, a bit where there
//! is an id, a bit where a word is yet to be merged or covered, and room for an
//! id. A word has no more ids than bytes, so its ids are put from its own first
//! place on, by whatever thread has found them.

use super::super::super::scan::class::decode;
use super::super::alphabet::Shortened;
use super::super::constants::{BUCKET, CHUNK, CutConstants, ENTRY, LONG, NO_ID, WORD_IDS, other};
use super::super::state_map::StateMap;
use super::super::tables::word_hash;

/// A batch on its way through the passes.
pub(super) struct Passes<'a> {
    pub(super) tables: &'a [u32],
    constants: CutConstants,
    pub(super) src: &'a [u8],
    /// Where rows begin, and where the last ends.
    offsets: &'a [u32],
    /// For each chunk, what it does to the automata; then the states that it is
    /// entered in from both sides.
    maps: Vec<[StateMap; 2]>,
    states: Vec<[u8; 2]>,
    pub(super) begins: Vec<bool>,
    found: Vec<bool>,
    pub(super) unmerged: Vec<bool>,
    ids: Vec<u32>,
    /// For each chunk, ids; then those before it, and all of them at the end.
    counts: Vec<u32>,
}

impl<'a> Passes<'a> {
    /// Those of a batch before the first of them.
    pub(super) fn new(tables: &'a [u32], src: &'a [u8], offsets: &'a [u32]) -> Self {
        let n_words = size_of::<CutConstants>() / 4;
        Self {
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
        }
    }

    /// The constants of a model.
    pub(super) fn model<Constants: bytemuck::Pod>(&self) -> Constants {
        let behind = &self.tables[size_of::<CutConstants>() / 4..];
        let n_words = size_of::<Constants>() / 4;
        bytemuck::pod_read_unaligned(bytemuck::cast_slice(&behind[..n_words]))
    }

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

    pub(super) fn table(&self, table: u32, at: usize) -> u32 {
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
                0 => Shortened::No,
                1 => Shortened::Lower,
                _ => Shortened::AnyCase,
            };
            return Some(shortened.apostrophe(&self.src[at + 1..end as usize]) as usize);
        }
        Some(self.symbol_of(decode(self.src, at).0))
    }

    /// The symbol of a codepoint that pages have.
    pub(super) fn symbol_of(&self, codepoint: u32) -> usize {
        let place = self.place_in_pages(codepoint);
        let symbols = self.table(self.constants.pages, place / 8);
        (symbols >> (codepoint % 8 * 4) & 15) as usize
    }

    /// The place of a codepoint in the pages.
    pub(super) fn place_in_pages(&self, codepoint: u32) -> usize {
        let codepoint = codepoint as usize;
        let page = self.table(self.constants.page_of, codepoint / 256);
        let page = (page >> (codepoint / 128 % 2 * 16) & 0xffff) as usize;
        page * 128 + codepoint % 128
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
    pub(super) fn maps(&mut self) {
        let maps = (0..self.n_chunks()).map(|chunk| self.map_of(self.chunk(chunk)));
        self.maps = maps.collect();
    }

    /// Finds the states that each chunk is entered in.
    pub(super) fn states(&mut self) {
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
    pub(super) fn words(&mut self) {
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
    pub(super) fn word_end(&self, at: usize) -> usize {
        let mut end = at + 1;
        while end < self.src.len() && end - at <= LONG && !self.begins[end] {
            end += 1;
        }
        end
    }

    /// Puts an id in its place.
    pub(super) fn put(&mut self, at: usize, id: u32) {
        self.ids[at] = id;
        self.found[at] = true;
    }

    /// The ids of a word by its key, if a table has it.
    pub(super) fn known(
        &self,
        (words, mask): (u32, u32),
        key: [u32; 4],
    ) -> Option<[u32; WORD_IDS]> {
        let hash = word_hash(key);
        for hash in [hash, other(hash)] {
            let bucket = (hash & mask) as usize * BUCKET;
            for slot in 0..BUCKET {
                let at = words as usize + (bucket + slot) * ENTRY;
                if self.tables[at..at + 4] == key {
                    return self.tables[at + 4..at + ENTRY].first_chunk().copied();
                }
            }
        }
        None
    }

    /// Puts the ids that a table has of a word.
    pub(super) fn put_known(&mut self, at: usize, ids: [u32; WORD_IDS]) {
        let ids = ids.into_iter().take_while(|&id| id != NO_ID);
        ids.enumerate().for_each(|(i, id)| self.put(at + i, id));
    }

    /// Counts the ids of each chunk.
    pub(super) fn count(&mut self) {
        let chunks = self.found.chunks(CHUNK);
        let count = |chunk: &[bool]| chunk.iter().filter(|&&found| found).count() as u32;
        self.counts = chunks.map(count).collect();
    }

    /// Finds where the ids of each chunk go.
    pub(super) fn places(&mut self) {
        let mut before = 0;
        self.counts.push(0);
        for count in &mut self.counts {
            before += std::mem::replace(count, before);
        }
    }

    /// Writes ids close together, and where those of rows begin.
    pub(super) fn write(&self) -> (Vec<u32>, Vec<u32>) {
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
