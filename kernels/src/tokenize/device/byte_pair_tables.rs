//! The tables of byte-level BPE: pairs, and words that are known.

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::byte_bpe::ByteBpe;
use super::super::merge::Merger;
use super::super::pairs::{Merge, NO_RANK};
use super::alphabet::alphabet;
use super::constants::{KEY, LONG, NO_ID, PairConstants, SAFE, WORD_IDS, fold, mix, words_of};
use super::tables::{DeviceTables, word_table};
use super::transducer::Transducer;

/// The structs and all tables behind them.
pub(crate) fn byte_pair_tables(model: &ByteBpe, transducer: &Transducer) -> Vec<u32> {
    let pages = alphabet().pages();
    let symbols = pages.values().map(u32::from);
    let mut tables = DeviceTables::new::<PairConstants>(transducer, pages.numbers(), symbols);
    let byte_id = |byte| model.vocab.byte_id(byte).unwrap_or(NO_ID);
    let found = FoundWords::of(model);
    let pairs = pair_table(model);
    let (words, words_mask) = word_table(&found.short);
    let (long, long_bytes) = long_table(&found.long);
    let constants = PairConstants {
        byte_ids: tables.add(&(0..=255).map(byte_id).collect::<Vec<_>>()),
        pairs_mask: (pairs.len() / 4 - 1) as u32,
        pairs: tables.add(&pairs),
        words: tables.add(&words),
        words_mask,
        long_mask: (long.len() / 4 - 1) as u32,
        long_words: tables.add(&long),
        long_bytes: tables.add(&long_bytes),
    };
    tables.finish(constants)
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
