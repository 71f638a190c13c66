//! The `normalizer` of a `tokenizer.json`, whatever it is made of.

use serde_json::Value;

use super::members::JsonMembers;
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
        read(&JsonMembers::of(value, place)?, &mut steps)?;
    }
    Ok(TextNormalizer::new(steps))
}

/// The type of a component; that of one without any by its members, as old
/// files have them.
fn kind<'v>(members: &JsonMembers<'v>) -> &'v str {
    if members.has(&["type"]) {
        return members.kind();
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
    .find(|(name, _)| members.has(&[*name]))
    .map_or(members.kind(), |(_, kind)| kind)
}

fn read(members: &JsonMembers<'_>, steps: &mut Vec<NormalizerStep>) -> Result<(), TokenizerError> {
    steps.push(match kind(members) {
        "Sequence" => {
            for item in members.objects("normalizers")? {
                read(&item, steps)?;
            }
            return Ok(());
        }
        "BertNormalizer" | "Bert" => NormalizerStep::Bert(bert(members)?),
        "NFC" => NormalizerStep::Form(NormalForm::Nfc),
        "NFD" => NormalizerStep::Form(NormalForm::Nfd),
        "NFKC" => NormalizerStep::Form(NormalForm::Nfkc),
        "NFKD" => NormalizerStep::Form(NormalForm::Nfkd),
        "Nmt" => NormalizerStep::Nmt,
        "Lowercase" => NormalizerStep::Lowercase,
        "StripAccents" => NormalizerStep::StripAccents,
        "ByteLevel" => NormalizerStep::ByteLevel,
        "Strip" | "StripNormalizer" => NormalizerStep::Strip {
            left: strip(members, "strip_left")?,
            right: strip(members, "strip_right")?,
        },
        "Replace" => NormalizerStep::Replace {
            pattern: members.pattern("pattern")?,
            content: members.text("content")?.to_owned(),
        },
        "Prepend" => NormalizerStep::Prepend(members.text("prepend")?.to_owned()),
        "Precompiled" => NormalizerStep::Precompiled(Box::new(charsmap(members)?)),
        other => {
            return Err(TokenizerError::unsupported(
                members.place(),
                "a normalizer of Hugging Face tokenizers 0.23",
                other,
            ));
        }
    });
    Ok(())
}

fn bert(members: &JsonMembers<'_>) -> Result<BertSteps, TokenizerError> {
    let lowercase = members.flag("lowercase")?;
    Ok(BertSteps {
        clean_text: members.flag("clean_text")?,
        handle_chinese_chars: members.flag("handle_chinese_chars")?,
        strip_accents: members.flag_if_any("strip_accents")?.unwrap_or(lowercase),
        lowercase,
    })
}

fn strip(members: &JsonMembers<'_>, side: &str) -> Result<Strip, TokenizerError> {
    Ok(if members.flag(side)? {
        Strip::Remove
    } else {
        Strip::Keep
    })
}

fn charsmap(members: &JsonMembers<'_>) -> Result<Charsmap, TokenizerError> {
    const MEMBER: &str = "precompiled_charsmap";
    let Some(bytes) = decode_base64(members.text(MEMBER)?.as_bytes()) else {
        let place = members.place_of(MEMBER);
        return Err(TokenizerError::unsupported(
            place,
            "base64",
            "something else",
        ));
    };
    Charsmap::new(&bytes).map_err(|error| {
        let (place, expected) = (members.place_of(MEMBER), "a table of replacements");
        TokenizerError::unsupported(place, expected, error.to_string())
    })
}
