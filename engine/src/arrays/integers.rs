//! Integers of any width.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray as _, PrimitiveArray};
use arrow::datatypes::{
    DataType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};

use super::errors::other_kind;
use crate::error::{Error, Result};

/// Runs `$body` with `$T` as the Arrow type of the integers `$data_type`.
macro_rules! for_integer {
    ($data_type:expr, $T:ident => $body:expr, _ => $else:expr) => {{
        macro_rules! with {
            ($of:ty) => {{
                type $T = $of;
                $body
            }};
        }
        match $data_type {
            DataType::Int8 => with!(Int8Type),
            DataType::Int16 => with!(Int16Type),
            DataType::Int32 => with!(Int32Type),
            DataType::Int64 => with!(Int64Type),
            DataType::UInt8 => with!(UInt8Type),
            DataType::UInt16 => with!(UInt16Type),
            DataType::UInt32 => with!(UInt32Type),
            DataType::UInt64 => with!(UInt64Type),
            _ => $else,
        }
    }};
}

/// The integers of `array`, or `None` where it holds something else.
#[must_use]
pub fn integers(array: &dyn Array) -> Option<Box<dyn Iterator<Item = Option<i128>> + '_>> {
    for_integer!(array.data_type(), T => {
        let values = array.as_primitive::<T>().iter();
        Some(Box::new(values.map(|value| value.map(i128::from))))
    }, _ => None)
}

/// The same integers in another width.
pub(super) fn into(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let other = || other_kind(array.data_type(), to);
    let values = integers(array).ok_or_else(other)?;
    for_integer!(to, T => narrow::<T>(values, to), _ => Err(other()))
}

fn narrow<T: ArrowPrimitiveType>(
    values: impl Iterator<Item = Option<i128>>,
    to: &DataType,
) -> Result<ArrayRef>
where
    T::Native: TryFrom<i128>,
{
    let fit = |value: i128| {
        T::Native::try_from(value)
            .map_err(|_| Error::data(format!("expected integers that fit {to}, got {value}")))
    };
    let values: PrimitiveArray<T> = values
        .map(|value| value.map(fit).transpose())
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .collect();
    Ok(Arc::new(values))
}
