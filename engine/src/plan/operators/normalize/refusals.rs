//! What is refused in either kind of `normalize`, as errors of the step.

use fuelrail_kernels::normalize::NormalizeError;

use crate::error::{Error, Result};
use crate::plan::output::OutputColumn;
use crate::plan::type_names::column_type_name;

use super::super::columns::place;

/// The error of the kernel as one of the step, at the key it is about.
pub(super) fn refused(
    error: &NormalizeError,
    index: usize,
    column: &OutputColumn,
) -> (Error, String) {
    let (key, hint) = match error {
        NormalizeError::NotFinite {
            what: "bound",
            value,
        } => {
            let hint =
                "for no bound on one side, write a number that is large enough, such as 3.4e38";
            ("clip".to_owned(), value.is_infinite().then_some(hint))
        }
        NormalizeError::NotFinite { what, .. } => (key(what, index), None),
        NormalizeError::NotPositive { what, value } => {
            let hint = "numbers that are all the same have a deviation of 0: give them std = 1";
            (
                key(what, index),
                (*value == 0.0 && *what == "std").then_some(hint),
            )
        }
        NormalizeError::Bounds { .. } => ("clip".to_owned(), None),
        NormalizeError::Overflow { .. } => (
            "dtype".to_owned(),
            Some("choose a wider `dtype`, or a larger `std`"),
        ),
        NormalizeError::Channels { what, .. } => ((*what).to_owned(), None),
        NormalizeError::Type { .. } => (
            "dtype".to_owned(),
            Some("float64 is for columns of 64-bit numbers"),
        ),
        _ => (place(index), None),
    };
    let error = Error::pipeline(error.to_string()).with_column(&column.name);
    let error = match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    };
    (error, key)
}

/// The key that a constant comes from, at its place in a list.
fn key(what: &str, index: usize) -> String {
    match what {
        "scale" => "scale".to_owned(),
        "mean" => format!("mean[{index}]"),
        _ => format!("std[{index}]"),
    }
}

/// An error about `key`, which is for the other kind of column.
pub(super) fn not_for(key: &str, kind: &str, column: &OutputColumn) -> (Error, String) {
    let error = Error::pipeline(format!(
        "`{key}` is for numbers only, got it for {kind} of {}",
        column_type_name(column)
    ))
    .with_column(&column.name)
    .with_hint(format!("leave `{key}` out"));
    (error, key.to_owned())
}

/// A number of bytes or of an axis as Arrow counts it.
pub(super) fn arrow_len(len: u32) -> Result<i32> {
    i32::try_from(len)
        .map_err(|_| Error::pipeline(format!("expected an axis below 2^31, got {len}")))
}
