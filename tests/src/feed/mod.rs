//! Datasets for tests of reading: rows that say which they are, and shards
//! that are larger or more than any disk would hold.

pub mod sparse;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array as _, FixedSizeListArray, Int32Array, RecordBatch, UInt16Array};
use arrow::datatypes::{DataType, Field, Schema};
use fuelrail::{Error, Result};

use crate::output::write_batches;

/// Number `index` of row `row` of [`write_tokens`].
#[must_use]
pub fn token(row: u64, index: u64) -> u16 {
    let mixed = (row << 20 ^ index).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let [.., high, low] = (mixed ^ (mixed >> 29)).to_le_bytes();
    u16::from_le_bytes([high, low])
}

/// The bytes of row `row` of the column `tokens`.
#[must_use]
pub fn token_bytes(row: u64, width: u64) -> Vec<u8> {
    let tokens = (0..width).flat_map(|index| token(row, index).to_le_bytes());
    tokens.collect()
}

/// Writes a dataset of `n_rows` rows: `tokens`, `width` numbers that follow
/// from the row's number, and `label`, that number.
///
/// # Errors
/// What the sink returns.
pub fn write_tokens(root: &Path, n_rows: u64, width: u64, shard_size: u64) -> Result<()> {
    let wrong = |e| Error::internal("cannot make rows").with_source(e);
    let tokens = (0..n_rows).flat_map(|row| (0..width).map(move |index| token(row, index)));
    let item = Arc::new(Field::new("item", DataType::UInt16, false));
    let tokens = FixedSizeListArray::try_new(
        item,
        i32::try_from(width).unwrap_or(i32::MAX),
        Arc::new(UInt16Array::from_iter_values(tokens)),
        None,
    );
    let tokens = tokens.map_err(wrong)?;
    let labels = (0..n_rows).map(|row| i32::try_from(row).unwrap_or(-1));
    let labels = Int32Array::from_iter_values(labels);
    let fields = vec![
        Field::new("tokens", tokens.data_type().clone(), false),
        Field::new("label", DataType::Int32, false),
    ];
    let columns: Vec<arrow::array::ArrayRef> = vec![Arc::new(tokens), Arc::new(labels)];
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(wrong)?;
    write_batches(root, shard_size, &[batch])
}
