//! The `pre_tokenizer` of a `tokenizer.json`, whatever it is made of.

use std::num::NonZeroUsize;

use serde_json::Value;

use super::members::JsonMembers;
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
        read(&JsonMembers::of(value, place)?, &mut steps)?;
    }
    Ok(TextCutter::new(steps))
}

fn read(members: &JsonMembers<'_>, steps: &mut Vec<CutStep>) -> Result<(), TokenizerError> {
    steps.push(match members.kind() {
        "Sequence" => {
            for item in members.objects("pretokenizers")? {
                read(&item, steps)?;
            }
            return Ok(());
        }
        "BertPreTokenizer" => CutStep::Bert,
        "ByteLevel" => byte_level(members)?,
        "CharDelimiterSplit" => CutStep::CharDelimiterSplit(members.character("delimiter")?),
        "Digits" => CutStep::Digits(if members.flag("individual_digits")? {
            Behavior::Isolated
        } else {
            Behavior::Contiguous
        }),
        "FixedLength" => CutStep::FixedLength(length(members)?),
        "Metaspace" => metaspace(members)?,
        "Punctuation" => CutStep::Punctuation(if members.has(&["behavior"]) {
            behavior(members)?
        } else {
            Behavior::Isolated
        }),
        "Split" => CutStep::Split {
            pattern: members.pattern("pattern")?,
            behavior: behavior(members)?,
            invert: if members.flag("invert")? {
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
                members.place(),
                "a pre-tokenizer of Hugging Face tokenizers 0.23",
                other,
            ));
        }
    });
    Ok(())
}

fn byte_level(members: &JsonMembers<'_>) -> Result<CutStep, TokenizerError> {
    // Of no meaning here, but Hugging Face reads no file without it.
    members.flag("trim_offsets")?;
    let use_regex = !members.has(&["use_regex"]) || members.flag("use_regex")?;
    Ok(CutStep::ByteLevel {
        prefix_space: if members.flag("add_prefix_space")? {
            PrefixSpace::Add
        } else {
            PrefixSpace::Keep
        },
        scanner: use_regex.then(Scanner::gpt2),
    })
}

fn length(members: &JsonMembers<'_>) -> Result<NonZeroUsize, TokenizerError> {
    let length = if members.has(&["length"]) {
        members.count("length")?
    } else {
        5
    };
    NonZeroUsize::new(length).ok_or_else(|| members.refuse("length", "a number above 0"))
}

fn metaspace(members: &JsonMembers<'_>) -> Result<CutStep, TokenizerError> {
    const SCHEME: &str = "prepend_scheme";
    let scheme = if members.has(&[SCHEME]) {
        members.text(SCHEME)?
    } else {
        "always"
    };
    let prefix = match scheme {
        "first" => MetaspacePrefix::First,
        "never" => MetaspacePrefix::Never,
        "always" => MetaspacePrefix::Always,
        _ => return Err(members.refuse(SCHEME, "first, never or always")),
    };
    // The older spelling of `never`, and of what is not `never`.
    if members.flag_if_any("add_prefix_space")? == Some(false) && prefix != MetaspacePrefix::Never {
        let place = members.place_of("add_prefix_space");
        let expected = "true, or false with the prepend_scheme never";
        let found = format!("false with the prepend_scheme {scheme}");
        return Err(TokenizerError::unsupported(place, expected, found));
    }
    Ok(CutStep::Metaspace {
        replacement: members.character("replacement")?,
        prefix,
        split: if members.flag_if_any("split")?.unwrap_or(true) {
            SplitAtReplacement::Yes
        } else {
            SplitAtReplacement::No
        },
    })
}

fn behavior(members: &JsonMembers<'_>) -> Result<Behavior, TokenizerError> {
    match members.text("behavior")? {
        "Removed" => Ok(Behavior::Removed),
        "Isolated" => Ok(Behavior::Isolated),
        "MergedWithPrevious" => Ok(Behavior::MergedWithPrevious),
        "MergedWithNext" => Ok(Behavior::MergedWithNext),
        "Contiguous" => Ok(Behavior::Contiguous),
        _ => Err(members.refuse(
            "behavior",
            "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous",
        )),
    }
}
