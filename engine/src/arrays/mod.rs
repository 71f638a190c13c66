//! Arrow arrays in another layout with the same values, and as text.
//!
//! What Arrow's own casts do beyond that (rounding, nulls for what does not
//! fit) is what a data tool may not do in silence: here a value that the other
//! type does not hold is an error.

mod errors;
mod integers;
mod lists;
mod relayout;
mod show;
mod strings;
#[cfg(test)]
mod tests;
mod utf8;

pub use integers::integers;
pub use relayout::relayout;
pub use show::show;
pub use utf8::{InvalidUtf8, are_texts, utf8};
