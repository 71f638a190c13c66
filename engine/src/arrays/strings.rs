//! Strings and binary values, behind offsets of 32 or 64 bits or behind views.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, BinaryViewBuilder, GenericByteArray, OffsetSizeTrait,
    StringViewBuilder,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowNativeType as _, BinaryType, ByteArrayType, DataType, LargeBinaryType, LargeUtf8Type,
    Utf8Type,
};

use super::errors::{invalid, other_kind};
use crate::error::{Error, Result};

/// Whether values of this type are strings or bytes.
pub(super) fn is_one(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
    )
}

/// The same values in another layout; bytes become strings where they are UTF-8.
pub(super) fn into(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    match to {
        DataType::Utf8 => flat::<Utf8Type>(array),
        DataType::LargeUtf8 => flat::<LargeUtf8Type>(array),
        DataType::Binary => flat::<BinaryType>(array),
        DataType::LargeBinary => flat::<LargeBinaryType>(array),
        DataType::Utf8View => {
            let mut views = StringViewBuilder::with_capacity(array.len());
            for value in values(array)? {
                let text = value.map(std::str::from_utf8).transpose();
                views.append_option(text.map_err(|e| not_utf8(&e))?);
            }
            Ok(Arc::new(views.finish()))
        }
        DataType::BinaryView => {
            let mut views = BinaryViewBuilder::with_capacity(array.len());
            values(array)?.for_each(|value| views.append_option(value));
            Ok(Arc::new(views.finish()))
        }
        other => Err(other_kind(array.data_type(), other)),
    }
}

/// Behind offsets. What has offsets already keeps its bytes where they are.
fn flat<T: ByteArrayType>(array: &ArrayRef) -> Result<ArrayRef> {
    let (offsets, bytes) = match array.data_type() {
        DataType::Utf8 => shared::<Utf8Type, T>(array)?,
        DataType::LargeUtf8 => shared::<LargeUtf8Type, T>(array)?,
        DataType::Binary => shared::<BinaryType, T>(array)?,
        DataType::LargeBinary => shared::<LargeBinaryType, T>(array)?,
        _ => copied::<T>(array)?,
    };
    let nulls: Option<NullBuffer> = array.nulls().cloned();
    let made = GenericByteArray::<T>::try_new(offsets, bytes, nulls).map_err(|e| invalid(&e))?;
    Ok(Arc::new(made))
}

fn shared<From: ByteArrayType, T: ByteArrayType>(
    array: &ArrayRef,
) -> Result<(OffsetBuffer<T::Offset>, Buffer)> {
    let array = array.as_bytes::<From>();
    let offsets = array.offsets().iter().map(|offset| offset.as_usize());
    Ok((offsets_of(offsets)?, array.values().clone()))
}

fn copied<T: ByteArrayType>(array: &ArrayRef) -> Result<(OffsetBuffer<T::Offset>, Buffer)> {
    let len_bytes = values(array)?.map(|value| value.map_or(0, <[u8]>::len));
    let mut bytes = Vec::with_capacity(len_bytes.sum());
    let mut ends = Vec::with_capacity(array.len() + 1);
    ends.push(0);
    for value in values(array)? {
        bytes.extend_from_slice(value.unwrap_or_default());
        ends.push(bytes.len());
    }
    Ok((offsets_of(ends.into_iter())?, Buffer::from_vec(bytes)))
}

/// Offsets of the width that the layout has.
pub(super) fn offsets_of<O: OffsetSizeTrait>(
    offsets: impl Iterator<Item = usize>,
) -> Result<OffsetBuffer<O>> {
    let fit = |offset| {
        O::from_usize(offset).ok_or_else(|| {
            Error::data(format!(
                "expected values that offsets of {} bits reach, got {offset}",
                8 * size_of::<O>()
            ))
        })
    };
    let offsets = offsets.map(fit).collect::<Result<Vec<O>>>()?;
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}

/// The bytes of each row.
type Values<'a> = Box<dyn Iterator<Item = Option<&'a [u8]>> + 'a>;

fn values(array: &ArrayRef) -> Result<Values<'_>> {
    Ok(match array.data_type() {
        DataType::Utf8 => Box::new(array.as_string::<i32>().iter().map(bytes)),
        DataType::LargeUtf8 => Box::new(array.as_string::<i64>().iter().map(bytes)),
        DataType::Utf8View => Box::new(array.as_string_view().iter().map(bytes)),
        DataType::Binary => Box::new(array.as_binary::<i32>().iter()),
        DataType::LargeBinary => Box::new(array.as_binary::<i64>().iter()),
        DataType::BinaryView => Box::new(array.as_binary_view().iter()),
        other => return Err(other_kind(other, &DataType::LargeBinary)),
    })
}

fn bytes(text: Option<&str>) -> Option<&[u8]> {
    text.map(str::as_bytes)
}

fn not_utf8(error: &std::str::Utf8Error) -> Error {
    Error::data(format!("expected UTF-8: {error}"))
}
