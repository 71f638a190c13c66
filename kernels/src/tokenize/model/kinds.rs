//! The kinds of models there are.

use super::bpe::{Bpe, BpeScratch};
use super::token::WordToken;
use super::tokens::TokenTable;
use super::unigram::{PartFit, Unigram, UnigramScratch};
use super::word_level::WordLevel;
use super::word_piece::WordPiece;
use crate::tokenize::error::EncodeError;

/// What makes tokens of a word.
pub(crate) enum Model {
    Bpe(Bpe),
    WordPiece(WordPiece),
    WordLevel(WordLevel),
    Unigram(Unigram),
}

/// Buffers that encoding uses; what is in them between words does not matter.
#[derive(Default)]
pub(crate) struct Scratch {
    bpe: BpeScratch,
    unigram: UnigramScratch,
    tokens: Vec<WordToken>,
}

impl Model {
    /// Appends the tokens of a word of less than 4 GiB.
    ///
    /// # Errors
    /// `Unknown` if a part of it is no token and there is none for that. What
    /// has been appended is then of no use.
    pub(crate) fn encode_word(
        &self,
        word: &str,
        scratch: &mut Scratch,
        tokens: &mut Vec<WordToken>,
    ) -> Result<(), EncodeError> {
        match self {
            Self::Bpe(model) => model.encode(word, &mut scratch.bpe, tokens),
            Self::WordPiece(model) => model.encode(word, tokens),
            Self::WordLevel(model) => model.encode(word, tokens),
            Self::Unigram(model) => {
                model.encode(word, &mut scratch.unigram, |token| tokens.push(token))
            }
        }
    }

    /// Appends the ids of the same tokens of a word, which is UTF-8.
    ///
    /// # Errors
    /// As [`Self::encode_word`].
    pub(crate) fn encode_ids(
        &self,
        word: &[u8],
        scratch: &mut Scratch,
        ids: &mut Vec<u32>,
    ) -> Result<(), EncodeError> {
        match self {
            Self::Bpe(model) => model.encode_ids(text_of(word), &mut scratch.bpe, ids),
            Self::WordPiece(model) => model.encode_ids(word, ids),
            Self::WordLevel(model) => {
                let tokens = &mut scratch.tokens;
                tokens.clear();
                model.encode(text_of(word), tokens)?;
                ids.extend(tokens.iter().map(|token| token.id));
                Ok(())
            }
            Self::Unigram(model) => model.encode_ids(word, &mut scratch.unigram, ids),
        }
    }

    /// Appends the ids of a short word, of which the spaces become U+2581. Returns
    /// `None` and appends nothing where the word is not short enough.
    #[inline]
    pub(crate) fn encode_short_spaced(
        &self,
        word: &[u8],
        scratch: &mut Scratch,
        ids: &mut Vec<u32>,
    ) -> Option<()> {
        match self {
            Self::Bpe(model) => model.encode_short_spaced(word, &mut scratch.bpe, ids),
            Self::WordPiece(_) | Self::WordLevel(_) | Self::Unigram(_) => None,
        }
    }

    /// Appends the ids of a part of a word, which starts where no token of the
    /// word lies across.
    ///
    /// # Errors
    /// As [`Self::encode_word`].
    pub(crate) fn encode_part_ids(
        &self,
        part: &[u8],
        scratch: &mut Scratch,
        ids: &mut Vec<u32>,
    ) -> Result<PartFit, EncodeError> {
        match self {
            Self::Unigram(model) => model.encode_part(part, &mut scratch.unigram, ids),
            Self::Bpe(_) | Self::WordPiece(_) | Self::WordLevel(_) => {
                self.encode_ids(part, scratch, ids)?;
                Ok(PartFit::Exact)
            }
        }
    }

    /// The text of a token of `word` where that is not the vocabulary's: in
    /// Unigram, what is unknown.
    pub(crate) fn unknown_text<'a>(&self, word: &'a str, token: WordToken) -> Option<&'a str> {
        let text = word.get(token.start as usize..token.end as usize)?;
        match self {
            Self::Unigram(model) if model.is_unknown(token.id, text) => Some(text),
            Self::Unigram(_) | Self::Bpe(_) | Self::WordPiece(_) | Self::WordLevel(_) => None,
        }
    }

    /// Whether tokens may be of nothing in a word, where Hugging Face puts them
    /// beyond it.
    pub(crate) fn adds_bytes(&self) -> bool {
        match self {
            Self::Bpe(model) => model.has_bytes_of_affixes(),
            Self::WordPiece(_) | Self::WordLevel(_) | Self::Unigram(_) => false,
        }
    }

    /// The tokens by id and ids by token.
    pub(crate) fn tokens(&self) -> &TokenTable {
        match self {
            Self::Bpe(model) => &model.tokens,
            Self::WordPiece(model) => model.tokens(),
            Self::WordLevel(model) => &model.tokens,
            Self::Unigram(model) => &model.tokens,
        }
    }

    /// What the file calls it.
    #[cfg(test)]
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Bpe(_) => "BPE",
            Self::WordPiece(_) => "WordPiece",
            Self::WordLevel(_) => "WordLevel",
            Self::Unigram(_) => "Unigram",
        }
    }
}

fn text_of(word: &[u8]) -> &str {
    str::from_utf8(word).unwrap_or_default()
}
