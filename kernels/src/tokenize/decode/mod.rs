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
#[cfg_attr(
    not(test),
    expect(unused_imports, reason = "the pipeline uses it next")
)]
pub(crate) use decoder::decode;
pub(crate) use step::{DecodeStep, FirstSpace, Tidy};
#[cfg_attr(
    not(test),
    expect(unused_imports, reason = "the pipeline uses it next")
)]
pub(crate) use stream::DecodeStream;
