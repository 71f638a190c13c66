//! Values as people read them.

use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef, AsArray as _};
use arrow::datatypes::{
    ArrowTemporalType, DataType, Date32Type, Date64Type, DurationMicrosecondType,
    DurationMillisecondType, DurationNanosecondType, DurationSecondType, Float16Type, Float32Type,
    Float64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};

use super::integers;

/// The value in `row` of `array`: text as it is, bytes as hexadecimal digits,
/// times in ISO 8601 (those with a zone in UTC), lists in brackets, and `null`.
#[must_use]
pub fn show(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "null".to_owned();
    }
    if let Some(mut values) = integers(&array.slice(row, 1)) {
        return values.next().flatten().unwrap_or_default().to_string();
    }
    match array.data_type() {
        DataType::Null => "null".to_owned(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Float16 => float(array.as_primitive::<Float16Type>().value(row).to_f32()),
        DataType::Float32 => float(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).to_owned(),
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        DataType::Binary => hex(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => hex(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => hex(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => hex(array.as_fixed_size_binary().value(row)),
        DataType::List(_) => list(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => list(&array.as_fixed_size_list().value(row)),
        DataType::Struct(_) => {
            let fields = array.as_struct();
            let names = fields.column_names().into_iter().zip(fields.columns());
            let shown = names.map(|(name, column)| format!("{name}: {}", show(column, row)));
            format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
        }
        other => time(array, row).unwrap_or_else(|| format!("a value of type {other}")),
    }
}

fn list(items: &ArrayRef) -> String {
    let items: Vec<String> = (0..items.len()).map(|item| show(items, item)).collect();
    format!("[{}]", items.join(", "))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// The shortest text that reads back as the number.
fn float(value: impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

/// A moment, a time of day or a span of time; `None` where it is none, or
/// beyond the calendar.
fn time(array: &ArrayRef, row: usize) -> Option<String> {
    match array.data_type() {
        DataType::Date32 => Some(
            array
                .as_primitive::<Date32Type>()
                .value_as_date(row)?
                .to_string(),
        ),
        DataType::Date64 => moment::<Date64Type>(array, row, ""),
        DataType::Time32(TimeUnit::Second) => of_day::<Time32SecondType>(array, row),
        DataType::Time32(_) => of_day::<Time32MillisecondType>(array, row),
        DataType::Time64(TimeUnit::Microsecond) => of_day::<Time64MicrosecondType>(array, row),
        DataType::Time64(_) => of_day::<Time64NanosecondType>(array, row),
        DataType::Timestamp(unit, zone) => {
            let end = zone.as_ref().map_or("", |_| "Z");
            match unit {
                TimeUnit::Second => moment::<TimestampSecondType>(array, row, end),
                TimeUnit::Millisecond => moment::<TimestampMillisecondType>(array, row, end),
                TimeUnit::Microsecond => moment::<TimestampMicrosecondType>(array, row, end),
                TimeUnit::Nanosecond => moment::<TimestampNanosecondType>(array, row, end),
            }
        }
        DataType::Duration(unit) => Some(match unit {
            TimeUnit::Second => format!(
                "{} s",
                array.as_primitive::<DurationSecondType>().value(row)
            ),
            TimeUnit::Millisecond => {
                format!(
                    "{} ms",
                    array.as_primitive::<DurationMillisecondType>().value(row)
                )
            }
            TimeUnit::Microsecond => {
                format!(
                    "{} us",
                    array.as_primitive::<DurationMicrosecondType>().value(row)
                )
            }
            TimeUnit::Nanosecond => {
                format!(
                    "{} ns",
                    array.as_primitive::<DurationNanosecondType>().value(row)
                )
            }
        }),
        _ => None,
    }
}

fn moment<T>(array: &ArrayRef, row: usize, end: &str) -> Option<String>
where
    T: ArrowTemporalType + arrow::datatypes::ArrowPrimitiveType,
    i64: From<T::Native>,
{
    let moment = array.as_primitive::<T>().value_as_datetime(row)?;
    Some(format!("{moment:?}{end}"))
}

fn of_day<T>(array: &ArrayRef, row: usize) -> Option<String>
where
    T: ArrowTemporalType + arrow::datatypes::ArrowPrimitiveType,
    i64: From<T::Native>,
{
    Some(array.as_primitive::<T>().value_as_time(row)?.to_string())
}
