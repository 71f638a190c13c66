//! What a text is encoded into: ids, and all that Hugging Face tells of each.
//!
//! [`finish`] is what happens to the tokens of a text, or of two, once there
//! are any: truncation, then the post-processor, then padding.

mod chars;
mod finish;
mod frame;
mod options;
mod padding;
mod post;
mod surround;
mod template;
#[cfg(test)]
mod tests;
mod trim;
mod truncation;
mod types;
mod whole;

pub(crate) use chars::CharOffsets;
pub use finish::pad_batch;
pub(crate) use finish::{Finish, finish};
pub use frame::TokenRun;
pub(crate) use frame::{EncodingFrame, TextLens};
pub use options::{EncodeOptions, OffsetUnit};
pub use padding::{EncodingPadding, PadTo};
pub(crate) use post::{PostProcessor, PostStep};
pub(crate) use surround::{NamedToken, Surround};
pub(crate) use template::{TemplatePiece, TemplateProcessing, TemplateTokens};
pub(crate) use trim::TrimOffsets;
pub use truncation::{Truncation, TruncationStrategy};
pub use types::{AddSpecial, Encoding, SequenceEnd, TokenSpan};
pub(crate) use whole::WholeText;
