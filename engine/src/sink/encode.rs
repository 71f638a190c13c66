//! From rows to the bytes of tensors, without copying what already lies right.
//!
//! What Arrow leaves open is settled here, so that equal rows have equal
//! bytes: a null row has zeros or no elements, views and dictionaries become
//! values, slices become whole.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::datatypes::DataType;

use crate::arrays::relayout;
use crate::batch::{Origins, OutputBatch};
use crate::error::{Error, Result};
use crate::format::{
    Column, Content, FirstDimension, OriginKind, ShardLayout, TensorSpec, to_usize,
};

#[cfg(target_endian = "big")]
compile_error!("shards are little-endian, and their bytes are taken from memory as they lie");

/// The rows of a batch as bytes.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) n_rows: usize,
    /// For each tensor of the layout, the items of all rows; nothing for
    /// offsets, which are made of `groups`.
    values: Vec<Option<Buffer>>,
    /// For each ragged group, `n_rows + 1` offsets that start at 0.
    pub(super) groups: Vec<Vec<u64>>,
}

impl Encoded {
    /// The bytes of the rows `range` in tensor `index`.
    pub(super) fn bytes(
        &self,
        index: usize,
        spec: &TensorSpec,
        range: &Range<usize>,
    ) -> Result<&[u8]> {
        let items = match spec.extent {
            FirstDimension::Flat(group) => {
                let offsets = &self.groups[group];
                to_usize(offsets[range.start])?..to_usize(offsets[range.end])?
            }
            FirstDimension::Rows | FirstDimension::Offsets(_) => range.clone(),
        };
        let width = to_usize(spec.item_bytes)?;
        self.values[index]
            .as_ref()
            .and_then(|bytes| bytes.get(items.start * width..items.end * width))
            .ok_or_else(|| Error::internal("expected bytes for every row").with_column(&spec.name))
    }
}

/// The bytes of `batch`, whose columns must be `columns`.
///
/// # Errors
/// `Data` if a list holds a null, `Internal` if the batch is not of the plan's
/// output.
pub(super) fn encode(
    batch: &OutputBatch,
    columns: &[Column],
    layout: &ShardLayout,
    origins: OriginKind,
) -> Result<Encoded> {
    let n_rows = batch.columns.num_rows();
    check_origins(&batch.origins, origins, n_rows)?;
    if batch.columns.num_columns() != columns.len() {
        return Err(Error::internal(format!(
            "expected {} columns, got {}",
            columns.len(),
            batch.columns.num_columns()
        )));
    }
    let arrays = batch
        .columns
        .columns()
        .iter()
        .zip(columns)
        .map(|(array, column)| plain(array, column))
        .collect::<Result<Vec<_>>>()?;
    let mut encoded = Encoded {
        n_rows,
        values: Vec::with_capacity(layout.tensors.len()),
        groups: vec![Vec::new(); layout.n_groups],
    };
    for spec in &layout.tensors {
        let bytes = match spec.content {
            Content::Values(index) => {
                let name = &columns[index].name;
                let (bytes, offsets) =
                    values(&arrays[index], spec).map_err(|e| e.with_column(name))?;
                if let (FirstDimension::Flat(group), Some(offsets)) = (spec.extent, offsets) {
                    encoded.groups[group] = offsets;
                }
                Some(bytes)
            }
            Content::Valid(index) => Some(validity(&arrays[index])),
            Content::Offsets => None,
            Content::OriginFile => Some(bytes_of(&batch.origins.file)),
            Content::OriginRow => Some(bytes_of(&batch.origins.row)),
            Content::OriginStart => Some(bytes_of(&batch.origins.start)),
        };
        if let (Content::OriginFile, FirstDimension::Flat(group)) = (spec.content, spec.extent) {
            encoded.groups[group] = batch.origins.offsets.clone().unwrap_or_default();
        }
        encoded.values.push(bytes);
    }
    Ok(encoded)
}

/// Checks that origins are of the dataset's kind and fit the rows.
fn check_origins(origins: &Origins, kind: OriginKind, n_rows: usize) -> Result<()> {
    let Origins {
        file,
        row,
        start,
        offsets,
    } = origins;
    let fits = match (kind, offsets) {
        (OriginKind::Row, None) => file.len() == n_rows && row.len() == n_rows,
        (OriginKind::Packed, Some(offsets)) => {
            offsets.len() == n_rows + 1
                && offsets.first() == Some(&0)
                && offsets.last() == Some(&(file.len() as u64))
                && offsets.windows(2).all(|pair| pair[0] <= pair[1])
                && row.len() == file.len()
                && start.len() == file.len()
        }
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(Error::internal(format!(
            "expected origins of kind {kind:?} for {n_rows} rows, got {} documents",
            file.len()
        )))
    }
}

