//! `tokenize`: text to token ids by byte-level byte pair encoding.
//!
//! The ids are exactly those of the tokenizer's reference: tiktoken 0.14 for
//! the encodings of tiktoken ([`Tokenizer::builtin`], [`Tokenizer::from_tiktoken`]),
//! Hugging Face tokenizers 0.23 for a `tokenizer.json` ([`Tokenizer::from_tokenizer_json`]).
//!
//! A text goes through these steps:
//! 1. added tokens are taken out as [`Special`] says;
//! 2. what is left is normalised (NFC, or not at all), and added tokens that
//!    match normalised text are taken out;
//! 3. the rest is cut into words by the split pattern;
//! 4. each word's bytes are merged, the pair of the lowest rank first, the
//!    leftmost of equals, until no pair merges.
//!
//! What a file's post-processor puts around a text ([`Template`]) is added by
//! [`Encoder::encode_with_template`] alone.
//!
//! # `tokenizer.json`
//! Supported: the model BPE with a token for every byte of UTF-8; `ByteLevel`,
//! alone or after `Split`s (literal or regular expression, any behaviour) and
//! `Digits`; NFC or no normaliser; added tokens with all their options;
//! `ignore_merges`; post-processors that put tokens before and after a text.
//! Anything else that would change the ids is refused by name, the kind of the
//! model first. Differences from Hugging Face that remain, of which
//! [`Tokenizer::notes`] tells the first two:
//! - added tokens keep the ids of the file, where Hugging Face renumbers them
//!   if the file's ids have holes;
//! - truncation and padding in the file are not applied, and decoding gives
//!   bytes, whatever the decoder;
//! - regular expressions other than the known ones run in an engine of our own
//!   that reads Oniguruma's syntax; what of it is not supported is refused by
//!   name, and a pattern that goes back too often on a text is an error.
//!
//! # Twins
//! Devices run [`DeviceTokenizer`], the part of a tokenizer behind normalisation
//! and added tokens, where the split pattern is one that is scanned by hand;
//! [`device`] tells how. What they give is what the encoder gives.

#![expect(
    clippy::cast_possible_truncation,
    reason = "hashes take what bits they need; positions in a text are below 2^32"
)]

mod after;
mod arena;
mod batch;
mod builtin;
mod byte_bpe;
mod byte_level;
mod cache;
mod chunks;
mod decode;
mod device;
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
mod sink;
mod slots;
mod special;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod text_decoder;
mod tiktoken;
mod tokenizer;
mod vocab;
mod whole_words;
mod word_cutter;
mod word_model;

pub(crate) use device::TEXT_CHUNK;
pub use device::{
    DevicePart, DeviceTokenizer, NO_ID, NoUtf8, OnHostOnly, RefusedText, TokenizeConstants,
};
pub use encoder::Encoder;
pub use encoding::{
    AddSpecial, EncodeOptions, Encoding, EncodingPadding, OffsetUnit, PadTo, SequenceEnd,
    TokenSpan, Truncation, TruncationStrategy, pad_batch,
};
pub use error::{EncodeError, TokenizerError, TruncationError};
pub use sink::TokenSpans;
pub use special::Special;
pub use template::Template;
pub use text_decoder::TextDecoder;
pub use tokenizer::{DecodeSpecial, Tokenizer, TokenizerAsset};
pub use word_cutter::{CutWord, WordCutter};
