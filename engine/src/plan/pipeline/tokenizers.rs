//! The tokenizers that a pipeline names, and those it keeps in memory.

use std::sync::Arc;

use fuelrail_kernels::tokenize::Tokenizer;
use twox_hash::XxHash3_128;

use super::Pipeline;
use crate::plan::digest::Digest;
use crate::plan::tokenizers::TokenizerRef;

impl Pipeline {
    /// Keeps a tokenizer that is in memory, and gives the name by which steps
    /// refer to it, which is that of its content.
    pub fn keep_tokenizer(&mut self, tokenizer: Arc<Tokenizer>) -> TokenizerRef {
        let asset = tokenizer.asset();
        let digest = Digest(XxHash3_128::oneshot(&asset.bytes));
        let extension = match asset.family {
            Some(_) => "tiktoken",
            None => "json",
        };
        let named = TokenizerRef {
            name: format!("memory://{digest}.{extension}"),
            family: asset.family,
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
            let Some(spec) = step.as_tokenize() else {
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
