//! Maps numbers, each by itself, by a few instructions: arithmetic, bounds,
//! search among edges, and look-up in a table.
//!
//! A [`Map`] reads numbers of one [`Element`], holds each in a
//! *register* while its instructions change it one after another, and writes it
//! as a number of another. Which type a register has follows from what is in it:
//!
//! | read | register |
//! |---|---|
//! | `U8`, `U16`, `U32` | `U32` |
//! | `I8`, `I16`, `I32` | `I32` |
//! | `F16`, `BF16`, `F32` | `F32` |
//! | `U64`, `I64`, `F64` | the same |
//!
//! | instruction | register before | behind | meaning |
//! |---|---|---|---|
//! | [`Instruction::ToF32`], [`Instruction::ToF64`] | any | `F32`, `F64` | rounded to nearest even |
//! | [`Instruction::Subtract`] | a float | the same | `flush(flush(x) - c)` |
//! | [`Instruction::Multiply`] | a float | the same | `flush(flush(x) * c)` |
//! | [`Instruction::Clamp`] | a float | the same | `low` below `low`, `high` above `high`; NaN stays |
//! | [`Instruction::Search`] | any | `U32` | how many edges lie below, see there |
//! | [`Instruction::Lookup`] | `U32` | of the table | the entry of that index |
//!
//! `flush` makes a number zero of the same sign if its magnitude is at most the
//! least normal one (2^-126 or 2^-1022), as in [`crate::normalize`], and for the
//! same reason. Constants are in the register's type, tiny ones zero. Reading and
//! writing convert as [`crate::cast`] does: a number that does not fit what is
//! written becomes the nearest that does, and is reported; NaN leaves canonical.
//!
//! # Search
//!
//! Edges ascend, equal ones may follow each other. [`Side::Left`] counts the edges
//! below `x`, [`Side::Right`] those below or equal to it, as `numpy.searchsorted`
//! and `torch.bucketize` (`right = false`, `true`) do; NaN lies above all edges,
//! -0 equals 0. Edges are compared as the numbers that were written, not as the
//! nearest of the column's type: 0.1 lies below the binary32 0.1, and 2.5 between
//! the integers 2 and 3. For that each edge is made the least number of the
//! register's type that it counts for, and numbers are compared by keys: unsigned
//! integers that ascend as the numbers do. So nothing depends on how a device
//! compares floats.
//!
//! # Forms
//!
//! `normalize` on numbers and `cast` are maps too: [`Map::as_normalize`] and
//! [`Map::as_cast`] find them, and their own kernels give the same bits faster.

mod build;
mod constants;
mod display;
mod edges;
mod fits;
mod forms;
mod run;
mod scalar;
mod search;
mod simd;

#[cfg(test)]
mod tests;

pub use build::{Entries, Instruction, Map, MapBuilder, Search};
pub use constants::{MapConstants, MapInstruction};
pub use edges::{Edge, Side};

use crate::element::Element;

/// Instructions that one map may have.
pub const MAX_INSTRUCTIONS: usize = 64;

/// Edges of a search, or entries of a table, at most.
pub const MAX_ENTRIES: usize = 1 << 20;

/// Why numbers cannot be mapped so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// An instruction is for another type of register.
    #[error("expected {expected} for {instruction}, got {got}")]
    Register {
        /// The instruction.
        instruction: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What the register is.
        got: Element,
    },
    /// A constant, a bound or an edge is NaN or infinite in its type.
    #[error("`{what}` must be finite, got {value}")]
    NotFinite {
        /// What it is.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// The bounds of a clamp are the wrong way round.
    #[error("expected bounds with low <= high, got {low} and {high}")]
    Bounds {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// Edges do not ascend.
    #[error("expected edges that ascend, got {before} before {after} at index {index}")]
    Order {
        /// The index of the second of them.
        index: usize,
        /// The first.
        before: Edge,
        /// The second.
        after: Edge,
    },
    /// There are none, or too many: instructions, edges or entries.
    #[error("expected 1 to {most} {what}, got {got}")]
    Count {
        /// What was counted.
        what: &'static str,
        /// How many there may be.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// An index may lie beyond the table.
    #[error("expected a table for every index up to {most}, got {got} entries")]
    Index {
        /// The greatest index.
        most: u64,
        /// Entries of the table.
        got: usize,
    },
}
