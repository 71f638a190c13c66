//! The host: every operator in safe, portable Rust.

mod assemble;
mod filter;
mod lane;
mod ledger;
mod lookup;
mod pack;
mod text;
mod tokenize;

#[cfg(test)]
mod tests;

pub(crate) use assemble::Assembler;
pub(crate) use lane::Lane;
