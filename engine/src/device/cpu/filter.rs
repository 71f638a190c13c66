//! `filter`: which rows are kept.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;

use super::lookup::column;
use super::text::decoded;
use crate::batch::WhyDropped;
use crate::error::{Error, Result};
use crate::plan::FilterStep;

/// Why each row of `columns` is dropped, or nothing where the step keeps it.
///
/// # Errors
/// `Internal` where the batch does not fit the plan.
pub(in crate::device) fn dropped(
    step: &FilterStep,
    columns: &RecordBatch,
) -> Result<Vec<Option<WhyDropped>>> {
    let column = column(columns, &step.column)?;
    let least = step.min_length.unwrap_or(0);
    let greatest = step.max_length.unwrap_or(u64::MAX);
    let unbounded = step.min_length.is_none() && step.max_length.is_none();
    let lengths = if unbounded {
        None
    } else {
        Some(lengths(&decoded(column)?)?)
    };
    // A dictionary may hold nulls among its values.
    let nulls = column.logical_nulls();
    let is_null = |row| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
    let why = |row| match &lengths {
        _ if is_null(row) => (!step.keep_nulls).then_some(WhyDropped::Null),
        Some(lengths) if lengths[row] < least => Some(WhyDropped::TooShort),
        Some(lengths) if lengths[row] > greatest => Some(WhyDropped::TooLong),
        _ => None,
    };
    Ok((0..column.len()).map(why).collect())
}

/// The length of each value of a column without dictionary: bytes of text and
/// binary, elements of a list.
fn lengths(column: &ArrayRef) -> Result<Vec<u64>> {
    fn widths<T: Copy + Into<i64>>(offsets: &[T]) -> Vec<u64> {
        offsets
            .windows(2)
            .map(|pair| pair[1].into().abs_diff(pair[0].into()))
            .collect()
    }
    Ok(match column.data_type() {
        DataType::Utf8 => widths(column.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => widths(column.as_string::<i64>().value_offsets()),
        DataType::Binary => widths(column.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => widths(column.as_binary::<i64>().value_offsets()),
        DataType::List(_) => widths(column.as_list::<i32>().value_offsets()),
        DataType::LargeList(_) => widths(column.as_list::<i64>().value_offsets()),
        // A view's low 32 bits are its length.
        DataType::Utf8View => view_lengths(column.as_string_view().views()),
        DataType::BinaryView => view_lengths(column.as_binary_view().views()),
        DataType::FixedSizeList(_, n) | DataType::FixedSizeBinary(n) => {
            vec![u64::from(n.unsigned_abs()); column.len()]
        }
        other => {
            return Err(Error::internal(format!(
                "expected a column with lengths, got {other}"
            )));
        }
    })
}

fn view_lengths(views: &[u128]) -> Vec<u64> {
    let low = |view: &u128| bytemuck::cast::<u128, [u32; 4]>(view.to_le())[0];
    views.iter().map(|view| u64::from(low(view))).collect()
}
