//! What the checks of all steps that make token ids have in common.

use std::sync::Arc;

use arrow::datatypes::DataType;
use fuelrail_kernels::tokenize::Tokenizer;

use crate::error::{Error, Result};
use crate::plan::named_types::IdType;
use crate::plan::spelling::TokenName;
use crate::plan::stored;
use crate::plan::suggest;
use crate::plan::tokenizers::{LoadedTokenizers, TokenizerRef};

use super::live::LiveColumns;

/// The tokenizer that was loaded for `named`.
///
/// # Errors
/// `Internal` if none was.
pub(super) fn find<'a>(
    named: &TokenizerRef,
    tokenizers: &'a LoadedTokenizers,
) -> Result<&'a Arc<Tokenizer>> {
    tokenizers
        .get(named)
        .ok_or_else(|| Error::internal(format!("the tokenizer {:?} was not loaded", named.name)))
}

/// The type of the ids: the one that is named, else the least that holds all.
///
/// # Errors
/// `Pipeline` for one that does not.
pub(super) fn id_type(tokenizer: &Tokenizer, named: Option<IdType>) -> Result<DataType> {
    let vocab_size = tokenizer.vocab_size();
    let fits = vocab_size <= 1 << 16;
    match named {
        Some(IdType::Uint16) if !fits => Err(Error::pipeline(format!(
            "dtype: expected a type that holds all {vocab_size} ids of the tokenizer, got uint16"
        ))
        .with_hint("leave `dtype` out, or set dtype = \"uint32\"")),
        Some(IdType::Uint32) => Ok(DataType::UInt32),
        None if !fits => Ok(DataType::UInt32),
        Some(IdType::Uint16) | None => Ok(DataType::UInt16),
    }
}

/// Checks the name of a column that is made, `what`, which `key` gives; that of the
/// column in whose place it is put is free.
///
/// # Errors
/// `Pipeline` for a name that is taken, or that no dataset can hold.
pub(super) fn check_name(
    columns: &LiveColumns<'_>,
    (name, replaced): (&str, &str),
    (what, key): (&str, &str),
) -> Result<()> {
    if name != replaced && columns.contains(name) {
        let message = format!("expected a free name for the {what}, got one that is taken");
        let hint = format!("name another with `{key}`, or `select` the columns to keep before");
        return Err(Error::pipeline(message).with_column(name).with_hint(hint));
    }
    stored::check_name(name)
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
