//! What a caller asks of an encoding.

use super::padding::EncodingPadding;
use super::truncation::Truncation;
use super::types::AddSpecial;
use crate::tokenize::special::Special;

/// How a text is encoded into an [`super::Encoding`].
#[derive(Debug, Clone)]
pub struct EncodeOptions {
    /// What happens where the text spells a special token.
    pub special: Special,
    /// Whether the post-processor adds its tokens.
    pub add_special: AddSpecial,
    /// What is done to more tokens than a model takes; nothing by default.
    pub truncation: Option<Truncation>,
    /// What is done to fewer; nothing by default.
    pub padding: Option<EncodingPadding>,
    /// What offsets count.
    pub offsets: OffsetUnit,
}

/// What the offsets of tokens count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetUnit {
    /// Bytes of UTF-8.
    Bytes,
    /// Characters, as in Python.
    Chars,
}

impl Default for EncodeOptions {
    /// As Hugging Face's `encode` does, without truncation and padding.
    fn default() -> Self {
        Self {
            special: Special::Parse,
            add_special: AddSpecial::Yes,
            truncation: None,
            padding: None,
            offsets: OffsetUnit::Chars,
        }
    }
}
