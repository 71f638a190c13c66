//! Which tokenizers a pipeline names, and the loaded ones the check looks
//! them up in. Reading their files is the caller's part.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fuelrail_kernels::tokenize::Tokenizer;

use crate::error::{Error, Result};

use super::suggest;

/// A tokenizer as a step names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenizerRef {
    /// A built-in name, or a path relative to the pipeline file's directory.
    pub name: String,
    /// The family, for a `.tiktoken` file.
    pub family: Option<String>,
}

/// How a tokenizer is come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenizerKind {
    /// It is part of fuelrail.
    Builtin,
    /// From a `tokenizer.json` file.
    TokenizerJson,
    /// From a `.tiktoken` file.
    Tiktoken,
}

impl TokenizerRef {
    /// How it is come by, told by its name: a path ends in `.json` or
    /// `.tiktoken`, anything else is a built-in name.
    ///
    /// # Errors
    /// `Pipeline` for a path with another ending, with what files of that name
    /// hold, and for a built-in name that is not in `builtin`.
    pub fn kind(&self, builtin: &[&str]) -> Result<TokenizerKind> {
        let path = Path::new(&self.name);
        let extension = path.extension().and_then(|extension| extension.to_str());
        let kind = match extension {
            _ if builtin.contains(&self.name.as_str()) => TokenizerKind::Builtin,
            Some("json") => TokenizerKind::TokenizerJson,
            Some("tiktoken") => TokenizerKind::Tiktoken,
            _ => return Err(self.unknown(builtin)),
        };
        if self.family.is_some() && kind != TokenizerKind::Tiktoken {
            return Err(Error::pipeline(format!(
                "`family` is for .tiktoken files only, got it with tokenizer {:?}",
                self.name
            ))
            .with_hint("leave `family` out"));
        }
        Ok(kind)
    }

    fn unknown(&self, builtin: &[&str]) -> Error {
        let expected = "expected a built-in tokenizer or a path ending in .json or .tiktoken";
        if let Some((what, hint)) = other_file(&self.name) {
            let message = format!("{expected}, got {what}: {:?}", self.name);
            return Error::pipeline(message).with_hint(hint);
        }
        let error = Error::pipeline(format!("{expected}, got {:?}", self.name));
        match suggest::hint(&self.name, "built in", builtin.iter().copied()) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// What a file of that name holds, where it is one that tokenizers are kept in,
/// and what to take instead.
fn other_file(name: &str) -> Option<(&'static str, &'static str)> {
    let path = Path::new(name);
    let beside = "take the tokenizer.json beside it";
    let file = path.file_name()?.to_str()?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    match (file, extension) {
        ("vocab.txt", _) => Some((
            "a WordPiece vocabulary, which is not supported yet",
            "take a byte-level BPE tokenizer, or tokenize elsewhere and shard the lists of ids",
        )),
        ("merges.txt", _) => Some(("the merges of a BPE without its vocabulary", beside)),
        (_, Some("model" | "spm")) => Some((
            "a SentencePiece model, which is not supported yet",
            "take a byte-level BPE tokenizer, or tokenize elsewhere and shard the lists of ids",
        )),
        _ => None,
    }
}

/// The tokenizers of a pipeline, loaded.
#[derive(Debug, Clone, Default)]
pub struct LoadedTokenizers(BTreeMap<TokenizerRef, Arc<Tokenizer>>);

impl LoadedTokenizers {
    /// Adds one.
    pub fn insert(&mut self, named: TokenizerRef, tokenizer: Arc<Tokenizer>) {
        self.0.insert(named, tokenizer);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one that was loaded for `named`.
    #[must_use]
    pub fn get(&self, named: &TokenizerRef) -> Option<&Arc<Tokenizer>> {
        self.0.get(named)
    }
}
