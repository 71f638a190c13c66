//! Byte pair encoding over characters, as Hugging Face's `BPE` has it.
//!
//! A word is turned into one symbol a character (`symbols`), of which the pair
//! of the lowest rank merges, the leftmost of equals, until none does
//! (`merging`). Where no pre-tokenizer cuts a text into words, the model finds
//! places that no merge can cross (`cuts`).

mod cuts;
mod load;
mod merging;
mod model;
mod symbols;
#[cfg(test)]
mod tests;

pub(crate) use load::{BpeOptions, FuseUnknown};
pub(crate) use model::Bpe;
pub(super) use model::BpeScratch;
