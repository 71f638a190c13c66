//! An array in another layout, with the same values.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, Float32Array, Float64Array, StructArray, new_null_array,
};
use arrow::compute::take;
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Int16Type, Int32Type, Int64Type, RunEndIndexType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow::downcast_dictionary_array;

use super::errors::{invalid, other_kind};
use super::{integers, lists, strings};
use crate::error::Result;

/// `array` as an array of type `to`, with the same values.
///
/// Strings, binary values and lists go into any layout of theirs, dictionaries
/// and runs into what they stand for, integers and floats into wider ones,
/// times into another zone, nulls into any type; fields of structs likewise.
///
/// # Errors
/// `Data` if `to` is another kind of type, or does not hold some value.
pub fn relayout(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let from = array.data_type();
    if from == to {
        return Ok(Arc::clone(array));
    }
    match (from, to) {
        (DataType::Null, _) => Ok(new_null_array(to, array.len())),
        (DataType::Dictionary(..), _) => of_dictionary(array, to),
        (DataType::RunEndEncoded(ends, _), _) => match ends.data_type() {
            DataType::Int16 => of_runs::<Int16Type>(array, to),
            DataType::Int32 => of_runs::<Int32Type>(array, to),
            _ => of_runs::<Int64Type>(array, to),
        },
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let structs = array.as_struct();
            if structs.num_columns() != fields.len() {
                return Err(other_kind(from, to));
            }
            let columns = structs.columns().iter().zip(fields);
            let columns = columns.map(|(column, field)| relayout(column, field.data_type()));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let nulls = structs.nulls().cloned();
            let made =
                StructArray::try_new_with_length(fields.clone(), columns, nulls, array.len());
            Ok(Arc::new(made.map_err(|e| invalid(&e))?))
        }
        (DataType::Timestamp(..), DataType::Timestamp(..)) => in_zone(array, to),
        (DataType::Float16, DataType::Float32) => {
            let halves = array.as_primitive::<Float16Type>();
            Ok(Arc::new(halves.unary::<_, Float32Type>(f32::from)) as ArrayRef)
        }
        (DataType::Float16, DataType::Float64) => {
            let halves = array.as_primitive::<Float16Type>();
            let floats: Float64Array = halves.unary(f64::from);
            Ok(Arc::new(floats))
        }
        (DataType::Float32, DataType::Float64) => {
            let singles: &Float32Array = array.as_primitive();
            let floats: Float64Array = singles.unary(f64::from);
            Ok(Arc::new(floats))
        }
        _ if from.is_integer() && to.is_integer() => integers::into(array, to),
        _ if strings::is_one(from) && strings::is_one(to) => strings::into(array, to),
        _ if lists::is_one(from) && lists::is_one(to) => lists::into(array, to, relayout),
        _ => Err(other_kind(from, to)),
    }
}

/// What the keys of a dictionary stand for.
fn of_dictionary(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    downcast_dictionary_array! {
        array => {
            // First the values, whose layout may hold more than theirs does.
            let values = relayout(array.values(), to)?;
            take(&values, array.keys(), None).map_err(|e| invalid(&e))
        },
        _ => Err(other_kind(array.data_type(), to)),
    }
}

/// What the runs stand for.
fn of_runs<R: RunEndIndexType>(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let runs = array
        .as_any()
        .downcast_ref::<arrow::array::RunArray<R>>()
        .ok_or_else(|| other_kind(array.data_type(), to))?;
    let values = relayout(runs.values(), to)?;
    let rows = 0..runs.len();
    let indices: arrow::array::UInt64Array = rows
        .map(|row| Some(runs.get_physical_index(row) as u64))
        .collect();
    take(&values, &indices, None).map_err(|e| invalid(&e))
}

/// The same moments under the name of another zone.
fn in_zone(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    macro_rules! zoned {
        ($unit:ty, $zone:expr) => {{
            let times = array.as_primitive::<$unit>().clone();
            Ok(Arc::new(times.with_timezone_opt($zone.clone())) as ArrayRef)
        }};
    }
    match (array.data_type(), to) {
        (DataType::Timestamp(from, _), DataType::Timestamp(unit, zone)) if from == unit => {
            match unit {
                TimeUnit::Second => zoned!(TimestampSecondType, zone),
                TimeUnit::Millisecond => zoned!(TimestampMillisecondType, zone),
                TimeUnit::Microsecond => zoned!(TimestampMicrosecondType, zone),
                TimeUnit::Nanosecond => zoned!(TimestampNanosecondType, zone),
            }
        }
        (from, to) => Err(other_kind(from, to)),
    }
}
