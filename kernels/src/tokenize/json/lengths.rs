//! The `truncation` and the `padding` of a `tokenizer.json`.

use serde_json::Value;

use super::members::{JsonMembers, shown};
use crate::tokenize::encoding::{
    EncodingPadding, PadTo, SequenceEnd, Truncation, TruncationStrategy,
};
use crate::tokenize::error::TokenizerError;

/// The longest padding that is honoured: a short file could ask for any.
const PADDING_MAX: usize = 1 << 24;

/// Reads `truncation`, which may be null.
///
/// # Errors
/// `Unsupported` with the place of what is not as it should be.
pub(crate) fn truncation(value: &Value) -> Result<Option<Truncation>, TokenizerError> {
    if value.is_null() {
        return Ok(None);
    }
    let members = JsonMembers::of(value, "truncation")?;
    let strategy = match members.text("strategy")? {
        "LongestFirst" => TruncationStrategy::LongestFirst,
        "OnlyFirst" => TruncationStrategy::OnlyFirst,
        "OnlySecond" => TruncationStrategy::OnlySecond,
        _ => return Err(members.refuse("strategy", "LongestFirst, OnlyFirst or OnlySecond")),
    };
    Ok(Some(Truncation {
        max_length: members.count("max_length")?,
        stride: members.count("stride")?,
        strategy,
        end: match members.get("direction") {
            None => SequenceEnd::Right,
            Some(_) => end(&members)?,
        },
    }))
}

/// Reads `padding`, which may be null.
///
/// # Errors
/// `Unsupported` with the place of what is not as it should be.
pub(crate) fn padding(value: &Value) -> Result<Option<EncodingPadding>, TokenizerError> {
    if value.is_null() {
        return Ok(None);
    }
    let members = JsonMembers::of(value, "padding")?;
    let multiple_of = members.count_if_any("pad_to_multiple_of")?.unwrap_or(1);
    if multiple_of > PADDING_MAX {
        return Err(members.refuse("pad_to_multiple_of", "16777216 at most"));
    }
    Ok(Some(EncodingPadding {
        to: pad_to(&members)?,
        end: end(&members)?,
        multiple_of,
        id: members.id("pad_id")?,
        type_id: members.id("pad_type_id")?,
        token: members.text("pad_token")?.into(),
    }))
}

fn end(members: &JsonMembers<'_>) -> Result<SequenceEnd, TokenizerError> {
    match members.text("direction")? {
        "Left" => Ok(SequenceEnd::Left),
        "Right" => Ok(SequenceEnd::Right),
        _ => Err(members.refuse("direction", "Left or Right")),
    }
}

fn pad_to(members: &JsonMembers<'_>) -> Result<PadTo, TokenizerError> {
    let refuse = || members.refuse("strategy", "BatchLongest or a Fixed length");
    match members.get("strategy") {
        Some(Value::String(name)) if name == "BatchLongest" => Ok(PadTo::Longest),
        Some(Value::Object(fixed)) if fixed.len() == 1 => {
            let len = fixed.get("Fixed").ok_or_else(refuse)?;
            let count = len.as_u64().and_then(|len| usize::try_from(len).ok());
            let count = count.filter(|count| *count <= PADDING_MAX);
            count.map(PadTo::Fixed).ok_or_else(|| {
                let place = "padding.strategy.Fixed";
                TokenizerError::unsupported(place, "a length of 16777216 at most", shown(len))
            })
        }
        _ => Err(refuse()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_are_those_of_the_format() {
        let value = json!({"max_length": 8, "strategy": "OnlySecond", "stride": 2});
        let read = truncation(&value).unwrap().unwrap();
        assert_eq!(read.end, SequenceEnd::Right);
        assert_eq!(read.strategy, TruncationStrategy::OnlySecond);
        assert_eq!(truncation(&Value::Null), Ok(None));
        let value = json!({
            "strategy": {"Fixed": 4}, "direction": "Left", "pad_to_multiple_of": null,
            "pad_id": 3, "pad_type_id": 0, "pad_token": "[PAD]",
        });
        let read = padding(&value).unwrap().unwrap();
        assert_eq!((read.to, read.multiple_of), (PadTo::Fixed(4), 1));
        assert_eq!(padding(&Value::Null), Ok(None));
    }

    #[test]
    fn refusals_name_the_place() {
        let pad = |strategy: Value| {
            let value = json!({
                "strategy": strategy, "direction": "Left",
                "pad_id": 3, "pad_type_id": 0, "pad_token": "[PAD]",
            });
            padding(&value)
                .err()
                .map(|error| error.to_string())
                .unwrap()
        };
        assert_eq!(
            pad(json!({"Fixed": 1_u64 << 60})),
            "`padding.strategy.Fixed` is not supported: expected a length of 16777216 at most, \
             got 1152921504606846976"
        );
        assert_eq!(
            pad(json!("Longest")),
            "`padding.strategy` is not supported: expected BatchLongest or a Fixed length, got \
             \"Longest\""
        );
        let value = json!({"max_length": 8, "strategy": "LongestFirst"});
        assert_eq!(
            truncation(&value).unwrap_err().to_string(),
            "`truncation.stride` is not supported: expected a whole number, got nothing"
        );
    }
}
