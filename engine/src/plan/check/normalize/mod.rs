//! Checks `normalize`: which of its two kinds a step is, and what both share.

mod images;
mod numbers;

use arrow::datatypes::DataType;
use fuelrail_kernels::normalize::NormalizeError;

use crate::error::{Error, Result};
use crate::plan::columns::column_type_name;
use crate::plan::numbers::{innermost, lengths};
use crate::plan::pipeline::NormalizeSpec;
use crate::plan::steps::{MapOp, MapStep, Overflow};
use crate::plan::types::{Meaning, OutputColumn};

use super::StepResult;
use super::live::Columns;
use super::numbers::{named, place};

/// The columns must all be images or all numbers, and no key may be for the
/// other kind.
pub(super) fn check(spec: &NormalizeSpec, columns: &mut Columns<'_>) -> StepResult<MapStep> {
    let found = named(&spec.column, columns)?;
    let check = match kind(spec, &found)? {
        Kind::Images => images::check,
        Kind::Numbers => numbers::check,
    };
    let kernels = check(spec, found)?;
    columns.change(&kernels);
    Ok(MapStep {
        op: MapOp::Normalize,
        columns: kernels,
        overflow: Overflow::Saturate,
    })
}

enum Kind {
    Images,
    Numbers,
}

/// Bytes with three axes are images, and so are other bytes of fixed length
/// where a key says so.
fn kind(spec: &NormalizeSpec, columns: &[OutputColumn]) -> StepResult<Kind> {
    if let Some(key) = key_of_images(spec) {
        return match columns.iter().find(|column| !may_be_image(column)) {
            None => Ok(Kind::Images),
            Some(other) => {
                let error = Error::pipeline(format!(
                    "`{key}` is for images of uint8 only, got it for {}",
                    column_type_name(other)
                ))
                .with_column(&other.name)
                .with_hint(format!("leave `{key}` out, or name columns of images"));
                Err((error, key.to_owned()))
            }
        };
    }
    let images = columns.iter().filter(|column| is_image(column)).count();
    if images == 0 {
        return Ok(Kind::Numbers);
    }
    if images == columns.len() {
        return Ok(Kind::Images);
    }
    let error = Error::pipeline("expected columns of one kind, got images and numbers")
        .with_hint("give each kind a `normalize` step of its own");
    Err((error, "column".to_owned()))
}

/// The first key given that is for images only.
fn key_of_images(spec: &NormalizeSpec) -> Option<&'static str> {
    let given = [
        ("shape", spec.shape.is_some()),
        ("from", spec.from.is_some()),
        ("layout", spec.layout.is_some()),
        ("crop", spec.crop.is_some()),
        ("flip", spec.flip.is_some()),
        ("scale", spec.scale.is_some()),
    ];
    let (key, _) = given.into_iter().find(|(_, given)| *given)?;
    Some(key)
}

/// Whether rows are bytes with at least three axes, or bytes whose axes are
/// not told.
fn is_image(column: &OutputColumn) -> bool {
    match &column.data_type {
        DataType::FixedSizeBinary(_) => true,
        lists => lengths(lists).len() >= 3 && may_be_image(column),
    }
}

/// Whether rows are bytes, as many in each.
fn may_be_image(column: &OutputColumn) -> bool {
    match &column.data_type {
        DataType::FixedSizeBinary(_) => true,
        lists @ DataType::FixedSizeList(..) => {
            column.meaning == Meaning::Plain && *innermost(lists) == DataType::UInt8
        }
        _ => false,
    }
}

/// The error of the kernel as one of the step, at the key it is about.
fn refused(error: &NormalizeError, index: usize, column: &OutputColumn) -> (Error, String) {
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
fn not_for(key: &str, kind: &str, column: &OutputColumn) -> (Error, String) {
    let error = Error::pipeline(format!(
        "`{key}` is for numbers only, got it for {kind} of {}",
        column_type_name(column)
    ))
    .with_column(&column.name)
    .with_hint(format!("leave `{key}` out"));
    (error, key.to_owned())
}

/// A number of bytes or of an axis as Arrow counts it.
fn arrow_len(len: u32) -> Result<i32> {
    i32::try_from(len)
        .map_err(|_| Error::pipeline(format!("expected an axis below 2^31, got {len}")))
}
