//! The `model` of a `tokenizer.json`: vocabulary and merges of a BPE.

use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::Value;

use crate::tokenize::byte_level;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::pairs::{Merge, PairTable};
use crate::tokenize::parts::WholeWords;
use crate::tokenize::vocab::Vocab;

/// A model that has tokens for the bytes it has no other token for.
pub(super) const BYTE_FALLBACK: &str = "SentencePiece BPE with byte-fallback (`byte_fallback`)";

/// `model`, as it is written.
#[derive(Deserialize)]
pub(super) struct WrittenBpe {
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default)]
    dropout: Option<f64>,
    #[serde(default)]
    unk_token: Value,
    #[serde(default)]
    max_input_chars_per_word: Value,
    #[serde(default)]
    byte_fallback: Option<bool>,
    #[serde(default)]
    continuing_subword_prefix: Option<String>,
    #[serde(default)]
    end_of_word_suffix: Option<String>,
    #[serde(default)]
    ignore_merges: Option<bool>,
    #[serde(default)]
    vocab: Value,
    #[serde(default)]
    merges: Option<Vec<Pair>>,
}

/// One merge, in the older or the newer spelling.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pair {
    Joined(String),
    Split(String, String),
}

/// The model, ready for use.
pub(super) struct Loaded {
    pub(super) vocab: Vocab,
    pub(super) pairs: PairTable,
    pub(super) whole_words: WholeWords,
    /// Tokens with characters that stand for no byte.
    pub(super) unspelled: Vec<(u32, String)>,
    /// Every token as it is written.
    pub(super) ids: FxHashMap<String, u32>,
}

impl Loaded {
    /// Whether a token has the id.
    pub(super) fn has(&self, id: u32) -> bool {
        let is_it = |(other, _): &(u32, String)| *other == id;
        self.vocab.token(id).is_some() || self.unspelled.iter().any(is_it)
    }
}

impl WrittenBpe {
    /// Checks the options and makes the tables.
    ///
    /// What kind of model it is comes first: that is the reason which would
    /// remain if all others were gone. `unk_token`, `fuse_unk` and
    /// `byte_fallback` have no effect where every byte of UTF-8 is a token,
    /// which is required.
    pub(super) fn load(self) -> Result<Loaded, TokenizerError> {
        self.check_kind()?;
        let ids = read_vocab(&self.vocab)?;
        let mut spelled = Vec::with_capacity(ids.len());
        let mut unspelled = Vec::new();
        for (token, &id) in &ids {
            match byte_level::decode(token) {
                Some(bytes) if !bytes.is_empty() => spelled.push((id, bytes)),
                _ => unspelled.push((id, token.clone())),
            }
        }
        spelled.sort_unstable();
        if let Some(kind) = self.sentence_piece(&spelled, &unspelled) {
            return Err(TokenizerError::model(kind));
        }
        let vocab = Vocab::new(spelled.iter().map(|(id, token)| (*id, token.as_slice())))?;
        let mut known: Vec<u32> = ids.values().copied().collect();
        known.sort_unstable();
        if let Some((twice, _)) = known.iter().zip(known.iter().skip(1)).find(|(a, b)| a == b) {
            return Err(TokenizerError::inconsistent(
                "model.vocab",
                format!("id {twice} is given to two tokens"),
            ));
        }
        require_bytes(&vocab)?;
        self.check_options()?;
        let whole_words = match self.ignore_merges {
            Some(true) => WholeWords::Tokens,
            _ => WholeWords::Merged,
        };
        let pairs = read_merges(self.merges.as_deref().unwrap_or_default(), &ids)?;
        Ok(Loaded {
            vocab,
            pairs,
            whole_words,
            unspelled,
            ids,
        })
    }

    /// Whether bytes without a token of their own become tokens such as `<0x0A>`.
    pub(super) fn is_byte_fallback(&self) -> bool {
        self.byte_fallback == Some(true)
    }

    fn check_kind(&self) -> Result<(), TokenizerError> {
        let kind = match &self.kind {
            Value::String(kind) => kind.as_str(),
            Value::Null => self.untyped(),
            other => {
                let found = other.to_string();
                return Err(TokenizerError::unsupported("model.type", "BPE", found));
            }
        };
        match kind {
            "BPE" => Ok(()),
            other => Err(TokenizerError::model(other)),
        }
    }

