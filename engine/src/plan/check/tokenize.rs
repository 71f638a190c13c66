//! Checks `tokenize`, and names the tokenizer that travels with the dataset.

use std::sync::Arc;

use fuelrail_kernels::tokenize::Tokenizer;

use crate::error::{Error, Result};
use crate::plan::columns::{is_text, list_of};
use crate::plan::output::{Meaning, OutputColumn};
use crate::plan::pipeline::TokenizeSpec;
use crate::plan::spelling::DocumentToken;
use crate::plan::steps::TokenizeStep;
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
    let names = (spec.output.as_str(), spec.column.as_str());
    encoded::check_name(columns, names, ("token column", "output")).map_err(at("output"))?;
    let tokenizer = encoded::find(&spec.tokenizer_ref(), tokenizers).map_err(at("tokenizer"))?;
    let begin_of_document = around(tokenizer, spec.begin_of_document.as_ref(), Side::Begin)
        .map_err(at("begin_of_document"))?;
    let end_of_document = around(tokenizer, spec.end_of_document.as_ref(), Side::End)
        .map_err(at("end_of_document"))?;
    let id_type = encoded::id_type(tokenizer);
    let made = Made {
        column: OutputColumn {
            name: spec.output.clone(),
            data_type: list_of(&id_type),
            ..text
        },
        tokens_of: Some(index),
    };
    columns.replace(&spec.column, made);
    Ok(TokenizeStep {
        column: spec.column.clone(),
        output: spec.output.clone(),
        tokenizer: Arc::clone(tokenizer),
        asset: assets::of_tokenizer(tokenizer, assets),
        special_tokens: spec.special_tokens,
        begin_of_document,
        end_of_document,
        id_type,
    })
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
    if is_text(&column.data_type) {
        return Ok(column);
    }
    let got = column_type_name(&column);
    Err(Error::pipeline(format!("expected text, got {got}")).with_column(name))
}
