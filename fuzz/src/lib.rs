//! One function for each parser of untrusted bytes.
//!
//! A target takes any bytes and returns nothing: it must neither panic nor
//! allocate what the bytes lie into existence, and what it reads it must be
//! able to use. The bins in `src/bin` hand these functions to libFuzzer; the
//! tests run them over the committed seeds, so that a plain `cargo test`
//! holds what fuzzing has found.
#![forbid(unsafe_code)]

mod chat;
mod dataset;
mod jsonl;
mod tar;
mod tokenizer;

use std::path::Path;

use fuelrail::feed::State;
use fuelrail::plan::Pipeline;

pub use chat::chat_template;
pub use dataset::{manifest, shard};
pub use jsonl::jsonl;
pub use tar::tar;
pub use tokenizer::{
    gpt2_files, model_settings, pattern, sentencepiece, tiktoken, tiktoken_json, tokenizer_json,
    vocab_txt,
};

/// The pipeline file; the first line is an override (`--set`) where it holds
/// a `=` and the rest the file, as in `step.key=value`.
///
/// # Panics
/// If an error has no text.
pub fn pipeline(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let path = Path::new("pipeline.toml");
    let (given, file) = match text.split_once('\n') {
        Some((line, rest)) if line.starts_with("--set ") => {
            (vec![line.trim_start_matches("--set ").to_owned()], rest)
        }
        _ => (Vec::new(), text),
    };
    if let Err(error) = Pipeline::from_toml_with(file, path, &given) {
        assert!(!error.to_string().is_empty());
    }
}

/// The state of a loader: what is read is written as it was meant.
///
/// # Panics
/// If a state that was read is written as another, or as one too long, or if
/// an error has no text.
pub fn state(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match State::from_json(text) {
        Ok(state) => {
            let written = state.to_string();
            assert!(written.len() < 200, "{written}");
            assert_eq!(State::from_json(&written).ok(), Some(state));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

#[cfg(test)]
mod tests;
