//! From the tokens of a text, or of two, to the encoding that is given out.

use super::padding::EncodingPadding;
use super::post::{PostProcessor, join};
use super::truncation::{Truncation, check_parts};
use super::types::{AddSpecial, Encoding, Shown};
use crate::tokenize::error::TruncationError;

/// What is done, in the order of its members, and to what.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Finish<'a> {
    pub(crate) truncation: Option<&'a Truncation>,
    pub(crate) post_processor: Option<&'a PostProcessor>,
    pub(crate) padding: Option<&'a EncodingPadding>,
    /// The texts, where spans are in bytes of them.
    pub(crate) texts: Option<[&'a str; 2]>,
}

/// Finishes the tokens of a text, or of two. `shown` is the text of a token of
/// the vocabulary.
///
/// # Errors
/// If the text cannot be truncated as it should.
pub(crate) fn finish(
    mut first: Encoding,
    mut second: Option<Encoding>,
    how: Finish<'_>,
    add: AddSpecial,
    shown: &Shown<'_>,
) -> Result<Encoding, TruncationError> {
    let n_texts = 1 + usize::from(second.is_some());
    if let Some(second) = &mut second {
        second.set_type(1);
    }
    if let Some(truncation) = how.truncation {
        let n_added = match (how.post_processor, add) {
            (Some(processor), AddSpecial::Yes) => processor.n_added(n_texts),
            _ => 0,
        };
        truncation.apply(&mut first, second.as_mut(), n_added)?;
    }
    let n_parts = |encoding: &Encoding| encoding.overflowing.len();
    check_parts(n_parts(&first), second.as_ref().map_or(0, n_parts))?;
    let mut encodings = vec![first];
    encodings.extend(second);
    let mut encoding = if let Some(processor) = how.post_processor {
        processor.apply(encodings, add, shown, how.texts)
    } else {
        if n_texts > 1 {
            for (sequence, encoding) in (0..).zip(&mut encodings) {
                encoding.set_sequence(sequence);
            }
        }
        join(encodings)
    };
    if let Some(padding) = how.padding {
        padding.apply(std::slice::from_mut(&mut encoding));
    }
    Ok(encoding)
}

/// Pads finished encodings to one length, as Hugging Face does with a batch.
pub fn pad_batch(batch: &mut [Encoding], padding: &EncodingPadding) {
    padding.apply(batch);
}
