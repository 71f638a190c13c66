//! The numbers of a column as bytes, and columns made of such bytes.

use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, OffsetSizeTrait, make_array};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;

use crate::arrays::relayout;
use crate::error::{Error, Result};

/// All numbers of a column, one behind another.
#[derive(Debug)]
pub(super) struct ColumnNumbers {
    /// Their bytes; nulls have been filled, or are zero.
    pub(super) bytes: Buffer,
    /// Where each row's begin and end.
    pub(super) rows: RowLengths,
    /// Rows that are no nulls but hold one.
    pub(super) holed: Vec<usize>,
    /// Numbers that took the place of nulls, as nulls, where there are any.
    filled: Option<NullBuffer>,
    /// The column without dictionary.
    array: ArrayRef,
    /// Nulls among rows; none where they were filled.
    nulls: Option<NullBuffer>,
}

/// How many numbers each row has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RowLengths {
    /// As many in each.
    Fixed(usize),
    /// `n_rows + 1` offsets that begin at 0.
    Ragged(Vec<usize>),
}

/// Numbers without regard to rows.
struct Flat {
    bytes: Buffer,
    /// Bytes of a number.
    width: usize,
    /// Numbers that are there; rows that are null count as holding nulls.
    nulls: Option<NullBuffer>,
}

impl ColumnNumbers {
    /// The numbers of `array`: of scalars, or in lists of fixed or varying
    /// length. With `fill`, the bytes of a number, nulls are no more.
    ///
    /// # Errors
    /// `Internal` for a column that does not consist of numbers.
    pub(super) fn of(array: &ArrayRef, fill: Option<&[u8]>) -> Result<Self> {
        let array = match array.data_type() {
            DataType::Dictionary(_, values) => relayout(array, values)?,
            _ => Arc::clone(array),
        };
        let (flat, rows) = match array.data_type() {
            DataType::List(_) => ragged(
                array.as_list::<i32>().offsets(),
                array.as_list::<i32>().values(),
            )?,
            DataType::LargeList(_) => ragged(
                array.as_list::<i64>().offsets(),
                array.as_list::<i64>().values(),
            )?,
            _ => {
                let flat = flat(&array)?;
                let per_row = per_row(array.data_type());
                (flat, RowLengths::Fixed(per_row))
            }
        };
        let holed = match fill {
            Some(_) => Vec::new(),
            None => holed(&array, &rows, flat.nulls.as_ref()),
        };
        let nulls = match (fill, &rows) {
            (Some(_), RowLengths::Fixed(_)) => None,
            _ => array.nulls().cloned(),
        };
        let taken = fill.and(flat.nulls.clone());
        Ok(Self {
            filled: taken.filter(|nulls| nulls.null_count() > 0),
            bytes: filled(flat, fill),
            rows,
            holed,
            array,
            nulls,
        })
    }

    /// The numbers of row `row`, by index.
    pub(super) fn row(&self, row: usize) -> std::ops::Range<usize> {
        match &self.rows {
            RowLengths::Fixed(n) => row * n..(row + 1) * n,
            RowLengths::Ragged(offsets) => offsets[row]..offsets[row + 1],
        }
    }

    /// Whether numbers took the place of nulls.
    pub(super) fn has_filled(&self) -> bool {
        self.filled.is_some()
    }

    /// How many numbers of row `row` took the place of nulls.
    pub(super) fn n_filled(&self, row: usize) -> usize {
        let range = self.row(row);
        match &self.filled {
            Some(nulls) if !self.is_null(row) => nulls.slice(range.start, range.len()).null_count(),
            _ => 0,
        }
    }

    /// How many numbers the first `n_rows` rows have.
    pub(super) fn row_end(&self, n_rows: usize) -> usize {
        match &self.rows {
            RowLengths::Fixed(n) => n_rows * n,
            RowLengths::Ragged(offsets) => offsets[n_rows],
        }
    }

    /// Whether the row is null.
    pub(super) fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// The column of `data_type` with the same rows that holds `bytes`.
    ///
    /// # Errors
    /// `Internal` where they are not as many as the type wants.
    pub(super) fn with_bytes(&self, data_type: &DataType, bytes: Buffer) -> Result<ArrayRef> {
        let n_rows = self.array.len();
        let data = match (&self.rows, data_type) {
            (RowLengths::Ragged(offsets), DataType::List(item)) => {
                list::<i32>(data_type, item, offsets, (bytes, self.nulls.as_ref()))
            }
            (RowLengths::Ragged(offsets), DataType::LargeList(item)) => {
                list::<i64>(data_type, item, offsets, (bytes, self.nulls.as_ref()))
            }
            _ => fixed(data_type, n_rows, bytes, self.nulls.as_ref()),
        };
        data.map(make_array).map_err(|error| cannot(&error))
    }
}

fn cannot(error: &ArrowError) -> Error {
    Error::internal("cannot build a column").with_source(error.to_string())
}

