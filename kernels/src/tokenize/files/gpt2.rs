//! GPT-2's `vocab.json` and `merges.txt`: ids by token, and a merge a line.
//! The files say nothing else, so the rest is what the model's folder says, or
//! what GPT-2 does.

use serde_json::{Map, Value, json};

use crate::tokenize::error::TokenizerError;
use crate::tokenize::json::StrictValue;

/// The token that GPT-2 puts between documents.
pub(crate) const END_OF_TEXT: &str = "<|endoftext|>";

/// What the files do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gpt2Rules {
    pub(crate) add_prefix_space: bool,
    /// Tokens before and after a text.
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    /// Tokens that are looked for in the text itself, if the files have them.
    pub(crate) special: Vec<&'static str>,
}

impl Default for Gpt2Rules {
    fn default() -> Self {
        Self {
            add_prefix_space: false,
            before: None,
            after: None,
            special: vec![END_OF_TEXT],
        }
    }
}

/// The `tokenizer.json` that says the same.
///
/// # Errors
/// `Json` if `vocab` is no JSON object, `Unsupported` where the files are of
/// another model that has the same names, `VocabLine` where a line of `merges`
/// is not two tokens.
pub(crate) fn to_json(
    vocab: &[u8],
    merges: &[u8],
    rules: &Gpt2Rules,
) -> Result<Vec<u8>, TokenizerError> {
    let StrictValue(vocab) =
        serde_json::from_slice(vocab).map_err(|error| TokenizerError::Json {
            message: format!("a vocab.json with {error}"),
        })?;
    let Value::Object(ids) = &vocab else {
        return Err(TokenizerError::Json {
            message: "a vocab.json that is no object of ids by token".to_owned(),
        });
    };
    if let Some(token) = ids.keys().find(|token| token.ends_with("</w>")) {
        return Err(TokenizerError::unsupported(
            "vocab.json",
            "the vocabulary of a GPT-2, whose files do not say how text is cut",
            format!("the token \"{token}\" of another model; take its tokenizer.json"),
        ));
    }
    // RoBERTa and BART have the same files and put other tokens around a text.
    if ids.contains_key("<s>") && ids.contains_key("</s>") {
        return Err(TokenizerError::unsupported(
            "vocab.json",
            "the vocabulary of a GPT-2, whose files do not say what is put around a text",
            "the tokens \"<s>\" and \"</s>\" of another model; take its tokenizer.json",
        ));
    }
    let entry = |content: &&str| {
        let id = ids.get(*content)?;
        Some(json!({
            "id": id, "content": content, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": true, "special": true,
        }))
    };
    let added: Vec<Value> = rules.special.iter().filter_map(entry).collect();
    let file = json!({
        "version": "1.0",
        "added_tokens": added,
        "pre_tokenizer": {
            "type": "ByteLevel", "add_prefix_space": rules.add_prefix_space,
            "trim_offsets": true, "use_regex": true,
        },
        "post_processor": post_processor(ids, rules)?,
        "decoder": {
            "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true,
        },
        "model": {
            "type": "BPE", "continuing_subword_prefix": "", "end_of_word_suffix": "",
            "fuse_unk": false, "vocab": vocab, "merges": read_merges(merges)?,
        },
    });
    serde_json::to_vec(&file)
        .map_err(|error| TokenizerError::inconsistent("vocab.json", error.to_string()))
}

/// What puts the tokens around a text, if there are any.
fn post_processor(ids: &Map<String, Value>, rules: &Gpt2Rules) -> Result<Value, TokenizerError> {
    if rules.before.is_none() && rules.after.is_none() {
        return Ok(Value::Null);
    }
    let mut special_tokens = Map::new();
    for token in [&rules.before, &rules.after].into_iter().flatten() {
        let Some(id) = ids.get(token) else {
            let message = format!("there is no \"{token}\", which is to be added to each text");
            return Err(TokenizerError::inconsistent("vocab.json", message));
        };
        let named = json!({"id": token, "ids": [id], "tokens": [token]});
        special_tokens.insert(token.clone(), named);
    }
    let around = |name: &str, type_id: u32| {
        let special = |token: &String| json!({"SpecialToken": {"id": token, "type_id": type_id}});
        let text = json!({"Sequence": {"id": name, "type_id": type_id}});
        let (before, after) = (rules.before.iter(), rules.after.iter());
        let parts = before.map(special).chain([text]);
        parts.chain(after.map(special)).collect::<Vec<Value>>()
    };
    let (single, second) = (around("A", 0), around("B", 1));
    let pair: Vec<Value> = single.iter().cloned().chain(second).collect();
    Ok(json!({
        "type": "TemplateProcessing", "single": single, "pair": pair,
        "special_tokens": special_tokens,
    }))
}

fn read_merges(file: &[u8]) -> Result<Vec<[&str; 2]>, TokenizerError> {
    let mut merges = Vec::new();
    for (at, line) in file.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || (at == 0 && line.starts_with(b"#version")) {
            continue;
        }
        let pair = str::from_utf8(line)
            .ok()
            .and_then(|line| line.split_once(' '));
        match pair {
            Some((left, right))
                if !left.is_empty() && !right.is_empty() && !right.contains(' ') =>
            {
                merges.push([left, right]);
            }
            _ => {
                let shown = String::from_utf8_lossy(line.get(..60).unwrap_or(line)).into_owned();
                return Err(TokenizerError::MergeLine {
                    line: at + 1,
                    found: format!("\"{shown}\""),
                });
            }
        }
    }
    Ok(merges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_other_models_are_refused() {
        let said = |vocab: &str, merges: &str| {
            let rules = Gpt2Rules::default();
            to_json(vocab.as_bytes(), merges.as_bytes(), &rules).map_err(|error| error.to_string())
        };
        assert!(said("{\"a\": 0, \"b\": 1, \"ab\": 2}", "#version: 0.2\na b\n").is_ok());
        assert!(said("{\"a</w>\": 0}", "").unwrap_err().contains("a</w>"));
        assert!(
            said("{\"<s>\": 0, \"</s>\": 1}", "")
                .unwrap_err()
                .contains("<s>")
        );
        assert!(said("[]", "").unwrap_err().contains("no object"));
        assert_eq!(
            said("{}", "a b\na b c\n").unwrap_err(),
            "expected a merge of two tokens on line 2, got \"a b c\""
        );
    }
}
