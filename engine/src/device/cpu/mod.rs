//! The host: every operator in safe, portable Rust.

mod assemble;
mod chunk;
mod filter;
mod laid;
mod ledger;
mod lookup;
mod pack;
mod ready;
mod text;
mod tokenize;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use assemble::Assembler;
pub(super) use filter::dropped;
pub(super) use lookup::index_of;
pub(super) use tokenize::{StepEncoder, Unusable};
