//! Padding: tokens at one end, up to a length.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::types::{Encoding, SequenceEnd};

/// To which length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PadTo {
    /// That of the longest of a batch.
    Longest,
    /// So many tokens.
    Fixed(usize),
}

/// How encodings are padded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodingPadding {
    /// The length.
    pub to: PadTo,
    /// The end that gets tokens.
    pub end: SequenceEnd,
    /// The length is rounded up to a multiple of it; 0 counts as 1.
    pub multiple_of: usize,
    /// The id that is put in.
    pub id: u32,
    /// Its type.
    pub type_id: u32,
    /// Its text.
    pub token: Arc<str>,
}

impl EncodingPadding {
    /// Pads the encodings of a batch, and their overflowing parts.
    pub(super) fn apply(&self, batch: &mut [Encoding]) {
        let len = match self.to {
            PadTo::Fixed(len) => len,
            PadTo::Longest => batch.iter().map(Encoding::len).max().unwrap_or(0),
        };
        let len = len.next_multiple_of(self.multiple_of.max(1));
        for encoding in batch {
            for part in &mut encoding.overflowing {
                self.pad(part, len);
            }
            self.pad(encoding, len);
        }
    }

    fn pad(&self, encoding: &mut Encoding, len: usize) {
        let at = match self.end {
            SequenceEnd::Left => 0,
            SequenceEnd::Right => encoding.len(),
        };
        let n_pads = len.saturating_sub(encoding.len());
        if n_pads == 0 {
            return;
        }
        insert(&mut encoding.ids, at, n_pads, &self.id);
        insert(&mut encoding.type_ids, at, n_pads, &self.type_id);
        insert(&mut encoding.spans, at, n_pads, &(0, 0));
        insert(&mut encoding.words, at, n_pads, &None);
        insert(&mut encoding.texts, at, n_pads, &Some(self.token.clone()));
        insert(&mut encoding.special_tokens_mask, at, n_pads, &1);
        insert(&mut encoding.attention_mask, at, n_pads, &0);
        if at == 0 {
            shift(&mut encoding.sequences, n_pads);
        }
    }
}

fn insert<T: Clone>(list: &mut Vec<T>, at: usize, n: usize, value: &T) {
    list.splice(at..at, std::iter::repeat_n(value.clone(), n));
}

fn shift(ranges: &mut BTreeMap<u32, Range<usize>>, by: usize) {
    for range in ranges.values_mut() {
        *range = range.start + by..range.end + by;
    }
}
