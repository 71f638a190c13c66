//! The host: every operator in safe, portable Rust.

mod assemble;
mod filter;
mod ledger;
mod lookup;
mod pack;
mod text;
mod tokenize;
mod worker;

#[cfg(test)]
mod tests;

pub(crate) use assemble::Assembler;
pub(crate) use worker::Worker;
