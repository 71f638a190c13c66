//! A tokenizer as it is after reading: everything an encoder looks up.

use std::fmt;

use super::builtin::{self, Family};
use super::error::TokenizerError;
use super::json;
use super::merge::Merger;
use super::normalizer::Normalizer;
use super::pairs::PairTable;
use super::parts::{Parts, WholeWords};
use super::pretokenize::Pretokenizer;
use super::special::{AddedOptions, AddedToken, Finder};
use super::template::Template;
use super::tiktoken;
use super::vocab::Vocab;

/// What [`Tokenizer::decode`] puts for an id that is no token: U+FFFD.
const UNKNOWN: &str = "\u{fffd}";

/// A byte-level BPE tokenizer. It does not change; share it in an
/// [`std::sync::Arc`] and give each thread an [`super::Encoder`].
///
/// ```
/// use std::sync::Arc;
/// use fuelrail_kernels::tokenize::{Encoder, Special, Tokenizer};
///
/// let tokenizer = Tokenizer::builtin("cl100k_base").ok_or("not built in")?;
/// let mut encoder = Encoder::new(Arc::new(tokenizer));
/// let mut ids = Vec::new();
/// encoder.encode("hello world", Special::Text, &mut ids)?;
/// assert_eq!(ids, [15339, 1917]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Tokenizer {
    pub(super) vocab: Vocab,
    pub(super) pairs: PairTable,
    /// A word that is a token is that token, whatever its merges give.
    pub(super) whole_words: WholeWords,
    pub(super) normalizer: Normalizer,
    pub(super) pretokenizer: Pretokenizer,
    /// Finds added tokens in the text as it is.
    pub(super) raw: Option<Finder>,
    /// Finds added tokens in normalised text.
    pub(super) normalized: Option<Finder>,
    /// In ascending order of ids.
    added: Vec<AddedToken>,
    /// Tokens that no bytes spell, which no text becomes; ascending ids.
    unspelled: Vec<(u32, String)>,
    template: Result<Template, TokenizerError>,
    notes: Vec<String>,
    origin: Origin,
}

/// Where the tokenizer comes from, for [`Tokenizer::asset`].
enum Origin {
    Json(Vec<u8>),
    Tiktoken(&'static Family),
}

/// A tokenizer as a file, to be kept beside what it has encoded.
///
/// The same tokenizer gives the same bytes, and reading them gives it back:
/// [`Tokenizer::from_tokenizer_json`] for the kind `tokenizer.json`,
/// [`Tokenizer::from_tiktoken`] with `family` for the kind `tiktoken`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizerAsset {
    /// `tokenizer.json` or `tiktoken`.
    pub kind: &'static str,
    /// For `tiktoken`, the built-in name that fixes pattern and special tokens.
    pub family: Option<String>,
    /// The content of the file.
    pub bytes: Vec<u8>,
}

