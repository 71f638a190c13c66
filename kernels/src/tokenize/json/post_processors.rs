//! The `post_processor` of a `tokenizer.json`, of each kind that there is.
//!
//! Hugging Face tells some kinds by their members, whatever `type` says: what
//! has `sep`, `cls`, `trim_offsets` and `add_prefix_space` is `RoBERTa`'s.

use serde_json::Value;

use super::members::{JsonMembers, as_id, shown};
use crate::tokenize::encoding::{
    NamedToken, PostProcessor, PostStep, Surround, TemplatePiece, TemplateProcessing,
    TemplateTokens, TrimOffsets,
};
use crate::tokenize::error::TokenizerError;

/// Most tokens that a template adds; a token may stand there any number of
/// times, so that a short file could ask for a long list.
const ADDED_MAX: usize = 4096;

/// Reads `post_processor`, which may be null.
///
/// # Errors
/// `Unsupported` with the place and the name of what is not known, and for
/// templates that Hugging Face cannot apply either.
pub(crate) fn parse(value: &Value) -> Result<Option<PostProcessor>, TokenizerError> {
    if value.is_null() {
        return Ok(None);
    }
    let mut steps = Vec::new();
    // Sequences within sequences are one after another all the same; the
    // format of the file bounds how deep they are.
    let mut items = vec![JsonMembers::of(value, "post_processor")?];
    while let Some(members) = items.pop() {
        if members.kind() == "Sequence" {
            items.extend(members.objects("processors")?.into_iter().rev());
            continue;
        }
        let step = step(&members)?;
        let is_last = steps
            .iter()
            .any(|step| matches!(step, PostStep::Template(_)));
        if is_last && !matches!(step, PostStep::ByteLevel(_)) {
            let expected = "nothing that adds tokens behind a TemplateProcessing";
            let (place, found) = (members.place(), members.kind());
            return Err(TokenizerError::unsupported(place, expected, found));
        }
        steps.push(step);
    }
    Ok(Some(PostProcessor { steps }))
}

fn step(members: &JsonMembers<'_>) -> Result<PostStep, TokenizerError> {
    let kind = match members.get("type") {
        None => "",
        Some(_) => members.text("type")?,
    };
    match kind {
        "ByteLevel" => byte_level(members),
        "" | "BertProcessing" | "RobertaProcessing" | "TemplateProcessing" => {
            if members.has(&["sep", "cls", "trim_offsets", "add_prefix_space"]) {
                Ok(PostStep::Roberta(surround(members)?, trim(members)?))
            } else if members.has(&["sep", "cls"]) {
                Ok(PostStep::Bert(surround(members)?))
            } else if kind.is_empty() || kind == "TemplateProcessing" {
                template(members).map(PostStep::Template)
            } else {
                surround(members).map(PostStep::Bert)
            }
        }
        other => Err(TokenizerError::unsupported(
            members.place(),
            "BertProcessing, RobertaProcessing, ByteLevel, TemplateProcessing or Sequence",
            other,
        )),
    }
}

fn byte_level(members: &JsonMembers<'_>) -> Result<PostStep, TokenizerError> {
    if members.get("use_regex").is_some() {
        members.flag("use_regex")?;
    }
    trim(members).map(PostStep::ByteLevel)
}

fn trim(members: &JsonMembers<'_>) -> Result<TrimOffsets, TokenizerError> {
    let has_prefix = members.flag("add_prefix_space")?;
    Ok(match (members.flag("trim_offsets")?, has_prefix) {
        (false, _) => TrimOffsets::Keep,
        (true, false) => TrimOffsets::Trim,
        (true, true) => TrimOffsets::TrimAllButPrefix,
    })
}

