//! The `decoder` of a `tokenizer.json`, of each kind that there is.

use serde_json::Value;

use super::members::{JsonMembers, UNTYPED};
use crate::tokenize::decode::{DecodeStep, Decoder, FirstSpace, Tidy};
use crate::tokenize::error::TokenizerError;
use crate::tokenize::pattern::Pattern;

/// Reads `decoder`, which may be null.
///
/// # Errors
/// `Unsupported` with the place and the name of what is not known.
pub(crate) fn parse(value: &Value) -> Result<Option<Decoder>, TokenizerError> {
    if value.is_null() {
        return Ok(None);
    }
    let mut steps = Vec::new();
    // Sequences within sequences are one after another all the same; the
    // format of the file bounds how deep they are.
    let mut items = vec![JsonMembers::of(value, "decoder")?];
    while let Some(members) = items.pop() {
        if members.kind() == "Sequence" {
            items.extend(members.objects("decoders")?.into_iter().rev());
        } else {
            steps.push(step(&members)?);
        }
    }
    Ok(Some(Decoder { steps }))
}

fn step(members: &JsonMembers<'_>) -> Result<DecodeStep, TokenizerError> {
    Ok(match kind(members)? {
        "BPEDecoder" => DecodeStep::WordEnds {
            suffix: members.text("suffix")?.to_owned(),
        },
        "ByteLevel" => byte_level(members)?,
        "WordPiece" => DecodeStep::WordPiece {
            prefix: members.text("prefix")?.to_owned(),
            tidy: tidy(members)?,
        },
        "Metaspace" => metaspace(members)?,
        "CTC" => DecodeStep::Ctc {
            pad_token: members.text("pad_token")?.to_owned(),
            word_delimiter: members.text("word_delimiter_token")?.to_owned(),
            tidy: tidy(members)?,
        },
        "Replace" => DecodeStep::Replace {
            pattern: pattern(members)?,
            content: members.text("content")?.to_owned(),
        },
        "Fuse" => DecodeStep::Fuse,
        "Strip" => DecodeStep::Strip {
            content: members.character("content")?,
            start: members.count("start")?,
            stop: members.count("stop")?,
        },
        "ByteFallback" => DecodeStep::ByteFallback,
        other => {
            return Err(TokenizerError::unsupported(
                members.place(),
                "a decoder of Hugging Face tokenizers 0.23",
                other,
            ));
        }
    })
}

/// The `type`; without one, some kinds are told by their members.
fn kind<'v>(members: &JsonMembers<'v>) -> Result<&'v str, TokenizerError> {
    if members.get("type").is_some() {
        return members.text("type");
    }
    let kinds: [(&str, &[&str]); 5] = [
        ("BPEDecoder", &["suffix"]),
        ("WordPiece", &["prefix", "cleanup"]),
        ("CTC", &["pad_token", "word_delimiter_token", "cleanup"]),
        ("Replace", &["pattern", "content"]),
        ("Strip", &["content", "start", "stop"]),
    ];
    let found = kinds.iter().find(|(_, names)| members.has(names));
    Ok(found.map_or(UNTYPED, |(kind, _)| kind))
}

fn tidy(members: &JsonMembers<'_>) -> Result<Tidy, TokenizerError> {
    Ok(if members.flag("cleanup")? {
        Tidy::Yes
    } else {
        Tidy::No
    })
}

/// Its options are those of the pre-tokenizer, and change nothing here.
fn byte_level(members: &JsonMembers<'_>) -> Result<DecodeStep, TokenizerError> {
    members.flag("add_prefix_space")?;
    members.flag("trim_offsets")?;
    if members.get("use_regex").is_some() {
        members.flag("use_regex")?;
    }
    Ok(DecodeStep::ByteLevel)
}

fn metaspace(members: &JsonMembers<'_>) -> Result<DecodeStep, TokenizerError> {
    let first = match members.get("prepend_scheme") {
        None => FirstSpace::Drop,
        Some(_) => match members.text("prepend_scheme")? {
            "first" | "always" => FirstSpace::Drop,
            "never" => FirstSpace::Keep,
            _ => return Err(members.refuse("prepend_scheme", "first, always or never")),
        },
    };
    if members.flag_if_any("add_prefix_space")? == Some(false) && first == FirstSpace::Drop {
        let expected = "true, as prepend_scheme has it";
        return Err(members.refuse("add_prefix_space", expected));
    }
    members.flag_if_any("split")?;
    members.text_if_any("str_rep")?;
    Ok(DecodeStep::Metaspace {
        mark: members.character("replacement")?,
        first,
    })
}

fn pattern(members: &JsonMembers<'_>) -> Result<Pattern, TokenizerError> {
    let text = members.get("pattern").and_then(|value| value.get("String"));
    if text.is_some_and(|text| text == "") {
        let (expected, found) = ("a text that is not empty", "an empty one");
        let place = members.place_of("pattern");
        return Err(TokenizerError::unsupported(place, expected, found));
    }
    members.pattern("pattern")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tokenize::decode::decode;

    fn text(value: &Value, tokens: &[&str]) -> String {
        let decoder = parse(value).unwrap().unwrap();
        decode(tokens.iter().copied(), Some(&decoder)).unwrap()
    }

    fn refusal(value: &Value) -> String {
        parse(value).err().map(|error| error.to_string()).unwrap()
    }

    #[test]
    fn old_spellings_are_read() {
        let suffix = json!({"suffix": "</w>"});
        assert_eq!(text(&suffix, &["a</w>", "b", "c</w>"]), "a bc");
        let piece = json!({"prefix": "##", "cleanup": true});
        assert_eq!(text(&piece, &["a", "##b", "."]), "ab.");
        let old = json!({"type": "Metaspace", "replacement": "_", "add_prefix_space": true,
            "str_rep": "_"});
        assert_eq!(text(&old, &["_a", "_b"]), "a b");
        let nested = json!({"type": "Sequence", "decoders": [
            {"type": "Sequence", "decoders": [{"type": "Fuse"}]},
            {"type": "Strip", "content": "a", "start": 1, "stop": 1},
        ]});
        assert_eq!(text(&nested, &["a", "b", "a"]), "b");
        assert!(matches!(parse(&Value::Null), Ok(None)));
    }

    #[test]
    fn refusals_name_the_place() {
        let refusals = [
            refusal(&json!({"type": "Foo"})),
            refusal(&json!({})),
            refusal(&json!({"type": "Sequence", "decoders": [{"type": "Fuse"}, 3]})),
            refusal(&json!({"type": "Metaspace", "replacement": "ab"})),
            refusal(&json!({"type": "Metaspace", "replacement": "_", "add_prefix_space": false})),
            refusal(&json!({"type": "Replace", "pattern": {"String": ""}, "content": ""})),
            refusal(&json!({"type": "CTC", "pad_token": "", "word_delimiter_token": ""})),
        ];
        let expected = [
            "`decoder` is not supported: expected a decoder of Hugging Face tokenizers 0.23, got \
             Foo",
            "`decoder` is not supported: expected a decoder of Hugging Face tokenizers 0.23, got \
             an object without a type",
            "`decoder.decoders[1]` is not supported: expected an object, got 3",
            "`decoder.replacement` is not supported: expected a string of one character, got \
             \"ab\"",
            "`decoder.add_prefix_space` is not supported: expected true, as prepend_scheme has \
             it, got false",
            "`decoder.pattern` is not supported: expected a text that is not empty, got an empty \
             one",
            "`decoder.cleanup` is not supported: expected true or false, got nothing",
        ];
        assert_eq!(refusals, expected);
    }
}
