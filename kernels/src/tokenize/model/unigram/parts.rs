//! Parts of words: where a word may be cut so that its parts have its tokens.
//!
//! No token lies across a place between two characters that none holds side by
//! side, so the best way to the end of a word goes through that place, and behind
//! it goes on as the best way through what is behind: but for rounding. The sums
//! of a word go on across the place, those of a part start from zero, and ways
//! that are nearly as good as one another may change places.
//!
//! A score is at most 2^7 in size ([`SCORE_MAX`]), a word at most 2^12 bytes long
//! ([`WORD_MAX`]) before it is normalised, which makes at most 2^6 characters of
//! one ([`GROWTH_MAX`]): so no sum is above 2^25, and an addition rounds by at most
//! 2^-28. A part is at most 2^8 bytes long: two ways through it round by at most
//! 2^-19 together, once in the word and once in the part. Ways whose sums in the
//! part differ by more than [`CLOSE`] differ the same way in the word.
//!
//! Unknown characters side by side are one token. So there is a cut only between
//! characters that are tokens, but not where both sides may end with the text of
//! the unknown token.

use super::model::{Unigram, UnigramScratch};
use super::short::SHORT_MAX;
use crate::tokenize::error::EncodeError;

/// How large scores may be.
const SCORE_MAX: f64 = 128.0;
/// Bytes of the longest word whose parts can be encoded one by one.
pub(crate) const WORD_MAX: usize = 1 << 12;
/// Characters that one may become.
const GROWTH_MAX: usize = 1 << 6;
/// Ways that are as near to one another are close.
const CLOSE: f64 = 1.0 / 65_536.0;

/// Whether a part of a word has the ids that it has in the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartFit {
    Exact,
    /// Two ways are so close that this depends on what is before the part.
    Close,
}

impl Unigram {
    /// Whether words may be cut at all, if as many characters may become of one.
    pub(crate) fn has_parts(&self, growth: usize) -> bool {
        self.most <= SCORE_MAX && growth <= GROWTH_MAX
    }

    /// The characters that are tokens, of texts that are known.
    pub(crate) fn known_chars(&self) -> impl Iterator<Item = char> {
        self.tokens.iter().filter_map(|(id, token)| {
            let mut chars = token.chars();
            let c = chars.next().filter(|_| chars.next().is_none())?;
            (Some(id) != self.unk_id).then_some(c)
        })
    }

    /// The characters between which there is no cut.
    pub(crate) fn joined(&self) -> impl Iterator<Item = (char, char)> + Clone {
        let unknown = self.unk_id.and_then(|id| self.tokens.token(id));
        let ends = unknown.and_then(|text| Some((text.chars().next_back()?, text.chars().next()?)));
        let texts = self.tokens.iter().map(|(_, token)| token.chars());
        let inside = texts.flat_map(|chars| chars.clone().zip(chars.skip(1)));
        inside.chain(ends)
    }

    /// Appends the ids of a part of a word.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub(in crate::tokenize::model) fn encode_part(
        &self,
        part: &[u8],
        scratch: &mut UnigramScratch,
        ids: &mut Vec<u32>,
    ) -> Result<PartFit, EncodeError> {
        if part.len() > SHORT_MAX {
            return Ok(PartFit::Close);
        }
        let mut closest = f64::INFINITY;
        let compare = |difference: f64| closest = closest.min(difference.abs());
        self.encode_short(part, scratch, compare, |token| ids.push(token.id))?;
        Ok(if closest > CLOSE {
            PartFit::Exact
        } else {
            PartFit::Close
        })
    }
}
