//! The components of a `tokenizer.json` run one after another: the meaning of
//! every tokenizer that a file of Hugging Face's describes.

use std::ops::Range;

use super::error::EncodeError;
use super::model::{Model, PartFit, Scratch, WordToken};
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
        if finder.is_none() && !self.cutter.needs_origins() {
            return self.words(aligned, scratch, &mut visit);
        }
        // Normalizers cut nothing, so that there is one piece at most.
        let Some(whole) = aligned.pieces().next() else {
            return Ok(());
        };
        // A part starts where its first character comes from, as in Hugging Face.
        each_stretch(finder, whole.text(), special, |part| match part {
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

    /// Appends the ids of a part of such a word.
    ///
    /// # Errors
    /// Those of the model.
    pub(crate) fn encode_part(
        &self,
        part: &[u8],
        scratch: &mut PipelineScratch,
        ids: &mut Vec<u32>,
    ) -> Result<PartFit, EncodeError> {
        self.model.encode_part_ids(part, &mut scratch.model, ids)
    }

    /// Appends the ids of a word, of which the spaces become U+2581.
    ///
    /// # Errors
    /// Those of the model.
    pub(crate) fn encode_spaced(
        &self,
        word: &[u8],
        buffer: &mut String,
        scratch: &mut PipelineScratch,
        ids: &mut Vec<u32>,
    ) -> Result<(), EncodeError> {
        let scratch = &mut scratch.model;
        if self.model.encode_short_spaced(word, scratch, ids).is_some() {
            return Ok(());
        }
        buffer.clear();
        for part in word.split_inclusive(|byte| *byte == b' ') {
            let (part, space) = match part.strip_suffix(b" ") {
                Some(before) => (before, "\u{2581}"),
                None => (part, ""),
            };
            buffer.extend([str::from_utf8(part).unwrap_or_default(), space]);
        }
        self.model.encode_ids(buffer.as_bytes(), scratch, ids)
    }

    /// Appends the ids of a part of a text that starts within a word, where
    /// spaces become U+2581 and start words.
    ///
    /// # Errors
    /// Those of the components.
    pub(crate) fn encode_rest(
        &self,
        text: &str,
        buffer: &mut String,
        scratch: &mut PipelineScratch,
        ids: &mut Vec<u32>,
    ) -> Result<PartFit, EncodeError> {
        // Behind a space it is a word, which may start with what the space becomes.
        buffer.clear();
        buffer.extend([" ", text]);
        let mut aligned = AlignedText::new(buffer, 1, self.least_track())?;
        self.normalizer.normalize_inside(&mut aligned)?;
        self.cutter.cut(&mut aligned)?;
        let mut words = aligned.pieces().map(|word| word.text());
        let first = words.next().unwrap_or_default();
        let first = first.strip_prefix('\u{2581}').unwrap_or(first);
        let fit = self.encode_part(first.as_bytes(), scratch, ids)?;
        for word in words {
            self.encode_word(word.as_bytes(), scratch, ids)?;
        }
        Ok(fit)
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
