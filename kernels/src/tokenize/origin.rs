//! Where a tokenizer comes from.

use super::builtin::Family;
use super::tiktoken_rules::TiktokenRules;

/// Where a tokenizer comes from, with what of it is not in its parts.
pub(super) enum Origin {
    Json(Vec<u8>),
    Tiktoken(&'static Family),
    /// A `.tiktoken` file with rules of its own.
    Rules(TiktokenRules),
    SentencePiece(Vec<u8>),
}

impl Origin {
    /// The kind of the asset that it is kept as.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Json(_) => "tokenizer.json",
            Self::Tiktoken(_) => "tiktoken",
            Self::Rules(_) => "tiktoken.json",
            Self::SentencePiece(_) => "sentencepiece",
        }
    }

    /// The name of its family, if it is of one.
    pub(super) fn family(&self) -> Option<&'static str> {
        match self {
            Self::Tiktoken(family) => Some(family.name),
            Self::Json(_) | Self::Rules(_) | Self::SentencePiece(_) => None,
        }
    }
}
