//! The `normalizer` of a `tokenizer.json`.

use serde_json::Value;

use super::component::type_of;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::normalizer::Normalizer;

/// None, NFC, or a sequence of those.
pub(super) fn parse(value: &Value, field: &str) -> Result<Normalizer, TokenizerError> {
    match type_of(value) {
        "null" => Ok(Normalizer::None),
        "NFC" => Ok(Normalizer::Nfc),
        "Sequence" => {
            let Some(items) = value.get("normalizers").and_then(Value::as_array) else {
                return Err(unsupported(field, "a Sequence without normalizers"));
            };
            let mut found = Normalizer::None;
            for (at, item) in items.iter().enumerate() {
                // One more NFC changes nothing.
                if parse(item, &format!("{field}.normalizers[{at}]"))? == Normalizer::Nfc {
                    found = Normalizer::Nfc;
                }
            }
            Ok(found)
        }
        other => Err(unsupported(field, other)),
    }
}

fn unsupported(field: &str, found: &str) -> TokenizerError {
    TokenizerError::unsupported(field, "none or NFC", found)
}
