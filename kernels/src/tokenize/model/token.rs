//! What a model makes of a word.

/// A token and the bytes `start..end` of the word that it stands for.
///
/// Both are at most the word's length. A byte of a character without a token
/// of its own stands for itself in BPE, for all of the unknown text in Unigram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WordToken {
    pub(crate) id: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}
