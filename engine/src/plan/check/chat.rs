//! Checks `chat`.

use std::sync::Arc;

use arrow::datatypes::DataType;
use fuelrail_kernels::chat::{ChatClock, ChatEnding, ChatTemplate};
use fuelrail_kernels::tokenize::Tokenizer;

use crate::error::{Error, Result, name_in_text};
use crate::plan::chat_step::{ChatStep, StepTemplate};
use crate::plan::chat_values::{Unlike, unlike};
use crate::plan::columns::{chat_columns, is_text};
use crate::plan::output::OutputColumn;
use crate::plan::pipeline::{ChatSpec, StepSpec};
use crate::plan::step_result::StepResult;
use crate::plan::tokenizers::LoadedTokenizers;
use crate::plan::type_names::{column_type_name, type_name};
use crate::plan::types::Asset;

use super::chat_files::ModelFiles;
use super::live::{LiveColumns, Made};
use super::{assets, encoded};

/// The columns must hold conversations, the names of those that are made be free,
/// and the template be given all that it asks for.
pub(super) fn check(
    spec: &ChatSpec,
    index: usize,
    columns: &mut LiveColumns<'_>,
    (tokenizers, assets, later): (&LoadedTokenizers, &mut Vec<Asset>, &[StepSpec]),
) -> StepResult<ChatStep> {
    let at = |key: &str| {
        let key = key.to_owned();
        move |error| (error, key)
    };
    let conversations = column(columns, &spec.column).and_then(with_role);
    let conversations = conversations.map_err(at("column"))?;
    let mut left_out = unlike(&spec.column, &conversations.data_type);
    let taken = beside(spec, columns, later, &mut left_out)?;
    check_names(spec, columns)?;
    let tokenizer = encoded::find(&spec.tokenizer_ref(), tokenizers).map_err(at("tokenizer"))?;
    let files = ModelFiles::new(spec, tokenizers);
    let (template, with_tools) = files.templates().map_err(at("chat_template"))?;
    let both = [Some(&template), with_tools.as_ref()];
    let reads = |name: &str| both.iter().flatten().any(|it| it.source().contains(name));
    check_left_out(&left_out, reads).map_err(at("column"))?;
    let clock = clock(spec, reads).map_err(at("now"))?;
    let variables = files.variables(reads);
    let variables = variables.map_err(|(error, key)| (error, format!("variables.{key}")))?;
    let mut kept = |template: ChatTemplate| StepTemplate {
        asset: assets::of_template(&template, assets),
        template,
    };
    let (template, with_tools) = (kept(template), with_tools.map(&mut kept));
    let step = ChatStep {
        column: spec.column.clone(),
        tools: spec.tools.clone(),
        documents: spec.documents.clone(),
        taken,
        output: spec.output.clone(),
        loss_mask: spec.loss_mask.column().cloned(),
        tokenizer: Arc::clone(tokenizer),
        asset: assets::of_tokenizer(tokenizer, assets),
        id_type: encoded::id_type(tokenizer, spec.dtype).map_err(at("dtype"))?,
        template,
        with_tools,
        variables,
        ending: if spec.add_generation_prompt {
            ChatEnding::GenerationPrompt
        } else {
            ChatEnding::Complete
        },
        clock,
        pad: pad(&files, tokenizer),
        left_out: left_out.into_iter().map(|it| it.what).collect(),
    };
    let made = chat_columns(&step, &conversations);
    let tokens_of = |name: &str| (name == step.output).then_some(index);
    let made = made.into_iter().map(|column| Made {
        tokens_of: tokens_of(&column.name),
        column,
    });
    columns.replace_all(&step.column, made.collect());
    for name in &step.taken {
        columns.replace_all(name, Vec::new());
    }
    Ok(step)
}

/// The columns beside the conversations that go with them. Adds the paths in all of
/// them that a template cannot be given.
fn beside(
    spec: &ChatSpec,
    columns: &mut LiveColumns<'_>,
    later: &[StepSpec],
    left_out: &mut Vec<Unlike>,
) -> StepResult<Vec<String>> {
    let mut taken = Vec::new();
    for (key, name) in [("tools", &spec.tools), ("documents", &spec.documents)] {
        if let Some(name) = name {
            let beside = column(columns, name).map_err(|error| (error, key.to_owned()))?;
            left_out.extend(unlike(name, &beside.data_type));
            if is_taken(spec, &beside, later) && !taken.contains(name) {
                taken.push(name.clone());
            }
        }
    }
    Ok(taken)
}