impl Tokenizer {
    /// One of the encodings carried along (see [`Self::builtin_names`]).
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        let family = Family::by_name(name)?;
        // The build wrote the vocabulary; a test loads each of them.
        let (vocab, pairs) = family.load().ok()?;
        Self::tiktoken(vocab, pairs, family).ok()
    }

    /// The names [`Self::builtin`] knows, which are also the families of
    /// [`Self::from_tiktoken`].
    #[must_use]
    pub fn builtin_names() -> &'static [&'static str] {
        builtin::NAMES
    }

    /// Reads Hugging Face's `tokenizer.json`; see the module for what is
    /// supported.
    ///
    /// # Errors
    /// `Json` if it is not that format, `Unsupported` if it names a component
    /// that is not built here, `Inconsistent` if its parts contradict.
    pub fn from_tokenizer_json(bytes: &[u8]) -> Result<Self, TokenizerError> {
        let parts = json::parse(bytes)?;
        Self::new(parts, Origin::Json(bytes.to_vec()))
    }

    /// Reads a `.tiktoken` file: lines of `<base64> <rank>`. `family` is a
    /// built-in name and fixes pattern and special tokens.
    ///
    /// # Errors
    /// `Family` if there is no such family, `Line` if a line is malformed,
    /// `Inconsistent` if tokens repeat, a byte is missing, or an ordinary
    /// token has the id of a special one.
    pub fn from_tiktoken(bytes: &[u8], family: &str) -> Result<Self, TokenizerError> {
        let family = Family::by_name(family).ok_or_else(|| TokenizerError::Family {
            family: family.to_owned(),
            known: builtin::NAMES.join(", "),
        })?;
        let (vocab, pairs) = tiktoken::parse(bytes)?;
        Self::tiktoken(vocab, pairs, family)
    }

    fn tiktoken(
        vocab: Vocab,
        pairs: PairTable,
        family: &'static Family,
    ) -> Result<Self, TokenizerError> {
        let special = AddedOptions {
            special: true,
            ..AddedOptions::default()
        };
        let added: Vec<AddedToken> = family
            .special_tokens()
            .map(|(content, id)| AddedToken {
                id,
                content,
                options: special,
            })
            .collect();
        if let Some(token) = added.iter().find(|token| vocab.token(token.id).is_some()) {
            return Err(TokenizerError::inconsistent(
                "vocab",
                format!(
                    "id {} is also the special token {}",
                    token.id, token.content
                ),
            ));
        }
        let parts = Parts {
            vocab,
            pairs,
            whole_words: WholeWords::Tokens,
            normalizer: Normalizer::None,
            pretokenizer: Pretokenizer::Scan(family.scanner()),
            added,
            unspelled: Vec::new(),
            template: Ok(Template::default()),
            notes: Vec::new(),
        };
        Self::new(parts, Origin::Tiktoken(family))
    }

    fn new(parts: Parts, origin: Origin) -> Result<Self, TokenizerError> {
        let Parts {
            mut added,
            mut unspelled,
            normalizer,
            ..
        } = parts;
        added.sort_by_key(|token| token.id);
        unspelled.sort_unstable();
        let (normalized, raw) = added
            .iter()
            .cloned()
            .partition(|token| token.options.normalized);
        Ok(Self {
            vocab: parts.vocab,
            pairs: parts.pairs,
            whole_words: parts.whole_words,
            normalizer,
            pretokenizer: parts.pretokenizer,
            raw: Finder::new(raw, |token| token.content.clone())?,
            normalized: Finder::new(normalized, |token| {
                normalizer.normalize(&token.content).into_owned()
            })?,
            added,
            unspelled,
            template: parts.template,
            notes: parts.notes,
            origin,
        })
    }

    /// The greatest id + 1, added tokens included; 0 without any token.
    #[must_use]
    pub fn vocab_size(&self) -> usize {
        let added = self.added.last().map(|token| token.id);
        let unspelled = self.unspelled.last().map(|(id, _)| *id);
        let greatest = self.vocab.greatest_id().max(added).max(unspelled);
        greatest.map_or(0, |id| id as usize + 1)
    }

    /// The id of a special, added or ordinary token, by its text: a space is a
    /// space, not `Ġ`.
    #[must_use]
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        let added = self.added.iter().find(|added| added.content == token);
        let unspelled = || self.unspelled.iter().find(|(_, text)| text == token);
        added
            .map(|added| added.id)
            .or_else(|| self.vocab.id(token.as_bytes()))
            .or_else(|| unspelled().map(|(id, _)| *id))
    }

    /// The special tokens with their ids, in ascending order of ids.
    pub fn special_tokens(&self) -> impl Iterator<Item = (&str, u32)> {
        self.added
            .iter()
            .filter(|token| token.options.special)
            .map(|token| (token.content.as_str(), token.id))
    }

    /// The tokens that the file's post-processor puts around each text.
    ///
    /// # Errors
    /// `Unsupported` or `Inconsistent`, with the part of the post-processor
    /// that cannot be honoured. Texts can be encoded without it.
    pub fn template(&self) -> Result<&Template, &TokenizerError> {
        self.template.as_ref()
    }

    /// What of the file is not applied here though Hugging Face applies it, a
    /// sentence each: truncation, padding, decoders, renumbered tokens.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The bytes that the ids stand for, one after another. Special tokens
    /// give their text, an id that is no token gives U+FFFD. The bytes are
    /// UTF-8 where the ids come from whole texts; a token alone may be a part
    /// of a character.
    #[must_use]
    pub fn decode(&self, ids: &[u32]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(4 * ids.len());
        for &id in ids {
            bytes.extend_from_slice(self.token(id).unwrap_or(UNKNOWN.as_bytes()));
        }
        bytes
    }

    fn token(&self, id: u32) -> Option<&[u8]> {
        if let Some(token) = self.vocab.token(id) {
            return Some(token);
        }
        let at = self.added.partition_point(|token| token.id < id);
        let added = self.added.get(at).filter(|token| token.id == id);
        let text = added.map(|token| token.content.as_str()).or_else(|| {
            let at = self
                .unspelled
                .binary_search_by_key(&id, |(id, _)| *id)
                .ok()?;
            Some(self.unspelled[at].1.as_str())
        });
        text.map(str::as_bytes)
    }

    /// The tokenizer as a file.
    #[must_use]
    pub fn asset(&self) -> TokenizerAsset {
        match &self.origin {
            Origin::Json(bytes) => TokenizerAsset {
                kind: "tokenizer.json",
                family: None,
                bytes: bytes.clone(),
            },
            Origin::Tiktoken(family) => TokenizerAsset {
                kind: "tiktoken",
                family: Some(family.name.to_owned()),
                bytes: tiktoken::render(&self.vocab),
            },
        }
    }

    /// Appends the tokens of one word to `ids`.
    pub(super) fn encode_word(&self, word: &[u8], merger: &mut Merger, ids: &mut Vec<u32>) {
        if self.whole_words == WholeWords::Tokens
            && let Some(id) = self.vocab.id(word)
        {
            ids.push(id);
            return;
        }
        // Readers see to it that every byte of UTF-8 is a token.
        let bytes = word.iter().filter_map(|&byte| self.vocab.byte_id(byte));
        merger.merge(bytes, &self.pairs, ids);
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match &self.origin {
            Origin::Json(_) => "tokenizer.json",
            Origin::Tiktoken(family) => family.name,
        };
        f.debug_struct("Tokenizer")
            .field("origin", &origin)
            .field("vocab_size", &self.vocab_size())
            .field("n_merges", &self.pairs.len())
            .field("n_added", &self.added.len())
            .finish_non_exhaustive()
    }
}
