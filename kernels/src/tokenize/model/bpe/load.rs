//! What a file says of a BPE model, and the tables made of it.

use crate::tokenize::error::TokenizerError;
use crate::tokenize::model::tokens::{ByteFallback, TokenTable};
use crate::tokenize::pairs::{Merge, PairTable};
use crate::tokenize::whole_words::WholeWords;

/// Whether unknown characters in a row become one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FuseUnknown {
    Yes,
    No,
}

/// What a file says of a BPE model beside its tokens and merges.
#[derive(Debug, Clone)]
pub(crate) struct BpeOptions {
    /// The token of characters that are none; without it they are refused.
    pub(crate) unk_token: Option<String>,
    pub(crate) fuse_unk: FuseUnknown,
    pub(crate) byte_fallback: ByteFallback,
    /// What stands before every character of a word but the first.
    pub(crate) continuing_subword_prefix: String,
    /// What stands behind the last character of a word.
    pub(crate) end_of_word_suffix: String,
    /// `ignore_merges`.
    pub(crate) whole_words: WholeWords,
}

impl Default for BpeOptions {
    fn default() -> Self {
        Self {
            unk_token: None,
            fuse_unk: FuseUnknown::No,
            byte_fallback: ByteFallback::No,
            continuing_subword_prefix: String::new(),
            end_of_word_suffix: String::new(),
            whole_words: WholeWords::Merged,
        }
    }
}

/// The pairs that merge. A merge is as good as its place in the list; of equal
/// pairs the last counts.
///
/// # Errors
/// `Inconsistent` if a side or the product of a merge is no token, or if the
/// right side has nothing but the prefix that the product leaves out: such a
/// merge could be made for ever.
pub(super) fn pairs<'a>(
    tokens: &TokenTable,
    merges: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    prefix: &str,
) -> Result<PairTable, TokenizerError> {
    let mut pairs = PairTable::with_capacity(merges.len());
    let mut product = String::new();
    for (rank, (left, right)) in (0_u32..).zip(merges) {
        let refuse = |what: String| {
            let place = format!("merge {rank}, \"{left}\" + \"{right}\": {what}");
            TokenizerError::inconsistent("model.merges", place)
        };
        // Hugging Face leaves out as many bytes as the prefix has, whatever
        // they are.
        let rest = right.get(prefix.len()..).filter(|rest| !rest.is_empty());
        let rest = rest.ok_or_else(|| {
            let what = "nothing is left of the right side without the prefix";
            refuse(format!("{what} \"{prefix}\""))
        })?;
        product.clear();
        product.push_str(left);
        product.push_str(rest);
        let id = |token: &str| {
            let id = tokens.id(token);
            id.ok_or_else(|| refuse(format!("\"{token}\" is not in the vocabulary")))
        };
        let merge = Merge {
            rank,
            id: id(&product)?,
        };
        pairs.insert(id(left)?, id(right)?, merge);
    }
    Ok(pairs)
}
