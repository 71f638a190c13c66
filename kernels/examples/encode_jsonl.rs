//! Encodes lines of JSON strings from standard input into lines of JSON
//! arrays of ids: `encode_jsonl TOKENIZER [text|parse|refuse]`, where TOKENIZER
//! is a built-in name, a `tokenizer.json`, or `FAMILY:FILE.tiktoken`.
//! `encode_jsonl --asset NAME` writes the file of a built-in one instead;
//! `encode_jsonl --seconds TOKENIZER` reads all lines, encodes them twice and
//! writes the CPU seconds it took, first and second time (Linux).
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
        ["--seconds", name] => {
            serde_json::to_writer(&mut out, &seconds(load(name)?)?)?;
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

fn seconds(tokenizer: Tokenizer) -> Result<[f64; 2], Box<dyn Error>> {
    let texts = std::io::stdin()
        .lock()
        .lines()
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect::<Result<Vec<String>, Box<dyn Error>>>()?;
    let mut encoder = Encoder::new(Arc::new(tokenizer));
    let mut ids = Vec::new();
    let mut seconds = [0.0; 2];
    for pass in &mut seconds {
        let start = cpu_seconds()?;
        for text in &texts {
            ids.clear();
            encoder.encode(text, Special::Text, &mut ids)?;
        }
        *pass = cpu_seconds()? - start;
    }
    Ok(seconds)
}

/// CPU time of this thread: what a busy machine does not blur.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = stat.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds * 1e-9)
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
