//! Tokenizers as files that are kept beside what they have encoded.

use super::error::TokenizerError;
use super::origin::Origin;
use super::route::Route;
use super::tiktoken;
use super::tiktoken_rules::TiktokenRules;
use super::tokenizer::Tokenizer;

/// A tokenizer as a file, to be kept beside what it has encoded.
///
/// The same tokenizer gives the same bytes, and [`Tokenizer::from_asset`] gives
/// it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizerAsset {
    /// `tokenizer.json`, `tiktoken`, `tiktoken.json` or `sentencepiece`.
    pub kind: &'static str,
    /// For `tiktoken`, the family that fixes pattern and special tokens.
    pub family: Option<String>,
    /// The content of the file.
    pub bytes: Vec<u8>,
}

impl Tokenizer {
    /// The tokenizer as a file.
    #[must_use]
    pub fn asset(&self) -> TokenizerAsset {
        let bytes = match &self.origin {
            Origin::Json(bytes) | Origin::SentencePiece(bytes) => bytes.clone(),
            Origin::Tiktoken(_) => self.ranks(),
            Origin::Rules(rules) => rules.render(&self.ranks()),
        };
        TokenizerAsset {
            kind: self.origin.kind(),
            family: self.origin.family().map(str::to_owned),
            bytes,
        }
    }

    /// The `.tiktoken` file of an encoding of tiktoken, which is byte-level.
    fn ranks(&self) -> Vec<u8> {
        match &self.route {
            Route::Bytes(model) => tiktoken::render(&model.vocab),
            Route::Pipeline(_) | Route::SentencePiece(_) => Vec::new(),
        }
    }

    /// The tokenizer of which `kind`, `family` and `bytes` were kept by
    /// [`Self::asset`].
    ///
    /// # Errors
    /// `Asset` if there is no such kind, else those of the reader.
    pub fn from_asset(
        kind: &str,
        family: Option<&str>,
        bytes: &[u8],
    ) -> Result<Self, TokenizerError> {
        match (kind, family) {
            ("tokenizer.json", _) => Self::from_tokenizer_json(bytes),
            ("sentencepiece", _) => Self::from_sentencepiece(bytes),
            ("tiktoken", Some(family)) => Self::from_tiktoken(bytes, family),
            ("tiktoken.json", _) => {
                let (rules, ranks) = TiktokenRules::read(bytes)?;
                Self::from_tiktoken_rules(ranks.as_bytes(), rules)
            }
            _ => Err(TokenizerError::Asset {
                kind: kind.to_owned(),
            }),
        }
    }
}
