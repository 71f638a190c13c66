//! A table of words in sets of two slots, each with a few ids beside its word.

use super::arena::{Arena, Place};
use super::hash::hash_pair;
use super::prefetch::prefetch;

/// Sets at first.
const MIN_SETS: usize = 1 << 8;

/// The count of a slot whose ids lie in the arena.
const SPILLED: u64 = 15;

/// Where the count is in the last half of a key; the four bits below are the
/// length's.
const COUNT_SHIFT: u32 = 60;

/// A word and its ids. The count is 0 in a free slot.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct WordSlot<const K: usize, const N: usize> {
    key: [u64; K],
    pub(crate) ids: [u32; N],
}

/// Two slots in one or two whole cache lines; the first was met last.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct SlotSet<const K: usize, const N: usize>([WordSlot<K, N>; 2]);

/// The words of one range of lengths. Keys have `K` halves, slots up to `N` ids.
pub(crate) struct SlotTable<const K: usize, const N: usize> {
    sets: Vec<SlotSet<K, N>>,
    max_sets: usize,
    n_words: usize,
}

/// The ids of a word that was looked up.
pub(crate) enum Found<'a, const N: usize> {
    /// The first so many.
    Inline(&'a [u32; N], usize),
    /// They lie there, if they still do.
    Spilled(Place),
    /// The word is not there.
    Nothing,
}

impl<const K: usize, const N: usize> WordSlot<K, N> {
    const FREE: Self = Self {
        key: [0; K],
        ids: [0; N],
    };

    #[inline]
    fn count(&self) -> u64 {
        self.key[K - 1] >> COUNT_SHIFT
    }

    #[inline]
    fn is(&self, key: &[u64; K]) -> bool {
        let last = (self.key[K - 1] ^ key[K - 1]) << 4;
        let before = self.key.iter().zip(key).take(K - 1);
        let differ = before.fold(last, |differ, (ours, theirs)| differ | ours ^ theirs);
        differ == 0
    }

    fn word(&self) -> [u64; K] {
        let mut key = self.key;
        key[K - 1] &= (1 << COUNT_SHIFT) - 1;
        key
    }

    #[inline]
    fn found(&self) -> Found<'_, N> {
        match self.count() {
            count if count.wrapping_sub(1) < N as u64 => Found::Inline(&self.ids, count as usize),
            SPILLED => Found::Spilled(Place {
                at: self.ids[0],
                len: self.ids[1],
                generation: self.ids[2],
            }),
            _ => Found::Nothing,
        }
    }
}

/// The hash of a key.
#[inline]
pub(crate) fn hash_key<const K: usize>(key: &[u64; K]) -> u32 {
    let mut pair = [0; 2];
    for (at, half) in key.iter().enumerate() {
        pair[at % 2] ^= half.rotate_left(29 * (at / 2) as u32);
    }
    hash_pair(pair[0], pair[1]) as u32
}

impl<const K: usize, const N: usize> SlotTable<K, N> {
    /// An empty table that grows to `max_sets`, a power of two.
    pub(crate) fn new(max_sets: usize) -> Self {
        Self {
            sets: vec![SlotSet([WordSlot::FREE; 2]); MIN_SETS],
            max_sets,
            n_words: 0,
        }
    }

    #[inline]
    fn set(&self, hash: u32) -> usize {
        hash as usize & (self.sets.len() - 1)
    }

    /// Has the set fetched where a word of this hash is looked for.
    #[inline]
    pub(crate) fn prefetch(&self, hash: u32) {
        let SlotSet([first, second]) = &self.sets[self.set(hash)];
        prefetch(first);
        if size_of::<WordSlot<K, N>>() == 64 {
            prefetch(second);
        }
    }

    /// The ids of a word; `hash` is that of its key.
    #[inline]
    pub(crate) fn get(&mut self, hash: u32, key: &[u64; K]) -> Found<'_, N> {
        let set = self.set(hash);
        let SlotSet(slots) = &mut self.sets[set];
        if !slots[0].is(key) {
            if !slots[1].is(key) {
                return Found::Nothing;
            }
            slots.swap(0, 1);
        }
        slots[0].found()
    }

    /// Remembers the ids of a word, of which there are some.
    pub(crate) fn insert(&mut self, key: [u64; K], ids: &[u32], arena: &mut Arena) {
        if self.n_words >= self.sets.len() && self.sets.len() < self.max_sets {
            self.grow();
        }
        let mut slot = WordSlot { key, ids: [0; N] };
        let count = if let Some(inline) = slot.ids.get_mut(..ids.len()) {
            inline.copy_from_slice(ids);
            ids.len() as u64
        } else {
            let place = arena.put(ids);
            slot.ids[..3].copy_from_slice(&[place.at, place.len, place.generation]);
            SPILLED
        };
        slot.key[K - 1] |= count << COUNT_SHIFT;
        self.put(slot, hash_key(&key));
    }

    /// A word that is there already, whose ids have left the arena, goes first.
    fn put(&mut self, slot: WordSlot<K, N>, hash: u32) {
        let set = self.set(hash);
        let SlotSet(slots) = &mut self.sets[set];
        let key = slot.word();
        let at = usize::from(slots[0].count() != 0 && !slots[0].is(&key));
        self.n_words += usize::from(slots[at].count() == 0);
        slots[at] = slot;
    }

    fn grow(&mut self) {
        let n_sets = (4 * self.sets.len()).min(self.max_sets);
        let old = std::mem::replace(&mut self.sets, vec![SlotSet([WordSlot::FREE; 2]); n_sets]);
        self.n_words = 0;
        for SlotSet(slots) in old {
            for slot in slots {
                if slot.count() > 0 {
                    self.put(slot, hash_key(&slot.word()));
                }
            }
        }
    }

    /// Bytes that are held.
    pub(crate) fn len_bytes(&self) -> usize {
        size_of::<SlotSet<K, N>>() * self.sets.capacity()
    }
}
