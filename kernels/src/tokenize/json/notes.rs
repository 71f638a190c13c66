//! What of a file is not applied though Hugging Face applies it, in words.

use serde_json::Value;

use super::members::UNTYPED;

/// Notes on the sections that change nothing about the ids of a whole text.
pub(super) fn lengths(truncation: &Value, padding: &Value) -> Vec<String> {
    let mut notes = Vec::new();
    if !truncation.is_null() {
        let most = truncation.get("max_length");
        let most = most.map_or_else(String::new, |most| format!(" to {most} tokens"));
        notes.push(format!(
            "`truncation`{most} is not applied: texts are encoded whole"
        ));
    }
    if !padding.is_null() {
        notes.push("`padding` is not applied: no text is made longer".to_owned());
    }
    notes
}

/// A note on a decoder that a byte-level vocabulary does without.
pub(super) fn decoder(decoder: &Value) -> Option<String> {
    let other = other_decoder(decoder)?;
    Some(format!(
        "decoder {other} is not applied: ids are decoded to the bytes they stand for"
    ))
}

/// The `type` of a component, or what it is instead.
fn type_of(value: &Value) -> &str {
    match value {
        Value::Null => "null",
        other => other.get("type").and_then(Value::as_str).unwrap_or(UNTYPED),
    }
}

/// A decoder that gives other text than the bytes of the tokens.
///
/// Without any, Hugging Face shows tokens as the vocabulary spells them.
fn other_decoder(decoder: &Value) -> Option<&str> {
    match type_of(decoder) {
        "null" | "ByteLevel" | "Fuse" => None,
        "Sequence" => {
            let items = decoder.get("decoders").and_then(Value::as_array);
            items?.iter().find_map(other_decoder)
        }
        other => Some(other),
    }
}
