//! Datasets that are fed as one, in proportion to their weights: `cycle` says
//! whose turn it is, and [`Mixture`] which row of it.

mod cycle;
mod mixture;
#[cfg(test)]
mod tests;

pub use mixture::{MixProgress, MixStop, Mixture};
