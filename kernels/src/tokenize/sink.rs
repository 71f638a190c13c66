//! Where ids go: a list, a list of small ids, a count, or a list with spans.

use std::ops::Range;

use super::vocab::Vocab;

/// Takes the ids of a text in order.
pub(crate) trait IdSink {
    /// Whether it wants to know where words end.
    const WORDS: bool = false;
    /// Whether it wants to know what bytes tokens stand for, so that words
    /// have to be the text's own.
    const SPANS: bool = false;

    /// How many ids it has.
    fn n_ids(&self) -> usize;

    /// Takes more.
    fn put(&mut self, ids: &[u32]);

    /// Takes the id of an added token that has these bytes of the text.
    #[inline]
    fn put_added(&mut self, id: u32, _bytes: Range<usize>) {
        self.put(&[id]);
    }

    /// Is told that a word ends after so many ids in all.
    #[inline]
    fn end_word(&mut self, _n_ids: usize) {}

    /// Is told that what comes next starts at this byte of the text.
    #[inline]
    fn start_at(&mut self, _start: usize) {}

    /// Forgets all but the first `n_ids`.
    fn truncate(&mut self, n_ids: usize);
}

impl IdSink for Vec<u32> {
    fn n_ids(&self) -> usize {
        self.len()
    }

    #[inline]
    fn put(&mut self, ids: &[u32]) {
        self.extend_from_slice(ids);
    }

    fn truncate(&mut self, n_ids: usize) {
        self.truncate(n_ids);
    }
}

/// For a vocabulary whose ids fit; the encoder sees to that.
impl IdSink for Vec<u16> {
    fn n_ids(&self) -> usize {
        self.len()
    }

    #[inline]
    fn put(&mut self, ids: &[u32]) {
        self.extend(ids.iter().map(|&id| id as u16));
    }

    fn truncate(&mut self, n_ids: usize) {
        self.truncate(n_ids);
    }
}

/// Counts ids.
impl IdSink for usize {
    fn n_ids(&self) -> usize {
        *self
    }

    #[inline]
    fn put(&mut self, ids: &[u32]) {
        *self += ids.len();
    }

    fn truncate(&mut self, n_ids: usize) {
        *self = n_ids;
    }
}

/// Tokens with the bytes they stand for.
///
/// Token `i` starts where the one before ends, the first one at 0: together
/// they are the whole text. A token may be a part of a character.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenSpans {
    /// The ids.
    pub ids: Vec<u32>,
    /// Where each ends, in bytes of the text.
    pub ends: Vec<u32>,
    /// The number of ids up to the end of each word, if that is asked for; an
    /// added token is a word.
    pub words: Vec<u32>,
}

/// Fills [`TokenSpans`].
pub(crate) struct SpanSink<'a, const WORDS: bool> {
    pub(crate) spans: &'a mut TokenSpans,
    pub(crate) vocab: &'a Vocab,
    pub(crate) at: usize,
    /// Whether tokens do not lie one behind the other.
    pub(crate) has_overlaps: bool,
}

impl<const WORDS: bool> IdSink for SpanSink<'_, WORDS> {
    const WORDS: bool = WORDS;
    const SPANS: bool = true;

    fn n_ids(&self) -> usize {
        self.spans.ids.len()
    }

    #[inline]
    fn put(&mut self, ids: &[u32]) {
        self.spans.ids.extend_from_slice(ids);
        let mut at = self.at as u32;
        let lens = self.vocab.lens();
        self.spans.ends.extend(ids.iter().map(|&id| {
            at += match lens.get(id as usize) {
                Some(&len) if len > 0 => u32::from(len),
                _ => self.vocab.len_of(id) as u32,
            };
            at
        }));
        self.at = at as usize;
    }

    fn put_added(&mut self, id: u32, bytes: Range<usize>) {
        self.start_at(bytes.start);
        self.spans.ids.push(id);
        self.spans.ends.push(bytes.end as u32);
        self.at = bytes.end;
        if WORDS {
            self.spans.words.push(self.spans.ids.len() as u32);
        }
    }

    #[inline]
    fn end_word(&mut self, n_ids: usize) {
        self.spans.words.push(n_ids as u32);
    }

    fn start_at(&mut self, start: usize) {
        self.has_overlaps |= start != self.at;
        self.at = start;
    }

    fn truncate(&mut self, n_ids: usize) {
        self.spans.ids.truncate(n_ids);
        self.spans.ends.truncate(n_ids);
        self.spans.words.retain(|&end| end as usize <= n_ids);
    }
}
