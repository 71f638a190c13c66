//! Hugging Face's `tokenizer.json`: what of it is supported, and how it becomes
//! a tokenizer.
//!
//! Nothing in it is passed over in silence. What would change the ids and is not
//! built here is refused by name; what is not applied though Hugging Face does
//! (`truncation`, `padding`, some decoders, other ids) stands in
//! [`Tokenizer::notes`](super::Tokenizer::notes).

pub(in crate::tokenize) mod added_tokens;
pub(in crate::tokenize) mod decoders;
mod file;
mod kinds;
pub(in crate::tokenize) mod lengths;
mod members;
pub(in crate::tokenize) mod models;
pub(super) mod normalizer_steps;
mod notes;
pub(in crate::tokenize) mod post_processors;
pub(super) mod pretokenizer_steps;
mod strict;
#[cfg(test)]
mod tests;

pub(super) use file::parse;
pub(super) use strict::StrictValue;
