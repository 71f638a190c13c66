//! The conformance suite: every operator on every level and device gives the
//! bits of the scalar reference.
//!
//! An operator joins by one line in `SUITES` of [`suites`]: a function that
//! lists programs of its kernels. Values come from [`sample`], by type.

mod cast;
mod color;
mod map;
mod mixed;
mod normalize;
mod resample;
mod rows;
mod sample;
mod suites;
mod tokenize;
mod trial;
mod warp;

pub(crate) use rows::row_trial;
pub(crate) use sample::sample;
pub(crate) use suites::{conformance, quick_trial};
pub(crate) use tokenize::text_trial;
pub use trial::SuiteReport;
pub(crate) use trial::{Subject, Trial, try_one};
