//! The tokens that a tokenizer's file puts around each text.

use super::encoding::{AddSpecial, Encoding, Finish, PostProcessor, finish};
use super::error::TokenizerError;

/// What the post-processor of a `tokenizer.json` puts before and after a text:
/// what Hugging Face's `encode` adds with `add_special_tokens=True`, its default.
///
/// Encodings of tiktoken have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    /// Before each text.
    pub begin: Vec<u32>,
    /// After each text.
    pub end: Vec<u32>,
}

/// An id that no token has.
const NO_TOKEN: u32 = u32::MAX;

impl Template {
    /// What a post-processor puts around one text.
    ///
    /// # Errors
    /// `Unsupported` if the text does not stand there just once.
    pub(crate) fn of(post_processor: Option<&PostProcessor>) -> Result<Self, TokenizerError> {
        let mut text = Encoding::default();
        text.push(NO_TOKEN, (0, 1), Some(0), None);
        let how = Finish {
            post_processor,
            ..Finish::default()
        };
        // What can go wrong has to do with truncation.
        let ids = match finish(text, None, how, AddSpecial::Yes, &|_| None) {
            Ok(encoding) => encoding.ids,
            Err(error) => {
                return Err(TokenizerError::inconsistent(
                    "post_processor",
                    error.to_string(),
                ));
            }
        };
        let mut parts = ids.split(|&id| id == NO_TOKEN);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(begin), Some(end), None) => Ok(Self {
                begin: begin.to_vec(),
                end: end.to_vec(),
            }),
            _ => Err(TokenizerError::unsupported(
                "post_processor.single",
                "tokens before and after one text",
                format!(
                    "the text {} times",
                    ids.iter().filter(|&&id| id == NO_TOKEN).count()
                ),
            )),
        }
    }

    /// Whether it adds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begin.is_empty() && self.end.is_empty()
    }
}
