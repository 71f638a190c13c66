//! Ids to text: the decoders of Hugging Face, and decoding id by id.
//!
//! A [`Decoder`] is given the texts of tokens, special ones left out or not by
//! whoever asks, and makes one text of them.

mod cleanup;
mod decoder;
mod step;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use decoder::Decoder;
pub(crate) use decoder::decode;
pub(crate) use step::{DecodeStep, FirstSpace, Tidy};
pub(crate) use stream::DecodeStream;
