//! What a `.tiktoken` file leaves open: how text is cut, and which special
//! tokens there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::builtin::Family;
use super::error::TokenizerError;
use super::json::StrictValue;
use super::pattern::Pattern;
use super::pretokenize::Pretokenizer;
use super::special::{AddedOptions, AddedToken};

/// How text is cut for the tokens of a `.tiktoken` file, and the special tokens
/// beside them: tiktoken's `pat_str` and `special_tokens`.
///
/// As in tiktoken, text between matches of the pattern has no ids, so a pattern
/// is one that matches all text.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TiktokenRules {
    /// A regular expression in the syntax of the crate `fancy-regex`, as
    /// tiktoken takes it.
    pub pattern: String,
    /// Ids of special tokens by their text.
    #[serde(default)]
    pub special_tokens: BTreeMap<String, u32>,
}

/// A `.tiktoken` file together with its rules.
#[derive(Serialize)]
struct WrittenRules<'a> {
    #[serde(flatten)]
    rules: &'a TiktokenRules,
    /// The `.tiktoken` file.
    ranks: &'a str,
}

/// The same, read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadRules {
    pattern: String,
    special_tokens: StrictValue,
    ranks: String,
}

impl TiktokenRules {
    /// How text is cut.
    ///
    /// # Errors
    /// `Unsupported` if the pattern is none, or uses what is not known here.
    pub(super) fn pretokenizer(&self) -> Result<Pretokenizer, TokenizerError> {
        if let Some(scanner) = Family::scanner_of_pattern(&self.pattern) {
            return Ok(Pretokenizer::Scan(scanner));
        }
        let pattern = Pattern::of_tiktoken(&self.pattern, "pattern")?;
        Ok(Pretokenizer::of_matches(pattern))
    }

    /// The special tokens.
    ///
    /// # Errors
    /// `Unsupported` if one is no text or its id too large.
    pub(super) fn special_tokens(&self) -> Result<Vec<AddedToken>, TokenizerError> {
        let options = AddedOptions {
            special: true,
            ..AddedOptions::default()
        };
        let tokens = self.special_tokens.iter().map(|(content, &id)| {
            let place = special_place(content);
            if content.is_empty() {
                let found = "the empty text";
                Err(TokenizerError::unsupported(place, "a token", found))
            } else if id == u32::MAX {
                Err(TokenizerError::unsupported(place, ID, id.to_string()))
            } else {
                Ok(AddedToken {
                    id,
                    content: content.clone(),
                    options,
                })
            }
        });
        tokens.collect()
    }

    /// A file of these rules and of `ranks`, a `.tiktoken` file; [`Self::read`]
    /// reads it back.
    pub(super) fn render(&self, ranks: &[u8]) -> Vec<u8> {
        let file = WrittenRules {
            rules: self,
            // Base64 and digits.
            ranks: str::from_utf8(ranks).unwrap_or_default(),
        };
        // Text by text always is JSON.
        serde_json::to_vec(&file).unwrap_or_default()
    }

    /// Reads such a file: the rules, and the `.tiktoken` file.
    ///
    /// # Errors
    /// `TiktokenJson` if it is not that format, `Unsupported` with the place of what is
    /// not as it should be.
    pub(super) fn read(file: &[u8]) -> Result<(Self, String), TokenizerError> {
        let file: ReadRules =
            serde_json::from_slice(file).map_err(|error| TokenizerError::TiktokenJson {
                message: error.to_string(),
            })?;
        let Value::Object(tokens) = file.special_tokens.0 else {
            let (expected, found) = ("an object of ids by token", "something else");
            return Err(TokenizerError::unsupported(
                "special_tokens",
                expected,
                found,
            ));
        };
        let mut special_tokens = BTreeMap::new();
        for (token, id) in tokens {
            let Some(number) = id.as_u64().and_then(|id| u32::try_from(id).ok()) else {
                let place = special_place(&token);
                return Err(TokenizerError::unsupported(place, ID, id.to_string()));
            };
            special_tokens.insert(token, number);
        }
        let rules = Self {
            pattern: file.pattern,
            special_tokens,
        };
        Ok((rules, file.ranks))
    }
}

/// What an id is.
const ID: &str = "a whole number below 4294967295";

