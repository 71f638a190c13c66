//! A table of words in sets of two slots, each with a few ids beside its word.

use super::arena::{Arena, ArenaPlace};
use super::hash::hash_pair;
use super::huge::HugeTable;
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
    sets: HugeTable<SlotSet<K, N>>,
    max_sets: usize,
    n_words: usize,
    /// Takes turns between the places of words that have to go.
    turn: u32,
}

/// The ids of a word that was looked up.
pub(crate) enum SlotFound<'a, const N: usize> {
    /// The first so many.
    Inline(&'a [u32; N], usize),
    /// They lie there, if they still do.
    Spilled(ArenaPlace),
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
    fn found(&self) -> SlotFound<'_, N> {
        match self.count() {
            count if count.wrapping_sub(1) < N as u64 => {
                SlotFound::Inline(&self.ids, count as usize)
            }
            SPILLED => SlotFound::Spilled(ArenaPlace {
                at: self.ids[0],
                len: self.ids[1],
                generation: self.ids[2],
            }),
            _ => SlotFound::Nothing,
        }
    }
}

/// The hash of a key.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call a word costs more")]
fn hash_key<const K: usize>(key: &[u64; K]) -> u64 {
    let mut pair = [0; 2];
    for (at, half) in key.iter().enumerate() {
        pair[at % 2] ^= half.rotate_left(29 * (at / 2) as u32);
    }
    hash_pair(pair[0], pair[1])
}

impl<const K: usize, const N: usize> SlotTable<K, N> {
    /// An empty table that grows to `max_sets`, a power of two.
    pub(crate) fn new(max_sets: usize) -> Self {
        Self {
            sets: HugeTable::filled(MIN_SETS, SlotSet([WordSlot::FREE; 2])),
            max_sets,
            n_words: 0,
            turn: 0,
        }
    }

    /// Where a word is looked for first, and where then.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call a word costs more")]
    fn set(&self, key: &[u64; K]) -> usize {
        hash_key(key) as usize & (self.sets.len() - 1)
    }

    #[inline]
    fn other_set(&self, key: &[u64; K]) -> usize {
        let hash = (hash_key(key) >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash as usize & (self.sets.len() - 1)
    }

    /// Has the set fetched where a word is looked for first; its number.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call a word costs more")]
    pub(crate) fn prefetch(&self, key: &[u64; K]) -> u32 {
        let set = self.set(key);
        if let Some(SlotSet([first, second])) = self.sets.get(set) {
            prefetch(first);
            if size_of::<WordSlot<K, N>>() == 64 {
                prefetch(second);
            }
        }
        set as u32
    }

    /// The ids of a word if it is the first of a set, with its ids beside it.
    /// The set may be one of before the table has grown.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call a word costs more")]
    pub(crate) fn get_first(&self, set: u32, key: &[u64; K]) -> Option<(&[u32; N], usize)> {
        let SlotSet([first, _]) = self.sets.get(set as usize)?;
        let count = first.count() as usize;
        (first.is(key) && count <= N).then_some((&first.ids, count))
    }

    /// The ids of a word.
    pub(crate) fn get(&mut self, key: &[u64; K]) -> SlotFound<'_, N> {
        let set = self.set(key);
        let SlotSet([first, second]) = &self.sets[set];
        if first.is(key) {
            return self.sets[set].0[0].found();
        }
        if second.is(key) {
            let SlotSet(slots) = &mut self.sets[set];
            slots.swap(0, 1);
            return slots[0].found();
        }
        // A word goes to its other set only if the first one is full.
        if second.count() == 0 {
            return SlotFound::Nothing;
        }
        self.get_from_other(key)
    }

    #[inline(never)]
    fn get_from_other(&mut self, key: &[u64; K]) -> SlotFound<'_, N> {
        let SlotSet(slots) = &self.sets[self.other_set(key)];
        let found = slots.iter().find(|slot| slot.is(key));
        found.map_or(SlotFound::Nothing, WordSlot::found)
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
        self.put(slot);
    }

    /// Puts a slot over the same word, or into the first free slot of the
    /// word's two sets, or else over a word that was not met lately.
    fn put(&mut self, slot: WordSlot<K, N>) {
        let key = slot.word();
        let sets = [self.set(&key), self.other_set(&key)];
        let places = [(0, 0), (0, 1), (1, 0), (1, 1)];
        let fits = |slot: &WordSlot<K, N>| slot.count() == 0 || slot.is(&key);
        let place = places
            .into_iter()
            .find(|&(set, at)| fits(&self.sets[sets[set]].0[at]))
            .unwrap_or_else(|| {
                self.turn = self.turn.wrapping_add(1);
                (usize::from(self.turn.is_multiple_of(2)), 1)
            });
        let old = &mut self.sets[sets[place.0]].0[place.1];
        self.n_words += usize::from(old.count() == 0);
        *old = slot;
    }

    /// The words met last go first, and so nearest.
    fn grow(&mut self) {
        let n_sets = (4 * self.sets.len()).min(self.max_sets);
        let new = HugeTable::filled(n_sets, SlotSet([WordSlot::FREE; 2]));
        let old = std::mem::replace(&mut self.sets, new);
        self.n_words = 0;
        for at in 0..2 {
            for SlotSet(slots) in old.iter() {
                if slots[at].count() > 0 {
                    self.put(slots[at]);
                }
            }
        }
    }

    /// Bytes that are held.
    pub(crate) fn len_bytes(&self) -> usize {
        size_of::<SlotSet<K, N>>() * self.sets.len()
    }
}
