//! Encodes lines of JSON strings from standard input into lines of JSON
//! arrays of ids: `encode_jsonl TOKENIZER [text|parse|refuse]`, where TOKENIZER
//! is a built-in name, a `tokenizer.json`, or `FAMILY:FILE.tiktoken`.
//! `encode_jsonl --asset NAME` writes the file of a built-in one instead.
#![expect(clippy::print_stderr, reason = "a command")]

use std::error::Error;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::Arc;

use fuelrail_kernels::tokenize::{Encoder, Special, Tokenizer};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("encode_jsonl: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let special = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--asset", name] => {
            out.write_all(&load(name)?.asset().bytes)?;
            return Ok(out.flush()?);
        }
        [_] | [_, "parse"] => Special::Parse,
        [_, "text"] => Special::Text,
        [_, "refuse"] => Special::Refuse,
        _ => return Err("expected TOKENIZER [text|parse|refuse]".into()),
    };
    let mut encoder = Encoder::new(Arc::new(load(&args[0])?));
    let mut ids = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        ids.clear();
        encoder.encode(&text, special, &mut ids)?;
        serde_json::to_writer(&mut out, &ids)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

fn load(name: &str) -> Result<Tokenizer, Box<dyn Error>> {
    if let Some(tokenizer) = Tokenizer::builtin(name) {
        return Ok(tokenizer);
    }
    if let Some((family, path)) = name.split_once(':') {
        return Ok(Tokenizer::from_tiktoken(&std::fs::read(path)?, family)?);
    }
    Ok(Tokenizer::from_tokenizer_json(&std::fs::read(name)?)?)
}
