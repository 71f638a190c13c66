//! Models: a word to tokens, as Hugging Face tokenizers 0.23 has them.
//!
//! A [`Model`] knows nothing of texts: it is given one word, which has been
//! normalised and cut already, and gives the tokens of it with the bytes of the
//! word that each stands for.

mod bpe;
mod kinds;
mod token;
mod tokens;
mod trie;
mod unigram;
mod word_level;
mod word_piece;

pub(crate) use bpe::{Bpe, BpeOptions, FuseUnknown};
pub(crate) use kinds::Model;
pub(crate) use kinds::Scratch;
pub(crate) use token::WordToken;
pub(crate) use tokens::{ByteFallback, TokenTable};
pub(crate) use trie::Trie;
pub(crate) use unigram::{PartFit, Unigram, UnigramOptions, WORD_MAX};
pub(crate) use word_level::WordLevel;
pub(crate) use word_piece::{WordPiece, WordPieceOptions};
