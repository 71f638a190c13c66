//! A tokenizer as it is after reading: everything an encoder looks up.

use std::borrow::Cow;
use std::fmt;

use rustc_hash::FxHashSet;

use super::after::AfterTokens;
use super::builtin::{self, Family};
use super::byte_bpe::ByteBpe;
use super::chunks::ChunkedPieces;
use super::decode::decode;
use super::encoding::{EncodingPadding, Truncation};
use super::error::{EncodeError, TokenizerError};
use super::files::gpt2::{self, Gpt2Rules};
use super::files::vocab_txt::{self, BertRules};
use super::json;
use super::origin::Origin;
use super::pairs::PairTable;
use super::parts::Parts;
use super::pretokenize::Pretokenizer;
use super::route::Route;
use super::sentencepiece::SentencePiece;
use super::special::{AddedOptions, AddedToken, Finder};
use super::template::Template;
use super::tiktoken;
use super::tiktoken_rules::TiktokenRules;
use super::vocab::Vocab;

/// What [`Tokenizer::decode`] puts for an id that is no token: U+FFFD.
const UNKNOWN: &str = "\u{fffd}";

/// A tokenizer. It does not change; share it in an
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
    pub(super) route: Route,
    /// Finds added tokens in the text as it is.
    pub(super) raw: Option<Finder>,
    /// Finds added tokens in normalised text.
    pub(super) normalized: Option<Finder>,
    /// In ascending order of ids.
    added: Vec<Added>,
    pub(super) after: AfterTokens,
    template: Result<Template, TokenizerError>,
    pub(super) notes: Vec<String>,
    pub(super) origin: Origin,
}

/// What decoding does with special tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeSpecial {
    /// They give their text.
    Keep,
    /// They are left out: `skip_special_tokens`. As in Hugging Face a token is left
    /// out if what it is shown as is the content of a special token: one that is
    /// matched in normalised text, and that normalising changes, is not.
    Skip,
}

/// An added token, and what it is shown as.
struct Added {
    token: AddedToken,
    shown: String,
    /// Whether [`DecodeSpecial::Skip`] leaves it out.
    is_skipped: bool,
}

