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
#[expect(dead_code, reason = "the pipeline uses it next")]
mod members;
mod model;
#[cfg_attr(not(test), expect(dead_code, reason = "the pipeline uses it next"))]
mod models;
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
