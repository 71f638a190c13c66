//! The `pre_tokenizer` of a `tokenizer.json`.

use serde_json::Value;

use super::component::type_of;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::pattern::Pattern;
use crate::tokenize::pretokenize::{PreTokenizer, Pretokenizer};
use crate::tokenize::scan::Scanner;
use crate::tokenize::text::{Behavior, InvertMatches, PrefixSpace};

/// What the field of that name is called in errors.
const FIELD: &str = "pre_tokenizer";

/// A `ByteLevel`, alone or at the end of a sequence of `Split` and `Digits`.
pub(super) fn parse(value: &Value) -> Result<Pretokenizer, TokenizerError> {
    let items = flat(value, FIELD.to_owned())?;
    let strange = items
        .iter()
        .find(|(_, item)| !matches!(type_of(item), "ByteLevel" | "Split" | "Digits"));
    if let Some((field, item)) = strange {
        return Err(unsupported(field.clone(), type_of(item)));
    }
    let items: Vec<&Value> = items.into_iter().map(|(_, item)| item).collect();
    let Some((last, before)) = items.split_last() else {
        return Err(unsupported(FIELD, "an empty sequence"));
    };
    if type_of(last) != "ByteLevel" {
        let found = match before {
            [] => type_of(last).to_owned(),
            _ => format!("a sequence that ends in {}", type_of(last)),
        };
        return Err(unsupported(FIELD, found));
    }
    let prefix_space = if flag(last, "add_prefix_space")? {
        PrefixSpace::Add
    } else {
        PrefixSpace::Keep
    };
    let use_regex = match last.get("use_regex") {
        None => true,
        Some(_) => flag(last, "use_regex")?,
    };
    let scanner = use_regex.then(Scanner::gpt2);
    if prefix_space == PrefixSpace::Keep
        && let Some(scanner) = one_scanner(before, scanner)?
    {
        return Ok(Pretokenizer::Scan(scanner));
    }
    Ok(Pretokenizer::Stages {
        stages: before
            .iter()
            .map(|item| stage(item))
            .collect::<Result<_, _>>()?,
        prefix_space,
        scanner,
    })
}

/// The pre-tokenizers of a sequence in their order, or the only one, each with
/// its place.
fn flat(value: &Value, field: String) -> Result<Vec<(String, &Value)>, TokenizerError> {
    if type_of(value) != "Sequence" {
        return Ok(vec![(field, value)]);
    }
    let Some(items) = value.get("pretokenizers").and_then(Value::as_array) else {
        return Err(unsupported(field, "a Sequence without pretokenizers"));
    };
    let mut all = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        all.extend(flat(item, format!("{field}.pretokenizers[{at}]"))?);
    }
    Ok(all)
}

/// The scanner that does all of it, if one does.
fn one_scanner(
    before: &[&Value],
    scanner: Option<Scanner>,
) -> Result<Option<Scanner>, TokenizerError> {
    match (before, scanner) {
        ([], scanner) => Ok(scanner),
        ([split], None) if type_of(split) == "Split" => {
            let known = regex_of(split).and_then(Scanner::of_pattern);
            // Matches cover the text, so that there are no gaps to speak of.
            let plain = matches!(
                (behavior(split)?, flag(split, "invert")?),
                (Behavior::Isolated, _) | (Behavior::Removed, true)
            );
            Ok(known.filter(|_| plain))
        }
        _ => Ok(None),
    }
}

fn stage(value: &Value) -> Result<PreTokenizer, TokenizerError> {
    match type_of(value) {
        "Split" => {
            let pattern = match regex_of(value) {
                Some(regex) => Pattern::regex(regex)?,
                None => match value.pointer("/pattern/String") {
                    Some(Value::String(text)) => Pattern::literal(text.clone()),
                    _ => return Err(unsupported(FIELD, "a Split without a pattern")),
                },
            };
            Ok(PreTokenizer::Split {
                pattern,
                behavior: behavior(value)?,
                invert: if flag(value, "invert")? {
                    InvertMatches::Yes
                } else {
                    InvertMatches::No
                },
            })
        }
        "Digits" => Ok(PreTokenizer::Digits(if flag(value, "individual_digits")? {
            Behavior::Isolated
        } else {
            Behavior::Contiguous
        })),
        "ByteLevel" => Err(unsupported(FIELD, "a ByteLevel before the end")),
        other => Err(unsupported(FIELD, other)),
    }
}

fn regex_of(split: &Value) -> Option<&str> {
    split.pointer("/pattern/Regex")?.as_str()
}

fn behavior(split: &Value) -> Result<Behavior, TokenizerError> {
    match split.get("behavior").and_then(Value::as_str) {
        Some("Removed") => Ok(Behavior::Removed),
        Some("Isolated") => Ok(Behavior::Isolated),
        Some("MergedWithPrevious") => Ok(Behavior::MergedWithPrevious),
        Some("MergedWithNext") => Ok(Behavior::MergedWithNext),
        Some("Contiguous") => Ok(Behavior::Contiguous),
        other => Err(TokenizerError::unsupported(
            "pre_tokenizer.behavior",
            "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous",
            other.unwrap_or("nothing"),
        )),
    }
}

fn flag(value: &Value, name: &str) -> Result<bool, TokenizerError> {
    match value.get(name) {
        Some(Value::Bool(flag)) => Ok(*flag),
        other => Err(TokenizerError::unsupported(
            format!("{FIELD}.{name}"),
            "true or false",
            other.map_or_else(|| "nothing".to_owned(), Value::to_string),
        )),
    }
}

fn unsupported(field: impl Into<String>, found: impl Into<String>) -> TokenizerError {
    TokenizerError::unsupported(
        field,
        "a ByteLevel, alone or at the end of a sequence of Split and Digits",
        found,
    )
}
