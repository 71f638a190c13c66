//! Finished encodings of which nothing is made but ids: what is known of tokens
//! besides follows from what stands around the texts.

use std::ops::Range;
use std::sync::Arc;

use super::finish::{Finish, finish};
use super::post::PostProcessor;
use super::truncation::Truncation;
use super::types::{AddSpecial, Encoding};
use crate::tokenize::error::TruncationError;

/// The texts of a finished encoding and the tokens around them, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EncodingFrame(Vec<FramePart>);

/// A text, or a token that is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FramePart {
    content: FrameContent,
    type_id: u32,
    special: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameContent {
    First,
    Second,
    Added(u32),
}

/// How many tokens a text has, and the second one if there is one.
pub(crate) type TextLens = (usize, Option<usize>);

/// Tokens one after another of which the same is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRun {
    /// How many.
    pub len: usize,
    /// As in [`Encoding::type_ids`].
    pub type_id: u32,
    /// As in [`Encoding::special_tokens_mask`].
    pub special: u8,
}

impl EncodingFrame {
    /// What `post_processor` puts around one text or two: the places of two tokens
    /// that stand for texts, among those that it adds.
    pub(crate) fn new(
        post_processor: Option<&PostProcessor>,
        add: AddSpecial,
        n_texts: usize,
    ) -> Result<Self, TruncationError> {
        let text = |number: u32| {
            let mut text = Encoding::default();
            text.push(number, (0, 0), Some(number), Some(Arc::from("")));
            text
        };
        let how = Finish {
            post_processor,
            ..Finish::default()
        };
        let second = (n_texts > 1).then(|| text(1));
        let found = finish(text(0), second, how, add, &|_| None)?;
        let kinds = found.type_ids.iter().zip(&found.special_tokens_mask);
        let contents = found.ids.iter().zip(&found.words);
        let parts = contents.zip(kinds).map(|((id, word), (type_id, special))| {
            let content = match word {
                Some(0) => FrameContent::First,
                Some(_) => FrameContent::Second,
                None => FrameContent::Added(*id),
            };
            FramePart {
                content,
                type_id: *type_id,
                special: *special,
            }
        });
        Ok(Self(parts.collect()))
    }

    fn n_added(&self) -> usize {
        let is_added = |part: &&FramePart| matches!(part.content, FrameContent::Added(_));
        self.0.iter().filter(is_added).count()
    }

    /// Which tokens are kept of one text or two that have so many.
    pub(crate) fn kept(
        &self,
        (n_first, n_second): TextLens,
        truncation: Option<&Truncation>,
    ) -> Result<[Range<usize>; 2], TruncationError> {
        match truncation {
            Some(truncation) => truncation.kept((n_first, n_second), self.n_added()),
            None => Ok([0..n_first, 0..n_second.unwrap_or(0)]),
        }
    }

    /// Appends what there is of each token of an encoding: `of_text` that of the
    /// tokens of the first text or the second, by 0 or 1; `of_added` that of an added
    /// one, by its id.
    pub(crate) fn put<T>(
        &self,
        of_text: impl Fn(usize, &mut Vec<T>),
        of_added: impl Fn(u32) -> T,
        to: &mut Vec<T>,
    ) {
        for part in &self.0 {
            match part.content {
                FrameContent::First => of_text(0, to),
                FrameContent::Second => of_text(1, to),
                FrameContent::Added(id) => to.push(of_added(id)),
            }
        }
    }

    /// What is known of the tokens of an encoding that has so many of its texts.
    pub(crate) fn runs(&self, [first, second]: [usize; 2]) -> impl Iterator<Item = TokenRun> {
        self.0.iter().map(move |part| TokenRun {
            len: match part.content {
                FrameContent::First => first,
                FrameContent::Second => second,
                FrameContent::Added(_) => 1,
            },
            type_id: part.type_id,
            special: part.special,
        })
    }
}
