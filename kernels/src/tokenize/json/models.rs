//! The `model` of a `tokenizer.json`, of each kind that there is.

use serde_json::Value;

use super::members::{JsonMembers, as_id, shown};
use crate::tokenize::error::TokenizerError;
use crate::tokenize::model::{
    Bpe, BpeOptions, ByteFallback, FuseUnknown, Model, TokenTable, Unigram, UnigramOptions,
    WordLevel, WordPiece, WordPieceOptions,
};
use crate::tokenize::whole_words::WholeWords;

/// Reads the model that `value` is, which is at `model` in the file.
///
/// # Errors
/// `Model` if it is of no kind that Hugging Face knows, `Unsupported` if a
/// member is of the wrong type, `Inconsistent` if members contradict.
pub(crate) fn parse(value: &Value) -> Result<Model, TokenizerError> {
    let members = JsonMembers::of(value, "model")?;
    match kind(&members)? {
        "BPE" => bpe(&members).map(Model::Bpe),
        "WordPiece" => word_piece(&members).map(Model::WordPiece),
        "WordLevel" => word_level(&members).map(Model::WordLevel),
        "Unigram" => unigram(&members).map(Model::Unigram),
        other => Err(TokenizerError::model(other)),
    }
}

/// The `type`; files that are older than it are told by their members.
fn kind<'v>(members: &JsonMembers<'v>) -> Result<&'v str, TokenizerError> {
    if members.get("type").is_some() {
        return members.text("type");
    }
    let has_vocab = |names: &[&str]| members.has(&["vocab"]) && members.has(names);
    if members.get("vocab").is_some_and(Value::is_array) {
        Ok("Unigram")
    } else if has_vocab(&["merges"]) {
        Ok("BPE")
    } else if has_vocab(&[
        "unk_token",
        "continuing_subword_prefix",
        "max_input_chars_per_word",
    ]) {
        Ok("WordPiece")
    } else if has_vocab(&["unk_token"]) {
        Ok("WordLevel")
    } else {
        Err(TokenizerError::model("none"))
    }
}

fn bpe(members: &JsonMembers<'_>) -> Result<Bpe, TokenizerError> {
    match members.get("dropout") {
        None | Some(Value::Null) => {}
        Some(dropout) if dropout.as_f64() == Some(0.0) => {}
        Some(_) => return Err(members.refuse("dropout", "null or 0")),
    }
    let is_on = |name| Ok::<_, TokenizerError>(members.flag_if_any(name)? == Some(true));
    let text = |name| Ok::<_, TokenizerError>(members.text_if_any(name)?.map(str::to_owned));
    let options = BpeOptions {
        unk_token: text("unk_token")?,
        fuse_unk: if is_on("fuse_unk")? {
            FuseUnknown::Yes
        } else {
            FuseUnknown::No
        },
        byte_fallback: fallback(is_on("byte_fallback")?.then_some(true)),
        continuing_subword_prefix: text("continuing_subword_prefix")?.unwrap_or_default(),
        end_of_word_suffix: text("end_of_word_suffix")?.unwrap_or_default(),
        whole_words: if is_on("ignore_merges")? {
            WholeWords::Tokens
        } else {
            WholeWords::Merged
        },
    };
    let tokens = vocab(members)?;
    let merges = merges(members.list("merges")?)?;
    Bpe::new(tokens, merges.iter().copied(), &options)
}

fn fallback(flag: Option<bool>) -> ByteFallback {
    match flag {
        Some(true) => ByteFallback::Yes,
        _ => ByteFallback::No,
    }
}

