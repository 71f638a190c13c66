//! BERT's `vocab.txt`: a line a token, its number the id. The file says
//! nothing else, so the rest is what BERT does.

use serde_json::{Map, Value, json};

use crate::tokenize::error::TokenizerError;

/// Tokens that BERT looks for in the text itself.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// Tokens without which BERT has no encoding.
const REQUIRED: [&str; 3] = ["[UNK]", "[CLS]", "[SEP]"];

/// The `tokenizer.json` that says the same.
///
/// Letters are lowered unless a token has a capital letter: an uncased model
/// could never use such a token, and a cased one has many. [`case_note`] tells.
///
/// # Errors
/// `Line` where a line is not UTF-8 or repeats a token, `Inconsistent` if a
/// token that BERT needs is missing.
pub(crate) fn to_json(file: &[u8]) -> Result<Vec<u8>, TokenizerError> {
    let vocab = read(file)?;
    for token in REQUIRED {
        if !vocab.contains_key(token) {
            let message = format!("there is no \"{token}\", so it is not the vocabulary of a BERT");
            return Err(TokenizerError::inconsistent("vocab.txt", message));
        }
    }
    let id = |token: &str| vocab.get(token).cloned().unwrap_or_default();
    let added: Vec<Value> = SPECIAL
        .iter()
        .filter(|token| vocab.contains_key(**token))
        .map(|token| {
            json!({
                "id": id(token), "content": token, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true,
            })
        })
        .collect();
    let sequence = |name: &str, type_id: u32| json!({"Sequence": {"id": name, "type_id": type_id}});
    let special =
        |token: &str, type_id: u32| json!({"SpecialToken": {"id": token, "type_id": type_id}});
    let named = |token: &str| json!({"id": token, "ids": [id(token)], "tokens": [token]});
    let (cls, sep) = ("[CLS]", "[SEP]");
    let file = json!({
        "version": "1.0",
        "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": lowers(&vocab),
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special(cls, 0), sequence("A", 0), special(sep, 0)],
            "pair": [
                special(cls, 0), sequence("A", 0), special(sep, 0), sequence("B", 1), special(sep, 1),
            ],
            "special_tokens": {cls: named(cls), sep: named(sep)},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocab,
        },
    });
    serde_json::to_vec(&file)
        .map_err(|error| TokenizerError::inconsistent("vocab.txt", error.to_string()))
}

/// What was taken for granted about letters, for the user to see.
pub(crate) fn case_note(file: &[u8]) -> Option<String> {
    let vocab = read(file).ok()?;
    Some(if lowers(&vocab) {
        "no token has a capital letter, so texts are lowered and lose their accents, as \
         BERT's uncased models do; a tokenizer.json can say otherwise"
            .to_owned()
    } else {
        "tokens have capital letters, so texts keep their case, as BERT's cased models do; a \
         tokenizer.json can say otherwise"
            .to_owned()
    })
}

fn lowers(vocab: &Map<String, Value>) -> bool {
    let is_ordinary = |token: &&String| !(token.starts_with('[') && token.ends_with(']'));
    !vocab
        .keys()
        .filter(is_ordinary)
        .any(|token| token.chars().any(char::is_uppercase))
}

fn read(file: &[u8]) -> Result<Map<String, Value>, TokenizerError> {
    let mut vocab = Map::new();
    let file = file.strip_suffix(b"\n").unwrap_or(file);
    for (id, line) in file.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let refuse = |found: String| TokenizerError::VocabLine {
            line: id + 1,
            found,
        };
        let token = str::from_utf8(line)
            .map_err(|error| refuse(format!("bytes that are not UTF-8: {error}")))?;
        if vocab.insert(token.to_owned(), json!(id)).is_some() {
            return Err(refuse(format!("\"{token}\" again")));
        }
    }
    Ok(vocab)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_ids_and_capitals_tell_the_case() {
        let file = |words: &str| format!("[PAD]\n[UNK]\n[CLS]\n[SEP]\n{words}\n");
        let read = |file: &str| {
            serde_json::from_slice::<Value>(&to_json(file.as_bytes()).unwrap()).unwrap()
        };
        let uncased = read(&file("hello\n##s"));
        assert_eq!(uncased["model"]["vocab"]["##s"], 5);
        assert_eq!(uncased["normalizer"]["lowercase"], true);
        assert_eq!(
            uncased["post_processor"]["special_tokens"]["[SEP]"]["ids"],
            json!([3])
        );
        assert_eq!(uncased["added_tokens"].as_array().map(Vec::len), Some(4));
        let cased = read(&file("Hello\r"));
        assert_eq!(cased["normalizer"]["lowercase"], false);
        assert_eq!(cased["model"]["vocab"]["Hello"], 4);
    }

    #[test]
    fn files_that_are_no_vocabulary_are_refused() {
        let said = |file: &[u8]| to_json(file).map_err(|error| error.to_string());
        assert_eq!(
            said(b"[UNK]\n[CLS]\nhello").unwrap_err(),
            "`vocab.txt` is inconsistent: there is no \"[SEP]\", so it is not the vocabulary of a BERT"
        );
        assert_eq!(
            said(b"[UNK]\na\na\n").unwrap_err(),
            "expected one new token on line 3, got \"a\" again"
        );
        assert!(said(b"[UNK]\n\xff\n").unwrap_err().contains("line 2"));
    }
}
