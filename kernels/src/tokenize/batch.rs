//! Looks words up many at a time: the memory that each needs is fetched while
//! those before it are looked up.
#![expect(
    clippy::inline_always,
    reason = "a call a word costs more than the work"
)]

use super::cache::{LONG_MAX, NO_KEY, SHORT_MAX, ShortKey, WordCache, long_key, short_key};
use super::short_merge::ShortMerger;
use super::sink::IdSink;
use super::slots::SlotFound;
use super::together::Together;
use super::word_model::{Merging, WordModel};

/// Words whose memory is fetched before they are looked up: enough to wait
/// for it, and few enough that it stays in the nearest cache.
const N_AHEAD: usize = 64;
/// Ids that are gathered before the sink is given them.
const N_GATHERED: usize = 512;
/// Ids of the largest slot.
const SLOT_IDS: usize = 8;
/// So many words have to be left for those that are missing to be merged
/// together.
const N_TOGETHER: usize = 3;

/// What turns words into ids, beside the tokenizer.
pub(crate) struct Words {
    cache: WordCache,
    pub(crate) merging: Merging,
    merged: Vec<u32>,
    together: Box<Together>,
    /// The keys of the words ahead that are short.
    keys: Box<[ShortKey; N_AHEAD]>,
    /// The sets in which short words are looked for first.
    sets: Box<[u32; N_AHEAD]>,
    gathered: Gathered,
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

/// The `N` bytes from `at` on, with zeros after the text.
#[inline(always)]
fn window<const N: usize>(text: &[u8], at: usize) -> [u8; N] {
    let rest = text.get(at..).unwrap_or_default();
    if let Some(window) = rest.first_chunk() {
        return *window;
    }
    let mut window = [0; N];
    window[..rest.len()].copy_from_slice(rest);
    window
}

impl Words {
    pub(crate) fn new() -> Self {
        Self {
            cache: WordCache::new(),
            merging: Merging::default(),
            merged: Vec::new(),
            together: Box::new(Together::new()),
            keys: Box::new([NO_KEY; N_AHEAD]),
            sets: Box::new([0; N_AHEAD]),
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
        let words = self.keys.iter_mut().zip(self.sets.iter_mut());
        for (&end, (key, set)) in ends.iter().zip(words) {
            let end = end as usize;
            let len = end - start;
            if len <= SHORT_MAX {
                *key = short_key(&window(text, start), len);
                *set = self.cache.short.prefetch(key);
            } else {
                *key = NO_KEY;
                if len <= LONG_MAX {
                    self.cache
                        .long
                        .prefetch(&long_key(&window(text, start), len));
                }
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
        let mut at = 0;
        loop {
            self.gathered.flush_if_full(sink);
            let found = self.look_up_first(at, ends.len(), sink);
            if found > at {
                start = ends[found - 1] as usize;
                at = found;
            }
            let Some(&end) = ends.get(at) else {
                return;
            };
            let end = end as usize;
            let word = &text[start..end];
            let found = self.look_up_further(at, word, sink)
                || (self.merge_ahead(model, text, (start, &ends[at..]))
                    && self.look_up_further(at, word, sink));
            if !found {
                self.make(model, word, sink);
            }
            if S::WORDS {
                sink.end_word(sink.n_ids() + self.gathered.n_ids);
            }
            start = end;
            at += 1;
        }
    }

    /// Gathers the ids of the words from number `at` on until one is not where
    /// most are; its number.
    #[inline]
    fn look_up_first<S: IdSink>(&mut self, mut at: usize, n_words: usize, sink: &mut S) -> usize {
        let mut n_ids = self.gathered.n_ids;
        let gathered = &mut *self.gathered.ids;
        let short = &self.cache.short;
        let ahead = self.keys.iter().zip(&*self.sets).take(n_words).skip(at);
        for (key, &set) in ahead {
            let Some((ids, n_more)) = short.get_first(set, key) else {
                break;
            };
            let Some(room) = gathered.get_mut(n_ids..n_ids + ids.len()) else {
                break;
            };
            room.copy_from_slice(ids);
            n_ids += n_more;
            at += 1;
            if S::WORDS {
                sink.end_word(sink.n_ids() + n_ids);
            }
        }
        self.gathered.n_ids = n_ids;
        at
    }

    /// Gives `sink` the ids of word number `at` if they are anywhere in the cache.
    #[inline(never)]
    fn look_up_further(&mut self, at: usize, word: &[u8], sink: &mut impl IdSink) -> bool {
        self.gathered.flush_if_full(sink);
        let cache = &mut self.cache;
        let place = if word.len() <= SHORT_MAX {
            match cache.short.get(&self.keys[at]) {
                SlotFound::Inline(ids, n_ids) => {
                    self.gathered.take(ids, n_ids);
                    return true;
                }
                SlotFound::Spilled(place) => Some(place),
                SlotFound::Nothing => None,
            }
        } else if word.len() <= LONG_MAX {
            match cache.long.get(&long_key(&window(word, 0), word.len())) {
                SlotFound::Inline(ids, n_ids) => {
                    self.gathered.take(ids, n_ids);
                    return true;
                }
                SlotFound::Spilled(place) => Some(place),
                SlotFound::Nothing => None,
            }
        } else {
            None
        };
        let found = match place {
            Some(place) => cache.arena.get(place),
            None if word.len() > LONG_MAX => cache.arena.word(word),
            None => None,
        };
        if let Some(ids) = found {
            self.gathered.take_all(ids, sink);
        }
        found.is_some()
    }

    /// Gives `sink` the ids of a word that is not known, and remembers them.
    #[inline(never)]
    fn make(&mut self, model: &impl WordModel, word: &[u8], sink: &mut impl IdSink) {
        self.merged.clear();
        model.encode_word(word, &mut self.merging, &mut self.merged);
        self.cache.insert(word, &self.merged);
        self.gathered.take_all(&self.merged, sink);
    }

    /// Merges together those of the words from `start` on that are not in the
    /// tables, and puts them there, if the first may go with others.
    #[inline(never)]
    fn merge_ahead(
        &mut self,
        model: &impl WordModel,
        text: &[u8],
        (start, ends): (usize, &[u32]),
    ) -> bool {
        let is_short = ends
            .first()
            .is_some_and(|&end| end as usize - start <= LONG_MAX);
        match model.short_merger() {
            Some(short) if is_short && ends.len() >= N_TOGETHER => {
                self.merge_missing(short, text, (start, ends));
                true
            }
            _ => false,
        }
    }

    fn merge_missing(
        &mut self,
        short: &ShortMerger,
        text: &[u8],
        (mut start, ends): (usize, &[u32]),
    ) {
        let (together, cache) = (&mut self.together, &mut self.cache);
        for (at, &end) in ends.iter().enumerate() {
            let word = start..end as usize;
            start = word.end;
            if is_missing(cache, &text[word.clone()]) {
                together.push(word);
            }
            if together.is_full() || at + 1 == ends.len() {
                together.finish((short, text), &mut self.merged, |word, ids| {
                    cache.insert(&text[word], ids);
                });
            }
        }
    }

    /// Bytes that are held between texts.
    pub(crate) fn len_bytes(&self) -> usize {
        self.cache.len_bytes() + self.merging.merger.len_bytes() + 4 * self.merged.capacity()
    }
}

/// Whether a word belongs in a table and is not there.
#[inline]
fn is_missing(cache: &mut WordCache, word: &[u8]) -> bool {
    let len = word.len();
    if len <= SHORT_MAX {
        let key = short_key(&window(word, 0), len);
        matches!(cache.short.get(&key), SlotFound::Nothing)
    } else if len <= LONG_MAX {
        let key = long_key(&window(word, 0), len);
        matches!(cache.long.get(&key), SlotFound::Nothing)
    } else {
        false
    }
}
