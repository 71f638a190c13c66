//! What a reader makes of the file of a tokenizer.

use super::error::TokenizerError;
use super::normalizer::Normalizer;
use super::pairs::PairTable;
use super::pretokenize::Pretokenizer;
use super::special::AddedToken;
use super::template::Template;
use super::vocab::Vocab;

/// The parts a reader makes of a file.
pub(crate) struct Parts {
    pub(crate) vocab: Vocab,
    pub(crate) pairs: PairTable,
    pub(crate) whole_words: WholeWords,
    pub(crate) normalizer: Normalizer,
    pub(crate) pretokenizer: Pretokenizer,
    pub(crate) added: Vec<AddedToken>,
    pub(crate) unspelled: Vec<(u32, String)>,
    /// Or why it cannot be honoured.
    pub(crate) template: Result<Template, TokenizerError>,
    pub(crate) notes: Vec<String>,
}

/// Whether a word is looked up as a whole before it is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WholeWords {
    /// `ignore_merges = true`, and tiktoken.
    Tokens,
    /// `ignore_merges = false`.
    Merged,
}
