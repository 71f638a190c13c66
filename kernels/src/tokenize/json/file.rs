//! The file as a whole, and the tokenizer that it is.

use serde::Deserialize;

use super::strict::StrictValue;
use super::{
    added_tokens, decoders, kinds, lengths, models, normalizer_steps, notes, post_processors,
    pretokenizer_steps,
};
use crate::tokenize::after::AfterTokens;
use crate::tokenize::encoding::PostProcessor;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::model::TokenTable;
use crate::tokenize::parts::Parts;
use crate::tokenize::pipeline::TokenPipeline;
use crate::tokenize::route::Route;
use crate::tokenize::special::AddedToken;

/// The file.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    truncation: StrictValue,
    #[serde(default)]
    padding: StrictValue,
    #[serde(default)]
    added_tokens: StrictValue,
    #[serde(default)]
    normalizer: StrictValue,
    #[serde(default)]
    pre_tokenizer: StrictValue,
    #[serde(default)]
    post_processor: StrictValue,
    #[serde(default)]
    decoder: StrictValue,
    model: StrictValue,
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
    let model = models::parse(&file.model.0)?;
    let normalizer = normalizer_steps::parse(&file.normalizer.0, "normalizer")?;
    let cutter = pretokenizer_steps::parse(&file.pre_tokenizer.0, "pre_tokenizer")?;
    let added = added_tokens::parse(&file.added_tokens.0, model.tokens())?;
    let post_processor = post_processors::parse(&file.post_processor.0)?;
    if let Some(post_processor) = &post_processor {
        check_named(post_processor, &added.tokens, model.tokens())?;
    }
    let after = AfterTokens {
        post_processor,
        truncation: lengths::truncation(&file.truncation.0)?,
        padding: lengths::padding(&file.padding.0)?,
        decoder: decoders::parse(&file.decoder.0)?,
    };
    let route = Route::of_components(TokenPipeline {
        normalizer,
        cutter,
        model,
    })?;
    let is_bytes = matches!(route, Route::Bytes(_));
    let mut notes = notes::lengths(&file.truncation.0, &file.padding.0);
    notes.extend(notes::decoder(&file.decoder.0).filter(|_| is_bytes));
    notes.extend(added.note);
    Ok(Parts {
        route,
        added: added.tokens,
        after,
        notes,
    })
}

/// Refuses a token that the post-processor adds, if the file knows it by
/// another id or does not have the id.
fn check_named(
    post_processor: &PostProcessor,
    added: &[AddedToken],
    model: &TokenTable,
) -> Result<(), TokenizerError> {
    for named in post_processor.named_tokens() {
        let (id, token) = (named.id, &*named.token);
        let content = added.iter().find(|other| other.content == token);
        let known = content.map(|token| token.id).or_else(|| model.id(token));
        let has_id = || model.token(id).is_some() || added.iter().any(|token| token.id == id);
        let what = match known {
            Some(known) if known == id => continue,
            Some(known) => format!("and {known} in the vocabulary"),
            None if has_id() => continue,
            None => "which the vocabulary does not have".to_owned(),
        };
        let message = format!("\"{token}\" has id {id} there, {what}");
        return Err(TokenizerError::inconsistent("post_processor", message));
    }
    Ok(())
}
