//! Where rows will go that do not come to the dataset, in sentences: what a
//! reader of a plan should know before the run.

use arrow::datatypes::Field;

use super::columns::{after, projected};
use super::made_tokens::LeastTokens;
use super::named_types::TruncationSide;
use super::output::OutputColumn;
use super::steps::{
    ChunkStep, DocumentTruncation, FilterStep, Overlong, PackMethod, PackStep, Step, TokenizeStep,
};
use super::types::{OnError, Plan, SplitSide};
use crate::error::name_in_backticks;

/// One sentence for each way in which rows are left out.
pub(super) fn of(plan: &Plan) -> Vec<String> {
    let mut said = of_source(plan);
    let mut columns = projected(&plan.source.projection);
    for (index, step) in plan.steps.iter().enumerate() {
        let losses = match step {
            Step::Filter(step) => of_filter(step, &columns),
            Step::Pack(step) => of_pack(step, plan, &columns),
            Step::Chunk(step) => of_chunk(step, plan, &columns),
            Step::Tokenize(step) => of_tokenize(step),
            Step::Select(_) | Step::Chat(_) | Step::Map(_) => Vec::new(),
        };
        let place = format!("(step {}, {})", index + 1, step.op());
        said.extend(losses.into_iter().map(|loss| format!("{loss} {place}")));
        columns = after(step, &columns);
    }
    said
}

fn of_source(plan: &Plan) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(split) = &plan.source.split {
        let side = match split.take {
            SplitSide::Train => "validation",
            SplitSide::Validation => "training",
        };
        said.push(format!("rows of the {side} side of the split are left out"));
        let projection = &plan.source.projection;
        let key = projection.field_with_name(&split.key);
        if key.is_ok_and(Field::is_nullable) {
            let side = if split.nulls_validate() {
                "validation"
            } else {
                "training"
            };
            let name = name_in_backticks(&split.key);
            said.push(format!(
                "rows whose {name} is null are all on the {side} side"
            ));
        }
    }
    if let Some(limit) = plan.source.limit {
        let rows = if limit == 1 { "row" } else { "rows" };
        said.push(format!("rows beyond the first {limit} {rows} are not read"));
    }
    said
}

fn of_filter(step: &FilterStep, columns: &[OutputColumn]) -> Vec<String> {
    let name = name_in_backticks(&step.column);
    let mut said = Vec::new();
    if !step.keep_nulls && is_nullable(columns, &step.column) {
        said.push(format!("rows whose {name} is null are dropped"));
    }
    if let Some(least) = step.min_length.filter(|least| *least > 0) {
        said.push(format!(
            "rows whose {name} is shorter than {least} are dropped"
        ));
    }
    if let Some(greatest) = step.max_length {
        said.push(format!(
            "rows whose {name} is longer than {greatest} are dropped"
        ));
    }
    said
}

fn of_tokenize(step: &TokenizeStep) -> Vec<String> {
    let lost = |DocumentTruncation { max_length, side }: DocumentTruncation| {
        let beyond = match side {
            TruncationSide::Right => "beyond".to_owned(),
            TruncationSide::Left => format!("before the last {max_length}"),
        };
        format!("documents of more than {max_length} tokens lose what is {beyond}")
    };
    step.truncation.map(lost).into_iter().collect()
}

/// Rows without anything to pack or to cut in this column.
fn of_lists(column: &str, plan: &Plan, columns: &[OutputColumn]) -> Vec<String> {
    let made = plan.made_tokens(column);
    let name = name_in_backticks(made.map_or(column, |made| made.made_of));
    let mut said = Vec::new();
    if is_nullable(columns, column) {
        said.push(format!("rows whose {name} is null are dropped"));
    }
    if made.is_none_or(|made| made.least == LeastTokens::None) {
        said.push(format!("rows whose {name} has no tokens are dropped"));
    }
    said
}

fn of_chunk(step: &ChunkStep, plan: &Plan, columns: &[OutputColumn]) -> Vec<String> {
    let mut said = of_lists(step.first(), plan, columns);
    if step.min_length > 1 {
        said.push(format!(
            "last pieces of fewer than {} tokens are left out",
            step.min_length
        ));
    }
    said
}

fn of_pack(step: &PackStep, plan: &Plan, columns: &[OutputColumn]) -> Vec<String> {
    let mut said = of_lists(&step.column, plan, columns);
    let length = step.length;
    said.extend(match (step.method, step.overlong) {
        (PackMethod::BestFit, Overlong::Drop) => Some(format!(
            "documents of more than {length} tokens are dropped"
        )),
        (PackMethod::BestFit, Overlong::Truncate) => Some(format!(
            "documents of more than {length} tokens lose what is beyond"
        )),
        (PackMethod::BestFit, Overlong::Refuse) => {
            let fate = match plan.source.on_error {
                OnError::Fail => "end the run",
                OnError::Quarantine => "are set aside",
            };
            Some(format!("documents of more than {length} tokens {fate}"))
        }
        (PackMethod::BestFit, Overlong::Split) | (PackMethod::Concat, _) => None,
    });
    said
}

fn is_nullable(columns: &[OutputColumn], name: &str) -> bool {
    columns
        .iter()
        .any(|column| column.name == name && column.nullable)
}
