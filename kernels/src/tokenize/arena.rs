//! Words and ids that do not fit in the slots of the word cache. When it is
//! full it is emptied at once; what pointed into it finds nothing then.

use super::hash::hash_bytes;

/// Numbers of 32 bits that the arena holds at most: 16 MiB.
const ARENA_MAX: usize = 1 << 22;
/// Slots of the index of words at most; 16 bytes each, so 2 MiB.
const INDEX_MAX: usize = 1 << 17;
/// Slots of the index at first.
const INDEX_MIN: usize = 1 << 8;

/// Where something lies, as long as the arena is of this generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ArenaPlace {
    pub(crate) at: u32,
    pub(crate) len: u32,
    pub(crate) generation: u32,
}

/// A word is found by `hash` and lies at `at`: its length in bytes, the number
/// of its ids, its bytes with zeros after them, and its ids.
#[derive(Debug, Clone, Copy, Default)]
struct IndexSlot {
    hash: u64,
    at: u32,
    /// 0 where the slot is free.
    generation: u32,
}

pub(crate) struct Arena {
    numbers: Vec<u32>,
    generation: u32,
    index: Vec<IndexSlot>,
    n_words: usize,
}

impl Arena {
    pub(crate) fn new() -> Self {
        Self {
            numbers: Vec::new(),
            generation: 1,
            index: Vec::new(),
            n_words: 0,
        }
    }

    /// The ids at a place, unless they are gone.
    #[inline]
    pub(crate) fn get(&self, place: ArenaPlace) -> Option<&[u32]> {
        if place.generation != self.generation {
            return None;
        }
        self.numbers
            .get(place.at as usize..)?
            .get(..place.len as usize)
    }

    /// Puts ids somewhere.
    pub(crate) fn put(&mut self, ids: &[u32]) -> ArenaPlace {
        self.make_room(ids.len());
        let at = self.numbers.len() as u32;
        self.numbers.extend_from_slice(ids);
        ArenaPlace {
            at,
            len: ids.len() as u32,
            generation: self.generation,
        }
    }

    fn make_room(&mut self, len: usize) {
        if self.numbers.len() + len > ARENA_MAX {
            self.numbers.clear();
            self.generation = self.generation.wrapping_add(1).max(1);
            self.n_words = 0;
        }
    }

    /// The ids of a word.
    pub(crate) fn word(&self, word: &[u8]) -> Option<&[u32]> {
        let hash = hash_bytes(word) as u64;
        let first = self.index_of(hash);
        let places = [first, first ^ 1].map(|at| self.index.get(at));
        let slot = places
            .into_iter()
            .flatten()
            .find(|slot| slot.hash == hash && slot.generation == self.generation)?;
        let (&[len_bytes, n_ids], rest) =
            self.numbers.get(slot.at as usize..)?.split_first_chunk()?;
        let (key, ids) = rest.split_at_checked((len_bytes as usize).div_ceil(4))?;
        let key: &[u8] = bytemuck::cast_slice(key);
        (key.get(..len_bytes as usize)? == word).then_some(ids.get(..n_ids as usize)?)
    }

    /// Remembers the ids of a word.
    pub(crate) fn put_word(&mut self, word: &[u8], ids: &[u32]) {
        self.make_room(2 + word.len().div_ceil(4) + ids.len());
        if 2 * self.n_words >= self.index.len() && self.index.len() < INDEX_MAX {
            self.grow();
        }
        let at = self.numbers.len() as u32;
        self.numbers.extend([word.len() as u32, ids.len() as u32]);
        let (words, rest) = word.as_chunks::<4>();
        self.numbers
            .extend(words.iter().map(|&word| u32::from_ne_bytes(word)));
        if !rest.is_empty() {
            let mut last = [0; 4];
            last[..rest.len()].copy_from_slice(rest);
            self.numbers.push(u32::from_ne_bytes(last));
        }
        self.numbers.extend_from_slice(ids);
        self.n_words += 1;
        self.set(IndexSlot {
            hash: hash_bytes(word) as u64,
            at,
            generation: self.generation,
        });
    }

    #[inline]
    fn index_of(&self, hash: u64) -> usize {
        hash as usize & self.index.len().wrapping_sub(1)
    }

    /// Puts a slot into the first of its two places that is free or its own,
    /// or else over the first.
    fn set(&mut self, slot: IndexSlot) {
        let first = self.index_of(slot.hash);
        let fits = |at: &usize| {
            let old = &self.index[*at];
            old.generation != self.generation || old.hash == slot.hash
        };
        let place = [first, first ^ 1].into_iter().find(fits);
        self.index[place.unwrap_or(first)] = slot;
    }

    fn grow(&mut self) {
        let len = (4 * self.index.len()).clamp(INDEX_MIN, INDEX_MAX);
        let old = std::mem::replace(&mut self.index, vec![IndexSlot::default(); len]);
        for slot in old {
            if slot.generation == self.generation {
                self.set(slot);
            }
        }
    }

    /// Bytes that are held.
    pub(crate) fn len_bytes(&self) -> usize {
        4 * self.numbers.capacity() + size_of::<IndexSlot>() * self.index.capacity()
    }
}
