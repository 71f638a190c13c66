//! Files that hold tokenizers, other than `tokenizer.json` and `.tiktoken`.
//!
//! What a `tokenizer.json` can say is turned into one, so that there is one
//! reader of components and one form to keep beside a dataset.

mod adding;
mod folder;
pub(crate) mod gpt2;
mod model_token;
mod settings;
mod splice;
pub(crate) mod vocab_txt;

pub use settings::{ModelSettings, SettingsFiles};
