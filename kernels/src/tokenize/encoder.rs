//! Text to ids: the state that one thread needs beside the tokenizer.

use std::fmt;
use std::sync::Arc;

use super::batch::Words;
use super::error::EncodeError;
use super::sink::IdSink;
use super::special::{Finder, Special, TextStretch};
use super::tokenizer::Tokenizer;
use crate::level::Level;

/// Encodes texts one after another. The ids depend on the text alone, never
/// on what was encoded before.
///
/// It starts small. Holds at most 34 MiB of remembered words, whatever it has
/// seen, and a few bytes for each byte of the longest word in the text at hand.
pub struct Encoder {
    tokenizer: Arc<Tokenizer>,
    words: Words,
    level: Level,
}

/// What stays the same within one text.
#[derive(Clone, Copy)]
struct Text<'a> {
    tokenizer: &'a Tokenizer,
    special: Special,
    level: Level,
}

impl Encoder {
    /// An encoder for one thread.
    #[must_use]
    pub fn new(tokenizer: Arc<Tokenizer>) -> Self {
        Self {
            tokenizer,
            words: Words::new(),
            level: Level::best(),
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
        self.words.len_bytes()
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
    /// expression of its own and it gives up. `ids` is then as before.
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
        let whole = Text {
            tokenizer: &self.tokenizer,
            special,
            level: self.level,
        };
        let words = &mut self.words;
        let done = each_stretch(
            self.tokenizer.raw.as_ref(),
            text,
            special,
            |part| match part {
                TextPart::Text { text, offset } => whole.normalize(words, text, offset, sink),
                TextPart::Token(id) => {
                    sink.put(&[id]);
                    Ok(())
                }
            },
        );
        if done.is_err() {
            sink.truncate(before);
        }
        done
    }
}

/// A piece of text, or the id of a token found in it.
enum TextPart<'a> {
    Text { text: &'a str, offset: usize },
    Token(u32),
}

/// Calls `visit` with the tokens that `finder` finds and the text between.
#[inline]
fn each_stretch<'a>(
    finder: Option<&Finder>,
    text: &'a str,
    special: Special,
    mut visit: impl FnMut(TextPart<'a>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let Some(finder) = finder else {
        return visit(TextPart::Text { text, offset: 0 });
    };
    finder.stretches(text, special, |stretch| match stretch {
        TextStretch::Text { start, end } => visit(TextPart::Text {
            // Matches of UTF-8 in UTF-8 start and end at characters.
            text: text.get(start..end).unwrap_or_default(),
            offset: start,
        }),
        TextStretch::Token { index, start } => {
            let token = finder.token(index);
            if token.options.special && special == Special::Refuse {
                return Err(EncodeError::Special {
                    token: token.content.clone(),
                    offset: start,
                });
            }
            visit(TextPart::Token(token.id))
        }
    })
}

impl Text<'_> {
    /// Normalises a stretch, takes the tokens that are matched after that out
    /// of it, and encodes the rest. `offset` is where it starts.
    fn normalize(
        self,
        words: &mut Words,
        text: &str,
        offset: usize,
        sink: &mut impl IdSink,
    ) -> Result<(), EncodeError> {
        let normal = self.tokenizer.normalizer.normalize(text);
        let finder = self.tokenizer.normalized.as_ref();
        let done = each_stretch(finder, &normal, self.special, |part| match part {
            TextPart::Text { text, .. } => self.encode(words, text, sink),
            TextPart::Token(id) => {
                sink.put(&[id]);
                Ok(())
            }
        });
        done.map_err(|error| match error {
            EncodeError::Special { token, offset: at } => EncodeError::Special {
                token,
                offset: if *normal == *text {
                    offset + at
                } else {
                    offset
                },
            },
            other => other,
        })
    }

    /// Encodes a text in which no added token is looked for.
    fn encode(
        self,
        words: &mut Words,
        text: &str,
        sink: &mut impl IdSink,
    ) -> Result<(), EncodeError> {
        let cut = &self.tokenizer.pretokenizer;
        cut.words(self.level, text, |text, start, ends| {
            words.encode(self.tokenizer, text, (start, ends), sink);
        })
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("tokenizer", &self.tokenizer)
            .finish_non_exhaustive()
    }
}
