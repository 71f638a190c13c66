//! BERT's `vocab.txt`: a line a token, its number the id. The file says
//! nothing else, so the rest is what the model's folder says, or what BERT does.

use serde_json::{Map, Value, json};

use crate::tokenize::error::TokenizerError;

/// Tokens that BERT looks for in the text itself.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// What the file does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BertRules {
    pub(crate) lowercase: bool,
    /// Unless it is said, accents go where letters are lowered.
    pub(crate) strip_accents: Option<bool>,
    pub(crate) handle_chinese_chars: bool,
    /// The token for what is unknown.
    pub(crate) unknown: String,
    /// The tokens before and after a text.
    pub(crate) before: String,
    pub(crate) after: String,
    /// Tokens that are looked for in the text itself, if the file has them.
    pub(crate) special: Vec<&'static str>,
}

impl BertRules {
    /// The rules of BERT for a file alone. Letters are lowered unless a token has
    /// a capital letter: an uncased model could never use such a token, and a
    /// cased one has many. [`Self::case_note`] tells.
    ///
    /// # Errors
    /// `VocabLine` where a line is no token of its own.
    pub(crate) fn guessed(file: &[u8]) -> Result<Self, TokenizerError> {
        Ok(Self {
            lowercase: lowers(&read(file)?),
            strip_accents: None,
            handle_chinese_chars: true,
            unknown: "[UNK]".to_owned(),
            before: "[CLS]".to_owned(),
            after: "[SEP]".to_owned(),
            special: SPECIAL.to_vec(),
        })
    }

    /// What was taken for granted about letters, for the user to see.
    pub(crate) fn case_note(&self) -> &'static str {
        if self.lowercase {
            "no token has a capital letter, so texts are lowered and lose their accents, as \
             BERT's uncased models do; a tokenizer_config.json in the folder of the model, or a \
             tokenizer.json, can say otherwise"
        } else {
            "tokens have capital letters, so texts keep their case, as BERT's cased models do; a \
             tokenizer_config.json in the folder of the model, or a tokenizer.json, can say \
             otherwise"
        }
    }
}

/// The `tokenizer.json` that says the same.
///
/// # Errors
/// `VocabLine` where a line is not UTF-8 or repeats a token, `Inconsistent` if a
/// token that BERT needs is missing.
pub(crate) fn to_json(file: &[u8], rules: &BertRules) -> Result<Vec<u8>, TokenizerError> {
    let vocab = read(file)?;
    let (unknown, cls, sep) = (&*rules.unknown, &*rules.before, &*rules.after);
    for token in [unknown, cls, sep] {
        if !vocab.contains_key(token) {
            let message = format!("there is no \"{token}\", so it is not the vocabulary of a BERT");
            return Err(TokenizerError::inconsistent("vocab.txt", message));
        }
    }
    let id = |token: &str| vocab.get(token).cloned().unwrap_or_default();
    let added: Vec<Value> = rules
        .special
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
    let file = json!({
        "version": "1.0",
        "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true,
            "handle_chinese_chars": rules.handle_chinese_chars,
            "strip_accents": rules.strip_accents, "lowercase": rules.lowercase,
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
            "type": "WordPiece", "unk_token": unknown, "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocab,
        },
    });
    serde_json::to_vec(&file)
        .map_err(|error| TokenizerError::inconsistent("vocab.txt", error.to_string()))
}

fn lowers(vocab: &Map<String, Value>) -> bool {
    // Some editors begin a file with a mark of its encoding.
    let starts = |token: &str| token.trim_start_matches('\u{feff}').starts_with('[');
    let is_ordinary = |token: &&String| !(starts(token) && token.ends_with(']'));
    !vocab
        .keys()
        .filter(is_ordinary)
        .any(|token| token.chars().any(char::is_uppercase))
}

/// The tokens, without the white space that their lines end in. None is found
/// by an empty one, so that any number of lines may be.
fn read(file: &[u8]) -> Result<Map<String, Value>, TokenizerError> {
    let mut vocab = Map::new();
    let file = file.strip_suffix(b"\n").unwrap_or(file);
    for (id, line) in file.split(|&byte| byte == b'\n').enumerate() {
        let refuse = |found: String| TokenizerError::VocabLine {
            line: id + 1,
            found,
        };
        let line = str::from_utf8(line)
            .map_err(|error| refuse(format!("bytes that are not UTF-8: {error}")))?;
        let token = line.trim_end();
        if vocab.insert(token.to_owned(), json!(id)).is_some() && !token.is_empty() {
            return Err(refuse(format!("\"{token}\" again")));
        }
    }
    Ok(vocab)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(file: &[u8]) -> Result<Vec<u8>, TokenizerError> {
        to_json(file, &BertRules::guessed(file)?)
    }

    fn file_of(words: &str) -> Value {
        let file = format!("[PAD]\n[UNK]\n[CLS]\n[SEP]\n{words}\n");
        serde_json::from_slice(&converted(file.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn lines_are_ids_and_capitals_tell_the_case() {
        let uncased = file_of("hello\n##s");
        assert_eq!(uncased["model"]["vocab"]["##s"], 5);
        assert_eq!(uncased["normalizer"]["lowercase"], true);
        assert_eq!(
            uncased["post_processor"]["special_tokens"]["[SEP]"]["ids"],
            json!([3])
        );
        assert_eq!(uncased["added_tokens"].as_array().map(Vec::len), Some(4));
        let cased = file_of("Hello\r");
        assert_eq!(cased["normalizer"]["lowercase"], false);
        assert_eq!(cased["model"]["vocab"]["Hello"], 4);
    }

    #[test]
    fn white_space_at_the_end_of_a_line_is_none_of_the_token() {
        let read = file_of("hello \t\u{3000}\r\n\n \n##s\n\n");
        let vocab = &read["model"]["vocab"];
        assert_eq!((&vocab["hello"], &vocab["##s"]), (&json!(4), &json!(7)));
        let marked = "\u{feff}[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\n";
        assert!(BertRules::guessed(marked.as_bytes()).unwrap().lowercase);
    }

    #[test]
    fn files_that_are_no_vocabulary_are_refused() {
        let said = |file: &[u8]| converted(file).map_err(|error| error.to_string());
        assert_eq!(
            said(b"[UNK]\n[CLS]\nhello").unwrap_err(),
            "`vocab.txt` is inconsistent: there is no \"[SEP]\", so it is not the vocabulary of a BERT"
        );
        assert_eq!(
            said(b"[UNK]\na\na \n").unwrap_err(),
            "expected one new token on line 3, got \"a\" again"
        );
        assert!(said(b"[UNK]\n\xff\n").unwrap_err().contains("line 2"));
    }
}