impl Tokenizer {
    /// One of the encodings carried along (see [`Self::builtin_names`]).
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        let family = Family::by_name(name)?;
        // A test loads each of them.
        let tokens = family.load().ok()??;
        Self::of_family(tokens, family).ok()
    }

    /// The names [`Self::builtin`] knows.
    #[must_use]
    pub fn builtin_names() -> &'static [&'static str] {
        builtin::NAMES
    }

    /// The families of [`Self::from_tiktoken`]: those built in, and others whose
    /// vocabularies are not carried along.
    #[must_use]
    pub fn family_names() -> &'static [&'static str] {
        builtin::FAMILY_NAMES
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

    /// Reads a `.tiktoken` file: lines of `<base64> <rank>`. `family`, one of
    /// [`Self::family_names`], fixes pattern and special tokens.
    ///
    /// # Errors
    /// `Family` if there is no such family, `Line` if a line is malformed,
    /// `Inconsistent` if tokens repeat, a byte is missing, or an ordinary
    /// token has the id of a special one.
    pub fn from_tiktoken(bytes: &[u8], family: &str) -> Result<Self, TokenizerError> {
        let family = Family::by_name(family).ok_or_else(|| TokenizerError::Family {
            family: family.to_owned(),
            known: builtin::FAMILY_NAMES.join(", "),
        })?;
        Self::of_family(tiktoken::parse(bytes)?, family)
    }

    /// Reads a `.tiktoken` file with a pattern and special tokens of the user's.
    ///
    /// # Errors
    /// `Unsupported` where a rule is none that can be followed, else as
    /// [`Self::from_tiktoken`].
    pub fn from_tiktoken_rules(bytes: &[u8], rules: TiktokenRules) -> Result<Self, TokenizerError> {
        let pretokenizer = rules.pretokenizer()?;
        let (added, (vocab, pairs)) = (rules.special_tokens()?, tiktoken::parse(bytes)?);
        let model = ByteBpe::of_tiktoken(vocab, pairs, pretokenizer);
        Self::encoding(model, added, Origin::Rules(rules))
    }

    fn of_family(
        (vocab, pairs): (Vocab, PairTable),
        family: &'static Family,
    ) -> Result<Self, TokenizerError> {
        let scan = Pretokenizer::Scan(family.scanner());
        let mut model = ByteBpe::of_tiktoken(vocab, pairs, scan);
        model.normalizer = family.normalizer();
        Self::encoding(model, family.special_tokens(), Origin::Tiktoken(family))
    }

    /// An encoding of tiktoken.
    fn encoding(
        model: ByteBpe,
        added: Vec<AddedToken>,
        origin: Origin,
    ) -> Result<Self, TokenizerError> {
        let is_taken = |token: &&AddedToken| model.vocab.token(token.id).is_some();
        if let Some(AddedToken { id, content, .. }) = added.iter().find(is_taken) {
            let message = format!("id {id} is also the special token {content}");
            return Err(TokenizerError::inconsistent("vocab", message));
        }
        let parts = Parts {
            route: Route::Bytes(Box::new(model)),
            added,
            after: AfterTokens::default(),
            notes: Vec::new(),
        };
        Self::new(parts, origin)
    }

    /// Reads a SentencePiece `.model`, whose ids are those of the library
    /// `sentencepiece` 0.2. Control symbols are special tokens; no text is put
    /// between any, as the file does not say so.
    ///
    /// # Errors
    /// `SentencePiece` with the byte of the file that is not as it should be,
    /// `Inconsistent` and `Unsupported` by name.
    pub fn from_sentencepiece(bytes: &[u8]) -> Result<Self, TokenizerError> {
        let model = SentencePiece::read(bytes)?;
        let special = AddedOptions {
            special: true,
            ..AddedOptions::default()
        };
        let added = model.control_symbols().map(|(id, text)| AddedToken {
            id,
            content: text.to_owned(),
            options: special,
        });
        let parts = Parts {
            added: added.collect(),
            route: Route::SentencePiece(Box::new(ChunkedPieces::new(model))),
            after: AfterTokens::default(),
            notes: Vec::new(),
        };
        Self::new(parts, Origin::SentencePiece(bytes.to_vec()))
    }

    /// Reads BERT's `vocab.txt`: a token a line, its number the id. Letters are
    /// lowered unless tokens have capital letters; [`Self::notes`] says which.
    ///
    /// # Errors
    /// `VocabLine` where a line is no new token, `Inconsistent` without the
    /// tokens that BERT needs.
    pub fn from_vocab_txt(bytes: &[u8]) -> Result<Self, TokenizerError> {
        let rules = BertRules::guessed(bytes)?;
        let mut tokenizer = Self::from_tokenizer_json(&vocab_txt::to_json(bytes, &rules)?)?;
        tokenizer.notes.push(rules.case_note().to_owned());
        Ok(tokenizer)
    }

    /// Reads GPT-2's `vocab.json` and `merges.txt`.
    ///
    /// # Errors
    /// `Json` and `MergeLine` where a file is not as it should be,
    /// `Unsupported` for the files of other models, which have the same names.
    pub fn from_gpt2_files(vocab: &[u8], merges: &[u8]) -> Result<Self, TokenizerError> {
        let rules = Gpt2Rules::default();
        Self::from_tokenizer_json(&gpt2::to_json(vocab, merges, &rules)?)
    }

    fn new(parts: Parts, origin: Origin) -> Result<Self, TokenizerError> {
        let Parts {
            route,
            mut added,
            after,
            notes,
        } = parts;
        added.sort_by_key(|token| token.id);
        let added = shown_of(added, &route)?;
        let finder = |is_normalized: bool| {
            let of_it = |added: &&Added| added.token.options.normalized == is_normalized;
            Finder::new(
                added
                    .iter()
                    .filter(of_it)
                    .map(|added| (added.token.clone(), added.shown.clone())),
            )
        };
        let (raw, normalized) = (finder(false)?, finder(true)?);
        let template = Template::of(after.post_processor.as_ref());
        Ok(Self {
            route,
            raw,
            normalized,
            added,
            after,
            template,
            notes,
            origin,
        })
    }

    /// The greatest id + 1, added tokens included; 0 without any token.
    #[must_use]
    pub fn vocab_size(&self) -> usize {
        let added = self.added.last().map(|added| added.token.id);
        let greatest = self.route.greatest_id().max(added);
        greatest.map_or(0, |id| id as usize + 1)
    }

    /// The ids that are tokens, ascending.
    #[must_use]
    pub fn ids(&self) -> Vec<u32> {
        let mut ids = self.route.ids();
        ids.extend(self.added.iter().map(|added| added.token.id));
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The id of a special, added or ordinary token, by its text: in a
    /// byte-level vocabulary a space is a space, not `Ġ`.
    #[must_use]
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        let added = self.added.iter().find(|added| added.token.content == token);
        added
            .map(|added| added.token.id)
            .or_else(|| self.route.id(token))
    }

    /// The special tokens with their ids, in ascending order of ids.
    pub fn special_tokens(&self) -> impl Iterator<Item = (&str, u32)> {
        self.added
            .iter()
            .filter(|added| added.token.options.special)
            .map(|added| (added.token.content.as_str(), added.token.id))
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

    /// The bytes that the ids stand for. Special tokens give their text, an id
    /// that is no token gives U+FFFD.
    ///
    /// In a byte-level vocabulary they are the bytes of one token after another:
    /// UTF-8 where the ids come from whole texts; a token alone may be a part
    /// of a character. Elsewhere they are those of [`Self::decode_text`].
    ///
    /// # Errors
    /// `Pattern` if a regular expression of the decoder gives up.
    pub fn decode(&self, ids: &[u32]) -> Result<Vec<u8>, EncodeError> {
        match &self.route {
            Route::Bytes(_) => Ok(self.bytes_of(ids.iter())),
            Route::Pipeline(_) | Route::SentencePiece(_) => {
                let text = self.decode_text(ids, DecodeSpecial::Keep)?;
                Ok(text.into_bytes())
            }
        }
    }

    /// The text of ids as the file's decoder makes it, Hugging Face's `decode`,
    /// or that of the library `sentencepiece`. What is not UTF-8, and an id that
    /// is no token, gives U+FFFD.
    ///
    /// # Errors
    /// `Pattern` if a regular expression of the decoder gives up.
    pub fn decode_text(&self, ids: &[u32], special: DecodeSpecial) -> Result<String, EncodeError> {
        let ids = ids
            .iter()
            .filter(|&&id| special == DecodeSpecial::Keep || !self.is_skipped(id));
        match &self.route {
            Route::Bytes(_) => {
                let text = String::from_utf8(self.bytes_of(ids));
                Ok(text
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
            }
            Route::Pipeline(_) => {
                let tokens = ids.map(|&id| {
                    let token = self.token(id).and_then(|token| str::from_utf8(token).ok());
                    token.unwrap_or(UNKNOWN)
                });
                decode(tokens, self.after.decoder.as_ref())
            }
            Route::SentencePiece(model) => {
                let ids: Vec<u32> = ids.copied().collect();
                Ok(model.decode(&ids))
            }
        }
    }

    fn bytes_of<'a>(&self, ids: impl Iterator<Item = &'a u32>) -> Vec<u8> {
        let tokens = ids.map(|&id| self.token(id).unwrap_or(UNKNOWN.as_bytes()));
        tokens.flatten().copied().collect()
    }

    /// The bytes of a token; `None` if the id is none. An added token that is
    /// matched in normalised text gives that text, as in Hugging Face.
    #[must_use]
    pub fn token(&self, id: u32) -> Option<&[u8]> {
        let added = self.added_token(id).map(|added| added.shown.as_bytes());
        added.or_else(|| self.route.token(id))
    }

    /// A token as its vocabulary spells it, Hugging Face's `id_to_token`: in a
    /// byte-level vocabulary a space is `Ġ`.
    #[must_use]
    pub fn spelled(&self, id: u32) -> Option<Cow<'_, str>> {
        let added = self
            .added_token(id)
            .map(|added| Cow::Borrowed(&*added.shown));
        added.or_else(|| self.route.spelled(id))
    }

    /// Whether [`DecodeSpecial::Skip`] leaves an id out.
    #[must_use]
    pub fn is_skipped(&self, id: u32) -> bool {
        self.added_token(id).is_some_and(|added| added.is_skipped)
    }

    /// Whether an added token has the id.
    pub(super) fn is_added(&self, id: u32) -> bool {
        self.added_token(id).is_some()
    }

    /// The added token with an id; the first one, where two have it.
    fn added_token(&self, id: u32) -> Option<&Added> {
        let at = self.added.partition_point(|added| added.token.id < id);
        self.added.get(at).filter(|added| added.token.id == id)
    }

    /// What the file says of truncation, which [`super::Encoder::encode_tokens`]
    /// does if it is told.
    #[must_use]
    pub fn truncation(&self) -> Option<&Truncation> {
        self.after.truncation.as_ref()
    }

    /// What the file says of padding, as [`Self::truncation`].
    #[must_use]
    pub fn padding(&self) -> Option<&EncodingPadding> {
        self.after.padding.as_ref()
    }
}

