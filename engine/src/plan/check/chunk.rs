//! Checks `chunk`.

use crate::error::Error;
use crate::plan::columns::chunked;
use crate::plan::pipeline::{ChunkSpec, MOST_TOKENS};
use crate::plan::step_result::StepResult;
use crate::plan::steps::{AlignedColumn, ChunkStep, OtherColumns, Step};

use super::lists;
use super::live::{LiveColumns, Made};

/// The columns must be lists of numbers, and pieces get on. What `steps` have made
/// beside tokens is cut with them.
pub(super) fn check(
    spec: &ChunkSpec,
    columns: &mut LiveColumns<'_>,
    steps: &[Step],
) -> StepResult<ChunkStep> {
    let beside = beside(&spec.column.0, columns, steps);
    let cut = named(&spec.column.0, beside, columns)?;
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

/// The columns that were made beside those of `names` that are tokens, and are not
/// among them.
fn beside(names: &[String], columns: &LiveColumns<'_>, steps: &[Step]) -> Vec<String> {
    let tokens = columns.tokens();
    let made = tokens
        .iter()
        .filter(|(name, _)| names.iter().any(|named| named == name))
        .filter_map(|(_, step)| steps.get(*step))
        .flat_map(Step::made_beside_tokens);
    made.filter(|name| columns.contains(name) && !names.contains(name))
        .collect()
}

fn named(
    names: &[String],
    beside: Vec<String>,
    columns: &mut LiveColumns<'_>,
) -> StepResult<Vec<AlignedColumn>> {
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
    for name in beside {
        let found = lists::of_numbers(&name, columns);
        cut.push(found.map_err(|error| (error.with_column(&name), "column".to_owned()))?);
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
