//! Ids to text as they come.

use std::fmt;
use std::sync::Arc;

use super::decode::DecodeStream;
use super::error::EncodeError;
use super::tokenizer::{DecodeSpecial, Tokenizer};

/// Gives the text of ids as soon as it is certain, for what a language model
/// writes: never a part of a character, and all parts together are the text of
/// all ids.
///
/// ```
/// use std::sync::Arc;
/// use fuelrail_kernels::tokenize::{DecodeSpecial, TextDecoder, Tokenizer};
///
/// let tokenizer = Arc::new(Tokenizer::builtin("cl100k_base").ok_or("not built in")?);
/// let mut decoder = TextDecoder::new(tokenizer, DecodeSpecial::Skip);
/// assert_eq!(decoder.push(&[15339])?.as_deref(), Some("hello"));
/// assert_eq!(decoder.push(&[11410])?, None); // the first bytes of 🚀
/// assert_eq!(decoder.push(&[248, 222])?.as_deref(), Some(" 🚀"));
/// assert_eq!(decoder.finish()?, "");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TextDecoder {
    tokenizer: Arc<Tokenizer>,
    special: DecodeSpecial,
    stream: DecodeStream,
}

impl TextDecoder {
    /// A decoder at the start of a text.
    #[must_use]
    pub fn new(tokenizer: Arc<Tokenizer>, special: DecodeSpecial) -> Self {
        Self::after(tokenizer, special, Vec::new())
    }

    /// A decoder that goes on from `ids`, whose text is not given out.
    #[must_use]
    pub fn after(tokenizer: Arc<Tokenizer>, special: DecodeSpecial, ids: Vec<u32>) -> Self {
        Self {
            tokenizer,
            special,
            stream: DecodeStream::after(ids),
        }
    }

    /// Takes the next ids and gives the text that is whole now, if any.
    ///
    /// # Errors
    /// `Pattern` if a regular expression of the decoder gives up.
    pub fn push(&mut self, ids: &[u32]) -> Result<Option<String>, EncodeError> {
        let decode = |ids: &[u32]| self.tokenizer.decode_text(ids, self.special);
        self.stream.step(ids, decode)
    }

    /// Gives the text that is left, parts of characters as U+FFFD. The decoder
    /// is then at the start of a text.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn finish(&mut self) -> Result<String, EncodeError> {
        let decode = |ids: &[u32]| self.tokenizer.decode_text(ids, self.special);
        self.stream.finish(decode)
    }
}

impl fmt::Debug for TextDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextDecoder")
            .field("tokenizer", &self.tokenizer)
            .field("special", &self.special)
            .finish_non_exhaustive()
    }
}
