//! `fuelrail tokenize`: the ids of a text, or the text of ids.

mod args;
mod coder;
mod given;

use std::fmt::Write as _;
use std::io::{self, BufRead};
use std::path::Path;

use fuelrail::kernels::tokenize::OffsetUnit;
use fuelrail::plan::TokenizerRef;
use fuelrail::{Error, ErrorKind, run};
use serde_json::{Value, json};

use crate::output::{Form, Output, Stop};
pub(crate) use args::Args;
use coder::{Around, Coder};
use given::{Given, given};

/// Prints ids with their texts, or texts.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let named = TokenizerRef {
        name: args.tokenizer.clone(),
        family: args.family(),
    };
    let tokenizer = run::load_tokenizer(&named, Path::new("")).map_err(of_argument)?;
    run::check_template(&tokenizer)?;
    output.warn(tokenizer.notes());
    let around = if args.no_special_tokens {
        Around::Nothing
    } else {
        Around::Template
    };
    let mut coder = Coder::new(tokenizer, args.special.into(), around);
    let direction = match (args.decode, args.count, args.offsets) {
        (true, _, _) => Direction::Decode,
        (_, true, _) => Direction::Count,
        (_, _, Some(unit)) => Direction::Locate(unit.into()),
        _ => Direction::Encode,
    };
    if args.jsonl {
        return lines(&mut coder, direction, output);
    }
    match direction {
        Direction::Decode => print_texts(args, &coder, output),
        Direction::Count => print_counts(args, &mut coder, output),
        Direction::Encode => print_ids(args, &mut coder, None, output),
        Direction::Locate(unit) => print_ids(args, &mut coder, Some(unit), output),
    }
}

/// What is wrong with the name of a tokenizer is wrong with an argument here;
/// what is wrong with its file, which then has a path or a cause, is not.
fn of_argument(error: Error) -> Error {
    let is_of_file = error.location().path.is_some() || std::error::Error::source(&error).is_some();
    if error.kind() != ErrorKind::Pipeline || is_of_file {
        return error;
    }
    let usage = Error::new(ErrorKind::Usage, error.message());
    match error.hint() {
        Some(hint) => usage.with_hint(hint),
        None => usage,
    }
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    Encode,
    /// To ids with their offsets.
    Locate(OffsetUnit),
    /// To the number of ids.
    Count,
    Decode,
}

fn print_ids(
    args: &Args,
    coder: &mut Coder,
    unit: Option<OffsetUnit>,
    output: &mut Output,
) -> Result<(), Stop> {
    let mut results = Vec::new();
    for given in given(args)? {
        let (ids, spans) = match unit {
            Some(unit) => coder
                .locate(given.text()?, unit)
                .map(|(ids, spans)| (ids, Some(spans)))?,
            None => (coder.encode(&given)?, None),
        };
        let tokens: Vec<String> = ids
            .iter()
            .map(|id| shown(coder.tokenizer.token(*id).unwrap_or_default()))
            .collect();
        if output.form() == Form::Json {
            let mut result = json!({ "ids": ids, "tokens": tokens });
            if let Some(spans) = spans {
                result["offsets"] = json!(spans);
            }
            results.push(result);
            continue;
        }
        output.write(format!("{} tokens\n", ids.len()).as_bytes())?;
        for (at, (id, token)) in ids.iter().zip(&tokens).enumerate() {
            let span = spans.as_ref().and_then(|spans| spans.get(at));
            let place =
                span.map_or_else(String::new, |(start, end)| format!("{start:>6}..{end:<6}"));
            output.write(format!("{id:>7}  {place}\"{token}\"\n").as_bytes())?;
        }
    }
    match output.form() {
        Form::Json => output.json(&json!({ "texts": results })),
        Form::Text => Ok(()),
    }
}

fn print_counts(args: &Args, coder: &mut Coder, output: &mut Output) -> Result<(), Stop> {
    let mut counts = Vec::new();
    for given in given(args)? {
        counts.push(coder.count(&given)?);
    }
    match output.form() {
        Form::Json => output.json(&json!({ "counts": counts })),
        Form::Text => {
            for count in counts {
                output.write(format!("{count}\n").as_bytes())?;
            }
            Ok(())
        }
    }
}

fn print_texts(args: &Args, coder: &Coder, output: &mut Output) -> Result<(), Stop> {
    let mut ids = Vec::new();
    for given in given(args)? {
        for word in given
            .text()?
            .split(|c: char| c == ',' || c == '[' || c == ']' || c.is_whitespace())
        {
            if word.is_empty() {
                continue;
            }
            let wrong = |_| {
                let message = format!("expected token ids, got \"{word}\"");
                Error::new(ErrorKind::Usage, message).with_hint("for example 9906 1917")
            };
            ids.push(word.parse::<u32>().map_err(wrong)?);
        }
    }
    let bytes = coder.decode(&ids)?;
    match output.form() {
        Form::Json => output.json(&json!({ "text": String::from_utf8_lossy(&bytes) })),
        Form::Text => {
            output.write(&bytes)?;
            output.write(b"\n")
        }
    }
}

/// One line of JSON in, one out; as programs that compare tokenizers need it.
fn lines(coder: &mut Coder, direction: Direction, output: &mut Output) -> Result<(), Stop> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    for row in 0.. {
        line.clear();
        let n = input
            .read_until(b'\n', &mut line)
            .map_err(|error| Error::io("read", "standard input", error))?;
        if n == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let result = convert(coder, direction, &line).map_err(|error| {
            error
                .with_row(row)
                .with_line(row + 1)
                .with_path("standard input")
        })?;
        output.write(format!("{result}\n").as_bytes())?;
    }
    Ok(())
}

fn convert(coder: &mut Coder, direction: Direction, line: &[u8]) -> Result<Value, Error> {
    let given = || {
        let text = serde_json::from_slice::<String>(line);
        text.map(Given::Text)
            .map_err(|error| Error::data("expected a JSON string").with_source(error))
    };
    match direction {
        Direction::Encode => Ok(json!(coder.encode(&given()?)?)),
        Direction::Locate(unit) => {
            let (ids, spans) = coder.locate(given()?.text()?, unit)?;
            Ok(json!({ "ids": ids, "offsets": spans }))
        }
        Direction::Count => Ok(json!(coder.count(&given()?)?)),
        Direction::Decode => {
            let ids: Vec<u32> = serde_json::from_slice(line)
                .map_err(|error| Error::data("expected a JSON list of ids").with_source(error))?;
            Ok(json!(String::from_utf8_lossy(&coder.decode(&ids)?)))
        }
    }
}

/// A token as text, with what cannot be shown escaped. A token may be a piece
/// of a character.
fn shown(token: &[u8]) -> String {
    let mut text = String::with_capacity(token.len());
    for chunk in token.utf8_chunks() {
        text.extend(chunk.valid().chars().flat_map(|c| match c {
            '"' | '\\' => c.escape_default().collect::<Vec<_>>(),
            c if c.is_control() => c.escape_default().collect(),
            c => vec![c],
        }));
        for byte in chunk.invalid() {
            _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}
