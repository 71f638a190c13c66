//! What is inside a shard whose header holds: checks that checksums cannot
//! make, and which rows a damaged block touches.

use std::ops::Range;

use super::entries::ShardEntry;
use super::layout::ShardLayout;
use super::manifest::Manifest;
use super::shard::ShardFile;
use super::{BLOCK_BYTES, decode};
use crate::error::{Error, Result};
use crate::plan::{
    Column, ColumnLayout, FirstDimension, ORIGIN_FILE, ORIGIN_OFFSETS, OriginKind, TensorSpec,
    offsets_name, valid_name,
};

/// Rows whose offsets are checked at a time.
const ROWS_AT_A_TIME: u64 = 1 << 16;

/// Checks what checksums cannot: that offsets ascend and end at the end,
/// that booleans are booleans, that origins name sources.
pub(super) fn check_structure(
    shard: &ShardFile,
    manifest: &Manifest,
    entry: &ShardEntry,
) -> Result<()> {
    for column in &manifest.schema {
        check_column(shard, column, entry.n_rows)
            .map_err(|error| error.with_column(&column.name))?;
    }
    if manifest.origins == OriginKind::Packed {
        check_offsets(shard, ORIGIN_OFFSETS, ORIGIN_FILE, entry.n_rows)?;
    }
    let mut row = 0;
    while row < entry.n_rows {
        let end = entry.n_rows.min(row + ROWS_AT_A_TIME);
        let origins = decode::read_origins(shard, manifest.origins, &(row..end))?;
        let n_sources = manifest.sources.len();
        let stray = origins
            .file
            .iter()
            .find(|file| **file as usize >= n_sources);
        if let Some(file) = stray {
            return Err(Error::damage(format!(
                "expected origins among the {n_sources} sources, got {file}"
            )));
        }
        row = end;
    }
    Ok(())
}

/// The rows of the shard that `block` holds bytes of, if any.
pub(super) fn rows_of_block(
    shard: &ShardFile,
    layout: &ShardLayout,
    block: u64,
) -> Option<Range<u64>> {
    let from = block * BLOCK_BYTES;
    let to = from + BLOCK_BYTES;
    let mut rows: Option<Range<u64>> = None;
    for spec in &layout.tensors {
        let Some(tensor) = shard.header.tensors.get(&spec.name) else {
            continue;
        };
        let start = from.max(tensor.start);
        let end = to.min(tensor.start + tensor.len);
        if start >= end || spec.item_bytes == 0 {
            continue;
        }
        let items = (start - tensor.start) / spec.item_bytes
            ..(end - tensor.start).div_ceil(spec.item_bytes);
        let touched = rows_of_items(shard, layout, spec, items);
        rows = Some(match rows {
            Some(rows) => rows.start.min(touched.start)..rows.end.max(touched.end),
            None => touched,
        });
    }
    rows
}

/// The rows that items of a tensor belong to; all rows where the offsets
/// cannot be read.
fn rows_of_items(
    shard: &ShardFile,
    layout: &ShardLayout,
    spec: &TensorSpec,
    items: Range<u64>,
) -> Range<u64> {
    let n_rows = shard.header.n_rows;
    match spec.extent {
        FirstDimension::Rows => items,
        // Offset i ends row i - 1 and begins row i.
        FirstDimension::Offsets(_) => items.start.saturating_sub(1)..items.end.min(n_rows),
        FirstDimension::Flat(group) => {
            let offsets = layout
                .tensors
                .iter()
                .find(|other| other.extent == FirstDimension::Offsets(group))
                .and_then(|other| decode::read_offsets(shard, &other.name, &(0..n_rows)).ok());
            let Some((_, offsets)) = offsets else {
                return 0..n_rows;
            };
            let row_of =
                |item: u64| offsets.partition_point(|offset| offset.unsigned_abs() <= item) as u64;
            let first = row_of(items.start).saturating_sub(1);
            first..row_of(items.end.saturating_sub(1)).min(n_rows)
        }
    }
}

/// Checks the offsets and booleans of one column.
fn check_column(shard: &ShardFile, column: &Column, n_rows: u64) -> Result<()> {
    if column.layout == ColumnLayout::Ragged {
        check_offsets(shard, &offsets_name(&column.name), &column.name, n_rows)?;
    }
    if column.nullable {
        check_booleans(shard, &valid_name(&column.name))?;
    }
    if column.logical == "bool" {
        check_booleans(shard, &column.name)?;
    }
    Ok(())
}

/// Checks that offsets start at 0, never fall, and end where `flat` ends.
fn check_offsets(shard: &ShardFile, name: &str, flat: &str, n_rows: u64) -> Result<()> {
    let mut next = 0;
    let mut row = 0;
    while row < n_rows {
        let end = n_rows.min(row + ROWS_AT_A_TIME);
        let (elements, _) = decode::read_offsets(shard, name, &(row..end))?;
        if elements.start != next {
            return Err(Error::damage(
                "expected offsets that start at 0 and never fall",
            ));
        }
        next = elements.end;
        row = end;
    }
    let n_items = shard.tensor(flat)?.shape.first().copied();
    if n_items == Some(next) {
        Ok(())
    } else {
        Err(Error::damage(format!(
            "expected offsets that end with the values, got {next}"
        )))
    }
}

/// Checks that a tensor of booleans holds 0 and 1 only.
fn check_booleans(shard: &ShardFile, name: &str) -> Result<()> {
    let tensor = shard.tensor(name)?;
    let mut at = 0;
    while at < tensor.len {
        let len = (tensor.len - at).min(16 * BLOCK_BYTES);
        let bytes = shard.read(tensor.start + at, len)?;
        decode::bits(&bytes)?;
        at += len;
    }
    Ok(())
}