/// Numbers in one row of a type whose rows all have as many.
fn per_row(data_type: &DataType) -> usize {
    match data_type {
        DataType::FixedSizeList(item, len) => length(*len) * per_row(item.data_type()),
        DataType::FixedSizeBinary(len) => length(*len),
        _ => 1,
    }
}

fn length(len: i32) -> usize {
    usize::try_from(len).unwrap_or(0)
}

/// The elements that the rows of a list refer to.
fn ragged<O: OffsetSizeTrait>(
    offsets: &OffsetBuffer<O>,
    values: &ArrayRef,
) -> Result<(Flat, RowLengths)> {
    let at = |offset: Option<&O>| offset.map_or(0, |offset| offset.as_usize());
    let offsets: &[O] = offsets;
    let (first, last) = (at(offsets.first()), at(offsets.last()));
    let flat = flat(&values.slice(first, last - first))?;
    let offsets = offsets.iter().map(|offset| offset.as_usize() - first);
    Ok((flat, RowLengths::Ragged(offsets.collect())))
}

/// The numbers of an array of scalars or of lists of one length.
fn flat(array: &ArrayRef) -> Result<Flat> {
    match array.data_type() {
        DataType::FixedSizeList(_, len) => {
            let len = length(*len);
            let list = array.as_fixed_size_list();
            let inner = flat(&list.values().slice(0, array.len() * len))?;
            let per_row = len * per_row(&list.value_type());
            let nulls = array.nulls().map(|nulls| nulls.expand(per_row));
            Ok(Flat {
                nulls: NullBuffer::union(nulls.as_ref(), inner.nulls.as_ref()),
                ..inner
            })
        }
        DataType::FixedSizeBinary(len) => {
            let len = length(*len);
            let data = array.to_data();
            Ok(Flat {
                bytes: data.buffers()[0].slice_with_length(data.offset() * len, data.len() * len),
                width: 1,
                nulls: array.nulls().map(|nulls| nulls.expand(len)),
            })
        }
        number => {
            let width = number.primitive_width().ok_or_else(|| {
                Error::internal(format!("expected a column of numbers, got {number}"))
            })?;
            let data = array.to_data();
            Ok(Flat {
                bytes: data.buffers()[0]
                    .slice_with_length(data.offset() * width, data.len() * width),
                width,
                nulls: array.nulls().cloned(),
            })
        }
    }
}

/// The bytes with `fill`, or zeros, where there are nulls.
fn filled(flat: Flat, fill: Option<&[u8]>) -> Buffer {
    let Some(nulls) = flat.nulls.filter(|nulls| nulls.null_count() > 0) else {
        return flat.bytes;
    };
    let zeros = [0; 8];
    let fill = fill.unwrap_or(&zeros[..flat.width]);
    let mut bytes = flat.bytes.to_vec();
    let numbers = bytes.chunks_exact_mut(flat.width);
    for (number, is_there) in numbers.zip(nulls.iter()) {
        if !is_there {
            number.copy_from_slice(fill);
        }
    }
    Buffer::from_vec(bytes)
}

/// Rows that are not null and hold a null.
fn holed(array: &ArrayRef, rows: &RowLengths, nulls: Option<&NullBuffer>) -> Vec<usize> {
    let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else {
        return Vec::new();
    };
    if *rows == RowLengths::Fixed(1) && array.data_type().primitive_width().is_some() {
        return Vec::new();
    }
    let range = |row: usize| match rows {
        RowLengths::Fixed(n) => row * n..(row + 1) * n,
        RowLengths::Ragged(offsets) => offsets[row]..offsets[row + 1],
    };
    (0..array.len())
        .filter(|&row| array.is_valid(row) && range(row).any(|number| nulls.is_null(number)))
        .collect()
}

/// An array of `n_rows` scalars or lists of one length.
fn fixed(
    data_type: &DataType,
    n_rows: usize,
    bytes: Buffer,
    nulls: Option<&NullBuffer>,
) -> Result<ArrayData, ArrowError> {
    let data = ArrayData::builder(data_type.clone())
        .len(n_rows)
        .nulls(nulls.cloned());
    match data_type {
        DataType::FixedSizeList(item, len) => {
            let inner = fixed(item.data_type(), n_rows * length(*len), bytes, None)?;
            data.add_child_data(inner).build()
        }
        _ => data.add_buffer(bytes).build(),
    }
}

/// An array of lists.
fn list<O: OffsetSizeTrait>(
    data_type: &DataType,
    item: &Field,
    offsets: &[usize],
    (bytes, nulls): (Buffer, Option<&NullBuffer>),
) -> Result<ArrayData, ArrowError> {
    let n_numbers = offsets.last().copied().unwrap_or(0);
    let inner = fixed(item.data_type(), n_numbers, bytes, None)?;
    // They are the source's own, so they fit.
    let offsets = offsets.iter().map(|&offset| O::usize_as(offset));
    ArrayData::builder(data_type.clone())
        .len(offsets.len() - 1)
        .add_buffer(Buffer::from_vec(offsets.collect::<Vec<O>>()))
        .nulls(nulls.cloned())
        .add_child_data(inner)
        .build()
}
