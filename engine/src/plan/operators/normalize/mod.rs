//! `normalize`: numbers shifted and scaled, or images of bytes as floats.

mod images;
mod numbers;
mod refusals;
mod spec;
mod words;

pub use spec::NormalizeSpec;

use arrow::datatypes::DataType;

use super::columns::{MapColumns, NamedColumn};
use crate::error::Error;
use crate::plan::named_types::ImageLayout;
use crate::plan::numbers::{innermost, layout_name, lengths};
use crate::plan::output::{Meaning, OutputColumn};
use crate::plan::spelling::ColumnNames;
use crate::plan::step_result::StepResult;
use crate::plan::steps::ColumnChange;
use crate::plan::type_names::column_type_name;

impl MapColumns for NormalizeSpec {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    /// The columns must all be images or all numbers, and no key may be for the
    /// other kind.
    fn check(&self, columns: &[OutputColumn]) -> StepResult<()> {
        match kind(self, columns)? {
            Kind::Images => Ok(()),
            Kind::Numbers => numbers::check(self),
        }
    }

    fn change(&self, named: NamedColumn) -> StepResult<ColumnChange> {
        let NamedColumn {
            index,
            column,
            layout,
            ..
        } = named;
        match kind(self, std::slice::from_ref(&column))? {
            Kind::Images => {
                same_axes(self, &column, layout)?;
                images::lower(self, index, column)
            }
            Kind::Numbers => numbers::lower(self, index, column),
        }
    }
}

/// Refuses another order of axes than that of the steps before, which would read the
/// same bytes as another image.
fn same_axes(
    spec: &NormalizeSpec,
    column: &OutputColumn,
    layout: Option<ImageLayout>,
) -> StepResult<()> {
    let read = spec.from.unwrap_or(ImageLayout::Hwc);
    // Of two axes, both orders are one.
    let Some(known) = layout.filter(|known| *known != read && lengths(&column.data_type).len() > 2)
    else {
        return Ok(());
    };
    let name = |layout: ImageLayout| layout_name(layout.layout());
    let error = Error::pipeline(format!(
        "expected images in the order of axes of the other steps, \"{}\", got \"{}\"",
        name(known),
        name(read)
    ));
    let error = error.with_column(&column.name);
    let error = error.with_hint(format!("set from = \"{}\"", name(known)));
    Err((
        error,
        if spec.from.is_some() {
            "from"
        } else {
            "column"
        }
        .to_owned(),
    ))
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
