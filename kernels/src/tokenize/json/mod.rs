//! Hugging Face's `tokenizer.json`: what of it is supported, and how it becomes
//! a tokenizer. Whatever would change the ids and is not built here is refused
//! by name; what does not change them (decoder, post-processor, truncation,
//! padding) is passed over.

mod added;
mod model;
mod pretokenizer;

use serde::Deserialize;
use serde_json::Value;

use super::error::TokenizerError;
use super::tokenizer::{Normalizer, Parts};

/// The file.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    added_tokens: Vec<added::Entry>,
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    model: model::Model,
}

/// Reads a file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parts, TokenizerError> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| TokenizerError::Json {
        message: error.to_string(),
    })?;
    if let Some(version) = file.version
        && version != "1.0"
    {
        let found = format!("\"{version}\"");
        return Err(TokenizerError::unsupported("version", "\"1.0\"", found));
    }
    let normalizer = normalizer(&file.normalizer, "normalizer")?;
    let pretokenizer = pretokenizer::parse(&file.pre_tokenizer)?;
    let model = file.model.load()?;
    let added = added::load(file.added_tokens, &model)?;
    Ok(Parts {
        vocab: model.vocab,
        pairs: model.pairs,
        whole_words: model.whole_words,
        normalizer,
        pretokenizer,
        added,
        unspelled: model.unspelled,
    })
}

/// The `type` of a component, or what it is instead.
fn type_of(value: &Value) -> &str {
    match value {
        Value::Null => "null",
        Value::Object(fields) => match fields.get("type") {
            Some(Value::String(name)) => name,
            _ => "an object without a type",
        },
        _ => "no object",
    }
}

/// None, NFC, or a sequence of at most those.
fn normalizer(value: &Value, field: &str) -> Result<Normalizer, TokenizerError> {
    match type_of(value) {
        "null" => Ok(Normalizer::None),
        "NFC" => Ok(Normalizer::Nfc),
        "Sequence" => {
            let mut found = Normalizer::None;
            let items = value.get("normalizers").and_then(Value::as_array);
            for (at, item) in items.into_iter().flatten().enumerate() {
                // One more NFC changes nothing.
                if type_of(item) == "Sequence" {
                    return Err(unsupported_normalizer(field, "a sequence in a sequence"));
                }
                let field = format!("{field}.normalizers[{at}]");
                if normalizer(item, &field)? == Normalizer::Nfc {
                    found = Normalizer::Nfc;
                }
            }
            Ok(found)
        }
        other => Err(unsupported_normalizer(field, other)),
    }
}

fn unsupported_normalizer(field: &str, found: &str) -> TokenizerError {
    TokenizerError::unsupported(field, "none or NFC", found)
}
