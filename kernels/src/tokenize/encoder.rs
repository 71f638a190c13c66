//! Text to ids: the state that one thread needs beside the tokenizer.

use std::fmt;
use std::sync::Arc;

use super::batch::Words;
use super::byte_bpe::ByteBpe;
use super::error::EncodeError;
use super::model::WordToken;
use super::pipeline::{Pipeline, PipelinePart, PipelineScratch};
use super::pretokenize::Stretch;
use super::route::Route;
use super::sentencepiece::{SentencePiece, SentencePieceScratch};
use super::sink::IdSink;
use super::special::{Special, StretchPart, each_stretch};
use super::text::Track;
use super::tokenizer::Tokenizer;
use crate::level::Level;

/// Encodes texts one after another. The ids depend on the text alone, never
/// on what was encoded before.
///
/// It starts small. Holds at most 34 MiB of remembered words, whatever it has
/// seen, and a few bytes for each byte of the longest word in the text at hand.
pub struct Encoder {
    tokenizer: Arc<Tokenizer>,
    pub(super) state: EncoderState,
}

/// What encoding changes.
pub(super) struct EncoderState {
    pub(super) level: Level,
    pub(super) words: Words,
    pub(super) pipeline: PipelineScratch,
    pub(super) sentencepiece: SentencePieceScratch,
    pub(super) tokens: Vec<WordToken>,
}

impl Encoder {
    /// An encoder for one thread.
    #[must_use]
    pub fn new(tokenizer: Arc<Tokenizer>) -> Self {
        Self {
            tokenizer,
            state: EncoderState {
                level: Level::best(),
                words: Words::new(),
                pipeline: PipelineScratch::default(),
                sentencepiece: SentencePieceScratch::default(),
                tokens: Vec::new(),
            },
        }
    }

    /// The tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Arc<Tokenizer> {
        &self.tokenizer
    }

    /// Bytes of memory that it holds between texts.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.state.words.len_bytes()
    }

    /// Appends the ids of `text`, with the tokens that the file's post-processor
    /// puts around it, to `ids`: Hugging Face's `encode(text)`.
    ///
    /// # Errors
    /// `Template` if the post-processor cannot be honoured, else as
    /// [`Self::encode`]. `ids` is then as before.
    pub fn encode_with_template(
        &mut self,
        text: &str,
        special: Special,
        ids: &mut Vec<u32>,
    ) -> Result<(), EncodeError> {
        let tokenizer = Arc::clone(&self.tokenizer);
        let template = tokenizer
            .template()
            .map_err(|error| EncodeError::Template(error.clone()))?;
        let before = ids.len();
        ids.extend_from_slice(&template.begin);
        let done = self.encode(text, special, ids);
        match done {
            Ok(()) => ids.extend_from_slice(&template.end),
            Err(_) => ids.truncate(before),
        }
        done
    }

    /// Appends the ids of `text` to `ids`, with no token before or after it:
    /// Hugging Face's `encode(text, add_special_tokens=False)`. Truncation and
    /// padding are not applied.
    ///
    /// # Errors
    /// `Special` where the text spells a special token and `special` refuses
    /// it, `TooLong` from 4 GiB on, `Pattern` if the tokenizer has a regular
    /// expression of its own and it gives up, `Unknown` if the vocabulary has no
    /// token for a part of the text. `ids` is then as before.
    pub fn encode(
        &mut self,
        text: &str,
        special: Special,
        ids: &mut Vec<u32>,
    ) -> Result<(), EncodeError> {
        self.encode_into(text, special, ids)
    }

    fn encode_into(
        &mut self,
        text: &str,
        special: Special,
        sink: &mut impl IdSink,
    ) -> Result<(), EncodeError> {
        if text.len() >= u32::MAX as usize {
            return Err(EncodeError::TooLong {
                len_bytes: text.len(),
            });
        }
        let before = sink.n_ids();
        let tokenizer = &*self.tokenizer;
        let state = &mut self.state;
        let done = each_stretch(tokenizer.raw.as_ref(), text, special, |part| match part {
            StretchPart::Text { text, start } => {
                state.encode_stretch(tokenizer, (text, start), special, sink)
            }
            StretchPart::Token { id, .. } => {
                sink.put(&[id]);
                Ok(())
            }
        });
        if done.is_err() {
            sink.truncate(before);
        }
        done
    }
}

impl EncoderState {
    /// Encodes a stretch in which no token is looked for before it is normalised.
    #[inline]
    fn encode_stretch(
        &mut self,
        tokenizer: &Tokenizer,
        stretch: (&str, usize),
        special: Special,
        sink: &mut impl IdSink,
    ) -> Result<(), EncodeError> {
        match &tokenizer.route {
            Route::Bytes(model) => self.by_bytes(tokenizer, model, stretch, special, sink),
            Route::Pipeline(model) => self.by_pipeline(tokenizer, model, stretch, special, sink),
            Route::SentencePiece(model) => {
                self.by_pieces(model, stretch.0, sink);
                Ok(())
            }
        }
    }

    #[inline]
    fn by_bytes(
        &mut self,
        tokenizer: &Tokenizer,
        model: &ByteBpe,
        (text, start): (&str, usize),
        special: Special,
        sink: &mut impl IdSink,
    ) -> Result<(), EncodeError> {
        let finder = tokenizer.normalized.as_ref();
        let normal = model.normalize(text, start, Track::TextOnly)?;
        let normal = match &normal {
            None => text,
            Some(normal) => match normal.pieces().next() {
                Some(piece) => piece.text(),
                None => return Ok(()),
            },
        };
        let is_as_before = normal == text;
        each_stretch(finder, normal, special, |part| match part {
            StretchPart::Text { text, .. } => {
                self.words(model, Stretch::Plain { text, start: 0 }, sink)
            }
            StretchPart::Token { id, .. } => {
                sink.put(&[id]);
                Ok(())
            }
        })
        .map_err(|error| {
            // Places in text that normalisation has changed are not tracked.
            if is_as_before {
                error.moved(start)
            } else {
                error.placed(start)
            }
        })
    }

    #[inline]
    fn words(
        &mut self,
        model: &ByteBpe,
        stretch: Stretch<'_>,
        sink: &mut impl IdSink,
    ) -> Result<(), EncodeError> {
        let words = &mut self.words;
        model
            .pretokenizer
            .words(self.level, stretch, Track::TextOnly, |run| {
                words.encode(model, run.text, (run.start, run.ends), sink);
            })
    }

    fn by_pipeline(
        &mut self,
        tokenizer: &Tokenizer,
        model: &Pipeline,
        stretch: (&str, usize),
        special: Special,
        sink: &mut impl IdSink,
    ) -> Result<(), EncodeError> {
        let finder = tokenizer.normalized.as_ref();
        model.encode(
            stretch,
            model.least_track(),
            (finder, special),
            &mut self.pipeline,
            |part| match part {
                PipelinePart::Word { tokens, .. } => {
                    for token in tokens {
                        sink.put(&[token.id]);
                    }
                }
                PipelinePart::Added { id, .. } => sink.put(&[id]),
            },
        )
    }

    fn by_pieces(&mut self, model: &SentencePiece, text: &str, sink: &mut impl IdSink) {
        self.tokens.clear();
        model.encode(text, &mut self.sentencepiece, &mut self.tokens);
        for token in &self.tokens {
            sink.put(&[token.id]);
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("tokenizer", &self.tokenizer)
            .finish_non_exhaustive()
    }
}
