//! Checks steps that map the items of columns.

use crate::error::Error;
use crate::plan::operators::{ColumnOperator, NamedColumn, place};
use crate::plan::output::OutputColumn;
use crate::plan::spelling::ColumnNames;
use crate::plan::step_result::StepResult;
use crate::plan::steps::MapStep;

use super::live::LiveColumns;

/// Its columns must be there, and such that the operator can change them.
pub(super) fn check(spec: &ColumnOperator, columns: &mut LiveColumns<'_>) -> StepResult<MapStep> {
    let operator = spec.operator();
    let found = named(operator.columns(), columns)?;
    operator.check(&found)?;
    let changes = found.into_iter().enumerate();
    let changes = changes.map(|(index, column)| {
        operator.change(NamedColumn {
            index,
            layout: columns.layout(&column.name),
            files: columns.files(&column.name).cloned(),
            column,
        })
    });
    let changes = changes.collect::<StepResult<_>>()?;
    let step = MapStep {
        op: spec.name(),
        version: operator.version(),
        columns: changes,
        overflow: operator.overflow(),
        identity: operator.identity(),
    };
    columns.change(&step.columns);
    Ok(step)
}

/// Notes the order of axes that a step says of its columns' images, before any is
/// checked: it is that of all steps of a column, whichever comes first.
pub(super) fn note_layouts(spec: &ColumnOperator, columns: &mut LiveColumns<'_>) -> StepResult<()> {
    let operator = spec.operator();
    let Some(layout) = operator.image_layout() else {
        return Ok(());
    };
    for name in &operator.columns().0 {
        if !columns.note_layout(name, layout) {
            let error = Error::pipeline(
                "expected the same layout in all steps of a column, got \"hwc\" and \"chw\"",
            );
            return Err((error.with_column(name), "layout".to_owned()));
        }
    }
    Ok(())
}

/// The columns of these names, each named once.
fn named(names: &ColumnNames, columns: &mut LiveColumns<'_>) -> StepResult<Vec<OutputColumn>> {
    let names = &names.0;
    if names.is_empty() {
        let error = Error::pipeline("column: expected at least one column, got none");
        return Err((error, "column".to_owned()));
    }
    let mut found = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let column = columns
            .column(name)
            .map_err(|error| (error, place(index)))?;
        if names[..index].contains(name) {
            let error = Error::pipeline("expected each column once, got one twice");
            return Err((error.with_column(name), place(index)));
        }
        found.push(column);
    }
    Ok(found)
}
