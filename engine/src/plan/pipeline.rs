//! The pipeline file, typed: what users write, not yet checked against any
//! input.
//!
//! The descriptions here are the ones `fuelrail schema` publishes.

use std::path::Path;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

use super::overrides;
use super::places::Places;
use super::schema;
use super::size::ByteSize;
use super::spelling::{TokenName, Uris};
use super::tree::{Node, Place};
use super::typed::TypedError;
use super::types::{
    Document, Fingerprint, Format, OnError, Overlong, PackMethod, SpecialTokens, Split,
};

/// A fuelrail pipeline: where rows come from, what is done to each, and where
/// the dataset goes.
///
/// Equality is that of what was written, not of where.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "fuelrail pipeline",
    description = "Where rows come from, what is done to each, and where the dataset goes."
)]
pub struct Pipeline {
    /// Where rows come from.
    pub source: SourceSpec,
    /// What is done to each row, in this order; without steps the rows are
    /// written as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub step: Vec<StepSpec>,
    /// Where the dataset goes.
    pub sink: SinkSpec,
    /// Where each key was written.
    #[serde(skip)]
    pub(crate) places: Places,
}

impl PartialEq for Pipeline {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.step == other.step && self.sink == other.sink
    }
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// A file, directory or glob, or a list of them; relative to the pipeline
    /// file's directory.
    pub uri: Uris,
    /// The layout of the files; by default told by their extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// How text files are cut into documents (default: "file"); for text only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// What happens to content that cannot be read.
    #[serde(default)]
    pub on_error: OnError,
    /// At most so many rows, in source order, after the split. The inputs are
    /// then one part, read by one thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Takes one side of a split by a hash of each row's value in one column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// About how many bytes of input make one part, the unit of work and of
    /// resume. It decides where shards and windows end.
    #[serde(default = "default_part_size")]
    pub part_size: ByteSize,
    /// How changed inputs are told from unchanged ones.
    #[serde(default)]
    pub fingerprint: Fingerprint,
}

impl SourceSpec {
    /// A source of `uris` with every other key at its default.
    pub fn new(uris: impl Into<Uris>) -> Self {
        Self {
            uri: uris.into(),
            format: None,
            document: None,
            on_error: OnError::default(),
            limit: None,
            split: None,
            part_size: default_part_size(),
            fingerprint: Fingerprint::default(),
        }
    }
}

/// Where the dataset goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinkSpec {
    /// The dataset's directory, relative to the pipeline file's directory.
    pub uri: String,
    /// The size that no shard exceeds, unless a single row does.
    #[serde(default = "default_shard_size")]
    pub shard_size: ByteSize,
}

impl SinkSpec {
    /// A dataset in the directory `uri` with shards of the default size.
    pub fn new(uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            shard_size: default_shard_size(),
        }
    }
}

/// One step; `op` names its operator.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum StepSpec {
    /// Keep some columns, in the order given.
    Select(SelectSpec),
    /// Keep rows by the length of a value, and drop or keep nulls.
    Filter(FilterSpec),
    /// Turn text into token ids.
    Tokenize(TokenizeSpec),
    /// Lay token lists into rows of one length; the last step.
    Pack(PackSpec),
}

impl StepSpec {
    /// The operator's one name.
    #[must_use]
    pub fn op(&self) -> &'static str {
        match self {
            Self::Select(_) => "select",
            Self::Filter(_) => "filter",
            Self::Tokenize(_) => "tokenize",
            Self::Pack(_) => "pack",
        }
    }
}

/// Keeps columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectSpec {
    /// The columns kept, in this order.
    pub columns: Vec<String>,
}

/// Keeps rows whose value has a length within bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterSpec {
    /// The column looked at.
    pub column: String,
    /// The least length kept: bytes of text or binary, elements of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// The greatest length kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// What becomes of rows whose value is null.
    #[serde(default)]
    pub nulls: Nulls,
}

