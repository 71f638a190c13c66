//! Cuts texts by the normalizer and the pre-tokenizer of Hugging Face.
//!
//! Each line of standard input is a JSON object with `normalizer` and
//! `pre_tokenizer` as in a `tokenizer.json`, and `texts`. Each line of standard
//! output is a list with the words of each text, which are `[text, start, end]`
//! in characters of the original, or a string where there is an error.
#![expect(clippy::print_stderr, reason = "a command")]

use std::error::Error;
use std::io::{BufRead, Write};
use std::process::ExitCode;

use fuelrail_kernels::tokenize::WordCutter;
use serde_json::{Value, json};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cut_jsonl: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let case: Value = serde_json::from_str(&line)?;
        let texts = case["texts"].as_array().ok_or("expected texts")?;
        let result: Value = match WordCutter::from_tokenizer_json(line.as_bytes()) {
            Ok(cutter) => texts.iter().map(|text| words(&cutter, text)).collect(),
            Err(error) => json!(error.to_string()),
        };
        serde_json::to_writer(&mut out, &result)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

fn words(cutter: &WordCutter, text: &Value) -> Value {
    let text = text.as_str().unwrap_or_default();
    let words = match cutter.cut(text) {
        Ok(words) => words,
        Err(error) => return json!(error.to_string()),
    };
    // Without origins the words are the same.
    let texts: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
    if !cutter.texts(text).is_ok_and(|others| others == texts) {
        return json!("other words without origins");
    }
    let mut char_of = vec![0; text.len() + 1];
    for (nth, (at, _)) in text.char_indices().enumerate() {
        char_of[at] = nth;
    }
    char_of[text.len()] = text.chars().count();
    let word = |word: &fuelrail_kernels::tokenize::CutWord| {
        json!([
            word.text,
            char_of[word.original.start],
            char_of[word.original.end]
        ])
    };
    words.iter().map(word).collect()
}
