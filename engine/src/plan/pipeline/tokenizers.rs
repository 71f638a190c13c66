//! The tokenizers and chat templates that a pipeline names, and those it keeps in
//! memory.

use std::sync::Arc;

use fuelrail_kernels::chat::ChatTemplates;
use fuelrail_kernels::tokenize::Tokenizer;
use twox_hash::XxHash3_128;

use super::{ChatSpec, GivenTemplate, Pipeline, StepSpec};
use crate::error::{Error, Result};
use crate::plan::digest::Digest;
use crate::plan::family::TiktokenFamily;
use crate::plan::tokenizers::{TemplatePlace, TokenizerRef};

/// A place to read chat templates from, and the first step that does with the key
/// that names it.
pub type NamedTemplates = (usize, &'static str, TemplatePlace);

impl Pipeline {
    /// Keeps a tokenizer that is in memory, and gives the name by which steps
    /// refer to it, which is that of its content.
    pub fn keep_tokenizer(&mut self, tokenizer: Arc<Tokenizer>) -> TokenizerRef {
        self.keep(tokenizer, "")
    }

    /// The same with the text of the `tokenizer_config.json` that belongs to it.
    ///
    /// # Errors
    /// `Pipeline` if the text is none.
    pub fn keep_model(&mut self, tokenizer: Arc<Tokenizer>, config: &str) -> Result<TokenizerRef> {
        let templates = ChatTemplates::from_tokenizer_config(config).map_err(|error| {
            Error::pipeline("cannot use the tokenizer's configuration").with_source(error)
        })?;
        let digest = Digest(XxHash3_128::oneshot(config.as_bytes()));
        let named = self.keep(tokenizer, &format!("-{digest}"));
        let place = TemplatePlace::Beside(named.name.clone());
        self.kept.insert_templates(place, templates);
        Ok(named)
    }

    fn keep(&mut self, tokenizer: Arc<Tokenizer>, with: &str) -> TokenizerRef {
        let asset = tokenizer.asset();
        let digest = Digest(XxHash3_128::oneshot(&asset.bytes));
        let extension = match asset.family {
            Some(_) => "tiktoken",
            None => "json",
        };
        let named = TokenizerRef {
            name: format!("memory://{digest}{with}.{extension}"),
            family: asset.family.map(TiktokenFamily::Named),
        };
        self.kept.insert(named.clone(), tokenizer);
        named
    }

    /// Whether it keeps tokenizers, which no file can.
    #[must_use]
    pub fn keeps_tokenizers(&self) -> bool {
        !self.kept.is_empty()
    }

    /// The tokenizers to load before the check, each once, with the index of
    /// the first step that names it.
    #[must_use]
    pub fn tokenizers(&self) -> Vec<(usize, TokenizerRef)> {
        let mut found: Vec<(usize, TokenizerRef)> = Vec::new();
        for (index, step) in self.step.iter().enumerate() {
            let Some(named) = step.tokenizer_ref() else {
                continue;
            };
            if !found.iter().any(|(_, other)| *other == named) {
                found.push((index, named));
            }
        }
        found
    }

    /// The places to read chat templates from before the check, each once.
    #[must_use]
    pub fn templates(&self) -> Vec<NamedTemplates> {
        let mut found: Vec<NamedTemplates> = Vec::new();
        for (index, step) in self.step.iter().enumerate() {
            let places = match step {
                StepSpec::Chat(step) => places(step),
                StepSpec::Select(_)
                | StepSpec::Filter(_)
                | StepSpec::Tokenize(_)
                | StepSpec::Map(_)
                | StepSpec::Pack(_)
                | StepSpec::Chunk(_) => Vec::new(),
            };
            for (key, place) in places {
                if !found.iter().any(|(_, _, other)| *other == place) {
                    found.push((index, key, place));
                }
            }
        }
        found
    }
}

fn places(step: &ChatSpec) -> Vec<(&'static str, TemplatePlace)> {
    let beside = TemplatePlace::Beside(step.tokenizer.clone());
    let mut places = vec![("tokenizer", beside)];
    if let GivenTemplate::File(path) = step.given_template() {
        places.push(("chat_template", TemplatePlace::At(path.to_owned())));
    }
    places
}