fn special_place(token: &str) -> String {
    format!("special_tokens[{token:?}]")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::tokenize::encoder::Encoder;
    use crate::tokenize::special::Special;
    use crate::tokenize::tokenizer::Tokenizer;

    const TEXT: &str = "Hello, WORLD's 12345  \n\n na\u{ef}ve <|a|> \u{5317}\u{4eac}!\t ";

    fn rules(pattern: &str, special_tokens: &[(&str, u32)]) -> TiktokenRules {
        let tokens = special_tokens.iter();
        TiktokenRules {
            pattern: pattern.to_owned(),
            special_tokens: tokens.map(|(text, id)| ((*text).to_owned(), *id)).collect(),
        }
    }

    fn ranks() -> Vec<u8> {
        Tokenizer::builtin("cl100k_base").unwrap().asset().bytes
    }

    fn ids(tokenizer: Tokenizer, special: Special) -> Vec<u32> {
        let mut ids = Vec::new();
        let mut encoder = Encoder::new(Arc::new(tokenizer));
        encoder.encode(TEXT, special, &mut ids).unwrap();
        ids
    }

    /// cl100k's pattern without a scanner, as groups change nothing.
    fn general() -> String {
        let pattern = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s";
        assert!(Family::scanner_of_pattern(pattern).is_some());
        format!("(?:{pattern})")
    }

    #[test]
    fn any_pattern_gives_the_ids_of_the_family_that_has_it() {
        let family = Tokenizer::builtin("cl100k_base").unwrap();
        let own = Tokenizer::from_tiktoken_rules(&ranks(), rules(&general(), &[])).unwrap();
        assert_eq!(ids(own, Special::Parse), ids(family, Special::Parse));
    }

    #[test]
    fn text_between_matches_has_no_ids() {
        let own = || Tokenizer::from_tiktoken_rules(&ranks(), rules(r"\p{L}+|x*", &[])).unwrap();
        let whole = own().decode(&ids(own(), Special::Text)).unwrap();
        let letters = "HelloWORLDsna\u{ef}vea\u{5317}\u{4eac}";
        assert_eq!(String::from_utf8(whole).unwrap(), letters);
    }

    #[test]
    fn they_come_back_from_their_asset() {
        let special = [("<|a|>", 200_000), ("\u{5317}", 200_001)];
        let own = || Tokenizer::from_tiktoken_rules(&ranks(), rules(&general(), &special)).unwrap();
        let asset = own().asset();
        assert_eq!(
            (asset.kind, asset.family.as_deref()),
            ("tiktoken.json", None)
        );
        let again = Tokenizer::from_asset(asset.kind, None, &asset.bytes).unwrap();
        assert_eq!(again.asset(), asset);
        assert_eq!(ids(again, Special::Parse), ids(own(), Special::Parse));
        assert!(ids(own(), Special::Parse).contains(&200_001));
    }

    #[test]
    fn what_cannot_be_followed_is_refused_with_its_place() {
        let refusal = |rules| match Tokenizer::from_tiktoken_rules(&ranks(), rules) {
            Ok(tokenizer) => panic!("{tokenizer:?} was read"),
            Err(error) => error.to_string(),
        };
        let read = |file: &str| match TiktokenRules::read(file.as_bytes()) {
            Ok((rules, _)) => panic!("{rules:?} were read"),
            Err(error) => error.to_string(),
        };
        let refusals = [
            refusal(rules(r"\p{L}+|(a)\1", &[])),
            refusal(rules(".", &[("", 200_000)])),
            refusal(rules(".", &[("<|a|>", u32::MAX)])),
            refusal(rules(".", &[("<|a|>", 0)])),
            read(r#"{"pattern": ".", "special_tokens": {"a": 1, "a": 2}, "ranks": ""}"#),
            read(r#"{"pattern": ".", "special_tokens": {"a": -1}, "ranks": ""}"#),
            read(r#"{"pattern": ".", "special_tokens": [], "ranks": ""}"#),
            read(r#"{"pattern": ".", "special_tokens": {}, "rank": ""}"#),
        ];
        let expected = [
            r"`pattern` is not supported: expected a regular expression of the supported syntax, got `\1` in the pattern \p{L}+|(a)\1",
            r#"`special_tokens[""]` is not supported: expected a token, got the empty text"#,
            r#"`special_tokens["<|a|>"]` is not supported: expected a whole number below 4294967295, got 4294967295"#,
            "`vocab` is inconsistent: id 0 is also the special token <|a|>",
            r#"expected a tiktoken.json, got: the key "a" twice at line 1 column 47"#,
            r#"`special_tokens["a"]` is not supported: expected a whole number below 4294967295, got -1"#,
            "`special_tokens` is not supported: expected an object of ids by token, got something else",
            "expected a tiktoken.json, got: unknown field `rank`, expected one of `pattern`, `special_tokens`, `ranks` at line 1 column 45",
        ];
        assert_eq!(refusals, expected);
    }
}
