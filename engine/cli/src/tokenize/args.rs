//! What `fuelrail tokenize` is told.

use clap::ValueEnum;
use fuelrail::kernels::tokenize::{OffsetUnit, Special, TiktokenRules};
use fuelrail::plan::{TiktokenFamily, Utf8Mode};

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
    pub(super) texts: Vec<String>,
    /// A built-in tokenizer, the folder of a model, or a file of one: a
    /// tokenizer.json, .tiktoken, .model, vocab.txt or vocab.json
    #[arg(short, long, value_name = "NAME|PATH", default_value = "cl100k_base")]
    pub(super) tokenizer: String,
    /// The family of a .tiktoken file, where its name does not tell it
    #[arg(long, value_name = "NAME")]
    family: Option<String>,
    /// Instead of a family: the regular expression whose matches are the words
    /// of a .tiktoken file
    #[arg(long, value_name = "REGEX", conflicts_with = "family")]
    pattern: Option<String>,
    /// With --pattern: a special token and its id; may be given several times
    #[arg(long, value_name = "TOKEN=ID", requires = "pattern", value_parser = special_token)]
    special_token: Vec<(String, u32)>,
    /// What happens where the text spells a special token
    #[arg(long, value_enum, default_value_t, value_name = "POLICY")]
    pub(super) special: Policy,
    /// What happens where standard input is not UTF-8
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "MODE",
        conflicts_with = "decode"
    )]
    pub(super) invalid_utf8: Mode,
    /// Leave out the tokens that a tokenizer.json puts before and after a text
    #[arg(long, conflicts_with = "decode")]
    pub(super) no_special_tokens: bool,
    /// Turn ids into text
    #[arg(long)]
    pub(super) decode: bool,
    /// Show how many tokens there are, and no more
    #[arg(long, conflicts_with_all = ["decode", "offsets"])]
    pub(super) count: bool,
    /// Show where in the text each token begins and ends
    #[arg(long, value_enum, value_name = "UNIT", conflicts_with = "decode")]
    pub(super) offsets: Option<Unit>,
    /// Read a JSON string (with --decode: a list of ids) from each line of
    /// standard input and print a line of JSON for each
    #[arg(long, conflicts_with = "texts")]
    pub(super) jsonl: bool,
}

/// What happens where the text spells a special token.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum Policy {
    /// It is ordinary text
    #[default]
    Text,
    /// It becomes the special token
    Parse,
    /// It is an error
    Refuse,
}

/// What happens where bytes are not UTF-8.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum Mode {
    /// It is an error
    #[default]
    Error,
    /// Each wrong byte or part of a character becomes U+FFFD
    Replace,
    /// The bytes are encoded as one word, for a byte-level vocabulary
    Bytes,
}

/// What offsets count.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Unit {
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

impl From<Mode> for Utf8Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Error => Self::Error,
            Mode::Replace => Self::Replace,
            Mode::Bytes => Self::Bytes,
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

/// `TOKEN=ID`
fn special_token(text: &str) -> Result<(String, u32), String> {
    let known = text.rsplit_once('=').and_then(|(token, id)| {
        let id = id.parse().ok()?;
        (!token.is_empty()).then(|| (token.to_owned(), id))
    });
    known.ok_or_else(|| "expected a token and its id, such as \"<|endoftext|>=100257\"".to_owned())
}

impl Args {
    /// The family that a `.tiktoken` file is of.
    pub(super) fn family(&self) -> Option<TiktokenFamily> {
        match &self.pattern {
            Some(pattern) => Some(TiktokenFamily::Rules(TiktokenRules {
                pattern: pattern.clone(),
                special_tokens: self.special_token.iter().cloned().collect(),
            })),
            None => self.family.as_deref().map(Into::into),
        }
    }
}
