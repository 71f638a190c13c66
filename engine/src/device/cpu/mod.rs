//! The host: every operator in safe, portable Rust.

mod assemble;
mod chat;
mod chunk;
mod filter;
mod images;
mod laid;
mod ledger;
mod lookup;
mod made;
mod pack;
mod ready;
mod text;
mod token_lists;
mod tokenize;
mod unusable;
mod values;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use assemble::Assembler;
pub(super) use chat::ChatEncoder;
pub(super) use filter::dropped;
pub(super) use images::{DecodedColumn, ImageWorker};
pub(super) use lookup::index_of;
pub(super) use tokenize::{EncodedText, StepEncoder};
pub(super) use unusable::Unusable;
