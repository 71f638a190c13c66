//! Checks `select`.

use crate::error::Error;
use crate::plan::pipeline::SelectSpec;
use crate::plan::steps::SelectStep;

use super::live::LiveColumns;
use crate::plan::step_result::StepResult;

/// Every column must exist, and be named once. Types do not matter yet.
pub(super) fn check(spec: &SelectSpec, columns: &mut LiveColumns<'_>) -> StepResult<SelectStep> {
    if spec.columns.is_empty() {
        let error = Error::pipeline("columns: expected at least one column, got none");
        return Err((error, "columns".to_owned()));
    }
    for (index, name) in spec.columns.iter().enumerate() {
        let place = format!("columns[{index}]");
        columns
            .require(name)
            .map_err(|error| (error, place.clone()))?;
        if spec.columns[..index].contains(name) {
            let error = Error::pipeline("expected each column once, got one twice");
            return Err((error.with_column(name), place));
        }
    }
    // What has no values is left out in the end, and no batch has it.
    let names = spec.columns.iter();
    let with_values = names.filter(|name| !columns.is_empty(name)).cloned();
    let with_values = with_values.collect();
    columns.select(&spec.columns);
    Ok(SelectStep {
        columns: with_values,
    })
}