fn surround(members: &JsonMembers<'_>) -> Result<Surround, TokenizerError> {
    let token = |name| {
        let pair = match members.get(name).and_then(Value::as_array) {
            Some(pair) => pair.as_slice(),
            None => &[],
        };
        let named = match pair {
            [Value::String(token), id] => as_id(id).map(|id| NamedToken {
                id,
                token: token.as_str().into(),
            }),
            _ => None,
        };
        named.ok_or_else(|| members.refuse(name, "a list of a token and its id"))
    };
    Ok(Surround {
        cls: token("cls")?,
        sep: token("sep")?,
    })
}

fn template(members: &JsonMembers<'_>) -> Result<TemplateProcessing, TokenizerError> {
    let Some(added) = members.get("special_tokens") else {
        return Err(members.refuse("special_tokens", "an object of tokens by name"));
    };
    let added = JsonMembers::of(added, members.place_of("special_tokens"))?;
    let pieces = |name| {
        let mut pieces = Vec::new();
        let mut n_added = 0;
        for (at, item) in members.list(name)?.iter().enumerate() {
            let place = format!("{}[{at}]", members.place_of(name));
            let piece = piece(item, &place, &added)?;
            let is_again = |other: &TemplatePiece| other.tokens == piece.tokens;
            match &piece.tokens {
                TemplateTokens::Added(tokens) => n_added += tokens.len(),
                TemplateTokens::Second if name == "single" => {
                    return Err(TokenizerError::unsupported(place, "the first text", "B"));
                }
                TemplateTokens::First | TemplateTokens::Second if pieces.iter().any(is_again) => {
                    let expected = "each text once at most";
                    return Err(TokenizerError::unsupported(place, expected, "one again"));
                }
                TemplateTokens::First | TemplateTokens::Second => {}
            }
            if n_added > ADDED_MAX {
                let expected = "4096 added tokens at most";
                return Err(TokenizerError::unsupported(place, expected, "more"));
            }
            pieces.push(piece);
        }
        Ok(pieces)
    };
    Ok(TemplateProcessing {
        single: pieces("single")?,
        pair: pieces("pair")?,
    })
}

/// `{"Sequence": {"id": "A", "type_id": 0}}`, or the same with a `SpecialToken`.
fn piece(
    value: &Value,
    place: &str,
    added: &JsonMembers<'_>,
) -> Result<TemplatePiece, TokenizerError> {
    let members = JsonMembers::of(value, place)?;
    let (name, is_text) = match (members.get("Sequence"), members.get("SpecialToken")) {
        (Some(_), None) => ("Sequence", true),
        (None, Some(_)) => ("SpecialToken", false),
        _ => {
            let expected = "a Sequence or a SpecialToken";
            return Err(TokenizerError::unsupported(place, expected, shown(value)));
        }
    };
    let inner = members.get(name).unwrap_or(&Value::Null);
    let inner = JsonMembers::of(inner, members.place_of(name))?;
    let id = inner.text("id")?;
    let tokens = match (is_text, id) {
        (true, "A") => TemplateTokens::First,
        (true, "B") => TemplateTokens::Second,
        (true, _) => return Err(inner.refuse("id", "A or B")),
        (false, name) => TemplateTokens::Added(special(added, name, &inner)?),
    };
    Ok(TemplatePiece {
        tokens,
        type_id: inner.id("type_id")?,
    })
}

