//! `tokenize`: text to token ids, and back.
//!
//! The ids are exactly those of the tokenizer's reference: tiktoken 0.14 for
//! the encodings of tiktoken ([`Tokenizer::builtin`], [`Tokenizer::from_tiktoken`],
//! [`Tokenizer::from_tiktoken_rules`]),
//! Hugging Face tokenizers 0.23 for a `tokenizer.json`
//! ([`Tokenizer::from_tokenizer_json`]), the library `sentencepiece` 0.2 for a
//! `.model` ([`Tokenizer::from_sentencepiece`]).
//!
//! A text goes through these steps:
//! 1. added tokens are taken out as [`Special`] says;
//! 2. what is left is normalised, and added tokens that match normalised text
//!    are taken out;
//! 3. the rest is cut into words;
//! 4. the model makes tokens of each word.
//!
//! The components of a file, run one after another, are the meaning. Byte-level
//! BPE runs on bytes instead, and what can be cut into chunks that do not depend
//! on one another meets a cache of them; tests hold both to the meaning.
//!
//! What a file's post-processor puts around a text ([`Template`]) is added by
//! [`Encoder::encode_with_template`] and [`Encoder::encode_tokens`].
//!
//! # Differences from Hugging Face
//! - added tokens keep the ids of the file, where Hugging Face renumbers them
//!   if the file's ids have holes; [`Tokenizer::notes`] tells;
//! - text that no token covers is an error, where Hugging Face leaves it out;
//! - truncation and padding are done where [`EncodeOptions`] asks for them;
//! - regular expressions run in an engine of our own that reads Oniguruma's
//!   syntax; what of it is not supported is refused by name, and a pattern that
//!   goes back too often on a text is an error.
//!
//! # Twins
//! Devices run [`DeviceTokenizer`], the part of a tokenizer behind added tokens:
//! byte-level BPE whose split pattern is one that is scanned by hand, and `WordPiece`
//! with BERT's normalizer and pre-tokenizer. The module `device` tells how. What they
//! give is what the encoder gives.

#![expect(
    clippy::cast_possible_truncation,
    reason = "hashes take what bits they need; positions in a text are below 2^32"
)]

mod after;
mod arena;
mod asset;
mod batch;
mod builtin;
mod byte_bpe;
mod byte_level;
mod cache;
mod char_table;
mod chunks;
mod decode;
mod device;
mod encode_bytes;
mod encode_rows;
mod encode_tokens;
mod encoder;
#[cfg(test)]
mod encoder_tests;
mod encoding;
mod error;
mod files;
mod hash;
mod huge;
mod json;
mod merge;
mod model;
mod number_pairs;
mod origin;
mod pairs;
mod parts;
mod pattern;
mod pipeline;
mod prefetch;
mod pretokenize;
mod route;
mod scan;
mod sentencepiece;
mod short_merge;
mod short_symbols;
mod sink;
mod slots;
mod special;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod text_decoder;
mod tiktoken;
mod tiktoken_rules;
mod together;
mod tokenizer;
mod utf8;
mod vocab;
mod whole_words;
mod word_buffer;
mod word_cutter;
mod word_model;
mod word_starts;

pub use asset::TokenizerAsset;
pub(crate) use device::TEXT_CHUNK;
pub use device::{
    CutConstants, DeviceModelKind, DevicePart, DeviceTokenizer, HostText, NO_ID, NoUtf8,
    OnHostOnly, PairConstants, PieceConstants,
};
pub use encode_rows::{EncodedRow, EncodedRows};
pub use encoder::Encoder;
pub use encoding::{
    AddSpecial, EncodeOptions, Encoding, EncodingPadding, OffsetUnit, PadTo, SequenceEnd, TokenRun,
    TokenSpan, Truncation, TruncationStrategy, pad_batch,
};
pub use error::{EncodeError, TokenizerError, TruncationError};
pub use files::{ModelSettings, SettingsFiles};
pub use sink::TokenSpans;
pub use special::Special;
pub use template::Template;
pub use text_decoder::TextDecoder;
pub use tiktoken_rules::TiktokenRules;
pub use tokenizer::{DecodeSpecial, Tokenizer};
pub use word_cutter::{CutWord, WordCutter};