/// The column without dictionary or view, checked against the plan.
fn plain(array: &ArrayRef, column: &Column) -> Result<ArrayRef> {
    if !column.holds(array.data_type()) || (!column.nullable && array.logical_null_count() > 0) {
        let nulls = array.logical_null_count();
        return Err(Error::internal(format!(
            "expected a column of {}, got {} with {nulls} nulls",
            column.logical,
            array.data_type()
        ))
        .with_column(&column.name));
    }
    let mut array = array.clone();
    loop {
        let to = match array.data_type() {
            DataType::Dictionary(_, values) => values.as_ref().clone(),
            DataType::Utf8View => DataType::LargeUtf8,
            DataType::BinaryView => DataType::LargeBinary,
            _ => return Ok(array),
        };
        array = relayout(&array, &to)?;
    }
}

fn bytes_of<T: bytemuck::Pod>(numbers: &[T]) -> Buffer {
    Buffer::from(bytemuck::cast_slice::<T, u8>(numbers))
}

/// A byte of 1 for each row that is not null.
fn validity(array: &ArrayRef) -> Buffer {
    match array.nulls() {
        Some(nulls) => Buffer::from(nulls.iter().map(u8::from).collect::<Vec<u8>>()),
        None => Buffer::from(vec![1u8; array.len()]),
    }
}

/// The values of all rows, and their offsets where rows are ragged.
fn values(array: &ArrayRef, spec: &TensorSpec) -> Result<(Buffer, Option<Vec<u64>>)> {
    let width = to_usize(spec.item_bytes)?;
    let ragged = match array.data_type() {
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            Ragged::new(array.offsets(), |_| Ok(array.values().clone()))?
        }
        DataType::LargeUtf8 => {
            let array = array.as_string::<i64>();
            Ragged::new(array.offsets(), |_| Ok(array.values().clone()))?
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            Ragged::new(array.offsets(), |_| Ok(array.values().clone()))?
        }
        DataType::LargeBinary => {
            let array = array.as_binary::<i64>();
            Ragged::new(array.offsets(), |_| Ok(array.values().clone()))?
        }
        DataType::List(_) => {
            let array = array.as_list::<i32>();
            Ragged::of_list(array.offsets(), array.values(), array.nulls())?
        }
        DataType::LargeList(_) => {
            let array = array.as_list::<i64>();
            Ragged::of_list(array.offsets(), array.values(), array.nulls())?
        }
        _ => {
            let bytes = fixed(array)?;
            return Ok((zero_nulls(bytes, array.nulls(), width), None));
        }
    };
    let (bytes, offsets) = ragged.without_nulls(array.nulls(), width)?;
    Ok((bytes, Some(offsets)))
}

/// Rows that are runs of `bytes`; offsets count elements and start anywhere.
struct Ragged {
    bytes: Buffer,
    offsets: Vec<u64>,
    /// The element that `bytes` begins with.
    base: u64,
}

impl Ragged {
    /// Strings and binary: `bytes` are all bytes that offsets count.
    fn new<O: OffsetSizeTrait>(
        offsets: &[O],
        bytes: impl FnOnce(Range<usize>) -> Result<Buffer>,
    ) -> Result<Self> {
        let at = |offset: Option<&O>| offset.map_or(0, |offset| offset.as_usize());
        let bytes = bytes(at(offsets.first())..at(offsets.last()))?;
        Ok(Self {
            bytes,
            offsets: offsets
                .iter()
                .map(|offset| offset.as_usize() as u64)
                .collect(),
            base: 0,
        })
    }

    /// Lists of elements that must not be null.
    fn of_list<O: OffsetSizeTrait>(
        offsets: &[O],
        elements: &ArrayRef,
        nulls: Option<&NullBuffer>,
    ) -> Result<Self> {
        let mut ragged = Self::new(offsets, |range| {
            fixed(&elements.slice(range.start, range.len()))
        })?;
        ragged.base = ragged.offsets.first().copied().unwrap_or(0);
        if elements.logical_null_count() > 0 {
            let runs = offsets
                .windows(2)
                .map(|pair| pair[0].as_usize()..pair[1].as_usize());
            no_null_elements(elements, runs, nulls)?;
        }
        Ok(ragged)
    }

