//! What a file is that was taken for a `tokenizer.json`.

use serde_json::{Map, Value};

use crate::tokenize::error::TokenizerError;

/// The refusal of `bytes`, which are no `tokenizer.json` for the reason that
/// `error` gives.
pub(super) fn refusal(bytes: &[u8], error: &serde_json::Error) -> TokenizerError {
    let message = match name(bytes) {
        Some(name) => name.to_owned(),
        None => error.to_string(),
    };
    TokenizerError::Json { message }
}

/// Other files that lie beside a `tokenizer.json`, by what is in them.
fn name(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x0a") && bytes.contains(&0) {
        return Some("a SentencePiece model");
    }
    let fields: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    if fields.contains_key("model") {
        return None;
    }
    let has = |keys: &[&str]| keys.iter().any(|key| fields.contains_key(*key));
    if has(&["tokenizer_class", "added_tokens_decoder"]) {
        Some("a tokenizer_config.json, which has no vocabulary")
    } else if has(&["model_type", "architectures"]) {
        Some("the config.json of a model")
    } else if has(&["vocab", "merges"]) {
        Some("a model without the `model` that holds it")
    } else if !fields.is_empty() && fields.values().all(Value::is_u64) {
        Some("a vocabulary (vocab.json) without its merges")
    } else {
        None
    }
}
