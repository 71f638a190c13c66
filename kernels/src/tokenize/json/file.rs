//! The file as a whole, and the tokenizer that it is.

use serde::Deserialize;
use serde_json::Value;

use super::{added, kinds, model, normalizer, notes, post_processor, pretokenizer};
use crate::tokenize::error::TokenizerError;
use crate::tokenize::parts::Parts;

/// The file.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    truncation: Value,
    #[serde(default)]
    padding: Value,
    #[serde(default)]
    added_tokens: Vec<added::AddedEntry>,
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    #[serde(default)]
    decoder: Value,
    model: model::WrittenBpe,
}

/// Reads a file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parts, TokenizerError> {
    let file: File =
        serde_json::from_slice(bytes).map_err(|error| kinds::refusal(bytes, &error))?;
    if let Some(version) = &file.version
        && version != "1.0"
    {
        let found = format!("\"{version}\"");
        return Err(TokenizerError::unsupported("version", "\"1.0\"", found));
    }
    let is_byte_fallback = file.model.is_byte_fallback();
    let model = file.model.load()?;
    // Normalizers and pre-tokenizers that are not built here come with that
    // kind of model, which is the reason that would remain.
    let true_reason = |error| {
        if is_byte_fallback {
            TokenizerError::model(model::BYTE_FALLBACK)
        } else {
            error
        }
    };
    let normalizer = normalizer::parse(&file.normalizer, "normalizer").map_err(true_reason)?;
    let pretokenizer = pretokenizer::parse(&file.pre_tokenizer).map_err(true_reason)?;
    let mut notes = notes::sections(&file.truncation, &file.padding, &file.decoder);
    notes.extend(added::renumbered(&file.added_tokens, &model));
    let added = added::load(file.added_tokens, &model)?;
    let template = post_processor::parse(&file.post_processor, &|token, id| {
        added::check_named(token, id, &added, &model)
    });
    Ok(Parts {
        vocab: model.vocab,
        pairs: model.pairs,
        whole_words: model.whole_words,
        normalizer,
        pretokenizer,
        added,
        unspelled: model.unspelled,
        template,
        notes,
    })
}
