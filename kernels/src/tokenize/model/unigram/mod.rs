//! The model Unigram.

mod model;
mod parts;
mod short;
#[cfg(test)]
mod tests;

pub(super) use model::UnigramScratch;
pub(crate) use model::{Unigram, UnigramOptions};
pub(crate) use parts::{PartFit, WORD_MAX};
