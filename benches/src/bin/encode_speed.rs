//! Encodes texts on one thread with the Rust crate, for `peers/` to compare
//! the Python package with.
//!
//! `encode_speed TOKENIZER TEXTS IDS PASSES`: TEXTS is a JSON list of strings.
//! Prints the seconds of each pass as JSON, all with one encoder and each with
//! new memory; writes the ids of all texts, `u32` in little-endian order, to
//! IDS.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::fs::{read, write};
use std::sync::Arc;
use std::time::Instant;

use fuelrail_kernels::tokenize::{Encoder, Special, Tokenizer};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, texts, out, passes] = &arguments[..] else {
        return Err("expected `TOKENIZER TEXTS IDS PASSES`".into());
    };
    let tokenizer = Arc::new(Tokenizer::builtin(name).ok_or("expected a built-in tokenizer")?);
    let texts: Vec<String> = serde_json::from_slice(&read(texts)?)?;
    let mut encoder = Encoder::new(tokenizer);
    let mut seconds = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..passes.parse()? {
        let begin = Instant::now();
        ids = encoded(&mut encoder, &texts)?;
        seconds.push(begin.elapsed().as_secs_f64());
    }
    println!("{}", serde_json::to_string(&seconds)?);
    let ids: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    write(out, ids)?;
    Ok(())
}

/// The ids of all texts, one after another; where each ends is left behind, as
/// it is in Python.
fn encoded(encoder: &mut Encoder, texts: &[String]) -> Result<Vec<u32>, Box<dyn Error>> {
    let (mut ids, mut ends) = (Vec::new(), Vec::with_capacity(texts.len()));
    for text in texts {
        encoder.encode(text, Special::Text, &mut ids)?;
        ends.push(ids.len());
    }
    std::hint::black_box(&ends);
    Ok(ids)
}
