//! Hugging Face's `tokenizer.json`: what of it is supported, and how it becomes
//! a tokenizer.
//!
//! Nothing in it is passed over in silence. What would change the ids and is not
//! built here is refused by name; what is not applied though Hugging Face does
//! (`truncation`, `padding`, some decoders, other ids) stands in
//! [`Tokenizer::notes`](super::Tokenizer::notes).

mod added;
mod component;
mod fields;
mod file;
mod kinds;
mod model;
mod normalizer;
pub(super) mod normalizer_steps;
mod notes;
mod pattern_field;
mod post_processor;
mod pretokenizer;
pub(super) mod pretokenizer_steps;
#[cfg(test)]
mod tests;

pub(super) use file::parse;
