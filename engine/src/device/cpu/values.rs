//! Columns of nested values as templates are given them: lists, dicts, text,
//! numbers, truth values and None.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeListArray, GenericListArray, OffsetSizeTrait,
    StructArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use fuelrail_kernels::chat::ChatValue;

use super::text::TextRows;
use crate::error::Result;
use crate::plan::has_value;

/// One column of lists of structs, or of text, which is JSON, read by row.
#[derive(Debug)]
pub(super) enum ValueRows<'a> {
    /// Text.
    Json(TextRows<'a>),
    /// Anything else.
    Nested(&'a dyn Array),
}

impl<'a> ValueRows<'a> {
    /// Reads `array`, which has no dictionary.
    ///
    /// # Errors
    /// `Internal` for a column that is neither, which a checked plan never has.
    pub(super) fn new(array: &'a dyn Array) -> Result<Self> {
        match array.data_type() {
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
                Ok(Self::Nested(array))
            }
            _ => TextRows::new(array).map(Self::Json),
        }
    }

    /// The value of row `row`, `None` for null.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn get(&self, row: usize) -> Result<Option<ChatValue>, String> {
        let value = match self {
            Self::Nested(array) => value(*array, row)?,
            Self::Json(text) => {
                let text = text.get(row).map_err(|bad| bad.to_string())?;
                text.map_or(Ok(ChatValue::none()), of_json)?
            }
        };
        Ok(Some(value).filter(|value| !value.is_none()))
    }
}

/// The value of a JSON text; a text in it is one itself, as in lines whose values
/// are written twice.
fn of_json(text: &str) -> Result<ChatValue, String> {
    let read =
        |text: &str| ChatValue::from_json(text).map_err(|error| format!("not JSON: {error}"));
    let value = read(text)?;
    match value.as_str() {
        Some(inner) => read(inner),
        None => Ok(value),
    }
}

/// The value at `row`.
fn value(array: &dyn Array, row: usize) -> Result<ChatValue, String> {
    use DataType as T;
    if array.is_null(row) {
        return Ok(ChatValue::none());
    }
    Ok(match array.data_type() {
        T::Null => ChatValue::none(),
        T::Boolean => array
            .as_any()
            .downcast_ref::<BooleanArray>()
            .map_or_else(ChatValue::none, |array| array.value(row).into()),
        T::Int8 => i64::from(number::<Int8Type>(array, row)).into(),
        T::Int16 => i64::from(number::<Int16Type>(array, row)).into(),
        T::Int32 => i64::from(number::<Int32Type>(array, row)).into(),
        T::Int64 => number::<Int64Type>(array, row).into(),
        T::UInt8 => u64::from(number::<UInt8Type>(array, row)).into(),
        T::UInt16 => u64::from(number::<UInt16Type>(array, row)).into(),
        T::UInt32 => u64::from(number::<UInt32Type>(array, row)).into(),
        T::UInt64 => number::<UInt64Type>(array, row).into(),
        T::Float16 => f64::from(number::<Float16Type>(array, row)).into(),
        T::Float32 => f64::from(number::<Float32Type>(array, row)).into(),
        T::Float64 => number::<Float64Type>(array, row).into(),
        T::Utf8 => array.as_string::<i32>().value(row).into(),
        T::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        T::Utf8View => array.as_string_view().value(row).into(),
        T::List(_) => list(array.as_list::<i32>(), row)?,
        T::LargeList(_) => list(array.as_list::<i64>(), row)?,
        T::FixedSizeList(..) => fixed_list(array.as_fixed_size_list(), row)?,
        T::Struct(_) => dict(array.as_struct(), row)?,
        other => return Err(format!("a value of {other} has no like in JSON")),
    })
}

fn number<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

fn list<O: OffsetSizeTrait>(array: &GenericListArray<O>, row: usize) -> Result<ChatValue, String> {
    let bounds = array.value_offsets();
    items(
        array.values(),
        bounds[row].as_usize()..bounds[row + 1].as_usize(),
    )
}

fn fixed_list(array: &FixedSizeListArray, row: usize) -> Result<ChatValue, String> {
    let len = array.value_length().unsigned_abs() as usize;
    let first = array.value_offset_at(row);
    items(array.values(), first..first + len)
}

fn items(values: &ArrayRef, rows: std::ops::Range<usize>) -> Result<ChatValue, String> {
    let items = rows.map(|row| value(values, row));
    let items = items.collect::<Result<Vec<_>, String>>()?;
    ChatValue::list(items).map_err(|error| error.to_string())
}

/// The fields that have values.
fn dict(array: &StructArray, row: usize) -> Result<ChatValue, String> {
    let fields = array.fields().iter().zip(array.columns());
    let fields = fields.filter(|(field, _)| has_value(field.data_type()));
    let entries = fields.map(|(field, column)| Ok((field.name().as_str(), value(column, row)?)));
    let entries = entries.collect::<Result<Vec<_>, String>>()?;
    ChatValue::dict(entries).map_err(|error| error.to_string())
}
