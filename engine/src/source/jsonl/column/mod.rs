//! Columns of lines of JSON on their way to Arrow, a value at a time.
//!
//! A value is what its column holds exactly, or a misfit: nothing is cut,
//! rounded to another whole number, wrapped, or turned into text.

mod build;
mod builder;
mod nested;
mod reading;
mod scalar;

pub(super) use build::column_for;
pub(super) use builder::ColumnBuilder;
pub(super) use reading::Reading;
