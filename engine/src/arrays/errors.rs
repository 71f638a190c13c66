//! What is said where an array cannot have another layout.

use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use crate::error::Error;

/// The other type is of another kind.
pub(super) fn other_kind(from: &DataType, to: &DataType) -> Error {
    Error::data(format!("expected values of type {to}, got {from}"))
}

/// Arrow does not take what was put together.
pub(super) fn invalid(error: &ArrowError) -> Error {
    Error::data(format!("cannot lay an array out anew: {error}"))
}
