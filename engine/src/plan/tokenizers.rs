//! Which tokenizers and chat templates a pipeline names, and the loaded ones the
//! check looks them up in. Reading their files is the caller's part.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fuelrail_kernels::chat::ChatTemplates;
use fuelrail_kernels::tokenize::Tokenizer;

use crate::error::{Error, Result};

use super::family::TiktokenFamily;
use super::suggest;

/// A tokenizer as a step names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenizerRef {
    /// A built-in name, or a path relative to the pipeline file's directory.
    pub name: String,
    /// The family, for a `.tiktoken` file.
    pub family: Option<TiktokenFamily>,
}

/// How a tokenizer is come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenizerKind {
    /// It is part of fuelrail.
    Builtin,
    /// From a file, or from the folder of a model; which kind of file is told
    /// when it is read.
    File,
}

/// What the names of tokenizer files end in.
const EXTENSIONS: [&str; 5] = ["json", "tiktoken", "model", "spm", "txt"];

impl TokenizerRef {
    /// How it is come by, told by its name: a path has a known ending or a
    /// separator, anything else is a built-in name.
    ///
    /// # Errors
    /// `Pipeline` for a name that is neither, and for a `family` where none has
    /// a meaning.
    pub fn kind(&self, builtin: &[&str]) -> Result<TokenizerKind> {
        let path = Path::new(&self.name);
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_path = self.name.contains(['/', '\\'])
            || extension.is_some_and(|extension| EXTENSIONS.contains(&extension));
        let kind = if builtin.contains(&self.name.as_str()) {
            TokenizerKind::Builtin
        } else if is_path {
            TokenizerKind::File
        } else {
            return Err(self.unknown(builtin));
        };
        let may_have_family =
            kind == TokenizerKind::File && !matches!(extension, Some("json" | "txt" | "spm"));
        if self.family.is_some() && !may_have_family {
            return Err(Error::pipeline(format!(
                "`family` is for .tiktoken files only, got it with tokenizer {:?}",
                self.name
            ))
            .with_hint("leave `family` out"));
        }
        Ok(kind)
    }

    fn unknown(&self, builtin: &[&str]) -> Error {
        let message = format!(
            "expected a built-in tokenizer, a tokenizer file (.json, .tiktoken, .model, .txt), or \
             the folder of a model, got {:?}",
            self.name
        );
        let error = Error::pipeline(message);
        match suggest::hint(&self.name, "built in", builtin.iter().copied()) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// A place that chat templates are read from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplatePlace {
    /// The folder of a model, or that of the file, of the tokenizer of this name.
    Beside(String),
    /// This file or folder, relative to the pipeline file's directory.
    At(String),
}

/// The tokenizers and chat templates of a pipeline, loaded.
#[derive(Debug, Clone, Default)]
pub struct LoadedTokenizers {
    tokenizers: BTreeMap<TokenizerRef, Arc<Tokenizer>>,
    templates: BTreeMap<TemplatePlace, ChatTemplates>,
}

impl LoadedTokenizers {
    /// Adds a tokenizer.
    pub fn insert(&mut self, named: TokenizerRef, tokenizer: Arc<Tokenizer>) {
        self.tokenizers.insert(named, tokenizer);
    }

    /// Adds the chat templates of a place.
    pub fn insert_templates(&mut self, place: TemplatePlace, templates: ChatTemplates) {
        self.templates.insert(place, templates);
    }

    /// Whether there are no tokenizers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokenizers.is_empty()
    }

    /// The tokenizer that was loaded for `named`.
    #[must_use]
    pub fn get(&self, named: &TokenizerRef) -> Option<&Arc<Tokenizer>> {
        self.tokenizers.get(named)
    }

    /// The chat templates that were read at a place.
    #[must_use]
    pub fn templates(&self, place: &TemplatePlace) -> Option<&ChatTemplates> {
        self.templates.get(place)
    }
}
