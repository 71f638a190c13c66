//! The model Unigram.

mod model;
mod short;
#[cfg(test)]
mod tests;

pub(super) use model::UnigramScratch;
pub(crate) use model::{Unigram, UnigramOptions};
