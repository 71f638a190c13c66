//! Which tokenizers and chat templates a pipeline names, and the loaded ones the
//! check looks them up in. Reading their files is the caller's part.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fuelrail_kernels::chat::ChatTemplates;
use fuelrail_kernels::tokenize::Tokenizer;

use crate::error::{Error, Result, name_in_backticks};

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

/// Encodings of tiktoken that are not built in, though others have names alike.
const OTHER_ENCODINGS: [&str; 2] = ["p50k_base", "p50k_edit"];

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
        // Names that differ in a number, such as gpt3 and gpt2, are of others.
        let digits = |name: &str| {
            name.chars()
                .filter(char::is_ascii_digit)
                .collect::<String>()
        };
        let is_encoding = OTHER_ENCODINGS.contains(&&*self.name);
        let may_be = |name: &&str| !is_encoding && digits(name) == digits(&self.name);
        let alike = builtin.iter().copied().filter(may_be);
        let near = suggest::nearest(&self.name, alike);
        let hint = match near {
            Some(name) => format!("did you mean {}?", name_in_backticks(name)),
            None if is_encoding => format!(
                "it is not built in ({} are): give its .tiktoken file with pattern and special \
                 tokens",
                builtin.join(", ")
            ),
            None => format!("built in: {}; {}", builtin.join(", "), self.how_to_get()),
        };
        Error::pipeline(message).with_hint(hint)
    }

    /// Whether the name is as those that hubs have for models.
    #[must_use]
    pub fn is_of_hub(&self) -> bool {
        let is_part = |part: &str| {
            let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !part.is_empty() && !part.starts_with('.') && part.chars().all(is_known)
        };
        let is_file = EXTENSIONS.iter().any(|extension| {
            let name = self.name.strip_suffix(extension);
            name.is_some_and(|name| name.ends_with('.'))
        });
        let parts = self.name.split_once('/');
        !is_file && parts.is_some_and(|(org, name)| is_part(org) && is_part(name))
    }

    /// How to come by the folder of a model that a hub has.
    #[must_use]
    pub fn how_to_get(&self) -> String {
        let folder = self.name.rsplit('/').next().unwrap_or_default();
        format!(
            "nothing is downloaded here: files and folders are read, and for a model of a hub \
             `hf download {} --local-dir {folder}` makes one",
            self.name
        )
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
