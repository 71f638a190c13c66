//! The components of a `tokenizer.json` run one after another: the meaning of
//! every tokenizer that a file of Hugging Face's describes.

use std::ops::Range;

use super::error::EncodeError;
use super::model::{Model, Scratch, WordToken};
use super::special::{Finder, Special, StretchPart, each_stretch};
use super::text::{AlignedPiece, AlignedText, TextCutter, TextNormalizer, Track};

/// What text goes through.
pub(crate) struct TokenPipeline {
    pub(crate) normalizer: TextNormalizer,
    pub(crate) cutter: TextCutter,
    pub(crate) model: Model,
}

/// Buffers; what is in them between texts does not matter.
#[derive(Default)]
pub(crate) struct PipelineScratch {
    model: Scratch,
    tokens: Vec<WordToken>,
}

/// A part of a text in the order of the text.
pub(crate) enum PipelinePart<'a> {
    /// A word; the tokens are of bytes of its normalised text.
    Word {
        word: &'a AlignedPiece<'a>,
        tokens: &'a [WordToken],
    },
    /// An added token that is matched in normalised text.
    Added {
        id: u32,
        origin: Range<usize>,
        text: &'a str,
    },
}

impl TokenPipeline {
    /// Which origins encoding needs where the caller needs none.
    pub(crate) fn least_track(&self) -> Track {
        if self.cutter.needs_origins() {
            Track::Origins
        } else {
            Track::TextOnly
        }
    }

    /// Calls `visit` with the parts of a stretch of text in which no added
    /// token is looked for before it is normalised. `text` starts at byte
    /// `start` of the original.
    ///
    /// # Errors
    /// Those of the components, and `Special` as `special` has it.
    pub(crate) fn encode(
        &self,
        (text, start, track): (&str, usize, Track),
        (finder, special): (Option<&Finder>, Special),
        scratch: &mut PipelineScratch,
        mut visit: impl FnMut(PipelinePart<'_>),
    ) -> Result<(), EncodeError> {
        let mut aligned = AlignedText::new(text, start, track)?;
        self.normalizer.normalize(&mut aligned)?;
        let Some(finder) = finder else {
            return self.words(aligned, scratch, &mut visit);
        };
        // Normalizers cut nothing, so that there is one piece at most.
        let Some(whole) = aligned.pieces().next() else {
            return Ok(());
        };
        each_stretch(Some(finder), whole.text(), special, |part| match part {
            StretchPart::Text { text, start } => {
                let range = start..start + text.len();
                self.words(whole.part(range), scratch, &mut visit)
            }
            StretchPart::Token { id, start, text } => {
                let origin = whole.origin(start..start + text.len());
                visit(PipelinePart::Added { id, origin, text });
                Ok(())
            }
        })
        .map_err(|error| error.placed(start))
    }

    /// Appends the ids of a word that has been normalised and cut, and is UTF-8.
    ///
    /// # Errors
    /// Those of the model.
    pub(crate) fn encode_word(
        &self,
        word: &[u8],
        scratch: &mut PipelineScratch,
        ids: &mut Vec<u32>,
    ) -> Result<(), EncodeError> {
        self.model.encode_ids(word, &mut scratch.model, ids)
    }

    /// Appends the ids of a part of a text that does not start it.
    ///
    /// # Errors
    /// Those of the components.
    pub(crate) fn encode_inside(
        &self,
        text: &str,
        scratch: &mut PipelineScratch,
        ids: &mut Vec<u32>,
    ) -> Result<(), EncodeError> {
        // Any place but the start of the original.
        let mut aligned = AlignedText::new(text, 1, self.least_track())?;
        self.normalizer.normalize_inside(&mut aligned)?;
        self.words(aligned, scratch, &mut |part| {
            if let PipelinePart::Word { tokens, .. } = part {
                ids.extend(tokens.iter().map(|token| token.id));
            }
        })
    }

    fn words(
        &self,
        mut text: AlignedText<'_>,
        scratch: &mut PipelineScratch,
        visit: &mut impl FnMut(PipelinePart<'_>),
    ) -> Result<(), EncodeError> {
        self.cutter.cut(&mut text)?;
        for word in text.pieces() {
            scratch.tokens.clear();
            self.model
                .encode_word(word.text(), &mut scratch.model, &mut scratch.tokens)?;
            visit(PipelinePart::Word {
                word: &word,
                tokens: &scratch.tokens,
            });
        }
        Ok(())
    }
}