    /// The elements of rows that are not null, and offsets into them.
    fn without_nulls(self, nulls: Option<&NullBuffer>, width: usize) -> Result<(Buffer, Vec<u64>)> {
        let byte = |offset: u64| Ok::<_, Error>(to_usize(offset - self.base)? * width);
        let first = self.offsets.first().copied().unwrap_or(0);
        let last = self.offsets.last().copied().unwrap_or(0);
        let has_hidden = nulls.is_some_and(|nulls| {
            let runs = self.offsets.windows(2).zip(nulls.iter());
            runs.into_iter()
                .any(|(run, valid)| !valid && run[0] != run[1])
        });
        let (Some(nulls), true) = (nulls, has_hidden) else {
            let len = byte(last)? - byte(first)?;
            let bytes = self.bytes.slice_with_length(byte(first)?, len);
            return Ok((
                bytes,
                self.offsets.iter().map(|offset| offset - first).collect(),
            ));
        };
        let mut bytes = Vec::new();
        let mut offsets = vec![0u64];
        let mut end = 0;
        for (run, valid) in self.offsets.windows(2).zip(nulls.iter()) {
            if valid {
                bytes.extend_from_slice(&self.bytes[byte(run[0])?..byte(run[1])?]);
                end += run[1] - run[0];
            }
            offsets.push(end);
        }
        Ok((Buffer::from(bytes), offsets))
    }
}

/// Refuses null elements in rows that are not null themselves.
fn no_null_elements(
    elements: &ArrayRef,
    runs: impl Iterator<Item = Range<usize>>,
    nulls: Option<&NullBuffer>,
) -> Result<()> {
    let null_elements = elements.logical_nulls();
    for (row, run) in runs.enumerate() {
        let counts = nulls.is_none_or(|nulls| nulls.is_valid(row));
        let found = null_elements
            .as_ref()
            .is_some_and(|nulls| counts && run.into_iter().any(|element| nulls.is_null(element)));
        if found {
            return Err(
                Error::data("expected lists without nulls, got a null element")
                    .with_hint("fill or drop nulls inside lists before sharding"),
            );
        }
    }
    Ok(())
}

/// The bytes of all rows of a fixed type, nulls not looked at.
fn fixed(array: &ArrayRef) -> Result<Buffer> {
    match array.data_type() {
        DataType::Boolean => {
            let bits = array.as_boolean().values().iter();
            Ok(Buffer::from(bits.map(u8::from).collect::<Vec<u8>>()))
        }
        DataType::FixedSizeBinary(len) => {
            let array = array.as_fixed_size_binary();
            let len = usize::try_from(*len).unwrap_or(0) * array.len();
            let bytes = array.value_data();
            let whole = bytes.get(..len).filter(|_| array.offset() == 0);
            match whole {
                Some(bytes) => Ok(Buffer::from(bytes)),
                None => Err(Error::internal("expected a whole array of binary")),
            }
        }
        DataType::FixedSizeList(_, len) => {
            let array = array.as_fixed_size_list();
            let len = usize::try_from(*len).unwrap_or(0);
            let elements = array.values().slice(0, array.len() * len);
            if elements.logical_null_count() > 0 {
                let runs = (0..array.len()).map(|row| row * len..(row + 1) * len);
                no_null_elements(&elements, runs, array.nulls())?;
            }
            fixed(&Arc::clone(&elements))
        }
        primitive => {
            let width = primitive.primitive_width().ok_or_else(|| {
                Error::internal(format!("expected a column of numbers, got {primitive}"))
            })?;
            let data = array.to_data();
            let bytes = data
                .buffers()
                .first()
                .ok_or_else(|| Error::internal("expected an array with values"))?;
            Ok(bytes.slice_with_length(data.offset() * width, data.len() * width))
        }
    }
}

/// `bytes` with zeros in null rows.
fn zero_nulls(bytes: Buffer, nulls: Option<&NullBuffer>, width: usize) -> Buffer {
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        None => bytes,
        Some(nulls) => {
            let mut bytes = bytes.to_vec();
            for (row, valid) in bytes.chunks_exact_mut(width.max(1)).zip(nulls.iter()) {
                if !valid {
                    row.fill(0);
                }
            }
            Buffer::from(bytes)
        }
    }
}
