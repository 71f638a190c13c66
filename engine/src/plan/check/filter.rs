//! Checks `filter`.

use crate::error::Error;
use crate::plan::columns::{is_list, is_text, type_name};
use crate::plan::pipeline::{FilterSpec, Nulls};
use crate::plan::types::FilterStep;

use super::StepResult;
use super::live::Columns;

/// With bounds the column must have lengths; the bounds must leave something
/// to keep and something to drop.
pub(super) fn check(spec: &FilterSpec, columns: &mut Columns<'_>) -> StepResult<FilterStep> {
    let data_type = columns
        .look_up(&spec.column)
        .map_err(|error| (error, "column".to_owned()))?;
    let bounded = spec.min_length.is_some() || spec.max_length.is_some();
    if bounded && !is_text(&data_type) && !is_list(&data_type) {
        let error = Error::pipeline(format!(
            "expected text, binary or a list, which have a length, got {}",
            type_name(&data_type)
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
    Ok(FilterStep {
        column: spec.column.clone(),
        min_length: spec.min_length,
        max_length: spec.max_length,
        keep_nulls: spec.nulls == Nulls::Keep,
    })
}
