//! A dataset of packed tokens, and how long it takes to write and to verify.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{FixedSizeListArray, RecordBatch, UInt16Array};
use arrow::datatypes::{DataType, Field};
use fuelrail::batch::{Checkpoint, Origins, OutputBatch, Stats};
use fuelrail::format::Manifest;
use fuelrail::sink::{LocalFs, OnExisting, Opened, PartState, Target};
use fuelrail::{Error, Result};
use fuelrail_tests::output::plan_of;

/// Tokens a row.
pub const LENGTH: usize = 2048;

/// Rows a batch: 4 MiB of tokens.
pub const BATCH_ROWS: usize = 1024;

/// A batch of tokens that compress badly.
///
/// # Errors
/// `Internal` if Arrow refuses it.
pub fn tokens() -> Result<RecordBatch> {
    let mut state = 1u64;
    let values = (0..BATCH_ROWS * LENGTH).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let [.., high, low] = state.to_le_bytes();
        u16::from_le_bytes([high, low])
    });
    let values = Arc::new(UInt16Array::from_iter_values(values));
    let item = Arc::new(Field::new("item", DataType::UInt16, false));
    let wrong = |e| Error::internal("cannot make tokens").with_source(e);
    let length = i32::try_from(LENGTH).unwrap_or(0);
    let rows = FixedSizeListArray::try_new(item, length, values, None).map_err(wrong)?;
    RecordBatch::try_from_iter_with_nullable([("tokens", Arc::new(rows) as _, false)])
        .map_err(wrong)
}

/// Writes `batch` `n_batches` times to a new dataset at `root`.
///
/// # Errors
/// What the sink returns.
pub fn write(
    root: &Path,
    batch: &RecordBatch,
    n_batches: u64,
    shard_size: u64,
) -> Result<Manifest> {
    let plan = plan_of(root, &batch.schema(), shard_size);
    let opened = Target::open(Arc::new(LocalFs), &plan, OnExisting::Refuse)?;
    let Opened::Writing(target) = opened else {
        return Err(Error::internal("expected a new dataset"));
    };
    let PartState::Todo(mut writer) = target.part(0)? else {
        return Err(Error::internal("expected a new part"));
    };
    let n_rows = batch.num_rows() as u64;
    for index in 0..n_batches {
        writer.push(&OutputBatch {
            columns: batch.clone(),
            origins: Origins {
                file: vec![0; batch.num_rows()],
                row: (index * n_rows..(index + 1) * n_rows).collect(),
                ..Origins::default()
            },
            restart: Checkpoint::default(),
            quarantined: Vec::new(),
        })?;
    }
    let stats = Stats {
        rows_read: n_batches * n_rows,
        documents: n_batches * n_rows,
        ..Stats::default()
    };
    writer.finish(stats, Vec::new())?;
    target.commit()
}
