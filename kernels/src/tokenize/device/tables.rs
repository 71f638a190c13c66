//! The tables of a tokenizer as devices look things up in them: words of 32
//! bits, never changed, with keys that are compared in full.

use super::constants::{BUCKET, CutConstants, ENTRY, NO_ID, fold, key_of, mix, other};
use super::state_map::StateMap;
use super::transducer::Transducer;

/// The struct that says where words begin, that of a model behind it, and all
/// tables behind both.
pub(crate) struct DeviceTables {
    words: Vec<u32>,
}

impl DeviceTables {
    /// Words of [`CutConstants`].
    const CUT: usize = size_of::<CutConstants>() / 4;

    /// Tables for a model whose constants are a `Model`, with what tells where words
    /// begin: a transducer, the number of the page of every 128 codepoints, and the
    /// symbols of pages.
    pub(crate) fn new<Model: bytemuck::Pod>(
        transducer: &Transducer,
        numbers: impl Iterator<Item = u32>,
        symbols: impl Iterator<Item = u32>,
    ) -> Self {
        let mut tables = Self {
            words: vec![0; Self::CUT + size_of::<Model>() / 4],
        };
        let maps = |maps: &[StateMap]| {
            let halves = maps.iter().map(|map| [map.0 as u32, (map.0 >> 32) as u32]);
            halves.collect::<Vec<_>>().concat()
        };
        let constants = CutConstants {
            shortened: transducer.shortened as u32,
            forward: tables.add(&maps(&transducer.forward)),
            backward: tables.add(&maps(&transducer.backward)),
            begins: tables.add(&transducer.begins.map(u32::from)),
            page_of: tables.add(&packed(numbers, 2)),
            pages: tables.add(&packed(symbols, 8)),
        };
        tables.words[..Self::CUT].copy_from_slice(bytemuck::cast_slice(&[constants]));
        tables
    }

    /// Puts a table behind the others, at a multiple of 16 bytes; where it is.
    pub(crate) fn add(&mut self, table: &[u32]) -> u32 {
        self.words.resize(self.words.len().next_multiple_of(4), 0);
        let at = self.words.len() as u32;
        self.words.extend_from_slice(table);
        at
    }

    /// All of it, with the constants of the model.
    pub(crate) fn finish<Model: bytemuck::Pod>(mut self, constants: Model) -> Vec<u32> {
        let constants = [constants];
        let constants: &[u32] = bytemuck::cast_slice(&constants);
        self.words[Self::CUT..][..constants.len()].copy_from_slice(constants);
        self.words
    }
}

/// So many numbers to a word.
fn packed(numbers: impl Iterator<Item = u32>, per_word: usize) -> Vec<u32> {
    let bits = 32 / per_word;
    let word = |numbers: &[u32]| {
        let numbers = numbers.iter().enumerate();
        numbers.fold(0, |word, (at, number)| word | number << (at * bits))
    };
    let numbers: Vec<u32> = numbers.collect();
    numbers.chunks(per_word).map(word).collect()
}

/// Words in the emptier of the two buckets that their hash says, and which bits of
/// a hash are the number of a bucket; the table is as large as it takes.
pub(crate) fn word_table(words: &[(&[u8], Vec<u32>)]) -> (Vec<u32>, u32) {
    let mut n_buckets = (words.len() / BUCKET + 1).next_power_of_two();
    loop {
        if let Some(table) = buckets(words, n_buckets) {
            return (table, (n_buckets - 1) as u32);
        }
        n_buckets *= 2;
    }
}

fn buckets(words: &[(&[u8], Vec<u32>)], n_buckets: usize) -> Option<Vec<u32>> {
    let mut table = vec![0; n_buckets * BUCKET * ENTRY];
    let mut taken = vec![0; n_buckets];
    for (word, ids) in words {
        let key = key_of(word);
        let hash = word_hash(key);
        let [one, two] = [hash, other(hash)].map(|hash| hash as usize & (n_buckets - 1));
        let bucket = if taken[two] < taken[one] { two } else { one };
        if taken[bucket] == BUCKET {
            return None;
        }
        let at = (bucket * BUCKET + taken[bucket]) * ENTRY;
        taken[bucket] += 1;
        table[at..at + 4].copy_from_slice(&key);
        table[at + 4..at + ENTRY].fill(NO_ID);
        table[at + 4..at + 4 + ids.len()].copy_from_slice(ids);
    }
    Some(table)
}

pub(crate) fn word_hash(key: [u32; 4]) -> u32 {
    mix(key.into_iter().fold(0, fold))
}
