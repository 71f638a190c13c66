//! The model against Hugging Face's loops, on random vocabularies and texts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::load::{BpeOptions, FuseUnknown};
use super::model::{Bpe, BpeScratch};
use crate::tokenize::model::token::WordToken;
use crate::tokenize::model::tokens::{ByteFallback, TokenTable};
use crate::tokenize::whole_words::WholeWords;

/// A vocabulary, its merges and its options.
#[derive(Debug, Clone)]
struct Case {
    vocab: BTreeMap<String, u32>,
    merges: Vec<(String, String)>,
    options: BpeOptions,
}

impl Case {
    fn model(&self) -> Bpe {
        let mut by_id: Vec<(u32, &str)> = self
            .vocab
            .iter()
            .map(|(token, id)| (*id, token.as_str()))
            .collect();
        by_id.sort_unstable();
        let tokens = TokenTable::new(by_id.into_iter()).unwrap();
        let merges = self.merges.iter().map(|(a, b)| (a.as_str(), b.as_str()));
        Bpe::new(tokens, merges, &self.options).unwrap()
    }

    fn byte_ids(&self, spelling: &str) -> Option<Vec<u32>> {
        let is_on = self.options.byte_fallback == ByteFallback::Yes;
        let id = |byte| self.vocab.get(&format!("<0x{byte:02X}>")).copied();
        is_on.then(|| spelling.bytes().map(id).collect()).flatten()
    }

    /// `merge_word` before its merges.
    fn symbols(&self, word: &str) -> Vec<(u32, u32)> {
        let BpeOptions {
            continuing_subword_prefix: prefix,
            end_of_word_suffix: suffix,
            ..
        } = &self.options;
        let unk_id = self
            .options
            .unk_token
            .as_ref()
            .map(|token| self.vocab[token]);
        let mut symbols = Vec::new();
        let mut held: Option<(u32, u32)> = None;
        for (at, c) in word.char_indices() {
            let mut spelling = c.to_string();
            let len = c.len_utf8() as u32;
            if at > 0 {
                spelling.insert_str(0, prefix);
            }
            if at + c.len_utf8() == word.len() {
                spelling.push_str(suffix);
            }
            if let Some(id) = self.vocab.get(&spelling) {
                symbols.extend(held.take());
                symbols.push((*id, len));
            } else if let Some(bytes) = self.byte_ids(&spelling) {
                symbols.extend(bytes.into_iter().map(|id| (id, 1)));
            } else if let Some(id) = unk_id {
                held = match held {
                    Some((id, before)) if self.options.fuse_unk == FuseUnknown::Yes => {
                        Some((id, before + len))
                    }
                    other => {
                        symbols.extend(other);
                        Some((id, len))
                    }
                };
            }
        }
        symbols.extend(held);
        symbols
    }

    fn meaning(&self, word: &str) -> Vec<WordToken> {
        let len = word.len() as u32;
        let whole = self
            .vocab
            .get(word)
            .filter(|_| self.options.whole_words == WholeWords::Tokens && !word.is_empty());
        let mut symbols = match whole {
            Some(id) => {
                return vec![WordToken {
                    id: *id,
                    start: 0,
                    end: len,
                }];
            }
            None => self.symbols(word),
        };
        let cut = self.options.continuing_subword_prefix.len();
        let mut merges: BTreeMap<(u32, u32), (usize, u32)> = BTreeMap::new();
        for (rank, (left, right)) in self.merges.iter().enumerate() {
            let product = format!("{left}{}", right.get(cut..).unwrap());
            let pair = (self.vocab[left], self.vocab[right]);
            merges.insert(pair, (rank, self.vocab[&product]));
        }
        while let Some(((_, id), at)) = (1..symbols.len())
            .filter_map(|at| Some((*merges.get(&(symbols[at - 1].0, symbols[at].0))?, at)))
            .min()
        {
            symbols[at - 1] = (id, symbols[at - 1].1 + symbols[at].1);
            symbols.remove(at);
        }
        let mut end = 0;
        symbols
            .into_iter()
            .map(|(id, symbol)| {
                let start = end;
                end += symbol;
                WordToken {
                    id,
                    start: start.min(len),
                    end: end.min(len),
                }
            })
            .collect()
    }
}

