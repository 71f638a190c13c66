//! Text and binary columns, whatever their Arrow layout.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, LargeBinaryArray, LargeStringArray,
    StringArray, StringViewArray,
};
use arrow::datatypes::DataType;

use crate::arrays::{InvalidUtf8, relayout, utf8};
use crate::error::{Error, Result};

/// `array` without its dictionary, if it has one. Text comes with 64-bit
/// offsets, as values that repeat may take more than 32 bits count.
///
/// # Errors
/// `Internal` for a dictionary that Arrow cannot decode.
pub(super) fn decoded(array: &ArrayRef) -> Result<ArrayRef> {
    let DataType::Dictionary(_, values) = array.data_type() else {
        return Ok(Arc::clone(array));
    };
    let to = match &**values {
        DataType::Utf8 => &DataType::LargeUtf8,
        DataType::Binary => &DataType::LargeBinary,
        other => other,
    };
    decoded(&relayout(array, to)?)
}

/// One column of text, read by row.
#[derive(Debug)]
pub(super) enum TextRows<'a> {
    /// 32-bit offsets.
    Utf8(&'a StringArray),
    /// 64-bit offsets.
    LargeUtf8(&'a LargeStringArray),
    /// Views.
    Utf8View(&'a StringViewArray),
    /// Bytes with 32-bit offsets.
    Binary(&'a BinaryArray),
    /// Bytes with 64-bit offsets.
    LargeBinary(&'a LargeBinaryArray),
    /// Bytes behind views.
    BinaryView(&'a BinaryViewArray),
}

impl<'a> TextRows<'a> {
    /// Reads `array`, which has no dictionary, as text.
    ///
    /// # Errors
    /// `Internal` for a column that is no text, which a checked plan never has.
    pub(super) fn new(array: &'a dyn Array) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Utf8 => Self::Utf8(array.as_string()),
            DataType::LargeUtf8 => Self::LargeUtf8(array.as_string()),
            DataType::Utf8View => Self::Utf8View(array.as_string_view()),
            DataType::Binary => Self::Binary(array.as_binary()),
            DataType::LargeBinary => Self::LargeBinary(array.as_binary()),
            DataType::BinaryView => Self::BinaryView(array.as_binary_view()),
            other => {
                return Err(Error::internal(format!(
                    "expected a text column, got {other}"
                )));
            }
        })
    }

    /// The text of row `row`, `None` for null.
    ///
    /// # Errors
    /// The first byte that is not UTF-8.
    pub(super) fn get(&self, row: usize) -> Result<Option<&str>, InvalidUtf8> {
        if self.array().is_null(row) {
            return Ok(None);
        }
        let bytes = match self {
            Self::Utf8(array) => return Ok(Some(array.value(row))),
            Self::LargeUtf8(array) => return Ok(Some(array.value(row))),
            Self::Utf8View(array) => return Ok(Some(array.value(row))),
            Self::Binary(array) => array.value(row),
            Self::LargeBinary(array) => array.value(row),
            Self::BinaryView(array) => array.value(row),
        };
        utf8(bytes).map(Some)
    }

    /// The bytes of row `row`, which may be no text.
    pub(super) fn bytes(&self, row: usize) -> &[u8] {
        match self {
            Self::Utf8(array) => array.value(row).as_bytes(),
            Self::LargeUtf8(array) => array.value(row).as_bytes(),
            Self::Utf8View(array) => array.value(row).as_bytes(),
            Self::Binary(array) => array.value(row),
            Self::LargeBinary(array) => array.value(row),
            Self::BinaryView(array) => array.value(row),
        }
    }

    fn array(&self) -> &dyn Array {
        match self {
            Self::Utf8(array) => array,
            Self::LargeUtf8(array) => array,
            Self::Utf8View(array) => array,
            Self::Binary(array) => array,
            Self::LargeBinary(array) => array,
            Self::BinaryView(array) => array,
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{DictionaryArray, Int32Array};
    use arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn dictionaries_of_all_that_a_plan_takes_for_text_are_read() {
        let plain: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("bc")]));
        for values in [
            DataType::Utf8,
            DataType::LargeUtf8,
            DataType::Utf8View,
            DataType::Binary,
            DataType::LargeBinary,
            DataType::BinaryView,
        ] {
            let values = relayout(&plain, &values).unwrap();
            let keys = Int32Array::from(vec![Some(2), Some(0), None, Some(1)]);
            let array = DictionaryArray::<Int32Type>::try_new(keys, values).unwrap();
            let array = decoded(&(Arc::new(array) as ArrayRef)).unwrap();
            let text = TextRows::new(&array).unwrap();
            let read: Vec<_> = (0..4).map(|row| text.get(row).unwrap()).collect();
            assert_eq!(read, [Some("bc"), Some("a"), None, None]);
        }
    }
}
