//! Whether words are looked up before they are merged.

/// Whether a word is looked up as a whole before it is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WholeWords {
    /// `ignore_merges = true`, and tiktoken.
    Tokens,
    /// `ignore_merges = false`.
    Merged,
}
