//! Looks bytes up: each becomes the number that a table has for it.
//!
//! An item is bytes of 1 to 4 channels, in HWC or CHW; with one channel both
//! are the same. There is one table for all channels or one for each, and each
//! has 256 entries: the final bits of `to`, one of `U8`, `F16`, `BF16` and
//! `F32`. Sample `i` of `n` has channel `i % channels` in HWC and
//! `i / (n / channels)` in CHW; what is written stays in the order of what is
//! read. Nothing is computed, so every bit pattern, NaN included, leaves as it
//! stands in the table.
//!
//! Tables belong either to the column or to the row:
//!
//! - those of a [column](LutTables::Column) are words of 32 bits, table by
//!   table, with narrower numbers in the low bits, as
//!   [`normalize::Table::bits`](crate::normalize::Table::bits) has them;
//! - those of a [row](LutTables::Row) are the record of each item: numbers of
//!   `to` in their own width, little-endian, table by table.
//!
//! # Without vectors
//!
//! There is one loop for all SIMD levels. On a Zen 4 (AMD EPYC, one core,
//! 150,528 samples in cache) it looks up 3.2 G samples a second, of any type
//! and layout, which is a load for each sample beside that of its byte. For
//! bytes, 16 shuffles of AVX2 over all parts of a table reach 4.4 G, for
//! binary32 its gather instruction 1.6 G: less than one and a half times as
//! much does not pay for a twin.

mod column;
mod run;
mod scalar;
mod tables;

#[cfg(test)]
mod tests;

pub use column::{Lut, LutConstants, LutTables};

use crate::element::Element;

/// Why bytes cannot be looked up so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LutError {
    /// A type that no table has.
    #[error("expected uint8, float16, bfloat16 or float32, got {got}")]
    Type {
        /// What came.
        got: Element,
    },
    /// There are too few or too many channels.
    #[error("expected 1 to 4 channels, got {got}")]
    Channels {
        /// What came.
        got: u32,
    },
    /// The numbers of tables and channels differ.
    #[error("expected one table or one for each of {channels} channels, got {got}")]
    Tables {
        /// Channels there are.
        channels: u32,
        /// Tables given.
        got: usize,
    },
    /// An entry has more bits than its type.
    #[error("expected the bits of one {to}, got {bits:#x} for byte {byte} in table {table}")]
    Bits {
        /// The type.
        to: Element,
        /// The entry.
        bits: u32,
        /// The byte it is for.
        byte: u8,
        /// The index of its table.
        table: usize,
    },
    /// An item or a record does not have the length that it must have.
    #[error("expected {expected}, got {got} bytes")]
    Length {
        /// What was expected.
        expected: &'static str,
        /// Bytes that came.
        got: usize,
    },
}
