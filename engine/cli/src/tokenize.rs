//! `fuelrail tokenize`: the ids of a text, or the text of ids.

use std::fmt::Write as _;
use std::io::{self, BufRead, Read as _};
use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;
use fuelrail::kernels::tokenize::{
    AddSpecial, EncodeOptions, Encoder, OffsetUnit, Special, TokenSpan, Tokenizer,
};
use fuelrail::plan::TokenizerRef;
use fuelrail::{Error, ErrorKind, run};
use serde_json::{Value, json};

use crate::output::{Form, Output, Stop};

/// Show the token ids of a text, or the text of token ids
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: fuelrail tokenize -t gpt2 \"Hello world\"")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Args {
    /// The texts, or with --decode the ids; without any, or as `-`, standard
    /// input is one
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,
    /// A built-in tokenizer, the folder of a model, or a file of one: a
    /// tokenizer.json, .tiktoken, .model, vocab.txt or vocab.json
    #[arg(short, long, value_name = "NAME|PATH", default_value = "cl100k_base")]
    tokenizer: String,
    /// The family of a .tiktoken file, where its name does not tell it
    #[arg(long, value_name = "NAME")]
    family: Option<String>,
    /// What happens where the text spells a special token
    #[arg(long, value_enum, default_value_t, value_name = "POLICY")]
    special: Policy,
    /// Leave out the tokens that a tokenizer.json puts before and after a text
    #[arg(long, conflicts_with = "decode")]
    no_special_tokens: bool,
    /// Turn ids into text
    #[arg(long)]
    decode: bool,
    /// Show how many tokens there are, and no more
    #[arg(long, conflicts_with_all = ["decode", "offsets"])]
    count: bool,
    /// Show where in the text each token begins and ends
    #[arg(long, value_enum, value_name = "UNIT", conflicts_with = "decode")]
    offsets: Option<Unit>,
    /// Read a JSON string (with --decode: a list of ids) from each line of
    /// standard input and print a line of JSON for each
    #[arg(long, conflicts_with = "texts")]
    jsonl: bool,
}

/// What happens where the text spells a special token.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Policy {
    /// It is ordinary text
    #[default]
    Text,
    /// It becomes the special token
    Parse,
    /// It is an error
    Refuse,
}

/// What offsets count.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Unit {
    /// Characters, as Python does
    Chars,
    /// Bytes of UTF-8
    Bytes,
}

impl From<Unit> for OffsetUnit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Chars => Self::Chars,
            Unit::Bytes => Self::Bytes,
        }
    }
}

impl From<Policy> for Special {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Text => Self::Text,
            Policy::Parse => Self::Parse,
            Policy::Refuse => Self::Refuse,
        }
    }
}

/// Prints ids with their texts, or texts.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let named = TokenizerRef {
        name: args.tokenizer.clone(),
        family: args.family.clone(),
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

/// What is put before and after a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    /// What the tokenizer's file says.
    Template,
}

/// A tokenizer with the room it works in.
struct Coder {
    tokenizer: Arc<Tokenizer>,
    encoder: Encoder,
    special: Special,
    around: Around,
}

impl Coder {
    fn new(tokenizer: Arc<Tokenizer>, special: Special, around: Around) -> Self {
        Self {
            encoder: Encoder::new(Arc::clone(&tokenizer)),
            tokenizer,
            special,
            around,
        }
    }

    fn encode(&mut self, text: &str) -> Result<Vec<u32>, Error> {
        let mut ids = Vec::new();
        let done = match self.around {
            Around::Nothing => self.encoder.encode(text, self.special, &mut ids),
            Around::Template => self
                .encoder
                .encode_with_template(text, self.special, &mut ids),
        };
        done.map_err(|error| Error::data(error.to_string()))?;
        Ok(ids)
    }

    /// The ids, and where each is in the text.
    fn locate(
        &mut self,
        text: &str,
        offsets: OffsetUnit,
    ) -> Result<(Vec<u32>, Vec<TokenSpan>), Error> {
        let options = EncodeOptions {
            special: self.special,
            add_special: match self.around {
                Around::Nothing => AddSpecial::No,
                Around::Template => AddSpecial::Yes,
            },
            offsets,
            ..EncodeOptions::default()
        };
        let encoding = self.encoder.encode_tokens(text, None, &options);
        let encoding = encoding.map_err(|error| Error::data(error.to_string()))?;
        Ok((encoding.ids, encoding.spans))
    }

    /// How many ids there are.
    fn count(&mut self, text: &str) -> Result<usize, Error> {
        let failed = |message: String| Error::data(message);
        let n_around = match self.around {
            Around::Nothing => 0,
            Around::Template => {
                let template = self.tokenizer.template();
                let template = template.map_err(|error| failed(error.to_string()))?;
                template.begin.len() + template.end.len()
            }
        };
        let counted = self.encoder.count(text, self.special);
        Ok(n_around + counted.map_err(|error| failed(error.to_string()))?)
    }

    fn decode(&self, ids: &[u32]) -> Result<Vec<u8>, Error> {
        let n_ids = self.tokenizer.vocab_size();
        match ids.iter().find(|id| **id as usize >= n_ids) {
            Some(id) => Err(Error::data(format!("expected ids below {n_ids}, got {id}"))),
            None => self
                .tokenizer
                .decode(ids)
                .map_err(|error| Error::data(error.to_string())),
        }
    }
}

fn print_ids(
    args: &Args,
    coder: &mut Coder,
    unit: Option<OffsetUnit>,
    output: &mut Output,
) -> Result<(), Stop> {
    let mut results = Vec::new();
    for text in texts(args)? {
        let (ids, spans) = match unit {
            Some(unit) => coder
                .locate(&text, unit)
                .map(|(ids, spans)| (ids, Some(spans)))?,
            None => (coder.encode(&text)?, None),
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
    for text in texts(args)? {
        counts.push(coder.count(&text)?);
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
    for text in texts(args)? {
        for word in text.split(|c: char| c == ',' || c == '[' || c == ']' || c.is_whitespace()) {
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

/// The texts given, else standard input as one.
fn texts(args: &Args) -> Result<Vec<String>, Error> {
    let from_input = args.texts.is_empty() || args.texts == ["-"];
    if !from_input {
        return Ok(args.texts.clone());
    }
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Error::io("read", "standard input", error))?;
    let text =
        String::from_utf8(bytes).map_err(|error| not_utf8(&error).with_path("standard input"))?;
    Ok(vec![text])
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
    let text = || {
        serde_json::from_slice::<String>(line)
            .map_err(|error| Error::data("expected a JSON string").with_source(error))
    };
    match direction {
        Direction::Encode => Ok(json!(coder.encode(&text()?)?)),
        Direction::Locate(unit) => {
            let (ids, spans) = coder.locate(&text()?, unit)?;
            Ok(json!({ "ids": ids, "offsets": spans }))
        }
        Direction::Count => Ok(json!(coder.count(&text()?)?)),
        Direction::Decode => {
            let ids: Vec<u32> = serde_json::from_slice(line)
                .map_err(|error| Error::data("expected a JSON list of ids").with_source(error))?;
            Ok(json!(String::from_utf8_lossy(&coder.decode(&ids)?)))
        }
    }
}

fn not_utf8(error: &std::string::FromUtf8Error) -> Error {
    let at = error.utf8_error().valid_up_to();
    let byte = error.as_bytes().get(at).copied().unwrap_or_default();
    Error::data(format!("expected UTF-8, got byte {byte:#04x} at {at}"))
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