/// What a filter does to nulls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Nulls {
    /// The row is dropped.
    #[default]
    Drop,
    /// The row is kept, whatever the bounds.
    Keep,
}

/// Turns a text column into a column of token ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenizeSpec {
    /// The text column; the token column takes its place.
    pub column: String,
    /// The name of a built-in tokenizer such as `cl100k_base`, or the path of
    /// a tokenizer.json or .tiktoken file, relative to the pipeline file's
    /// directory.
    pub tokenizer: String,
    /// For a .tiktoken file whose name does not tell it: the family that fixes
    /// pattern and special tokens, such as `cl100k_base`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// The name of the token column.
    #[serde(default = "default_tokens")]
    pub output: String,
    /// What happens where the text itself spells a special token.
    #[serde(default)]
    pub special_tokens: SpecialTokens,
    /// The token put before each document (default: none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin_of_document: Option<TokenName>,
    /// The token put after each document (default: none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_of_document: Option<TokenName>,
}

impl TokenizeSpec {
    /// Tokenizes `column` with every other key at its default.
    pub fn new(column: impl Into<String>, tokenizer: impl Into<String>) -> Self {
        Self {
            column: column.into(),
            tokenizer: tokenizer.into(),
            family: None,
            output: default_tokens(),
            special_tokens: SpecialTokens::default(),
            begin_of_document: None,
            end_of_document: None,
        }
    }
}

/// Lays token lists into rows of one length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackSpec {
    /// The token column (default: the only one there is).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Tokens in a row.
    #[schemars(range(min = 1, max = 16_777_216))]
    pub length: u32,
    /// How documents are laid into rows.
    #[serde(default)]
    pub method: PackMethod,
    /// What becomes of a document longer than a row (default: "split"); for
    /// method `best_fit` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlong: Option<Overlong>,
    /// The token that fills the end of a row (default: the end-of-document
    /// token).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad: Option<TokenName>,
    /// Documents a window holds at least, from which rows are put together
    /// (default: 10000); for method `best_fit` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub window: Option<u32>,
}

impl PackSpec {
    /// Packs the only token column into rows of `length` with every other key
    /// at its default.
    #[must_use]
    pub fn new(length: u32) -> Self {
        Self {
            column: None,
            length,
            method: PackMethod::default(),
            overlong: None,
            pad: None,
            window: None,
        }
    }
}

fn default_part_size() -> ByteSize {
    ByteSize(1 << 30)
}

fn default_shard_size() -> ByteSize {
    ByteSize(256 << 20)
}

fn default_tokens() -> String {
    "tokens".to_owned()
}

impl Pipeline {
    /// A pipeline built in code.
    #[must_use]
    pub fn new(source: SourceSpec, step: Vec<StepSpec>, sink: SinkSpec) -> Self {
        Self {
            source,
            step,
            sink,
            places: Places::default(),
        }
    }

    /// Reads the text of a pipeline file; `path` is what errors call it.
    ///
    /// # Errors
    /// `Pipeline` with line and column where it is not TOML, has a key or
    /// value that no pipeline has, or lacks one.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self> {
        Self::from_toml_with(text, path, &[])
    }

    /// Reads the text of a pipeline file and applies `overrides` of the form
    /// `step.key=value` first.
    ///
    /// # Errors
    /// As [`Self::from_toml`]; `Usage` where an override is malformed or names
    /// no step.
    pub fn from_toml_with(text: &str, path: &Path, overrides: &[String]) -> Result<Self> {
        let mut root = Node::parse(text).map_err(|error| error.with_path(path))?;
        for given in overrides {
            overrides::apply(&mut root, given)?;
        }
        let places = Places::of(&root, text, path);
        let ops = ops(&root);
        match Self::deserialize(root) {
            Ok(pipeline) => Ok(Self { places, ..pipeline }),
            Err(error) => Err(explain(&error, &places, &ops)),
        }
    }

    /// The JSON Schema of the pipeline file.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        let mut schema = schemars::schema_for!(Self).to_value();
        schema::tidy(&mut schema);
        schema
    }

    /// Adds to `error` what is known of the value of `key` in the step `index`
    /// (from 0), or of the whole step where `key` is empty.
    pub(crate) fn locate_step(&self, error: Error, index: usize, key: &str) -> Error {
        let dot = if key.is_empty() { "" } else { "." };
        self.locate(error, &format!("step[{index}]{dot}{key}"))
    }

    /// Adds to `error` what is known of the value at `path`, such as
    /// `step[1].column`: step, operator, and its place in the file.
    pub(crate) fn locate(&self, error: Error, path: &str) -> Error {
        let ops: Vec<String> = self.step.iter().map(|step| step.op().to_owned()).collect();
        self.places.locate(with_step(error, path, &ops), path)
    }
}

