//! From the tensors of a shard to Arrow arrays and origins.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayData, ArrayRef, BooleanArray, FixedSizeBinaryArray, FixedSizeListArray, LargeBinaryArray,
    LargeListArray, LargeStringArray, make_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::shard::ShardFile;
use super::to_usize;
use crate::batch::Origins;
use crate::error::{Error, Result};
use crate::plan::{
    Column, ORIGIN_FILE, ORIGIN_OFFSETS, ORIGIN_ROW, ORIGIN_START, OriginKind, offsets_name,
    valid_name,
};

/// Rows `rows` of `column` in one shard, as its [`Column::data_type`].
pub(super) fn read_column(
    shard: &ShardFile,
    column: &Column,
    rows: &Range<u64>,
) -> Result<ArrayRef> {
    let build = || {
        let nulls = if column.nullable {
            let valid = shard_items(shard, &valid_name(&column.name), rows)?;
            Some(NullBuffer::new(bits(&valid)?)).filter(|nulls| nulls.null_count() > 0)
        } else {
            None
        };
        match column.data_type()? {
            data_type @ (DataType::LargeUtf8 | DataType::LargeBinary | DataType::LargeList(_)) => {
                ragged(shard, column, &data_type, rows, nulls)
            }
            data_type => {
                let bytes = shard_items(shard, &column.name, rows)?;
                fixed(&data_type, to_usize(rows.end - rows.start)?, bytes, nulls)
            }
        }
    };
    build().map_err(|error| error.with_column(&column.name).with_path(&shard.path))
}

/// The bytes of items `items` of a tensor.
fn shard_items(shard: &ShardFile, name: &str, items: &Range<u64>) -> Result<Buffer> {
    let tensor = shard.tensor(name)?;
    let n_items = tensor.shape.first().copied().unwrap_or(0);
    if items.start > items.end || items.end > n_items {
        return Err(Error::damage(format!(
            "expected items within the {n_items} of the tensor, got {}..{}",
            items.start, items.end
        )));
    }
    let item_bytes = tensor.len.checked_div(n_items).unwrap_or(0);
    shard.read(
        tensor.start + items.start * item_bytes,
        (items.end - items.start) * item_bytes,
    )
}

/// Bytes of 0 and 1 as bits.
pub(super) fn bits(bytes: &[u8]) -> Result<BooleanBuffer> {
    match bytes.iter().find(|byte| **byte > 1) {
        Some(byte) => Err(Error::damage(format!(
            "expected a boolean of 0 or 1, got {byte}"
        ))),
        None => Ok(bytes.iter().map(|byte| *byte == 1).collect()),
    }
}

fn bad_array(error: ArrowError) -> Error {
    Error::damage("expected values of the column's type").with_source(error)
}

/// `n` rows of a fixed column from their bytes.
fn fixed(
    data_type: &DataType,
    n: usize,
    bytes: Buffer,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    Ok(match data_type {
        DataType::Boolean => Arc::new(BooleanArray::new(bits(&bytes)?, nulls)),
        DataType::FixedSizeBinary(len) => {
            Arc::new(FixedSizeBinaryArray::try_new(*len, bytes, nulls).map_err(bad_array)?)
        }
        DataType::FixedSizeList(field, len) => {
            let n_items = usize::try_from(*len)
                .ok()
                .and_then(|len| n.checked_mul(len));
            let n_items = n_items.ok_or_else(|| Error::damage("expected fewer elements"))?;
            let items = fixed(field.data_type(), n_items, bytes, None)?;
            Arc::new(
                FixedSizeListArray::try_new(field.clone(), *len, items, nulls)
                    .map_err(bad_array)?,
            )
        }
        primitive => make_array(
            ArrayData::builder(primitive.clone())
                .len(n)
                .add_buffer(bytes)
                .nulls(nulls)
                .build()
                .map_err(bad_array)?,
        ),
    })
}

/// Rows of a ragged column.
fn ragged(
    shard: &ShardFile,
    column: &Column,
    data_type: &DataType,
    rows: &Range<u64>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    let (elements, offsets) = read_offsets(shard, &offsets_name(&column.name), rows)?;
    let bytes = shard_items(shard, &column.name, &elements)?;
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(match data_type {
        DataType::LargeUtf8 => {
            Arc::new(LargeStringArray::try_new(offsets, bytes, nulls).map_err(bad_array)?)
        }
        DataType::LargeList(field) => {
            let n = bytes.len() / to_usize(column.dtype.len_bytes().max(1))?;
            let items = fixed(field.data_type(), n, bytes, None)?;
            Arc::new(
                LargeListArray::try_new(field.clone(), offsets, items, nulls).map_err(bad_array)?,
            )
        }
        _ => Arc::new(LargeBinaryArray::try_new(offsets, bytes, nulls).map_err(bad_array)?),
    })
}

/// The elements that `rows` cover, and the offsets of the rows into them.
pub(super) fn read_offsets(
    shard: &ShardFile,
    name: &str,
    rows: &Range<u64>,
) -> Result<(Range<u64>, Vec<i64>)> {
    let bytes = shard_items(shard, name, &(rows.start..rows.end + 1))?;
    let raw: Vec<i64> = numbers(&bytes, i64::from_le_bytes);
    let (Some(first), Some(last)) = (raw.first().copied(), raw.last().copied()) else {
        return Err(Error::damage("expected an offset for every row"));
    };
    let ascending = raw.windows(2).all(|pair| pair[0] <= pair[1]);
    if !ascending || first < 0 || (rows.start == 0 && first != 0) {
        return Err(
            Error::damage("expected offsets that start at 0 and never fall").with_column(name),
        );
    }
    let elements = first.unsigned_abs()..last.unsigned_abs();
    Ok((
        elements,
        raw.into_iter().map(|offset| offset - first).collect(),
    ))
}

/// Little-endian numbers from their bytes.
fn numbers<T, const N: usize>(bytes: &[u8], number: fn([u8; N]) -> T) -> Vec<T> {
    bytes
        .chunks_exact(N)
        .map(|chunk| {
            let mut raw = [0; N];
            raw.copy_from_slice(chunk);
            number(raw)
        })
        .collect()
}

/// Where the rows `rows` of one shard came from.
pub(super) fn read_origins(
    shard: &ShardFile,
    kind: OriginKind,
    rows: &Range<u64>,
) -> Result<Origins> {
    let build = || {
        let (documents, offsets) = match kind {
            OriginKind::Row => (rows.clone(), None),
            OriginKind::Packed => {
                let (documents, offsets) = read_offsets(shard, ORIGIN_OFFSETS, rows)?;
                (
                    documents,
                    Some(offsets.into_iter().map(i64::unsigned_abs).collect()),
                )
            }
        };
        let bytes = |name| shard_items(shard, name, &documents);
        Ok(Origins {
            file: numbers(&bytes(ORIGIN_FILE)?, u32::from_le_bytes),
            row: numbers(&bytes(ORIGIN_ROW)?, u64::from_le_bytes),
            start: match kind {
                OriginKind::Row => Vec::new(),
                OriginKind::Packed => numbers(&bytes(ORIGIN_START)?, u32::from_le_bytes),
            },
            offsets,
        })
    };
    build().map_err(|error: Error| error.with_path(&shard.path))
}
