//! Checks `chunk`.

use crate::error::Error;
use crate::plan::columns::chunked;
use crate::plan::pipeline::{ChunkSpec, MOST_TOKENS};
use crate::plan::step_result::StepResult;
use crate::plan::steps::{AlignedColumn, ChunkStep, OtherColumns};

use super::lists;
use super::live::{LiveColumns, Made};

/// The columns must be lists of numbers, and pieces get on.
pub(super) fn check(spec: &ChunkSpec, columns: &mut LiveColumns<'_>) -> StepResult<ChunkStep> {
    let cut = named(&spec.column.0, columns)?;
    let within = |key: &str, value: u32, least: u32, most: u32| {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        let error = Error::pipeline(format!(
            "{key}: expected a whole number from {least} to {most}, got {value}"
        ));
        Err((error, key.to_owned()))
    };
    within("length", spec.length, 1, MOST_TOKENS)?;
    within("overlap", spec.overlap, 0, spec.length - 1)?;
    within("min_length", spec.min_length, 1, spec.length)?;
    let step = ChunkStep {
        columns: cut,
        length: spec.length,
        overlap: spec.overlap,
        min_length: spec.min_length,
        others: spec.others,
    };
    leave(&step, columns)?;
    Ok(step)
}

fn named(names: &[String], columns: &mut LiveColumns<'_>) -> StepResult<Vec<AlignedColumn>> {
    if names.is_empty() {
        let error = Error::pipeline("column: expected at least one column, got none");
        return Err((error, "column".to_owned()));
    }
    let mut cut: Vec<AlignedColumn> = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let key = if names.len() == 1 {
            "column".to_owned()
        } else {
            format!("column[{index}]")
        };
        let found = if cut.iter().any(|column| column.name == *name) {
            Err(Error::pipeline("expected each column once, got one twice"))
        } else {
            lists::of_numbers(name, columns)
        };
        cut.push(found.map_err(|error| (error.with_column(name), key))?);
    }
    Ok(cut)
}

/// Puts the columns behind the step in the place of those before.
fn leave(step: &ChunkStep, columns: &mut LiveColumns<'_>) -> StepResult<()> {
    let mut before = Vec::with_capacity(step.columns.len());
    for column in &step.columns {
        let found = columns.column(&column.name);
        before.push(found.map_err(|error| (error, "column".to_owned()))?);
    }
    let made = chunked(step, &before).into_iter().map(|column| Made {
        column,
        tokens_of: None,
    });
    match step.others {
        OtherColumns::Drop => columns.reset(made.collect()),
        OtherColumns::Repeat => {
            for made in made {
                let name = made.column.name.clone();
                columns.replace(&name, made);
            }
        }
    }
    Ok(())
}