/// Merges, all as `"a b"` or all as `["a", "b"]`.
fn merges(list: &[Value]) -> Result<Vec<(&str, &str)>, TokenizerError> {
    let is_joined = list.first().is_some_and(Value::is_string);
    let mut merges = Vec::with_capacity(list.len());
    for (at, merge) in list.iter().enumerate() {
        let place = || format!("model.merges[{at}]");
        let sides = match merge {
            Value::String(text) if is_joined => {
                if text.starts_with("#version") {
                    continue;
                }
                let sides = text.split_once(' ');
                sides.filter(|(_, right)| !right.contains(' '))
            }
            Value::Array(sides) if !is_joined => match sides.as_slice() {
                [Value::String(left), Value::String(right)] => Some((&**left, &**right)),
                _ => None,
            },
            _ => None,
        };
        merges.push(sides.ok_or_else(|| {
            let expected = if is_joined {
                "two tokens with a space between"
            } else {
                "a list of two tokens"
            };
            TokenizerError::unsupported(place(), expected, shown(merge))
        })?);
    }
    Ok(merges)
}

/// Ids by token.
fn vocab(members: &JsonMembers<'_>) -> Result<TokenTable, TokenizerError> {
    let Some(Value::Object(vocab)) = members.get("vocab") else {
        return Err(members.refuse("vocab", "an object of ids by token"));
    };
    let mut tokens = Vec::with_capacity(vocab.len());
    for (token, id) in vocab {
        let id = as_id(id).ok_or_else(|| {
            let place = format!("model.vocab[\"{token}\"]");
            TokenizerError::unsupported(place, "a whole number below 4294967295", shown(id))
        })?;
        tokens.push((id, token.as_str()));
    }
    tokens.sort_unstable();
    TokenTable::new(tokens.into_iter())
}

fn word_piece(members: &JsonMembers<'_>) -> Result<WordPiece, TokenizerError> {
    let options = WordPieceOptions {
        unk_token: members.text("unk_token")?.to_owned(),
        continuing_subword_prefix: members.text("continuing_subword_prefix")?.to_owned(),
        max_input_chars_per_word: members.count("max_input_chars_per_word")?,
    };
    WordPiece::new(vocab(members)?, options)
}

fn word_level(members: &JsonMembers<'_>) -> Result<WordLevel, TokenizerError> {
    let unk_token = members.text("unk_token")?.to_owned();
    Ok(WordLevel::new(vocab(members)?, unk_token))
}

