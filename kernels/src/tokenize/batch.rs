//! Looks words up many at a time: the memory that each needs is fetched while
//! those before it are looked up.
#![expect(
    clippy::inline_always,
    reason = "a call a word costs more than the work"
)]

use super::arena::ArenaPlace;
use super::cache::{LONG_MAX, SHORT_MAX, WordCache, long_key, short_key};
use super::sink::IdSink;
use super::slots::{SlotFound, hash_key};
use super::word_model::{Merging, WordModel};

/// Words whose memory is fetched before they are looked up: enough to wait
/// for it, and few enough that it stays in the nearest cache.
const N_AHEAD: usize = 64;
/// Ids that are gathered before the sink is given them.
const N_GATHERED: usize = 512;
/// Ids of the largest slot.
const SLOT_IDS: usize = 8;

/// What turns words into ids, beside the tokenizer.
pub(crate) struct Words {
    cache: WordCache,
    pub(crate) merging: Merging,
    merged: Vec<u32>,
    keys: Box<[[u64; 4]; N_AHEAD]>,
    hashes: Box<[u32; N_AHEAD]>,
    gathered: Gathered,
}

/// What became of a word.
enum Lookup {
    /// Its ids were gathered.
    Taken,
    /// They lie in the arena.
    Spilled(ArenaPlace),
    Nothing,
}

struct Gathered {
    ids: Box<[u32; N_GATHERED]>,
    n_ids: usize,
}

impl Gathered {
    /// Takes the first `n_ids` of a slot's; writes them all, which costs less
    /// than to choose.
    #[inline(always)]
    fn take<const N: usize>(&mut self, ids: &[u32; N], n_ids: usize) {
        if let Some(room) = self.ids.get_mut(self.n_ids..self.n_ids + N) {
            room.copy_from_slice(ids);
            self.n_ids += n_ids;
        }
    }

    /// Takes any number of ids; hands them on where there is no room.
    fn take_all(&mut self, ids: &[u32], sink: &mut impl IdSink) {
        let end = self.n_ids + ids.len();
        if let Some(room) = self.ids.get_mut(self.n_ids..end) {
            room.copy_from_slice(ids);
            self.n_ids = end;
        } else {
            self.flush(sink);
            sink.put(ids);
        }
    }

    #[inline]
    fn flush(&mut self, sink: &mut impl IdSink) {
        if let Some(ids) = self.ids.get(..self.n_ids) {
            sink.put(ids);
        }
        self.n_ids = 0;
    }

    #[inline]
    fn flush_if_full(&mut self, sink: &mut impl IdSink) {
        if self.n_ids > N_GATHERED - SLOT_IDS {
            self.flush(sink);
        }
    }
}

/// The 32 bytes from `at` on, with zeros after the text.
#[inline(always)]
fn window(text: &[u8], at: usize) -> [u8; 32] {
    let rest = text.get(at..).unwrap_or_default();
    if let Some(window) = rest.first_chunk() {
        return *window;
    }
    let mut window = [0; 32];
    window[..rest.len()].copy_from_slice(rest);
    window
}

impl Words {
    pub(crate) fn new() -> Self {
        Self {
            cache: WordCache::new(),
            merging: Merging::default(),
            merged: Vec::new(),
            keys: Box::new([[0; 4]; N_AHEAD]),
            hashes: Box::new([0; N_AHEAD]),
            gathered: Gathered {
                ids: Box::new([0; N_GATHERED]),
                n_ids: 0,
            },
        }
    }

    /// Gives `sink` the ids of the words from `start` on that end at `ends`.
    #[inline]
    pub(crate) fn encode(
        &mut self,
        model: &impl WordModel,
        text: &[u8],
        (start, ends): (usize, &[u32]),
        sink: &mut impl IdSink,
    ) {
        let mut start = start;
        for ends in ends.chunks(N_AHEAD) {
            self.look_ahead(text, start, ends);
            self.look_up(model, text, (start, ends), sink);
            start = ends.last().map_or(start, |&end| end as usize);
        }
        self.gathered.flush(sink);
    }

    /// Makes the keys and has their slots fetched.
    #[inline]
    fn look_ahead(&mut self, text: &[u8], mut start: usize, ends: &[u32]) {
        let words = self.keys.iter_mut().zip(self.hashes.iter_mut());
        for (&end, (key, hash)) in ends.iter().zip(words) {
            let end = end as usize;
            let len = end - start;
            if len <= SHORT_MAX {
                let short = short_key(&window(text, start), len);
                *hash = hash_key(&short);
                [key[0], key[1]] = short;
                self.cache.short.prefetch(*hash);
            } else if len <= LONG_MAX {
                *key = long_key(&window(text, start), len);
                *hash = hash_key(key);
                self.cache.long.prefetch(*hash);
            }
            start = end;
        }
    }

    #[inline]
    fn look_up<S: IdSink>(
        &mut self,
        model: &impl WordModel,
        text: &[u8],
        (mut start, ends): (usize, &[u32]),
        sink: &mut S,
    ) {
        for (at, &end) in ends.iter().enumerate() {
            let end = end as usize;
            self.gathered.flush_if_full(sink);
            let spilled = match self.look_up_inline(at, end - start) {
                Lookup::Taken => None,
                Lookup::Spilled(place) => Some(Some(place)),
                Lookup::Nothing => Some(None),
            };
            if let Some(place) = spilled {
                self.look_up_outside(model, &text[start..end], place, sink);
            }
            if S::WORDS {
                sink.end_word(sink.n_ids() + self.gathered.n_ids);
            }
            start = end;
        }
    }

    /// Gathers the ids of a word if they lie beside it in a table.
    #[inline(always)]
    fn look_up_inline(&mut self, at: usize, len: usize) -> Lookup {
        let (key, hash) = (&self.keys[at], self.hashes[at]);
        if len <= SHORT_MAX {
            match self.cache.short.get(hash, &[key[0], key[1]]) {
                SlotFound::Inline(ids, n_ids) => self.gathered.take(ids, n_ids),
                SlotFound::Spilled(place) => return Lookup::Spilled(place),
                SlotFound::Nothing => return Lookup::Nothing,
            }
        } else if len <= LONG_MAX {
            match self.cache.long.get(hash, key) {
                SlotFound::Inline(ids, n_ids) => self.gathered.take(ids, n_ids),
                SlotFound::Spilled(place) => return Lookup::Spilled(place),
                SlotFound::Nothing => return Lookup::Nothing,
            }
        } else {
            return Lookup::Nothing;
        }
        Lookup::Taken
    }

    /// Gives `sink` the ids of a word that lie elsewhere, or are yet to be found.
    #[inline(never)]
    fn look_up_outside(
        &mut self,
        model: &impl WordModel,
        word: &[u8],
        place: Option<ArenaPlace>,
        sink: &mut impl IdSink,
    ) {
        let found = match place {
            Some(place) => self.cache.arena.get(place),
            None if word.len() > LONG_MAX => self.cache.arena.word(word),
            None => None,
        };
        if let Some(ids) = found {
            self.gathered.take_all(ids, sink);
            return;
        }
        self.merged.clear();
        model.encode_word(word, &mut self.merging, &mut self.merged);
        self.cache.insert(word, &self.merged);
        self.gathered.take_all(&self.merged, sink);
    }

    /// Bytes that are held between texts.
    pub(crate) fn len_bytes(&self) -> usize {
        self.cache.len_bytes() + self.merging.merger.len_bytes() + 4 * self.merged.capacity()
    }
}
