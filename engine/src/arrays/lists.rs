//! Lists, behind offsets of 32 or 64 bits, behind views, or of a fixed length.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, FixedSizeListArray, GenericListArray, OffsetSizeTrait,
    UInt64Array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, FieldRef};

use super::errors::{invalid, other_kind};
use super::strings::offsets_of;
use crate::error::Result;

/// What lays the items of lists out anew: they may be of any type.
pub(super) type Relayout = fn(&ArrayRef, &DataType) -> Result<ArrayRef>;

/// Whether values of this type are lists.
pub(super) fn is_one(data_type: &DataType) -> bool {
    items(data_type).is_some()
}

/// The field of a list's items.
fn items(data_type: &DataType) -> Option<&FieldRef> {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => Some(field),
        _ => None,
    }
}

/// The same lists in another layout, their items by `relayout`.
pub(super) fn into(array: &ArrayRef, to: &DataType, relayout: Relayout) -> Result<ArrayRef> {
    match (array.data_type(), to) {
        (DataType::FixedSizeList(_, from), DataType::FixedSizeList(field, len)) if from == len => {
            let lists = array.as_fixed_size_list();
            let values = relayout(lists.values(), field.data_type())?;
            let nulls = lists.nulls().cloned();
            let made = FixedSizeListArray::try_new(Arc::clone(field), *len, values, nulls);
            Ok(Arc::new(made.map_err(|e| invalid(&e))?))
        }
        (_, DataType::List(field)) => behind_offsets::<i32>(array, field, relayout),
        (_, DataType::LargeList(field)) => behind_offsets::<i64>(array, field, relayout),
        (from, to) => Err(other_kind(from, to)),
    }
}

fn behind_offsets<O: OffsetSizeTrait>(
    array: &ArrayRef,
    field: &FieldRef,
    relayout: Relayout,
) -> Result<ArrayRef> {
    let (ends, values) = match array.data_type() {
        DataType::List(_) => offsets::<i32>(array),
        DataType::LargeList(_) => offsets::<i64>(array),
        _ => gathered(array)?,
    };
    let values = relayout(&values, field.data_type())?;
    let offsets = offsets_of::<O>(ends.into_iter())?;
    let nulls = array.nulls().cloned();
    let made = GenericListArray::<O>::try_new(Arc::clone(field), offsets, values, nulls);
    Ok(Arc::new(made.map_err(|e| invalid(&e))?))
}

fn offsets<O: OffsetSizeTrait>(array: &ArrayRef) -> (Vec<usize>, ArrayRef) {
    let lists = array.as_list::<O>();
    let ends = lists.offsets().iter().map(|end| end.as_usize()).collect();
    (ends, Arc::clone(lists.values()))
}

/// The items of all lists, one after another.
fn gathered(array: &ArrayRef) -> Result<(Vec<usize>, ArrayRef)> {
    let (values, spans) = match array.data_type() {
        DataType::FixedSizeList(_, len) => {
            let lists = array.as_fixed_size_list();
            let len = usize::try_from(*len).unwrap_or(0);
            let spans = (0..array.len()).map(|row| row * len..(row + 1) * len);
            (lists.values(), spans.collect())
        }
        DataType::ListView(_) => views::<i32>(array),
        DataType::LargeListView(_) => views::<i64>(array),
        other => return Err(other_kind(other, &DataType::Null)),
    };
    let spans: Vec<Range<usize>> = spans;
    let mut ends = Vec::with_capacity(spans.len() + 1);
    ends.push(0);
    let mut indices = Vec::new();
    for (row, span) in spans.into_iter().enumerate() {
        if !array.is_null(row) {
            indices.extend(span.map(|at| at as u64));
        }
        ends.push(indices.len());
    }
    let values = take(values, &UInt64Array::from(indices), None).map_err(|e| invalid(&e))?;
    Ok((ends, values))
}

fn views<O: OffsetSizeTrait>(array: &ArrayRef) -> (&ArrayRef, Vec<Range<usize>>) {
    let lists = array.as_list_view::<O>();
    let starts = lists.offsets().iter().zip(lists.sizes());
    let spans = starts.map(|(start, len)| start.as_usize()..start.as_usize() + len.as_usize());
    (lists.values(), spans.collect())
}
