//! The normal form of a text.

use std::borrow::Cow;

use unicode_normalization_alignments::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// What is done to text before it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Normalizer {
    None,
    Nfc,
}

impl Normalizer {
    /// The text in its normal form.
    pub(super) fn normalize(self, text: &str) -> Cow<'_, str> {
        if self == Self::None || is_nfc(text) {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(text.nfc().map(|(c, _)| c).collect())
        }
    }
}

/// Whether NFC leaves the text as it is, where that is quickly seen.
fn is_nfc(text: &str) -> bool {
    // No character below U+0300 combines with the one before it, and those
    // that decompose are put together again.
    text.chars().all(|c| c < '\u{300}') || is_nfc_quick(text.chars()) == IsNormalized::Yes
}
