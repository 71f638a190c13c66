//! The tables of a tokenizer as devices look things up in them: words of 32
//! bits, never changed, with keys that are compared in full.

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::byte_bpe::ByteBpe;
use super::super::merge::Merger;
use super::super::pairs::{Merge, NO_RANK};
use super::alphabet::alphabet;
use super::constants::{
    BUCKET, ENTRY, KEY, LONG, NO_ID, SAFE, TokenizeConstants, WORD_IDS, fold, key_of, mix, other,
    words_of,
};
use super::state_map::StateMap;
use super::transducer::Transducer;

/// Words of [`TokenizeConstants`].
const HEAD: usize = size_of::<TokenizeConstants>() / 4;

/// The struct and all tables behind it.
pub(crate) fn tables(model: &ByteBpe, transducer: &Transducer) -> Vec<u32> {
    let mut tables = Growing(vec![0; HEAD]);
    let maps = |maps: &[StateMap]| {
        let halves = maps.iter().map(|map| [map.0 as u32, (map.0 >> 32) as u32]);
        halves.collect::<Vec<_>>().concat()
    };
    let (page_of, pages) = alphabet().pages();
    let numbers: Vec<u32> = page_of.iter().map(|&page| u32::from(page)).collect();
    let symbols: Vec<u32> = pages.concat().iter().map(|&s| u32::from(s)).collect();
    let byte_id = |byte| model.vocab.byte_id(byte).unwrap_or(NO_ID);
    let found = FoundWords::of(model);
    let pairs = pair_table(model);
    let words = word_table(&found.short);
    let (long, long_bytes) = long_table(&found.long);
    let constants = TokenizeConstants {
        shortened: transducer.shortened as u32,
        forward: tables.add(&maps(&transducer.forward)),
        backward: tables.add(&maps(&transducer.backward)),
        begins: tables.add(&transducer.begins.map(u32::from)),
        page_of: tables.add(&packed(&numbers, 2)),
        pages: tables.add(&packed(&symbols, 8)),
        byte_ids: tables.add(&(0..=255).map(byte_id).collect::<Vec<_>>()),
        pairs_mask: (pairs.len() / 4 - 1) as u32,
        pairs: tables.add(&pairs),
        words_mask: (words.len() / (BUCKET * ENTRY) - 1) as u32,
        words: tables.add(&words),
        long_mask: (long.len() / 4 - 1) as u32,
        long_words: tables.add(&long),
        long_bytes: tables.add(&long_bytes),
    };
    tables.0[..HEAD].copy_from_slice(bytemuck::cast_slice(&[constants]));
    tables.0
}

struct Growing(Vec<u32>);

impl Growing {
    /// Puts a table behind the others, at a multiple of 16 bytes; where it is.
    fn add(&mut self, table: &[u32]) -> u32 {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        let at = self.0.len() as u32;
        self.0.extend_from_slice(table);
        at
    }
}

/// So many numbers to a word.
fn packed(numbers: &[u32], per_word: usize) -> Vec<u32> {
    let bits = 32 / per_word;
    let word = |numbers: &[u32]| {
        let numbers = numbers.iter().enumerate();
        numbers.fold(0, |word, (at, number)| word | number << (at * bits))
    };
    numbers.chunks(per_word).map(word).collect()
}

/// What the tokens of a vocabulary become where they are words.
struct FoundWords<'a> {
    short: Vec<(&'a [u8], Vec<u32>)>,
    /// Longer ones that are one token.
    long: Vec<(&'a [u8], u32)>,
}

impl<'a> FoundWords<'a> {
    fn of(model: &'a ByteBpe) -> Self {
        let mut found = Self {
            short: Vec::new(),
            long: Vec::new(),
        };
        let mut merger = Merger::default();
        for (_, token) in model.vocab.iter() {
            if token.len() > LONG {
                continue;
            }
            // Not every token is what its bytes merge into.
            let mut ids = Vec::new();
            model.merge_word(token, &mut merger, &mut ids);
            match ids[..] {
                _ if token.len() <= KEY && ids.len() <= WORD_IDS => found.short.push((token, ids)),
                [id] => found.long.push((token, id)),
                _ => {}
            }
        }
        found
    }
}

/// Pairs with what they merge into, in the first free place from where their
/// hash says; at most half of the places are taken.
fn pair_table(model: &ByteBpe) -> Vec<u32> {
    let pairs: Vec<(u32, u32, Merge)> = model
        .pairs
        .iter()
        .map(|((left, right), merge)| (left, right, merge))
        .collect();
    let unsafe_ranks = unsafe_ranks(&pairs);
    let n_places = (2 * pairs.len()).next_power_of_two().max(16);
    let mut table = [NO_ID, NO_ID, NO_RANK, NO_ID].repeat(n_places);
    for (left, right, merge) in pairs {
        let mut place = pair_hash(left, right) as usize & (n_places - 1);
        while table[4 * place + 2] != NO_RANK {
            place = (place + 1) & (n_places - 1);
        }
        let safe = if unsafe_ranks.contains(&merge.rank) {
            0
        } else {
            SAFE
        };
        let entry = [left, right, merge.rank, merge.id | safe];
        table[4 * place..4 * place + 4].copy_from_slice(&entry);
    }
    table
}

pub(crate) fn pair_hash(left: u32, right: u32) -> u32 {
    mix(fold(left.wrapping_mul(0x9e37_79b1), right))
}

/// The ranks of which not all pairs may merge at once, because what one of them
/// becomes may be part of a pair that has to merge before the next of them.
fn unsafe_ranks(pairs: &[(u32, u32, Merge)]) -> FxHashSet<u32> {
    let mut lowest = FxHashMap::default();
    for (left, right, merge) in pairs {
        for part in [left, right] {
            let rank = lowest.entry(*part).or_insert(merge.rank);
            *rank = merge.rank.min(*rank);
        }
    }
    let is_unsafe = |merge: &Merge| {
        lowest
            .get(&merge.id)
            .is_some_and(|&rank| rank <= merge.rank)
    };
    let merges = pairs.iter().map(|(_, _, merge)| merge);
    let found = merges.filter(|merge| is_unsafe(merge));
    found.map(|merge| merge.rank).collect()
}

/// Words in the emptier of the two buckets that their hash says; the table is as
/// large as it takes.
fn word_table(words: &[(&[u8], Vec<u32>)]) -> Vec<u32> {
    let mut n_buckets = (words.len() / BUCKET + 1).next_power_of_two();
    loop {
        if let Some(table) = buckets(words, n_buckets) {
            return table;
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

/// Longer words, as pairs are, and their bytes, each from a word on.
fn long_table(words: &[(&[u8], u32)]) -> (Vec<u32>, Vec<u32>) {
    let n_places = (2 * words.len()).next_power_of_two().max(16);
    let mut table = [0, 0, 0, NO_ID].repeat(n_places);
    let mut bytes = Vec::new();
    for (word, id) in words {
        let hash = long_hash(word);
        let mut place = hash as usize & (n_places - 1);
        while table[4 * place + 2] != 0 {
            place = (place + 1) & (n_places - 1);
        }
        let entry = [hash, bytes.len() as u32, word.len() as u32, *id];
        table[4 * place..4 * place + 4].copy_from_slice(&entry);
        bytes.extend(words_of(word));
    }
    // A device binds no empty table.
    bytes.push(0);
    (table, bytes)
}

pub(crate) fn long_hash(word: &[u8]) -> u32 {
    mix(words_of(word).fold(word.len() as u32, fold))
}