/// Whether a column beside the conversations goes with them: one of text is stored,
/// and one of structs, which no dataset holds, is there for later steps that name it.
fn is_taken(spec: &ChatSpec, beside: &OutputColumn, later: &[StepSpec]) -> bool {
    let name = &beside.name;
    let is_named = |step: &StepSpec| match step {
        StepSpec::Select(step) => step.columns.contains(name),
        StepSpec::Filter(step) => step.column == *name,
        StepSpec::Chat(step) => step.inputs().any(|input| input == name),
        // They take no structs.
        StepSpec::Tokenize(_) | StepSpec::Map(_) | StepSpec::Pack(_) | StepSpec::Chunk(_) => false,
    };
    item(&beside.data_type).is_some() && *name != spec.column && !later.iter().any(is_named)
}

/// A column of lists of structs, or of text, which is JSON.
fn column(columns: &mut LiveColumns<'_>, name: &str) -> Result<OutputColumn> {
    let column = columns.column(name)?;
    let is_structs = matches!(item(&column.data_type), Some(DataType::Struct(_)));
    if is_structs || is_text(&column.data_type) {
        return Ok(column);
    }
    Err(Error::pipeline(format!(
        "expected lists of structs, or their JSON text, got {}",
        column_type_name(&column)
    ))
    .with_column(name))
}

fn item(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Some(item.data_type())
        }
        _ => None,
    }
}

/// Messages without a role would be rendered as if they had none.
fn with_role(column: OutputColumn) -> Result<OutputColumn> {
    let Some(DataType::Struct(fields)) = item(&column.data_type) else {
        return Ok(column);
    };
    let error = match fields.iter().find(|field| field.name() == "role") {
        Some(role) if is_text(role.data_type()) => return Ok(column),
        Some(role) => Error::pipeline(format!(
            "expected text as the `role` of messages, got {}",
            type_name(role.data_type())
        )),
        None => {
            let names: Vec<_> = fields.iter().map(|it| name_in_text(it.name())).collect();
            let names = names.join(", ");
            Error::pipeline(format!("expected messages with a `role`, got {names}"))
                .with_hint("rename the fields before: templates read `role` and `content`")
        }
    };
    Err(error.with_column(&column.name))
}

fn check_names(spec: &ChatSpec, columns: &LiveColumns<'_>) -> StepResult<()> {
    let names = (spec.output.as_str(), spec.column.as_str());
    encoded::check_name(columns, names, ("token column", "output"))
        .map_err(|error| (error, "output".to_owned()))?;
    let Some(mask) = spec.loss_mask.column() else {
        return Ok(());
    };
    let checked = if *mask == spec.output {
        let error = Error::pipeline("expected another name than that of the token column");
        Err(error.with_column(mask))
    } else {
        let names = (mask.as_str(), spec.column.as_str());
        encoded::check_name(columns, names, ("loss mask", "loss_mask"))
    };
    checked.map_err(|error| (error, "loss_mask".to_owned()))
}

/// What a template reads is there.
fn check_left_out(left_out: &[Unlike], reads: impl Fn(&str) -> bool) -> Result<()> {
    match left_out.iter().find(|it| reads(&it.field)) {
        None => Ok(()),
        Some(read) => Err(Error::pipeline(format!(
            "expected values that JSON has where the chat template reads `{}`, got {}",
            read.field, read.what
        ))),
    }
}

/// The time is given where the template asks for it: it decides the bits.
fn clock(spec: &ChatSpec, reads: impl Fn(&str) -> bool) -> Result<ChatClock> {
    match spec.now {
        _ if !reads("strftime_now") => Ok(ChatClock::Unset),
        Some(now) => Ok(ChatClock::Seconds(now.0)),
        None => Err(
            Error::pipeline("missing key `now`: the chat template asks for the time")
                .with_hint("say which time it is to print, as in now = \"2024-07-26\""),
        ),
    }
}

/// The token that the model's files have to fill rows with.
fn pad(files: &ModelFiles<'_>, tokenizer: &Tokenizer) -> Option<u32> {
    tokenizer.token_to_id(files.special_token("pad_token")?)
}