const OPS: [&str; 4] = ["select", "filter", "tokenize", "pack"];

/// Operators of the steps, `step` where there is none of that name.
fn ops(root: &Node) -> Vec<String> {
    use super::tree::Value;
    let Some(Value::Array(steps)) = root.get("step").map(|entry| &entry.node.value) else {
        return Vec::new();
    };
    let op = |step: &Node| match step.get("op").map(|entry| &entry.node.value) {
        Some(Value::String(op)) if OPS.contains(&op.as_str()) => op.clone(),
        _ => "step".to_owned(),
    };
    steps.iter().map(op).collect()
}

/// The index in `step[index]…`.
fn step_index(path: &str) -> Option<usize> {
    path.strip_prefix("step[")?.split_once(']')?.0.parse().ok()
}

fn with_step(error: Error, path: &str, ops: &[String]) -> Error {
    match step_index(path).and_then(|index| Some((index, ops.get(index)?))) {
        Some((index, op)) => error.with_step(index + 1, op.clone()),
        None => error,
    }
}

/// An error of the types as one of the file.
fn explain(error: &TypedError, places: &Places, ops: &[String]) -> Error {
    let path = error.path();
    let key = path.rsplit(['.', ']']).next().unwrap_or_default();
    let table = match path
        .split_once(['.', '['])
        .map_or(path.as_str(), |(table, _)| table)
    {
        table @ ("source" | "sink") => Some(table),
        _ => None,
    };
    let about_key = error.message.contains("key `");
    let message = match (about_key, table) {
        (true, Some(_)) => format!("{} in [{path}]", error.message),
        (false, Some(_)) if path.contains('.') => format!("{path}: {}", error.message),
        (false, _) if !key.is_empty() => format!("{key}: {}", error.message),
        _ => error.message.clone(),
    };
    let message = match &error.place {
        Some(Place::Set(given)) => format!("{message}, given by --set {given}"),
        _ => message,
    };
    let mut out = with_step(Error::pipeline(message), &path, ops);
    if let Some(hint) = &error.hint {
        out = out.with_hint(hint.clone());
    }
    match &error.place {
        Some(place) => places.point(out, place),
        None => places.locate(out, &path),
    }
}

impl<'de> Deserialize<'de> for StepSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StepVisitor)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    Select,
    Filter,
    Tokenize,
    Pack,
}

/// Reads `op`, which must come first, then the rest as that operator's keys.
struct StepVisitor;

impl<'de> Visitor<'de> for StepVisitor {
    type Value = StepSpec;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a table with `op`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StepSpec, A::Error> {
        match map.next_key::<String>()?.as_deref() {
            Some("op") => {}
            _ => return Err(A::Error::missing_field("op")),
        }
        let op: Op = map.next_value()?;
        let rest = MapAccessDeserializer::new(map);
        Ok(match op {
            Op::Select => StepSpec::Select(SelectSpec::deserialize(rest)?),
            Op::Filter => StepSpec::Filter(FilterSpec::deserialize(rest)?),
            Op::Tokenize => StepSpec::Tokenize(TokenizeSpec::deserialize(rest)?),
            Op::Pack => StepSpec::Pack(PackSpec::deserialize(rest)?),
        })
    }
}
