//! Tokenizer files: reading one, and encoding and decoding with what was read.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use fuelrail_kernels::tokenize::{
    EncodeError, EncodeOptions, Encoder, ModelSettings, SettingsFiles, Special, TiktokenRules,
    Tokenizer,
};
use serde_json::json;

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

/// A `.tiktoken` file with its pattern and special tokens, as datasets keep it.
///
/// # Panics
/// If a tokenizer that was read cannot be used, or is not read again.
pub fn tiktoken_json(data: &[u8]) {
    if let Ok(tokenizer) = Tokenizer::from_asset("tiktoken.json", None, data) {
        let asset = tokenizer.asset();
        let again = Tokenizer::from_asset(asset.kind, None, &asset.bytes);
        assert_eq!(again.map(|again| again.asset()).ok(), Some(asset));
        try_out(tokenizer);
    }
}

/// A regular expression, on the first line, and a text that it cuts: as tiktoken
/// takes it, and as Hugging Face does.
///
/// # Panics
/// If a text is refused but for the steps that it takes, or ids stand for what
/// is not in it.
pub fn pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, text) = text.split_once('\n').unwrap_or((&text, TEXT));
    let rules = TiktokenRules {
        pattern: pattern.to_owned(),
        special_tokens: BTreeMap::new(),
    };
    let split = json!({
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": pattern},
            "behavior": "MergedWithPrevious", "invert": false},
        "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"},
    });
    for tokenizer in [
        Tokenizer::from_tiktoken_rules(&BYTES, rules),
        Tokenizer::from_tokenizer_json(split.to_string().as_bytes()),
    ] {
        let Ok(tokenizer) = tokenizer else {
            continue;
        };
        let mut ids = Vec::new();
        let mut encoder = Encoder::new(Arc::new(tokenizer));
        match encoder.encode(text, Special::Text, &mut ids) {
            Ok(()) => assert!(ids.len() <= text.len()),
            Err(error) => assert!(matches!(error, EncodeError::Pattern { .. }), "{error}"),
        }
    }
}

/// A `.tiktoken` file of the bytes alone.
static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let gpt2 = Tokenizer::builtin("gpt2").map(|tokenizer| tokenizer.asset().bytes);
    let file = gpt2.unwrap_or_default();
    let lines = file.split_inclusive(|&byte| byte == b'\n').take(256);
    lines.flatten().copied().collect()
});

/// BERT's `vocab.txt`.
///
/// # Panics
/// If a tokenizer that was read cannot be used.
pub fn vocab_txt(data: &[u8]) {
    if let Ok(tokenizer) = Tokenizer::from_vocab_txt(data) {
        try_out(tokenizer);
    }
}

/// GPT-2's `vocab.json`, and behind a byte 0 its `merges.txt`.
///
/// # Panics
/// If a tokenizer that was read cannot be used.
pub fn gpt2_files(data: &[u8]) {
    let mut parts = data.splitn(2, |&byte| byte == 0);
    let (vocab, merges) = (parts.next(), parts.next());
    let read = Tokenizer::from_gpt2_files(vocab.unwrap_or_default(), merges.unwrap_or_default());
    if let Ok(tokenizer) = read {
        try_out(tokenizer);
    }
}

/// The settings of a model's folder, and the vocabulary beside them: a
/// `tokenizer_config.json`, a `special_tokens_map.json` and an `added_tokens.json`,
/// none where it is empty, and what every kind of vocabulary is read from, a byte 0
/// behind each.
///
/// # Panics
/// If settings that were read make no configuration that can be read, or a tokenizer
/// that was read cannot be used.
pub fn model_settings(data: &[u8]) {
    let mut parts = data.splitn(4, |&byte| byte == 0);
    let mut part = || parts.next().filter(|part| !part.is_empty());
    let files = SettingsFiles {
        tokenizer_config: part(),
        special_tokens_map: part(),
        added_tokens: part(),
    };
    let vocabulary = part().unwrap_or_default();
    let settings = match ModelSettings::read(files) {
        Ok(settings) => settings,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let config = settings.config();
    let alone = SettingsFiles {
        tokenizer_config: Some(config.as_bytes()),
        ..SettingsFiles::default()
    };
    assert!(ModelSettings::read(alone).is_ok(), "{config}");
    let mut halves = vocabulary.splitn(2, |&byte| byte == 0);
    let mut half = || halves.next().unwrap_or_default();
    let rules = TiktokenRules {
        pattern: ".|\n".to_owned(),
        special_tokens: BTreeMap::from([("<s>".to_owned(), 300)]),
    };
    let bytes = Tokenizer::from_tiktoken_rules(&BYTES, rules);
    let read = [
        settings.tokenizer_json(vocabulary),
        settings.vocab_txt(vocabulary),
        settings.gpt2_files(half(), half()),
        bytes.and_then(|bytes| settings.beside("bytes.tiktoken", bytes)),
    ];
    read.into_iter().flatten().for_each(try_out);
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
    let mut ids = vec![7];
    if encoder
        .encode_bytes(b"ab \xffab", Special::Text, &mut ids)
        .is_ok()
    {
        let bytes = encoder.tokenizer().decode(&ids[1..]);
        assert!(bytes.is_ok(), "expected ids of bytes to be decoded");
    }
    if let Ok(encoding) = encoder.encode_tokens(TEXT, Some("ab"), &EncodeOptions::default()) {
        assert_eq!(encoding.spans.len(), encoding.ids.len());
    }
}
