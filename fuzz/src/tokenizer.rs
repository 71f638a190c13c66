//! Tokenizer files: reading one, and encoding and decoding with what was read.

use std::sync::Arc;

use fuelrail_kernels::tokenize::{Encoder, Special, Tokenizer};

/// Text of every class of character, with special tokens spelled in it.
const TEXT: &str =
    "Hello, world! it's 12345 o'clock\r\n\n  naïve 北京 🚀 <|endoftext|> <s> aab abab";

/// A Hugging Face `tokenizer.json`.
///
/// # Panics
/// If a tokenizer that was read cannot be used.
pub fn tokenizer_json(data: &[u8]) {
    if let Ok(tokenizer) = Tokenizer::from_tokenizer_json(data) {
        try_out(tokenizer);
    }
}

/// A `.tiktoken` file of the family `cl100k_base`.
///
/// # Panics
/// If a tokenizer that was read cannot be used.
pub fn tiktoken(data: &[u8]) {
    if let Ok(tokenizer) = Tokenizer::from_tiktoken(data, "cl100k_base") {
        let asset = tokenizer.asset();
        let family = asset.family.unwrap_or_default();
        let again = Tokenizer::from_tiktoken(&asset.bytes, &family);
        assert!(again.is_ok(), "expected the kept copy to be read again");
        try_out(tokenizer);
    }
}

/// A SentencePiece `.model`.
///
/// # Panics
/// If a tokenizer that was read cannot be used.
pub fn sentencepiece(data: &[u8]) {
    if let Ok(tokenizer) = Tokenizer::from_sentencepiece(data) {
        try_out(tokenizer);
    }
}

/// Encodes and decodes.
fn try_out(tokenizer: Tokenizer) {
    let mut encoder = Encoder::new(Arc::new(tokenizer));
    for special in [Special::Text, Special::Parse, Special::Refuse] {
        let mut ids = vec![7];
        match encoder.encode(TEXT, special, &mut ids) {
            Ok(()) => {
                let _text = encoder.tokenizer().decode(&ids[1..]);
            }
            Err(_) => assert_eq!(ids, [7], "expected ids to be as before"),
        }
    }
    let _unknown = encoder.tokenizer().decode(&[u32::MAX, 0]);
}
