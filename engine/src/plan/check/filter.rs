//! Checks `filter`.

use crate::error::Error;
use crate::plan::Meaning;
use crate::plan::columns::{is_list, is_text};
use crate::plan::pipeline::{FilterSpec, Nulls};
use crate::plan::steps::FilterStep;
use crate::plan::type_names::column_type_name;

use super::live::LiveColumns;
use crate::plan::step_result::StepResult;

/// With bounds the column must have lengths; the bounds must leave something
/// to keep and something to drop.
pub(super) fn check(spec: &FilterSpec, columns: &mut LiveColumns<'_>) -> StepResult<FilterStep> {
    let column = columns
        .column(&spec.column)
        .map_err(|error| (error, "column".to_owned()))?;
    let bounded = spec.min_length.is_some() || spec.max_length.is_some();
    if bounded && column.meaning == Meaning::Images {
        let error = Error::pipeline(format!(
            "expected text, binary or a list, which have a length, got {}",
            column_type_name(&column)
        ));
        let error = error.with_column(&spec.column);
        let error = error.with_hint("put the filter before `decode`: files have bytes to count");
        return Err((error, "column".to_owned()));
    }
    if bounded && !is_text(&column.data_type) && !is_list(&column.data_type) {
        let error = Error::pipeline(format!(
            "expected text, binary or a list, which have a length, got {}",
            column_type_name(&column)
        ));
        return Err((error.with_column(&spec.column), "column".to_owned()));
    }
    if !bounded && spec.nulls == Nulls::Keep {
        let error = Error::pipeline("the filter keeps every row")
            .with_hint("give it `min_length` or `max_length`, or leave out nulls = \"keep\"");
        return Err((error, "nulls".to_owned()));
    }
    if let (Some(min), Some(max)) = (spec.min_length, spec.max_length)
        && min > max
    {
        let error = Error::pipeline(format!(
            "expected min_length up to max_length, got {min} and {max}: no row would pass"
        ));
        return Err((error, "min_length".to_owned()));
    }
    if spec.nulls == Nulls::Drop {
        columns.drop_nulls(&spec.column);
    }
    Ok(FilterStep {
        column: spec.column.clone(),
        min_length: spec.min_length,
        max_length: spec.max_length,
        keep_nulls: spec.nulls == Nulls::Keep,
    })
}
