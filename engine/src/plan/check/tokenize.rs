//! Checks `tokenize`, and names the tokenizer that travels with the dataset.

use std::sync::Arc;

use fuelrail_kernels::tokenize::Tokenizer;

use crate::error::{Error, Result};
use crate::plan::columns::{is_text, token_columns};
use crate::plan::output::{Meaning, OutputColumn};
use crate::plan::pipeline::{MOST_TOKENS, TokenizeSpec};
use crate::plan::spelling::DocumentToken;
use crate::plan::steps::{DocumentTruncation, TokenizeStep, Utf8Mode};
use crate::plan::tokenizers::LoadedTokenizers;
use crate::plan::type_names::column_type_name;
use crate::plan::types::Asset;

use super::live::{LiveColumns, Made};
use super::{assets, encoded};
use crate::plan::step_result::StepResult;

/// The column must be text, the output's name free, and the tokens around a
/// document known to the tokenizer.
pub(super) fn check(
    spec: &TokenizeSpec,
    index: usize,
    columns: &mut LiveColumns<'_>,
    (tokenizers, assets): (&LoadedTokenizers, &mut Vec<Asset>),
) -> StepResult<TokenizeStep> {
    let at = |key: &str| {
        let key = key.to_owned();
        move |error| (error, key)
    };
    let text = check_text(columns, &spec.column).map_err(at("column"))?;
    let tokenizer = encoded::find(&spec.tokenizer_ref(), tokenizers).map_err(at("tokenizer"))?;
    check_mode(spec, tokenizer).map_err(at("invalid_utf8"))?;
    let begin_of_document = around(tokenizer, spec.begin_of_document.as_ref(), Side::Begin)
        .map_err(at("begin_of_document"))?;
    let end_of_document = around(tokenizer, spec.end_of_document.as_ref(), Side::End)
        .map_err(at("end_of_document"))?;
    let around = begin_of_document.len() + end_of_document.len();
    let step = TokenizeStep {
        column: spec.column.clone(),
        output: spec.output.clone(),
        tokenizer: Arc::clone(tokenizer),
        asset: assets::of_tokenizer(tokenizer, assets),
        special_tokens: spec.special_tokens,
        invalid_utf8: spec.invalid_utf8,
        begin_of_document,
        end_of_document,
        id_type: encoded::id_type(tokenizer, spec.dtype).map_err(at("dtype"))?,
        truncation: truncation(spec, around)?,
        offsets: spec.offsets,
        keep_text: spec.keep_text,
        count: spec.count.clone(),
    };
    let made = token_columns(&step, &text);
    check_names(&step, &made, columns)?;
    let made = made.into_iter().map(|column| Made {
        tokens_of: (column.name == step.output).then_some(index),
        column,
    });
    if step.keep_text {
        columns.insert_behind(&step.column, made.collect());
    } else {
        columns.replace_all(&step.column, made.collect());
    }
    Ok(step)
}

/// All names are free, but for that of a text whose place is taken.
fn check_names(
    step: &TokenizeStep,
    made: &[OutputColumn],
    columns: &LiveColumns<'_>,
) -> StepResult<()> {
    let replaced = if step.keep_text { "" } else { &step.column };
    for (index, OutputColumn { name, .. }) in made.iter().enumerate() {
        let (what, key) = match step.count.as_deref() {
            Some(count) if index > 0 && count == name => ("count", "count"),
            _ if index == 0 => ("token column", "output"),
            _ => ("place of tokens", "output"),
        };
        let before = made.get(..index).unwrap_or_default();
        let checked = if before.iter().any(|other| other.name == *name) {
            let message =
                format!("expected another name for the {what} than that of a column beside it");
            Err(Error::pipeline(message).with_column(name))
        } else {
            encoded::check_name(columns, (name, replaced), (what, key))
        };
        checked.map_err(|error| (error, key.to_owned()))?;
    }
    Ok(())
}

/// There is room for the tokens around a document, and for one of its own.
fn truncation(spec: &TokenizeSpec, around: usize) -> StepResult<Option<DocumentTruncation>> {
    let Some(max_length) = spec.max_length else {
        if spec.truncation_side.is_none() {
            return Ok(None);
        }
        let error = Error::pipeline("`truncation_side` is for documents that are cut")
            .with_hint("say how long they may be with `max_length`, or leave it out");
        return Err((error, "truncation_side".to_owned()));
    };
    if !(1..=MOST_TOKENS).contains(&max_length) || max_length as usize <= around {
        let error = Error::pipeline(format!(
            "max_length: expected a whole number from {} to {MOST_TOKENS}, got {max_length}",
            around + 1
        ));
        let error = match around {
            0 => error,
            _ => error.with_hint(format!("{around} tokens are put around each document")),
        };
        return Err((error, "max_length".to_owned()));
    }
    Ok(Some(DocumentTruncation {
        max_length,
        side: spec.truncation_side.unwrap_or_default(),
    }))
}

/// The sides of a document.
#[derive(Clone, Copy)]
enum Side {
    Begin,
    End,
}

/// The tokens on one side of each document: the one that the step names, else
/// those that the tokenizer's file puts there.
fn around(tokenizer: &Tokenizer, named: Option<&DocumentToken>, side: Side) -> Result<Vec<u32>> {
    match named {
        Some(DocumentToken::None) => return Ok(Vec::new()),
        Some(DocumentToken::Token(name)) => return Ok(vec![encoded::token_id(tokenizer, name)?]),
        None => {}
    }
    let template = tokenizer.template().map_err(|error| {
        Error::pipeline("cannot tell which tokens the tokenizer puts around a document")
            .with_source(error.clone())
            .with_hint(
                "name them with `begin_of_document` and `end_of_document`; false stands for none",
            )
    })?;
    Ok(match side {
        Side::Begin => template.begin.clone(),
        Side::End => template.end.clone(),
    })
}

fn check_text(columns: &mut LiveColumns<'_>, name: &str) -> Result<OutputColumn> {
    let column = columns.column(name)?;
    if column.meaning == Meaning::Json {
        let error = Error::pipeline("expected text, got json, whose text has quotes and escapes");
        return Err(error.with_column(name).with_hint(
            "declare it as \"string\"; with on_error = \"quarantine\" rows that hold something \
             else are set aside",
        ));
    }
    if is_text(&column.data_type) && column.meaning != Meaning::Images {
        return Ok(column);
    }
    let got = column_type_name(&column);
    Err(Error::pipeline(format!("expected text, got {got}")).with_column(name))
}

/// Only byte-level vocabularies have ids for all bytes, and those of bytes have no
/// places in a text.
fn check_mode(spec: &TokenizeSpec, tokenizer: &Tokenizer) -> Result<()> {
    let why = match (spec.invalid_utf8, spec.offsets) {
        (Utf8Mode::Error | Utf8Mode::Replace, _) => return Ok(()),
        (Utf8Mode::Bytes, Some(_)) => {
            "ids of bytes have no `offsets`, which are in text".to_owned()
        }
        (Utf8Mode::Bytes, None) => match tokenizer.check_bytes() {
            Ok(()) => return Ok(()),
            Err(error) => error.to_string(),
        },
    };
    Err(Error::pipeline(why).with_hint("use \"replace\""))
}
