//! Encodes lines of JSON with all that is known of each token, for tests to
//! compare with a peer.
//!
//! `encode_tokens FILE [parse|text]`: FILE is a `tokenizer.json`, a `.model`, a
//! `vocab.txt`, a `.tiktoken.json` or the name of a built-in tokenizer; with
//! `text`, special tokens are text as any other. A line of
//! standard input is a text or a list of two; a line of output has `ids`,
//! `offsets` in characters, `words`, `types`, `special` and `decoded`, or an
//! `error`. It fails where the ids alone are others. For a line that is a list of ids it has `decoded` alone.

use std::error::Error;
use std::ffi::OsStr;
use std::io::{BufRead, BufWriter, Write, stdin, stdout};
use std::path::Path;
use std::sync::Arc;

use fuelrail_kernels::tokenize::{EncodeOptions, Encoder, Special, Tokenizer};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Two(String, String),
    Ids(Vec<u32>),
}

fn load(path: &str) -> Result<Tokenizer, Box<dyn Error>> {
    if let Some(tokenizer) = Tokenizer::builtin(path) {
        return Ok(tokenizer);
    }
    let bytes = std::fs::read(path)?;
    let extension = Path::new(path).extension().and_then(OsStr::to_str);
    Ok(match extension {
        Some("model") => Tokenizer::from_sentencepiece(&bytes)?,
        Some("txt") => Tokenizer::from_vocab_txt(&bytes)?,
        _ if path.ends_with(".tiktoken.json") => {
            Tokenizer::from_asset("tiktoken.json", None, &bytes)?
        }
        _ => Tokenizer::from_tokenizer_json(&bytes)?,
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("expected `FILE`")?;
    let mut encoder = Encoder::new(Arc::new(load(&path)?));
    let tokenizer = Arc::clone(encoder.tokenizer());
    let mut options = EncodeOptions::default();
    if std::env::args().nth(2).as_deref() == Some("text") {
        options.special = Special::Text;
    }
    let mut out = BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let texts: Texts = serde_json::from_str(&line?)?;
        let (first, second) = match &texts {
            Texts::One(first) => (first, None),
            Texts::Two(first, second) => (first, Some(second.as_str())),
            Texts::Ids(ids) => {
                let decoded = tokenizer.decode(ids)?;
                writeln!(
                    out,
                    "{}",
                    json!({ "decoded": String::from_utf8_lossy(&decoded) })
                )?;
                continue;
            }
        };
        let encoding = match encoder.encode_tokens(first, second, &options) {
            Ok(encoding) => encoding,
            Err(error) => {
                writeln!(out, "{}", json!({ "error": error.to_string() }))?;
                continue;
            }
        };
        if second.is_none() && tokenizer.template().is_ok() {
            let mut ids = Vec::new();
            encoder.encode_with_template(first, options.special, &mut ids)?;
            if ids != encoding.ids {
                return Err(
                    format!("{first:?}: {ids:?} without spans, {:?} with", encoding.ids).into(),
                );
            }
        }
        let decoded = tokenizer.decode(&encoding.ids)?;
        writeln!(
            out,
            "{}",
            json!({
                "ids": encoding.ids,
                "offsets": encoding.spans,
                "words": encoding.words,
                "types": encoding.type_ids,
                "special": encoding.special_tokens_mask,
                "decoded": String::from_utf8_lossy(&decoded),
            })
        )?;
    }
    Ok(out.flush()?)
}
