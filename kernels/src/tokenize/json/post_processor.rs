//! The `post_processor` of a `tokenizer.json`: which tokens it puts before and
//! after a text. Trimmed offsets are no concern here.
//!
//! Only what [`Template`] can say is honoured; the rest is refused by name, when
//! someone asks for it.

use serde_json::Value;

use super::component::type_of;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::template::Template;

/// What the field of that name is called in errors.
const FIELD: &str = "post_processor";

/// Tokens on one side of a text; no file in use has more than four. The same
/// token may stand in a template any number of times, so that a short file
/// could ask for a long list.
const MOST_TOKENS: usize = 64;

/// The tokens that a text is given by the post-processor `value`.
///
/// `check` looks at a token that it names and at the id it gives it.
pub(super) fn parse(
    value: &Value,
    check: &impl Fn(&str, u32) -> Result<(), TokenizerError>,
) -> Result<Template, TokenizerError> {
    let mut template = Template::default();
    for (field, item) in flat(value, FIELD.to_owned())? {
        let added = match type_of(item) {
            "null" | "ByteLevel" => continue,
            "TemplateProcessing" => pieces(item, &field, check)?,
            "BertProcessing" | "RobertaProcessing" => Template {
                begin: vec![pair(item, &field, "cls", check)?],
                end: vec![pair(item, &field, "sep", check)?],
            },
            other => return Err(unsupported(field, other)),
        };
        // Behind one that adds tokens, Hugging Face applies the template for
        // two sequences.
        if !template.is_empty() {
            return Err(unsupported(
                field,
                format!("{} behind one that adds tokens", type_of(item)),
            ));
        }
        template = added;
    }
    Ok(template)
}

/// The post-processors of a sequence in their order, or the only one, each with
/// its place.
fn flat(value: &Value, field: String) -> Result<Vec<(String, &Value)>, TokenizerError> {
    if type_of(value) != "Sequence" {
        return Ok(vec![(field, value)]);
    }
    let Some(items) = value.get("processors").and_then(Value::as_array) else {
        return Err(unsupported(field, "a Sequence without processors"));
    };
    let mut all = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        all.extend(flat(item, format!("{field}.processors[{at}]"))?);
    }
    Ok(all)
}

/// The tokens around the one sequence of a `TemplateProcessing` for a text
/// alone.
fn pieces(
    value: &Value,
    field: &str,
    check: &impl Fn(&str, u32) -> Result<(), TokenizerError>,
) -> Result<Template, TokenizerError> {
    let field = format!("{field}.single");
    let Some(pieces) = value.get("single").and_then(Value::as_array) else {
        return Err(unsupported(field, "nothing"));
    };
    let mut template = Template::default();
    let mut n_texts = 0;
    for piece in pieces {
        if let Some(id) = piece.pointer("/Sequence/id") {
            if id != "A" {
                return Err(unsupported(field, "the second sequence of a pair"));
            }
            n_texts += 1;
            continue;
        }
        let name = piece.pointer("/SpecialToken/id").and_then(Value::as_str);
        let name = name.ok_or_else(|| unsupported(field.clone(), piece.to_string()))?;
        let side = match n_texts {
            0 => &mut template.begin,
            _ => &mut template.end,
        };
        push(value, name, side, check)?;
        if side.len() > MOST_TOKENS {
            let found = format!("more than {MOST_TOKENS} tokens on one side of the text");
            return Err(unsupported(field, found));
        }
    }
    match n_texts {
        1 => Ok(template),
        0 => Err(unsupported(field, "tokens without the text")),
        n => Err(unsupported(field, format!("the text {n} times"))),
    }
}

/// Appends the ids of the special token `name` to `ids`.
fn push(
    value: &Value,
    name: &str,
    ids: &mut Vec<u32>,
    check: &impl Fn(&str, u32) -> Result<(), TokenizerError>,
) -> Result<(), TokenizerError> {
    let token = value.get("special_tokens").and_then(|all| all.get(name));
    let Some(found) = token.and_then(|token| token.get("ids")?.as_array()) else {
        let message = format!("\"{name}\" is not among its special tokens");
        return Err(TokenizerError::inconsistent(FIELD, message));
    };
    let texts = token.and_then(|token| token.get("tokens")?.as_array());
    for (at, id) in found.iter().enumerate() {
        let text = texts.and_then(|texts| texts.get(at)?.as_str());
        let id = whole(id).ok_or_else(|| wrong_id(name, id))?;
        check(text.unwrap_or(name), id)?;
        ids.push(id);
        if ids.len() > MOST_TOKENS {
            break;
        }
    }
    Ok(())
}

/// The id of `["</s>", 2]`.
fn pair(
    value: &Value,
    field: &str,
    key: &str,
    check: &impl Fn(&str, u32) -> Result<(), TokenizerError>,
) -> Result<u32, TokenizerError> {
    let text = value.get(key).and_then(|pair| pair.get(0)?.as_str());
    let id = value.get(key).and_then(|pair| pair.get(1));
    let (Some(text), Some(id)) = (text, id) else {
        return Err(unsupported(
            field.to_owned(),
            format!("{} without `{key}`", type_of(value)),
        ));
    };
    let id = whole(id).ok_or_else(|| wrong_id(text, id))?;
    check(text, id)?;
    Ok(id)
}

fn whole(id: &Value) -> Option<u32> {
    id.as_u64().and_then(|id| u32::try_from(id).ok())
}

fn wrong_id(token: &str, id: &Value) -> TokenizerError {
    let message = format!("the id of \"{token}\" is {id}, not an integer below 4294967295");
    TokenizerError::inconsistent(FIELD, message)
}

fn unsupported(field: String, found: impl Into<String>) -> TokenizerError {
    TokenizerError::unsupported(
        field,
        "tokens before and after one text (TemplateProcessing, BertProcessing or \
         RobertaProcessing), ByteLevel, or none",
        found,
    )
}
