//! The `normalizer` of a `tokenizer.json`, whatever it is made of.

use serde_json::Value;

use super::fields::ComponentFields;
use super::pattern_field;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::text::{
    BertSteps, Charsmap, NormalForm, NormalizerStep, Strip, TextNormalizer,
};
use crate::tokenize::tiktoken::decode_base64;

/// Reads the component at `place`; null is none.
///
/// # Errors
/// `Unsupported` with the place of what Hugging Face does not read either, or
/// what is not built here.
pub(crate) fn parse(value: &Value, place: &str) -> Result<TextNormalizer, TokenizerError> {
    let mut steps = Vec::new();
    if !value.is_null() {
        read(&ComponentFields::new(value, place), &mut steps)?;
    }
    Ok(TextNormalizer::new(steps))
}

/// The type of a component; that of one without any by its fields, as old
/// files have them.
fn kind<'v>(fields: &ComponentFields<'v>) -> &'v str {
    if !fields.is_untyped() {
        return fields.kind();
    }
    // In the order in which Hugging Face tries them.
    [
        ("clean_text", "BertNormalizer"),
        ("strip_left", "Strip"),
        ("normalizers", "Sequence"),
        ("precompiled_charsmap", "Precompiled"),
        ("pattern", "Replace"),
        ("prepend", "Prepend"),
    ]
    .into_iter()
    .find(|(field, _)| fields.has(field))
    .map_or(fields.kind(), |(_, kind)| kind)
}

fn read(
    fields: &ComponentFields<'_>,
    steps: &mut Vec<NormalizerStep>,
) -> Result<(), TokenizerError> {
    steps.push(match kind(fields) {
        "Sequence" => {
            for item in fields.list("normalizers")? {
                read(&item, steps)?;
            }
            return Ok(());
        }
        "BertNormalizer" | "Bert" => NormalizerStep::Bert(bert(fields)?),
        "NFC" => NormalizerStep::Form(NormalForm::Nfc),
        "NFD" => NormalizerStep::Form(NormalForm::Nfd),
        "NFKC" => NormalizerStep::Form(NormalForm::Nfkc),
        "NFKD" => NormalizerStep::Form(NormalForm::Nfkd),
        "Nmt" => NormalizerStep::Nmt,
        "Lowercase" => NormalizerStep::Lowercase,
        "StripAccents" => NormalizerStep::StripAccents,
        "ByteLevel" => NormalizerStep::ByteLevel,
        "Strip" | "StripNormalizer" => NormalizerStep::Strip {
            left: strip(fields, "strip_left")?,
            right: strip(fields, "strip_right")?,
        },
        "Replace" => NormalizerStep::Replace {
            pattern: pattern_field::read(fields)?,
            content: fields.text("content")?.to_owned(),
        },
        "Prepend" => NormalizerStep::Prepend(fields.text("prepend")?.to_owned()),
        "Precompiled" => NormalizerStep::Precompiled(Box::new(charsmap(fields)?)),
        other => {
            return Err(TokenizerError::unsupported(
                fields.place(),
                "a normalizer of Hugging Face tokenizers 0.23",
                other,
            ));
        }
    });
    Ok(())
}

fn bert(fields: &ComponentFields<'_>) -> Result<BertSteps, TokenizerError> {
    let lowercase = fields.flag("lowercase")?;
    Ok(BertSteps {
        clean_text: fields.flag("clean_text")?,
        handle_chinese_chars: fields.flag("handle_chinese_chars")?,
        strip_accents: fields.flag_if_any("strip_accents")?.unwrap_or(lowercase),
        lowercase,
    })
}

fn strip(fields: &ComponentFields<'_>, side: &str) -> Result<Strip, TokenizerError> {
    Ok(if fields.flag(side)? {
        Strip::Remove
    } else {
        Strip::Keep
    })
}

fn charsmap(fields: &ComponentFields<'_>) -> Result<Charsmap, TokenizerError> {
    const FIELD: &str = "precompiled_charsmap";
    let Some(bytes) = decode_base64(fields.text(FIELD)?.as_bytes()) else {
        return Err(fields.refuse(FIELD, "base64", "something else"));
    };
    Charsmap::new(&bytes)
        .map_err(|error| fields.refuse(FIELD, "a table of replacements", error.to_string()))
}