    /// What a model without a type is, as Hugging Face tells it by its keys.
    fn untyped(&self) -> &'static str {
        if self.vocab.is_array() {
            "Unigram"
        } else if self.merges.is_some() {
            "BPE"
        } else if !self.max_input_chars_per_word.is_null() {
            "WordPiece"
        } else if !self.unk_token.is_null() {
            "WordLevel"
        } else {
            "BPE"
        }
    }

    /// What a vocabulary is that spells spaces as `\u{2581}` or bytes as `<0x0A>`
    /// and does not have the bytes themselves.
    fn sentence_piece(
        &self,
        spelled: &[(u32, Vec<u8>)],
        unspelled: &[(u32, String)],
    ) -> Option<&'static str> {
        let has_space = spelled.iter().any(|(_, token)| token == b" ");
        if has_space {
            return None;
        }
        if self.is_byte_fallback() {
            return Some(BYTE_FALLBACK);
        }
        let is_marked = |(_, token): &(u32, String)| token.contains('\u{2581}');
        unspelled
            .iter()
            .any(is_marked)
            .then_some("SentencePiece BPE")
    }

    fn check_options(&self) -> Result<(), TokenizerError> {
        let refuse = |field: &str, expected, found: String| {
            Err(TokenizerError::unsupported(field, expected, found))
        };
        match self.dropout {
            Some(dropout) if dropout != 0.0 => {
                return refuse("model.dropout", "null or 0", dropout.to_string());
            }
            _ => {}
        }
        for (field, value) in [
            (
                "model.continuing_subword_prefix",
                &self.continuing_subword_prefix,
            ),
            ("model.end_of_word_suffix", &self.end_of_word_suffix),
        ] {
            if let Some(value) = value
                && !value.is_empty()
            {
                return refuse(field, "null or an empty text", format!("\"{value}\""));
            }
        }
        Ok(())
    }
}

fn read_vocab(vocab: &Value) -> Result<FxHashMap<String, u32>, TokenizerError> {
    let Value::Object(vocab) = vocab else {
        return Err(TokenizerError::unsupported(
            "model.vocab",
            "an object of ids by token",
            "something else",
        ));
    };
    vocab
        .iter()
        .map(|(token, id)| match id.as_u64().map(u32::try_from) {
            Some(Ok(id)) if id != u32::MAX => Ok((token.clone(), id)),
            _ => Err(TokenizerError::inconsistent(
                "model.vocab",
                format!("the id of \"{token}\" is {id}, not an integer below 4294967295"),
            )),
        })
        .collect()
}

/// Refuses a vocabulary in which a text could lose a byte: Hugging Face drops
/// what it has no token for without a word.
fn require_bytes(vocab: &Vocab) -> Result<(), TokenizerError> {
    let in_utf8 = |byte: &u8| !matches!(byte, 0xc0 | 0xc1 | 0xf5..=0xff);
    match (0..=u8::MAX)
        .filter(in_utf8)
        .find(|&byte| vocab.byte_id(byte).is_none())
    {
        None => Ok(()),
        Some(byte) => Err(TokenizerError::unsupported(
            "model.vocab",
            "a byte-level vocabulary with a token for each byte of UTF-8",
            format!(
                "none for byte 0x{byte:02x}, which is written \"{}\"",
                byte_level::char_of(byte)
            ),
        )),
    }
}

fn read_merges(merges: &[Pair], ids: &FxHashMap<String, u32>) -> Result<PairTable, TokenizerError> {
    let mut pairs = PairTable::with_capacity(merges.len());
    let mut rank = 0;
    let mut joined = String::new();
    for merge in merges {
        let (left, right) = match merge {
            Pair::Split(left, right) => (left.as_str(), right.as_str()),
            Pair::Joined(text) if text.starts_with("#version") => continue,
            Pair::Joined(text) => two_words(text).ok_or_else(|| {
                TokenizerError::inconsistent(
                    "model.merges",
                    format!("\"{text}\" is not two tokens with a space between"),
                )
            })?,
        };
        joined.clear();
        joined.push_str(left);
        joined.push_str(right);
        let id = |token: &str| {
            ids.get(token).copied().ok_or_else(|| {
                TokenizerError::inconsistent(
                    "model.merges",
                    format!("\"{left}\" + \"{right}\": \"{token}\" is not in the vocabulary"),
                )
            })
        };
        pairs.insert(
            id(left)?,
            id(right)?,
            Merge {
                rank,
                id: id(&joined)?,
            },
        );
        rank += 1;
    }
    Ok(pairs)
}

fn two_words(text: &str) -> Option<(&str, &str)> {
    let (left, right) = text.split_once(' ')?;
    (!right.contains(' ')).then_some((left, right))
}
