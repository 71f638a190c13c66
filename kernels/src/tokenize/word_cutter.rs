//! The normalizer and the pre-tokenizer of a `tokenizer.json` by themselves.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;

use super::error::{EncodeError, TokenizerError};
use super::json::{normalizer_steps, pretokenizer_steps};
use super::text::{AlignedText, TextCutter, TextNormalizer, Track};

/// What a tokenizer does to a text before its model sees it: the `normalizer`
/// and the `pre_tokenizer` of a `tokenizer.json`, as Hugging Face tokenizers
/// 0.23 runs them on a text without added tokens.
///
/// ```
/// # use fuelrail_kernels::tokenize::WordCutter;
/// let file = br#"{"normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"}}"#;
/// let words = WordCutter::from_tokenizer_json(file)?.cut("Hi there")?;
/// assert_eq!((words[1].text.as_str(), words[1].original.clone()), ("there", 3..8));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WordCutter {
    normalizer: TextNormalizer,
    cutter: TextCutter,
}

impl fmt::Debug for WordCutter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WordCutter").finish_non_exhaustive()
    }
}

/// A word as the model sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutWord {
    /// Its text, normalised.
    pub text: String,
    /// The bytes of the original that it stands for.
    pub original: Range<usize>,
}

#[derive(Deserialize)]
struct Parts {
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
}

impl WordCutter {
    /// Reads the two components of a file; each may be null or missing.
    ///
    /// # Errors
    /// `Json` if it is not JSON, `Unsupported` with the place of a component
    /// that Hugging Face would not read or that is not built here.
    pub fn from_tokenizer_json(bytes: &[u8]) -> Result<Self, TokenizerError> {
        let parts: Parts = serde_json::from_slice(bytes).map_err(|error| TokenizerError::Json {
            message: error.to_string(),
        })?;
        Ok(Self {
            normalizer: normalizer_steps::parse(&parts.normalizer, "normalizer")?,
            cutter: pretokenizer_steps::parse(&parts.pre_tokenizer, "pre_tokenizer")?,
        })
    }

    /// The words of a text, none empty.
    ///
    /// # Errors
    /// `TooLong` if the text is 4 GiB or longer, `Grown` if it becomes far longer
    /// than it was; `Pattern` if a regular expression gives up.
    pub fn cut(&self, text: &str) -> Result<Vec<CutWord>, EncodeError> {
        let words = self.pieces(text, Track::Origins)?;
        let words = words.pieces().map(|piece| CutWord {
            text: piece.text().to_owned(),
            original: piece.original(),
        });
        Ok(words.collect())
    }
    /// The texts of the words alone, which are found without their origins.
    ///
    /// # Errors
    /// Those of [`WordCutter::cut`].
    pub fn texts(&self, text: &str) -> Result<Vec<String>, EncodeError> {
        let track = if self.cutter.needs_origins() {
            Track::Origins
        } else {
            Track::TextOnly
        };
        let words = self.pieces(text, track)?;
        Ok(words
            .pieces()
            .map(|piece| piece.text().to_owned())
            .collect())
    }

    fn pieces<'t>(&self, text: &'t str, track: Track) -> Result<AlignedText<'t>, EncodeError> {
        let mut aligned = AlignedText::new(text, 0, track)?;
        self.normalizer.normalize(&mut aligned)?;
        self.cutter.cut(&mut aligned)?;
        Ok(aligned)
    }
}