/// The tokens of that name: `{"id": …, "ids": [1], "tokens": ["[CLS]"]}`.
fn special(
    added: &JsonMembers<'_>,
    name: &str,
    piece: &JsonMembers<'_>,
) -> Result<Vec<NamedToken>, TokenizerError> {
    let Some(special) = added.get(name) else {
        return Err(piece.refuse("id", "a name in special_tokens"));
    };
    let special = JsonMembers::of(special, added.place_of(name))?;
    let ids = special.list("ids")?;
    let tokens = special.list("tokens")?;
    if ids.len() != tokens.len() || ids.len() > ADDED_MAX {
        return Err(special.refuse("tokens", "as many tokens as ids, 4096 at most"));
    }
    let named = ids.iter().zip(tokens).map(|(id, token)| {
        Some(NamedToken {
            id: as_id(id)?,
            token: token.as_str()?.into(),
        })
    });
    let named: Option<Vec<NamedToken>> = named.collect();
    named.ok_or_else(|| special.refuse("ids", "a list of ids, and one of tokens"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn steps(value: &Value) -> Vec<PostStep> {
        parse(value).unwrap().unwrap().steps
    }

    fn refusal(value: &Value) -> String {
        parse(value).unwrap_err().to_string()
    }

    #[test]
    fn kinds_are_told_by_their_members() {
        let around = |kind: &str| json!({"type": kind, "sep": ["s", 1], "cls": ["c", 2]});
        let mut roberta = around("BertProcessing");
        assert!(matches!(steps(&roberta)[..], [PostStep::Bert(_)]));
        assert!(matches!(
            steps(&around("RobertaProcessing"))[..],
            [PostStep::Bert(_)]
        ));
        roberta["trim_offsets"] = json!(true);
        roberta["add_prefix_space"] = json!(false);
        assert!(matches!(
            steps(&roberta)[..],
            [PostStep::Roberta(_, TrimOffsets::Trim)]
        ));
        assert_eq!(parse(&Value::Null), Ok(None));
        let nested = json!({"type": "Sequence", "processors": [
            {"type": "Sequence", "processors": [roberta, around("BertProcessing")]},
            {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true},
        ]});
        assert!(matches!(
            steps(&nested)[..],
            [
                PostStep::Roberta(..),
                PostStep::Bert(_),
                PostStep::ByteLevel(TrimOffsets::TrimAllButPrefix)
            ]
        ));
    }

    fn template_of(single: &[Value]) -> Value {
        json!({
            "type": "TemplateProcessing", "single": single, "pair": [],
            "special_tokens": {"c": {"id": "c", "ids": [1, 2], "tokens": ["x", "y"]},
                "odd": {"id": "odd", "ids": [1, 2], "tokens": ["x"]}},
        })
    }

    #[test]
    fn templates_that_nobody_can_apply_are_refused() {
        let text = |id| json!({"Sequence": {"id": id, "type_id": 0}});
        let token = |id| json!({"SpecialToken": {"id": id, "type_id": 3}});
        let good = steps(&template_of(&[token("c"), text("A")]));
        let [PostStep::Template(template)] = &good[..] else {
            panic!("not a template");
        };
        assert_eq!(template.single.len(), 2);
        let refusals = [
            refusal(&template_of(&[text("B")])),
            refusal(&template_of(&[text("A"), text("A")])),
            refusal(&template_of(&[token("d")])),
            refusal(&template_of(&[token("odd")])),
            refusal(&template_of(&vec![token("c"); 3_000])),
            refusal(&json!({"type": "Foo"})),
            refusal(&json!({"type": "Sequence", "processors": [
                template_of(&[]), {"sep": ["s", 1], "cls": ["c", 2]},
            ]})),
        ];
        let expected = [
            "`post_processor.single[0]` is not supported: expected the first text, got B",
            "`post_processor.single[1]` is not supported: expected each text once at most, got \
             one again",
            "`post_processor.single[0].SpecialToken.id` is not supported: expected a name in \
             special_tokens, got \"d\"",
            "`post_processor.special_tokens.odd.tokens` is not supported: expected as many tokens \
             as ids, 4096 at most, got a list of 1 values",
            "`post_processor.single[2048]` is not supported: expected 4096 added tokens at most, \
             got more",
            "`post_processor` is not supported: expected BertProcessing, RobertaProcessing, \
             ByteLevel, TemplateProcessing or Sequence, got Foo",
            "`post_processor.processors[1]` is not supported: expected nothing that adds tokens \
             behind a TemplateProcessing, got an object without a type",
        ];
        assert_eq!(refusals, expected);
    }
}
