//! A token that the folder of a model names beside its vocabulary.

use serde_json::{Value, json};

use crate::tokenize::error::TokenizerError;
use crate::tokenize::special::AddedOptions;

/// A file that names tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenPlace {
    /// `tokenizer_config.json`, with what older folders have beside it.
    Config,
    /// `special_tokens_map.json`.
    Map,
    /// `added_tokens.json`.
    Added,
}

impl TokenPlace {
    /// What it is called.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Config => "tokenizer_config.json",
            Self::Map => "special_tokens_map.json",
            Self::Added => "added_tokens.json",
        }
    }
}

/// A token, perhaps with the id that the folder gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelToken {
    pub(super) id: Option<u32>,
    pub(super) content: String,
    pub(super) options: AddedOptions,
}

impl ModelToken {
    /// A special token that only its content is known of.
    pub(super) fn special(content: &str) -> Self {
        Self {
            id: None,
            content: content.to_owned(),
            options: AddedOptions {
                special: true,
                ..AddedOptions::default()
            },
        }
    }

    /// The token that the member `name` is: its content, or an object that has
    /// it and says how it is matched.
    ///
    /// # Errors
    /// `ModelFile` if it is neither.
    pub(super) fn read(value: &Value, name: &str) -> Result<Self, TokenizerError> {
        if let Value::String(content) = value {
            return Ok(Self::special(content));
        }
        let Some(content) = value.get("content").and_then(Value::as_str) else {
            let what = format!("expected {name} to name tokens, got {value}");
            return Err(TokenizerError::model_file(TokenPlace::Config.file(), what));
        };
        let flag = |name: &str| value.get(name).and_then(Value::as_bool);
        let special = flag("special").unwrap_or(false);
        Ok(Self {
            id: None,
            content: content.to_owned(),
            options: AddedOptions {
                special,
                lstrip: flag("lstrip").unwrap_or(false),
                rstrip: flag("rstrip").unwrap_or(false),
                single_word: flag("single_word").unwrap_or(false),
                normalized: flag("normalized").unwrap_or(!special),
            },
        })
    }

    /// The same of an id.
    pub(super) fn of_id(id: u32, value: &Value) -> Result<Self, TokenizerError> {
        let token = Self::read(value, &format!("added_tokens_decoder.{id}"))?;
        Ok(Self {
            id: Some(id),
            ..token
        })
    }

    /// As a `tokenizer.json` lists it.
    pub(super) fn entry(&self, id: u32) -> Value {
        let AddedOptions {
            special,
            lstrip,
            rstrip,
            single_word,
            normalized,
        } = self.options;
        json!({
            "id": id, "content": self.content, "single_word": single_word, "lstrip": lstrip,
            "rstrip": rstrip, "normalized": normalized, "special": special,
        })
    }
}