/// Added tokens with what they are shown as.
fn shown_of(added: Vec<AddedToken>, route: &Route) -> Result<Vec<Added>, TokenizerError> {
    let special = added.iter().filter(|token| token.options.special);
    let special: FxHashSet<String> = special.map(|token| token.content.clone()).collect();
    let added = added.into_iter().map(|token| {
        let shown = shown(&token, route)?;
        let is_skipped = special.contains(&shown);
        Ok(Added {
            token,
            shown,
            is_skipped,
        })
    });
    added.collect()
}

/// The text by which an added token is matched.
fn shown(token: &AddedToken, route: &Route) -> Result<String, TokenizerError> {
    if !token.options.normalized {
        return Ok(token.content.clone());
    }
    let refuse = |what: String| Err(TokenizerError::inconsistent("added_tokens", what));
    match route.normal(&token.content) {
        Ok(text) if text.is_empty() => refuse(format!(
            "nothing is left of \"{}\" once it is normalised",
            token.content
        )),
        Ok(text) => Ok(text),
        Err(error) => refuse(error.to_string()),
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.origin.family().unwrap_or(self.origin.kind());
        f.debug_struct("Tokenizer")
            .field("origin", &origin)
            .field("vocab_size", &self.vocab_size())
            .field("n_added", &self.added.len())
            .finish_non_exhaustive()
    }
}
