//! `WordLevel`: a word is a token, or unknown.

use super::token::WordToken;
use super::tokens::TokenTable;
use crate::tokenize::error::EncodeError;

/// A vocabulary of whole words.
pub(crate) struct WordLevel {
    pub(super) tokens: TokenTable,
    unk_token: String,
    unk_id: Option<u32>,
}

impl WordLevel {
    /// A model of these tokens; `unk_token` need not be one of them.
    pub(crate) fn new(tokens: TokenTable, unk_token: String) -> Self {
        Self {
            unk_id: tokens.id(&unk_token),
            tokens,
            unk_token,
        }
    }

    /// Appends the token of a word.
    ///
    /// # Errors
    /// `Unknown` if the word is no token and there is none for unknown words.
    pub(super) fn encode(
        &self,
        word: &str,
        tokens: &mut Vec<WordToken>,
    ) -> Result<(), EncodeError> {
        let id = self
            .tokens
            .id(word)
            .or(self.unk_id)
            .ok_or_else(|| EncodeError::unknown(word, &self.unk_token))?;
        tokens.push(WordToken {
            id,
            start: 0,
            end: word.len() as u32,
        });
        Ok(())
    }
}
