//! Checks `tokenize`, and names the tokenizer that travels with the dataset.

use std::sync::Arc;

use arrow::datatypes::DataType;
use fuelrail_kernels::tokenize::Tokenizer;

use crate::error::{Error, Result};
use crate::plan::columns::{is_text, list_of};
use crate::plan::output::{Meaning, OutputColumn};
use crate::plan::pipeline::TokenizeSpec;
use crate::plan::spelling::{DocumentToken, TokenName};
use crate::plan::steps::TokenizeStep;
use crate::plan::stored::check_name;
use crate::plan::suggest;
use crate::plan::tokenizers::{LoadedTokenizers, TokenizerRef};
use crate::plan::type_names::column_type_name;
use crate::plan::types::Asset;

use super::live::{LiveColumns, Made};
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
    check_output(columns, spec).map_err(at("output"))?;
    let tokenizer = find(spec, tokenizers).map_err(at("tokenizer"))?;
    let begin_of_document = around(tokenizer, spec.begin_of_document.as_ref(), Side::Begin)
        .map_err(at("begin_of_document"))?;
    let end_of_document = around(tokenizer, spec.end_of_document.as_ref(), Side::End)
        .map_err(at("end_of_document"))?;
    let id_type = id_type(tokenizer);
    let made = Made {
        column: OutputColumn {
            name: spec.output.clone(),
            data_type: list_of(&id_type),
            ..text
        },
        tokenize: Some(index),
    };
    columns.replace(&spec.column, made);
    Ok(TokenizeStep {
        column: spec.column.clone(),
        output: spec.output.clone(),
        tokenizer: Arc::clone(tokenizer),
        asset: asset(tokenizer, assets),
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
        Some(DocumentToken::Token(name)) => return Ok(vec![token_id(tokenizer, name)?]),
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

/// The id of the token `name`.
///
/// # Errors
/// `Pipeline` where the tokenizer has no such token, with the nearest special
/// token.
pub(super) fn token_id(tokenizer: &Tokenizer, name: &TokenName) -> Result<u32> {
    match name {
        TokenName::Id(id) if (*id as usize) < tokenizer.vocab_size() => Ok(*id),
        TokenName::Id(id) => Err(Error::pipeline(format!(
            "expected an id below {}, which the tokenizer's vocabulary has, got {id}",
            tokenizer.vocab_size()
        ))),
        TokenName::Text(text) => tokenizer.token_to_id(text).ok_or_else(|| {
            let error = Error::pipeline(format!("the tokenizer has no token {text:?}"));
            match special_hint(tokenizer, text) {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        }),
    }
}

/// The special token nearest to `text`, else all of them.
pub(super) fn special_hint(tokenizer: &Tokenizer, text: &str) -> Option<String> {
    let special: Vec<&str> = tokenizer.special_tokens().map(|(text, _)| text).collect();
    suggest::hint(text, "its special tokens", special)
}

fn id_type(tokenizer: &Tokenizer) -> DataType {
    if tokenizer.vocab_size() <= 1 << 16 {
        DataType::UInt16
    } else {
        DataType::UInt32
    }
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

fn check_output(columns: &LiveColumns<'_>, spec: &TokenizeSpec) -> Result<()> {
    if spec.output != spec.column && columns.contains(&spec.output) {
        return Err(Error::pipeline(
            "expected a free name for the token column, got one that is taken",
        )
        .with_column(&spec.output)
        .with_hint("name another with `output`, or `select` the columns to keep before"));
    }
    check_name(&spec.output)
}

fn find<'a>(spec: &TokenizeSpec, tokenizers: &'a LoadedTokenizers) -> Result<&'a Arc<Tokenizer>> {
    let named = TokenizerRef {
        name: spec.tokenizer.clone(),
        family: spec.family.clone(),
    };
    tokenizers
        .get(&named)
        .ok_or_else(|| Error::internal(format!("the tokenizer {:?} was not loaded", named.name)))
}

/// The name of the tokenizer's file in the dataset; one file for equal ones.
fn asset(tokenizer: &Tokenizer, assets: &mut Vec<Asset>) -> String {
    let found = tokenizer.asset();
    let same = |asset: &&Asset| {
        asset.kind == found.kind && asset.family == found.family && *asset.bytes == *found.bytes
    };
    if let Some(asset) = assets.iter().find(same) {
        return asset.name.clone();
    }
    let (stem, extension) = match &found.family {
        Some(family) => (family.clone(), "tiktoken"),
        None => ("tokenizer".to_owned(), "json"),
    };
    let mut name = format!("{stem}.{extension}");
    let mut number = 2;
    while assets.iter().any(|asset| asset.name == name) {
        name = format!("{stem}-{number}.{extension}");
        number += 1;
    }
    assets.push(Asset {
        name: name.clone(),
        kind: found.kind.to_owned(),
        family: found.family,
        bytes: found.bytes.into(),
    });
    name
}
