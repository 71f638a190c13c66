//! Text to ids: the state that one thread needs beside the tokenizer.

use std::fmt;
use std::sync::Arc;

use super::batch::Words;
use super::byte_bpe::ByteBpe;
use super::chunks::ChunkedPipeline;
use super::error::EncodeError;
use super::model::WordToken;
use super::pipeline::{PipelinePart, PipelineScratch};
use super::pretokenize::CutText;
use super::route::Route;
use super::sentencepiece::SentencePieceScratch;
use super::sink::{IdSink, SpanSink, TokenSpans};
use super::special::{Special, StretchPart, each_stretch};
use super::text::Track;
use super::tokenizer::Tokenizer;
use crate::level::Level;

/// Encodes texts one after another. The ids depend on the text alone, never
/// on what was encoded before.
///
/// It starts small. Holds at most 60 MiB of remembered words, whatever it has
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
    /// it, `TooLong` from 4 GiB on, `Grown` if normalizers make far more of the
    /// text than it is, `Pattern` if the tokenizer has a regular
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

    /// As [`Self::encode`], with ids of 16 bits.
    ///
    /// # Errors
    /// `WideIds` if the vocabulary has ids that do not fit, else as
    /// [`Self::encode`].
    pub fn encode_u16(
        &mut self,
        text: &str,
        special: Special,
        ids: &mut Vec<u16>,
    ) -> Result<(), EncodeError> {
        let vocab_size = self.tokenizer.vocab_size();
        if vocab_size > 1 << 16 {
            return Err(EncodeError::WideIds { vocab_size });
        }
        self.encode_into(text, special, ids)
    }

    /// How many ids [`Self::encode`] appends.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn count(&mut self, text: &str, special: Special) -> Result<usize, EncodeError> {
        let mut n_ids = 0;
        self.encode_into(text, special, &mut n_ids)?;
        Ok(n_ids)
    }

    /// Appends the ids of `text` with the bytes each stands for; `spans.words`
    /// is left alone. Positions are those in `text`, whatever was in `spans`.
    ///
    /// # Errors
    /// `Offsets` if tokens of this text are not its bytes one after another, as
    /// where a normalizer changes it; else as [`Self::encode`].
    pub fn encode_spans(
        &mut self,
        text: &str,
        special: Special,
        spans: &mut TokenSpans,
    ) -> Result<(), EncodeError> {
        self.encode_into_spans::<false>(text, special, spans)
    }

    /// As [`Self::encode_spans`], and appends where words end to `spans.words`.
    ///
    /// # Errors
    /// As [`Self::encode_spans`].
    pub fn encode_words(
        &mut self,
        text: &str,
        special: Special,
        spans: &mut TokenSpans,
    ) -> Result<(), EncodeError> {
        self.encode_into_spans::<true>(text, special, spans)
    }

    fn encode_into_spans<const WORDS: bool>(
        &mut self,
        text: &str,
        special: Special,
        spans: &mut TokenSpans,
    ) -> Result<(), EncodeError> {
        let tokenizer = Arc::clone(&self.tokenizer);
        let mut sink = SpanSink::<WORDS> {
            spans,
            vocab: tokenizer.route.vocab()?,
            at: 0,
            has_overlaps: false,
        };
        let before = sink.n_ids();
        self.encode_into(text, special, &mut sink)?;
        if sink.has_overlaps {
            sink.truncate(before);
            return Err(EncodeError::Offsets {
                what: "white space that two added tokens take",
            });
        }
        Ok(())
    }

    pub(super) fn encode_into(
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
            StretchPart::Token { id, start, text } => {
                sink.put_added(id, start..start + text.len());
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
            Route::Bytes(model) => self.by_bytes((tokenizer, special), model, stretch, sink),
            Route::Pipeline(model) => self.by_pipeline((tokenizer, special), model, stretch, sink),
            Route::SentencePiece(model) => {
                model.encode_chunks(stretch.0, &mut self.words, sink);
                Ok(())
            }
        }
    }

    #[inline]
    fn by_bytes<S: IdSink>(
        &mut self,
        (tokenizer, special): (&Tokenizer, Special),
        model: &ByteBpe,
        (text, start): (&str, usize),
        sink: &mut S,
    ) -> Result<(), EncodeError> {
        let finder = tokenizer.normalized.as_ref();
        let normal = model.normalize(text, start, Track::TextOnly)?;
        let normal = match &normal {
            None => text,
            Some(normal) => normal.pieces().next().map_or("", |piece| piece.text()),
        };
        let is_as_before = normal == text;
        if S::SPANS {
            model.check_offsets(text, normal)?;
        }
        each_stretch(finder, normal, special, |part| match part {
            StretchPart::Text { text, start: at } => {
                sink.start_at(start + at);
                self.words(model, CutText::Plain { text, start: 0 }, sink)
            }
            StretchPart::Token {
                id,
                start: at,
                text,
            } => {
                let start = start + at;
                sink.put_added(id, start..start + text.len());
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
        stretch: CutText<'_>,
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
        (tokenizer, special): (&Tokenizer, Special),
        model: &ChunkedPipeline,
        (text, start): (&str, usize),
        sink: &mut impl IdSink,
    ) -> Result<(), EncodeError> {
        let finder = tokenizer.normalized.as_ref();
        if finder.is_none() {
            let before = sink.n_ids();
            if model.encode_chunks((text, start), (&mut self.words, &mut self.pipeline), sink) {
                return Ok(());
            }
            // The pipeline says what is wrong, if anything is.
            sink.truncate(before);
        }
        model.encode(
            (text, start, model.least_track()),
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
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("tokenizer", &self.tokenizer)
            .finish_non_exhaustive()
    }
}
