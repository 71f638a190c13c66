//! The pipeline file, typed: what users write, not yet checked against any
//! input.
//!
//! The descriptions here are the ones `fuelrail schema` publishes.

mod bounds;
mod built;
mod chat_spec;
mod schema_spec;
mod steps;
mod tokenizers;

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

use super::device::DeviceChoice;
use super::json::UnknownKeys;
use super::places::{Places, step_index};
use super::size::ByteSize;
use super::spelling::Uris;
use super::tokenizers::LoadedTokenizers;
use super::tree::{KeyPlace, Node};
use super::typed::TypedError;
use super::types::{Document, Fingerprint, Format, OnError, Split};
use super::{overrides, schema};

pub(in crate::plan) use bounds::{MOST_TOKENS, MOST_WINDOW};
pub use chat_spec::{ChatSpec, FixedTime, GivenTemplate, MaskName};
pub use schema_spec::{JsonType, KeyTypes};
pub use steps::{ChunkSpec, FilterSpec, Nulls, PackSpec, SelectSpec, StepSpec, TokenizeSpec};
pub use tokenizers::NamedTemplates;

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
    /// The device that runs the steps which have twins on devices (default:
    /// "auto", the best there is). It never shows in the dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceChoice>,
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
    /// Tokenizers that are in memory, by the names that steps give them.
    #[serde(skip)]
    pub(crate) kept: LoadedTokenizers,
}

impl PartialEq for Pipeline {
    fn eq(&self, other: &Self) -> bool {
        self.device == other.device
            && self.source == other.source
            && self.step == other.step
            && self.sink == other.sink
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
    /// At most so many rows, in source order, after the split; what cannot be
    /// read does not count, but what a step drops or sets aside does. The inputs
    /// are then one part, read by one thread.
    #[serde(
        default,
        deserialize_with = "bounds::some_rows",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1))]
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
    /// What becomes of a key of JSON lines that is neither declared in `schema`
    /// nor in the lines looked at for types (default: "error"); for pipelines
    /// that store all keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_keys: Option<UnknownKeys>,
    /// Whether `NaN`, `Infinity` and `-Infinity` in JSON lines are numbers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_nan: bool,
    /// Types of keys of JSON lines, which every row must have; the types of
    /// others are proposed from the lines. A key below another is named with a
    /// dot: "meta.url".
    #[serde(default, skip_serializing_if = "KeyTypes::is_empty")]
    pub schema: KeyTypes,
    /// Whether the checksums of Parquet pages are checked, where a file has
    /// them (default: true).
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub page_checksums: bool,
    /// The unit in which timestamps of INT96 in Parquet files are read
    /// (default: "ns").
    #[serde(default, skip_serializing_if = "Int96Unit::is_default")]
    pub int96: Int96Unit,
}

/// The unit in which timestamps of INT96 are read. Those that it does not hold
/// are refused by row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Int96Unit {
    /// Nanoseconds: every moment from 1677 to 2262.
    #[default]
    Ns,
    /// Microseconds: years far beyond 9999, and no fractions of one.
    Us,
}

impl Int96Unit {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the shape that serde takes"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
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
            unknown_keys: None,
            allow_nan: false,
            schema: KeyTypes::default(),
            page_checksums: yes(),
            int96: Int96Unit::default(),
        }
    }
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape that serde takes"
)]
fn is_yes(given: &bool) -> bool {
    *given
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

fn default_part_size() -> ByteSize {
    ByteSize(1 << 30)
}

fn default_shard_size() -> ByteSize {
    ByteSize(256 << 20)
}

impl Pipeline {
    /// A pipeline built in code.
    #[must_use]
    pub fn new(source: SourceSpec, step: Vec<StepSpec>, sink: SinkSpec) -> Self {
        Self {
            device: None,
            source,
            step,
            sink,
            places: Places::default(),
            kept: LoadedTokenizers::default(),
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
        let ops = steps::ops(&root);
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
        Some(KeyPlace::Set(given)) => format!("{message}, given by --set {given}"),
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