const WORDS: &str = "([abcé\u{2581}<]|x|aa|bc){0,60}|([abcé\u{2581}<]|x){0,9}";
const SPECIAL: &str = "<unk>|<0xC3>|<0xA9>|<0x61>|<0x62>|<0x3C>|<0xE2>|<0x96>|<0x81>|<0x78>";

type Pick = prop::sample::Index;

/// Random picks that make a vocabulary: some characters and special tokens,
/// then merges of what is there.
#[derive(Debug, Clone)]
struct Picks {
    tokens: Vec<String>,
    merges: Vec<(Pick, Pick)>,
    turn: Pick,
}

fn picks() -> impl Strategy<Value = Picks> {
    let merges = prop::collection::vec((any::<Pick>(), any::<Pick>()), 0..24);
    let tokens = prop::collection::vec(prop_oneof![9 => "[abcé\u{2581}<]", 1 => SPECIAL], 1..16);
    (tokens, merges, any::<Pick>()).prop_map(|(tokens, merges, turn)| Picks {
        tokens,
        merges,
        turn,
    })
}

impl Picks {
    fn case(self, options: BpeOptions) -> Case {
        let prefix = &options.continuing_subword_prefix;
        let suffix = &options.end_of_word_suffix;
        let spellings = |token: String| {
            [
                format!("{prefix}{token}"),
                format!("{prefix}{token}{suffix}"),
                token,
            ]
        };
        let mut texts: Vec<String> = self.tokens.into_iter().flat_map(spellings).collect();
        texts.extend(options.unk_token.clone());
        texts.sort_unstable();
        texts.dedup();
        let mut merges: Vec<(String, String)> = Vec::new();
        for (left, right) in self.merges {
            let (left, right) = (left.get(&texts).clone(), right.get(&texts).clone());
            let Some(rest) = right.strip_prefix(prefix).filter(|rest| !rest.is_empty()) else {
                continue;
            };
            let product = format!("{left}{rest}");
            if !texts.contains(&product) {
                texts.push(product);
            }
            merges.push((left, right));
        }
        if !merges.is_empty() {
            // Ranks need not follow what merges are made of.
            let by = self.turn.index(merges.len());
            merges.rotate_left(by);
        }
        Case {
            vocab: texts.into_iter().zip(0..).collect(),
            merges,
            options,
        }
    }
}

fn options(affixes: &'static [(&'static str, &'static str)]) -> impl Strategy<Value = BpeOptions> {
    (
        prop::option::of(prop::sample::select(vec!["<unk>", "a", "\u{2581}"])),
        prop::sample::select(vec![FuseUnknown::Yes, FuseUnknown::No]),
        prop::sample::select(vec![ByteFallback::Yes, ByteFallback::No]),
        prop::sample::select(vec![WholeWords::Tokens, WholeWords::Merged]),
        prop::sample::select(affixes),
    )
        .prop_map(
            |(unk, fuse_unk, byte_fallback, whole_words, (prefix, suffix))| BpeOptions {
                unk_token: unk.map(str::to_owned),
                fuse_unk,
                byte_fallback,
                continuing_subword_prefix: prefix.to_owned(),
                end_of_word_suffix: suffix.to_owned(),
                whole_words,
            },
        )
}

fn cases(affixes: &'static [(&'static str, &'static str)]) -> impl Strategy<Value = Case> {
    (picks(), options(affixes)).prop_map(|(picks, options)| picks.case(options))
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(WORDS, 12)
}

/// The encoding of `word` part by part, each on its own.
fn by_parts(model: &Bpe, word: &str) -> (Vec<WordToken>, usize) {
    let mut scratch = BpeScratch::default();
    let mut tokens: Vec<WordToken> = Vec::new();
    let mut parts = 0;
    let mut covered = 0;
    let done: Result<(), crate::tokenize::error::EncodeError> = model.cuts(word, |part| {
        assert_eq!(part.start, covered);
        assert!(!part.is_empty());
        covered = part.end;
        parts += 1;
        let from = tokens.last().map_or(0, |token| token.end);
        let before = tokens.len();
        model.append(word.get(part).unwrap(), &mut 0, &mut scratch, &mut tokens)?;
        for token in &mut tokens[before..] {
            token.start += from;
            token.end += from;
        }
        Ok(())
    });
    done.unwrap();
    assert_eq!(covered, word.len());
    (tokens, parts)
}

