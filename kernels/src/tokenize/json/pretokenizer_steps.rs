//! The `pre_tokenizer` of a `tokenizer.json`, whatever it is made of.

use std::num::NonZeroUsize;

use serde_json::Value;

use super::fields::ComponentFields;
use super::pattern_field;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::scan::Scanner;
use crate::tokenize::text::{
    Behavior, CutStep, InvertMatches, MetaspacePrefix, PrefixSpace, SplitAtReplacement, TextCutter,
};

/// Reads the component at `place`; null is none.
///
/// # Errors
/// `Unsupported` with the place of what Hugging Face does not read either, or
/// what is not built here.
pub(crate) fn parse(value: &Value, place: &str) -> Result<TextCutter, TokenizerError> {
    let mut steps = Vec::new();
    if !value.is_null() {
        read(&ComponentFields::new(value, place), &mut steps)?;
    }
    Ok(TextCutter::new(steps))
}

fn read(fields: &ComponentFields<'_>, steps: &mut Vec<CutStep>) -> Result<(), TokenizerError> {
    steps.push(match fields.kind() {
        "Sequence" => {
            for item in fields.list("pretokenizers")? {
                read(&item, steps)?;
            }
            return Ok(());
        }
        "BertPreTokenizer" => CutStep::Bert,
        "ByteLevel" => byte_level(fields)?,
        "CharDelimiterSplit" => CutStep::CharDelimiterSplit(fields.character("delimiter")?),
        "Digits" => CutStep::Digits(if fields.flag("individual_digits")? {
            Behavior::Isolated
        } else {
            Behavior::Contiguous
        }),
        "FixedLength" => CutStep::FixedLength(length(fields)?),
        "Metaspace" => metaspace(fields)?,
        "Punctuation" => CutStep::Punctuation(if fields.has("behavior") {
            behavior(fields)?
        } else {
            Behavior::Isolated
        }),
        "Split" => CutStep::Split {
            pattern: pattern_field::read(fields)?,
            behavior: behavior(fields)?,
            invert: if fields.flag("invert")? {
                InvertMatches::Yes
            } else {
                InvertMatches::No
            },
        },
        "UnicodeScripts" => CutStep::UnicodeScripts,
        "Whitespace" => CutStep::Whitespace,
        "WhitespaceSplit" => CutStep::WhitespaceSplit,
        other => {
            return Err(TokenizerError::unsupported(
                fields.place(),
                "a pre-tokenizer of Hugging Face tokenizers 0.23",
                other,
            ));
        }
    });
    Ok(())
}

fn byte_level(fields: &ComponentFields<'_>) -> Result<CutStep, TokenizerError> {
    // Of no meaning here, but Hugging Face reads no file without it.
    fields.flag("trim_offsets")?;
    let use_regex = !fields.has("use_regex") || fields.flag("use_regex")?;
    Ok(CutStep::ByteLevel {
        prefix_space: if fields.flag("add_prefix_space")? {
            PrefixSpace::Add
        } else {
            PrefixSpace::Keep
        },
        scanner: use_regex.then(Scanner::gpt2),
    })
}

fn length(fields: &ComponentFields<'_>) -> Result<NonZeroUsize, TokenizerError> {
    let length = if fields.has("length") {
        fields.count("length")?
    } else {
        5
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    NonZeroUsize::new(length).ok_or_else(|| fields.refuse("length", "a number above 0", "0"))
}

fn metaspace(fields: &ComponentFields<'_>) -> Result<CutStep, TokenizerError> {
    const SCHEME: &str = "prepend_scheme";
    let scheme = if fields.has(SCHEME) {
        fields.text(SCHEME)?
    } else {
        "always"
    };
    let prefix = match scheme {
        "first" => MetaspacePrefix::First,
        "never" => MetaspacePrefix::Never,
        "always" => MetaspacePrefix::Always,
        other => return Err(fields.refuse(SCHEME, "first, never or always", other)),
    };
    // The older spelling of `never`, and of what is not `never`.
    if fields.flag_if_any("add_prefix_space")? == Some(false) && prefix != MetaspacePrefix::Never {
        return Err(fields.refuse(
            "add_prefix_space",
            "true, or false with the prepend_scheme never",
            format!("false with the prepend_scheme {scheme}"),
        ));
    }
    Ok(CutStep::Metaspace {
        replacement: fields.character("replacement")?,
        prefix,
        split: if fields.flag_if_any("split")?.unwrap_or(true) {
            SplitAtReplacement::Yes
        } else {
            SplitAtReplacement::No
        },
    })
}

fn behavior(fields: &ComponentFields<'_>) -> Result<Behavior, TokenizerError> {
    match fields.text("behavior")? {
        "Removed" => Ok(Behavior::Removed),
        "Isolated" => Ok(Behavior::Isolated),
        "MergedWithPrevious" => Ok(Behavior::MergedWithPrevious),
        "MergedWithNext" => Ok(Behavior::MergedWithNext),
        "Contiguous" => Ok(Behavior::Contiguous),
        other => Err(fields.refuse(
            "behavior",
            "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous",
            other,
        )),
    }
}
