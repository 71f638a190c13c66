//! Which tokenizers a pipeline names, and the loaded ones the check looks
//! them up in. Reading their files is the caller's part.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fuelrail_kernels::tokenize::Tokenizer;

use crate::error::{Error, Result};

use super::pipeline::{Pipeline, StepSpec};
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
    /// `Pipeline` for a path with another ending, and for a built-in name that
    /// is not in `builtin`.
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
        let error = Error::pipeline(format!(
            "expected a built-in tokenizer or a path ending in .json or .tiktoken, got {:?}",
            self.name
        ));
        match suggest::hint(&self.name, "built in", builtin.iter().copied()) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
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

    /// The one that was loaded for `named`.
    #[must_use]
    pub fn get(&self, named: &TokenizerRef) -> Option<&Arc<Tokenizer>> {
        self.0.get(named)
    }
}

impl Pipeline {
    /// The tokenizers to load before the check, each once, with the index of
    /// the first step that names it.
    #[must_use]
    pub fn tokenizers(&self) -> Vec<(usize, TokenizerRef)> {
        let mut found: Vec<(usize, TokenizerRef)> = Vec::new();
        for (index, step) in self.step.iter().enumerate() {
            let StepSpec::Tokenize(spec) = step else {
                continue;
            };
            let named = TokenizerRef {
                name: spec.tokenizer.clone(),
                family: spec.family.clone(),
            };
            if !found.iter().any(|(_, other)| *other == named) {
                found.push((index, named));
            }
        }
        found
    }
}