fn check(case: &Case, words: &[String]) -> Result<(), TestCaseError> {
    let model = case.model();
    let mut scratch = BpeScratch::default();
    for word in words {
        let expected = case.meaning(word);
        let mut tokens = Vec::new();
        if let Err(error) = model.encode(word, &mut scratch, &mut tokens) {
            // The meaning leaves out what no token covers.
            let covered = expected.last().map_or(0, |token| token.end as usize);
            prop_assert!(case.options.unk_token.is_none(), "{}: {}", word, error);
            prop_assert!(
                !model.is_plain() || covered < word.len(),
                "{}: {}",
                word,
                error
            );
            continue;
        }
        prop_assert_eq!(&tokens, &expected, "{}", word);
        if model.whole(word).is_none()
            && case.options.end_of_word_suffix.is_empty()
            && case.options.continuing_subword_prefix.is_empty()
        {
            tokens.clear();
            model
                .append(word, &mut 0, &mut scratch, &mut tokens)
                .unwrap();
            prop_assert_eq!(&tokens, &expected, "{} uncut", word);
            prop_assert_eq!(&by_parts(&model, word).0, &expected, "{} cut", word);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn equals_the_meaning(case in cases(&[("", "")]), words in words()) {
        check(&case, &words)?;
    }

    #[test]
    fn equals_the_meaning_with_affixes(
        case in cases(&[("#", ""), ("", "/"), ("##", "</w>"), ("é", "a")]),
        words in words(),
    ) {
        check(&case, &words)?;
    }
}

fn spaces() -> Case {
    let texts = [
        "<unk>",
        "\u{2581}",
        "a",
        "b",
        "ab",
        "\u{2581}a",
        "\u{2581}ab",
        "\u{2581}\u{2581}",
    ];
    let merges = [
        ("a", "b"),
        ("\u{2581}", "a"),
        ("\u{2581}", "ab"),
        ("\u{2581}", "\u{2581}"),
    ];
    Case {
        vocab: texts.into_iter().map(str::to_owned).zip(0..).collect(),
        merges: merges.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(),
        options: BpeOptions {
            unk_token: Some("<unk>".to_owned()),
            fuse_unk: FuseUnknown::Yes,
            ..BpeOptions::default()
        },
    }
}

#[test]
fn texts_fall_into_words_at_spaces_and_between_unknown_characters() {
    let model = spaces().model();
    let word = "\u{2581}ab\u{2581}ab\u{2581}\u{2581}a!?b";
    let mut ends = Vec::new();
    let done: Result<(), ()> = model.cuts(word, |part| {
        ends.push(word.get(part).unwrap());
        Ok(())
    });
    done.unwrap();
    assert_eq!(
        ends,
        ["\u{2581}ab", "\u{2581}ab", "\u{2581}\u{2581}a", "!?", "b"]
    );
}

#[test]
fn a_run_of_a_million_bytes_is_no_square() {
    let case = spaces();
    let model = case.model();
    let (mut scratch, mut tokens) = (BpeScratch::default(), Vec::new());
    for word in [
        "\u{2581}".repeat(300_000),
        "ab".repeat(500_000),
        "!".repeat(1_000_000),
    ] {
        tokens.clear();
        model.encode(&word, &mut scratch, &mut tokens).unwrap();
        assert_eq!(
            tokens.last().map(|token| token.end as usize),
            Some(word.len())
        );
    }
    assert_eq!(tokens.len(), 1, "unknown characters fuse");
}

#[test]
fn merges_of_what_is_not_there_are_refused() {
    let error = |prefix: &str, left: &str, right: &str| {
        let tokens = [(0, "a"), (1, "##b"), (2, "##"), (3, "b"), (4, "é")];
        let table = TokenTable::new(tokens.into_iter()).unwrap();
        let options = BpeOptions {
            continuing_subword_prefix: prefix.to_owned(),
            ..BpeOptions::default()
        };
        let merges = [("b", "b"), (left, right)].into_iter().skip(1);
        Bpe::new(table, merges, &options).err().unwrap().to_string()
    };
    assert_eq!(
        error("", "a", "c"),
        "`model.merges` is inconsistent: merge 0, \"a\" + \"c\": \"ac\" is not in the vocabulary"
    );
    assert_eq!(
        error("##", "a", "##"),
        "`model.merges` is inconsistent: merge 0, \"a\" + \"##\": nothing is left of the right \
         side without the prefix \"##\""
    );
    assert!(
        error("#", "a", "é").contains("nothing is left"),
        "half a character"
    );
}