fn unigram(members: &JsonMembers<'_>) -> Result<Unigram, TokenizerError> {
    let list = members.list("vocab")?;
    let mut tokens = Vec::with_capacity(list.len());
    let mut scores = Vec::with_capacity(list.len());
    for (id, piece) in (0_u32..).zip(list) {
        let Some([Value::String(token), Value::Number(score)]) =
            piece.as_array().map(Vec::as_slice)
        else {
            let place = format!("model.vocab[{id}]");
            let expected = "a list of a token and its score";
            return Err(TokenizerError::unsupported(place, expected, shown(piece)));
        };
        tokens.push((id, token.as_str()));
        scores.extend(score.as_f64());
    }
    let unk_id = members.count_if_any("unk_id")?;
    let options = UnigramOptions {
        // What is too large for an id is no token either.
        unk_id: unk_id.map(|id| u32::try_from(id).unwrap_or(u32::MAX)),
        byte_fallback: fallback(match members.get("byte_fallback") {
            None => None,
            Some(_) => Some(members.flag("byte_fallback")?),
        }),
    };
    Unigram::new(TokenTable::new(tokens.into_iter())?, scores, options)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tokenize::model::{Scratch, WordToken};

    fn ids(model: &Model, word: &str) -> Vec<u32> {
        let mut tokens: Vec<WordToken> = Vec::new();
        model
            .encode_word(word, &mut Scratch::default(), &mut tokens)
            .unwrap();
        tokens.iter().map(|token| token.id).collect()
    }

    fn kind_of(value: &Value) -> &'static str {
        parse(value).map_or_else(|error| panic!("{error}"), |model| model.kind())
    }

    fn refusal(value: &Value) -> String {
        match parse(value) {
            Ok(model) => panic!("a {} was read", model.kind()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn models_without_a_type_are_told_by_their_members() {
        let vocab = json!({"a": 0});
        assert_eq!(kind_of(&json!({"vocab": vocab, "merges": []})), "BPE");
        assert_eq!(
            kind_of(&json!({"vocab": vocab, "unk_token": "a"})),
            "WordLevel"
        );
        assert_eq!(
            kind_of(&json!({
                "vocab": vocab, "unk_token": "a",
                "continuing_subword_prefix": "", "max_input_chars_per_word": 3,
            })),
            "WordPiece"
        );
        assert_eq!(kind_of(&json!({"vocab": [["a", 0]]})), "Unigram");
        assert_eq!(
            refusal(&json!({"vocab": {"a": 0}})),
            "a model of the kind none is not supported: expected BPE, WordPiece, Unigram or WordLevel"
        );
    }

    #[test]
    fn merges_are_read_in_both_spellings() {
        for merges in [
            json!(["#version: 0.2", "a b", "ab c"]),
            json!([["a", "b"], ["ab", "c"]]),
        ] {
            let vocab = json!({"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4});
            let model = parse(&json!({
                "type": "BPE", "vocab": vocab, "merges": merges,
                "fuse_unk": null, "dropout": 0, "unk_token": null,
            }));
            assert_eq!(ids(&model.ok().unwrap(), "abcab"), [4, 3]);
        }
    }

    #[test]
    fn refusals_name_the_place() {
        let bpe = |merges: Value| {
            let vocab = json!({"a": 0, "b": 1, "ab": 2});
            refusal(&json!({"type": "BPE", "vocab": vocab, "merges": merges}))
        };
        let refusals = [
            refusal(&json!(3)),
            refusal(&json!({"type": null, "vocab": {}, "merges": []})),
            refusal(&json!({"type": "Foo", "vocab": {}})),
            refusal(&json!({"type": "BPE", "vocab": {}, "merges": null})),
            refusal(&json!({"type": "BPE", "vocab": {}, "merges": [], "dropout": 0.1})),
            bpe(json!(["a b", ["a", "b"]])),
            bpe(json!([["a", "b"], "a b"])),
            bpe(json!(["a b b"])),
            bpe(json!(["a b", "b a"])),
            refusal(&json!({"type": "WordLevel", "vocab": {"a": 0, "b": 0}, "unk_token": "a"})),
            refusal(&json!({"type": "WordLevel", "vocab": {"a": -1}, "unk_token": "a"})),
            refusal(&json!({"type": "WordPiece", "vocab": {"a": 1}, "unk_token": "a"})),
            refusal(&json!({"type": "Unigram", "vocab": [["a", 0]], "unk_id": 1})),
            refusal(&json!({"type": "Unigram", "vocab": [["a", 0, 1]], "unk_id": 0})),
            refusal(&json!({"type": "Unigram", "vocab": [], "byte_fallback": null})),
        ];
        let expected = [
            "`model` is not supported: expected an object, got 3",
            "`model.type` is not supported: expected a string, got null",
            "a model of the kind Foo is not supported: expected BPE, WordPiece, Unigram or WordLevel",
            "`model.merges` is not supported: expected a list, got null",
            "`model.dropout` is not supported: expected null or 0, got 0.1",
            "`model.merges[1]` is not supported: expected two tokens with a space between, got a \
             list of 2 values",
            "`model.merges[1]` is not supported: expected a list of two tokens, got \"a b\"",
            "`model.merges[0]` is not supported: expected two tokens with a space between, got \
             \"a b b\"",
            "`model.merges` is inconsistent: merge 1, \"b\" + \"a\": \"ba\" is not in the \
             vocabulary",
            "`model.vocab` is inconsistent: id 0 is given to two tokens, \"a\" and \"b\"",
            "`model.vocab[\"a\"]` is not supported: expected a whole number below 4294967295, got -1",
            "`model.continuing_subword_prefix` is not supported: expected a string, got nothing",
            "`model.unk_id` is inconsistent: 1 is out of range: the vocabulary has 1 tokens",
            "`model.vocab[0]` is not supported: expected a list of a token and its score, got a \
             list of 3 values",
            "`model.byte_fallback` is not supported: expected true or false, got null",
        ];
        assert_eq!(refusals, expected);
    }
}
