//! Operators on image files in pipelines: what is done to a column adds up until all
//! its images have one size, and then they take the place of the files.

use std::sync::Arc;

use arrow::datatypes::DataType;
use serde::Serialize;
use serde_json::{Value, json};

use super::columns::{NamedColumn, place};
use super::decoding::OnBadImage;
use super::lowered::ColumnSteps;
use super::table::{Lower, Refusal};
use crate::error::Error;
use crate::plan::named_types::ImageLayout;
use crate::plan::numbers::nested;
use crate::plan::output::{Meaning, OutputColumn};
use crate::plan::step_result::StepResult;
use crate::plan::steps::ColumnChange;
use crate::plan::type_names::column_type_name;

/// What an operator does to files, behind what steps before it do.
pub(super) fn change_files<T: Lower + Serialize>(
    operator: &T,
    named: NamedColumn,
) -> StepResult<ColumnChange> {
    let NamedColumn {
        index,
        column,
        files,
        ..
    } = named;
    let refused = |refusal: Refusal| {
        let key = match refusal.key {
            "column" => place(index),
            key => key.to_owned(),
        };
        (refusal.error().with_column(&column.name), key)
    };
    let steps = lowered(operator, &column, files).map_err(refused)?;
    let output = match steps.after.each() {
        None => OutputColumn {
            meaning: Meaning::Images,
            ..column.clone()
        },
        Some(image) => {
            let axes = image.shape(&[0; 3]).into_iter().map(i32::try_from);
            let axes: Result<Vec<i32>, _> = axes.collect();
            let axes = axes.map_err(|_| {
                let error = Error::internal("an axis beyond 2^31");
                (error.with_column(&column.name), place(index))
            })?;
            OutputColumn {
                data_type: nested(&axes, DataType::UInt8),
                meaning: Meaning::Plain,
                ..column.clone()
            }
        }
    };
    Ok(ColumnChange {
        kernels: Vec::new(),
        fill: None,
        layout: Some(ImageLayout::of(steps.after.layout)),
        identity: identity(operator),
        words: steps.in_words(),
        files: Some(Arc::new(steps)),
        output,
    })
}

/// What is done to the files of a column up to this operator.
fn lowered(
    operator: &impl Lower,
    column: &OutputColumn,
    files: Option<Arc<ColumnSteps>>,
) -> Result<ColumnSteps, Refusal> {
    let refused = |message: String| Refusal::new("column", message);
    let mut steps = match (operator.decodes(), files) {
        (Some(_), Some(_)) => {
            let message = "expected `decode` before all other steps of a column";
            return Err(refused(message.to_owned()));
        }
        (None, Some(files)) => ColumnSteps::clone(&files),
        (Some(decoding), None) => {
            if !is_bytes(&column.data_type) {
                let message = format!(
                    "expected a column of bytes, got {}",
                    column_type_name(column)
                );
                return Err(refused(message));
            }
            if decoding.on_error != OnBadImage::Raise || decoding.fill != 0 {
                let message = "expected no `on_error` and no `fill` in a pipeline";
                let hint = "set `on_error = \"quarantine\"` in [source] to set bad files aside";
                return Err(Refusal::new("on_error", message).with_hint(hint));
            }
            ColumnSteps::decoded(&column.name, decoding, 0)
        }
        (None, None) => return Err(refused("expected image files".to_owned())),
    };
    for change in operator.lower(steps.after)? {
        steps.add((0, 0), change).map_err(refused)?;
    }
    Ok(steps)
}

/// Whether rows are bytes of any length.
fn is_bytes(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_bytes(values),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => true,
        _ => false,
    }
}

/// The keys with their defaults.
fn identity(operator: &impl Serialize) -> Value {
    let mut keys = json!(operator);
    if let Some(keys) = keys.as_object_mut() {
        keys.remove("column");
        keys.insert("image".to_owned(), json!("file"));
    }
    keys
}
