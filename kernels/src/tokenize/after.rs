//! What becomes of a text once it is tokens.

use super::decode::Decoder;
use super::encoding::{EncodingPadding, PostProcessor, Truncation};

/// What a file says of texts once they are tokens, and of tokens that become text.
#[derive(Default)]
pub(crate) struct AfterTokens {
    pub(crate) post_processor: Option<PostProcessor>,
    pub(crate) truncation: Option<Truncation>,
    pub(crate) padding: Option<EncodingPadding>,
    pub(crate) decoder: Option<Decoder>,
}
