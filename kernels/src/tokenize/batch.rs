//! Looks words up many at a time: the memory that each needs is fetched while
//! those before it are looked up.

use super::byte_bpe::ByteBpe;
use super::cache::{LONG_MAX, SHORT_MAX, WordCache, long_key, short_key};
use super::merge::Merger;
use super::scan::N_WORDS;
use super::sink::IdSink;
use super::slots::{Found, hash_key};

/// Ids that are gathered before the sink is given them.
const N_GATHERED: usize = 1024;
/// Ids of the largest slot.
const SLOT_IDS: usize = 8;

/// What turns words into ids, beside the tokenizer.
pub(crate) struct Words {
    cache: WordCache,
    merger: Merger,
    merged: Vec<u32>,
    keys: Box<[[u64; 4]; N_WORDS]>,
    hashes: Box<[u32; N_WORDS]>,
    gathered: Gathered,
}

struct Gathered {
    ids: Box<[u32; N_GATHERED]>,
    n_ids: usize,
}

impl Gathered {
    /// Takes the first `n_ids` of a slot's; writes them all, which costs less
    /// than to choose.
    #[inline]
    fn take<const N: usize>(&mut self, ids: &[u32; N], n_ids: usize) {
        if let Some(room) = self.ids.get_mut(self.n_ids..self.n_ids + N) {
            room.copy_from_slice(ids);
            self.n_ids += n_ids;
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
#[inline]
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
            merger: Merger::default(),
            merged: Vec::new(),
            keys: Box::new([[0; 4]; N_WORDS]),
            hashes: Box::new([0; N_WORDS]),
            gathered: Gathered {
                ids: Box::new([0; N_GATHERED]),
                n_ids: 0,
            },
        }
    }

    /// Gives `sink` the ids of the words from `start` on that end at
    /// `ends`, at most [`N_WORDS`].
    #[inline]
    pub(crate) fn encode(
        &mut self,
        model: &ByteBpe,
        text: &[u8],
        (start, ends): (usize, &[u32]),
        sink: &mut impl IdSink,
    ) {
        self.look_ahead(text, start, ends);
        self.look_up(model, text, (start, ends), sink);
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
    fn look_up(
        &mut self,
        model: &ByteBpe,
        text: &[u8],
        (mut start, ends): (usize, &[u32]),
        sink: &mut impl IdSink,
    ) {
        for (at, &end) in ends.iter().enumerate() {
            let end = end as usize;
            let len = end - start;
            self.gathered.flush_if_full(sink);
            let (key, hash) = (&self.keys[at], self.hashes[at]);
            let place = if len <= SHORT_MAX {
                match self.cache.short.get(hash, &[key[0], key[1]]) {
                    Found::Inline(ids, n_ids) => {
                        self.gathered.take(ids, n_ids);
                        start = end;
                        continue;
                    }
                    Found::Spilled(place) => Some(place),
                    Found::Nothing => None,
                }
            } else if len <= LONG_MAX {
                match self.cache.long.get(hash, key) {
                    Found::Inline(ids, n_ids) => {
                        self.gathered.take(ids, n_ids);
                        start = end;
                        continue;
                    }
                    Found::Spilled(place) => Some(place),
                    Found::Nothing => None,
                }
            } else {
                None
            };
            self.gathered.flush(sink);
            let word = &text[start..end];
            let found = match place {
                Some(place) => self.cache.arena.get(place),
                None if len > LONG_MAX => self.cache.arena.word(word),
                None => None,
            };
            match found {
                Some(ids) => sink.put(ids),
                None => self.miss(model, word, sink),
            }
            start = end;
        }
    }

    /// Merges a word and remembers what it gives.
    #[inline(never)]
    fn miss(&mut self, model: &ByteBpe, word: &[u8], sink: &mut impl IdSink) {
        self.merged.clear();
        model.encode_word(word, &mut self.merger, &mut self.merged);
        self.cache.insert(word, &self.merged);
        sink.put(&self.merged);
    }

    /// Bytes that are held between texts.
    pub(crate) fn len_bytes(&self) -> usize {
        self.cache.len_bytes() + self.merger.len_bytes() + 4 * self.merged.capacity()
    }
}
