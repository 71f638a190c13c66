//! The plan as data: every value here has been checked.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::discovery::Discovery;
use super::json::JsonShape;
use super::listing::{ListedFile, Listing};
use super::made_tokens::MadeTokens;
use super::memory::InMemory;
use super::output::OutputColumn;
use super::row_group::RowGroup;
use super::seen::{Looked, SeenKeys};
use super::stage::Stages;
use super::steps::{ChunkStep, PackStep, Step};

/// The layouts a source reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, file or stream.
    Arrow,
    /// One JSON object a line; plain, `.gz` or `.zst`.
    Jsonl,
    /// Plain text; plain, `.gz` or `.zst`.
    Text,
    /// Folders of image files: a row for each file, its bytes as they are.
    Images,
    /// Tar archives in the layout of `WebDataset`; plain, `.gz` or `.zst`.
    Tar,
    /// A table in memory, which no file can name.
    #[serde(skip_deserializing)]
    #[schemars(skip)]
    Table,
}

/// The column of keys of samples in tar archives.
pub(crate) const SAMPLE_KEY: &str = "__key__";

impl Format {
    /// Its name, as users write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Jsonl => "jsonl",
            Self::Text => "text",
            Self::Images => "images",
            Self::Tar => "tar",
            Self::Table => "table",
        }
    }
}

/// How plain text is cut into documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Document {
    /// The whole file is one document.
    #[default]
    File,
    /// Each line is one, without its line end (`\n` or `\r\n`).
    Line,
    /// Cut wherever this text stands; it belongs to no document.
    Separator(String),
}

/// What happens to content that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The run stops with an error that names the place.
    #[default]
    Fail,
    /// The unit is set aside, counted and listed.
    Quarantine,
}

/// How changed inputs are told from unchanged ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fingerprint {
    /// By a digest of the whole content.
    #[default]
    Content,
    /// By a digest of the length and of samples of the content: quick, and
    /// blind to a change between the samples.
    Sampled,
}

/// A split of the rows by a hash of one column's value.
///
/// The value alone decides, so equal documents fall on the same side, and
/// adding, renaming or reordering files moves no row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The side this dataset takes.
    pub take: SplitSide,
    /// The share of rows on the validation side, in `0.0..=1.0`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub validation: f64,
    /// The column whose value is hashed.
    pub key: String,
    /// Another seed is another split.
    #[serde(default)]
    pub seed: u64,
}

/// The sides of a [`Split`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SplitSide {
    /// The rows to train on.
    Train,
    /// The rows held out.
    Validation,
}

/// What discovery found out about one input file.
#[derive(Debug, Clone)]
pub struct InputDescription {
    /// The file.
    pub input: Input,
    /// Its columns; none for JSON lines, which [`Catalog::seen`] is about.
    pub schema: SchemaRef,
}

/// One input: a file, the image files of one folder, or a table in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Where it is opened.
    pub path: PathBuf,
    /// Its name relative to the root of its glob or directory, with `/`; the
    /// only name that enters a dataset.
    pub name: String,
    /// Length in bytes.
    pub len_bytes: u64,
    /// Digest of its content.
    pub digest: Digest,
    /// Row groups, where the format has them and can be entered at any of them.
    pub row_groups: Vec<RowGroup>,
    /// Its rows, where they are in memory: it is no file then, and `path` is its
    /// name.
    pub table: Option<Arc<InMemory>>,
    /// Its files, where it is a folder of them; `path` is the folder's then.
    pub listing: Option<Arc<Listing>>,
}

impl Input {
    /// The file that holds row `row`.
    #[must_use]
    pub fn path_of(&self, row: u64) -> &Path {
        self.listed(row).map_or(&self.path, |file| &file.path)
    }

    /// The path below the root of the file that is row `row`, where a row is one.
    #[must_use]
    pub fn file_name_of(&self, row: u64) -> Option<&str> {
        self.listed(row).map(|file| file.name.as_str())
    }

    fn listed(&self, row: u64) -> Option<&ListedFile> {
        let files = &self.listing.as_ref()?.files;
        files.get(usize::try_from(row).ok()?)
    }
}

/// What the inputs of a pipeline hold; made by `source`, read by [`super::check`].
#[derive(Debug, Clone)]
pub struct Catalog {
    /// The files, in source order: that of the list, and within a directory
    /// or glob sorted by name (byte order).
    pub files: Vec<InputDescription>,
    /// The layout of all of them.
    pub format: Format,
    /// For JSON lines, what was seen of their keys.
    pub seen: Option<SeenKeys>,
    /// What else there is to say about them.
    pub discovery: Discovery,
}

/// How the inputs are read.
#[derive(Debug, Clone)]
pub struct SourcePlan {
    /// The layout.
    pub format: Format,
    /// How plain text is cut.
    pub document: Document,
    /// What happens to content that cannot be read.
    pub on_error: OnError,
    /// At most so many rows, in source order, after the split.
    pub limit: Option<u64>,
    /// Which rows are taken.
    pub split: Option<Split>,
    /// The columns that are read, with the types that files declare; batches
    /// come in the types of their values.
    pub projection: SchemaRef,
    /// How JSON lines become these columns; the other layouts ignore it.
    pub json: JsonShape,
    /// For JSON lines, how much was looked at for the types of keys.
    pub looked: Option<Looked>,
    /// Columns that would be written and are left out, because their type is
    /// null: no file has a value in them.
    pub left_out: Vec<String>,
    /// Whether checksums of Parquet pages are checked, where there are any.
    pub page_checksums: bool,
}

impl SourcePlan {
    /// The line, from 1, that is row `row` of an input, from 0; nothing where
    /// rows are no lines.
    #[must_use]
    pub fn line_of(&self, row: u64) -> Option<u64> {
        let has_lines = match self.format {
            Format::Jsonl => true,
            Format::Text => self.document == Document::Line,
            Format::Parquet | Format::Arrow | Format::Images | Format::Tar | Format::Table => false,
        };
        has_lines.then(|| row.saturating_add(1))
    }
}

/// A run of one file's rows that belongs to one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Index into [`Plan::inputs`].
    pub file: u32,
    /// The row groups, or `None` for the whole file.
    pub row_groups: Option<Range<usize>>,
    /// The row number in the file of the first row.
    pub first_row: u64,
}

/// The unit of work, resume and distribution. Windows, shards and quarantine
/// never cross one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Position in [`Plan::parts`].
    pub index: u32,
    /// What it reads, in source order; never empty.
    pub pieces: Vec<Piece>,
    /// Bytes of input.
    pub len_bytes: u64,
}

/// Where and how the dataset is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkPlan {
    /// The dataset's directory.
    pub root: PathBuf,
    /// The size of a shard's file, which no shard exceeds unless one row does.
    pub shard_size: u64,
}

/// A file that travels with the dataset, such as the tokenizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// File name under `assets/`.
    pub name: String,
    /// What it is: `tokenizer.json` or `tiktoken`.
    pub kind: String,
    /// For `tiktoken`, the family that fixes pattern and special tokens.
    pub family: Option<String>,
    /// Its content.
    pub bytes: Arc<[u8]>,
}

/// All that decides the bits of the dataset, as canonical JSON and its digest.
///
/// Never device, batch size, threads, world size, or where inputs and output lie.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// Keys in a fixed order; the same plan gives the same text.
    pub canonical: serde_json::Value,
    /// xxh3-128 of that text.
    pub digest: Digest,
}

/// A pipeline that has been checked against its inputs.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The files, in source order.
    pub inputs: Vec<Input>,
    /// How they are read.
    pub source: SourcePlan,
    /// The inputs cut into parts; empty for empty inputs.
    pub parts: Vec<Part>,
    /// What is done to each row.
    pub steps: Vec<Step>,
    /// The steps as they run.
    pub stages: Stages,
    /// What comes out.
    pub output: Vec<OutputColumn>,
    /// Where it goes.
    pub sink: SinkPlan,
    /// Files that travel with the dataset.
    pub assets: Vec<Asset>,
    /// What there is to say about the inputs; it decides nothing.
    pub discovery: Discovery,
    /// What decides the bits.
    pub identity: Identity,
}

impl Plan {
    /// How rows are packed, if they are: by the last step.
    #[must_use]
    pub fn pack(&self) -> Option<&PackStep> {
        self.steps.last().and_then(Step::as_pack)
    }

    /// How rows are cut into pieces, if they are: by the last step.
    #[must_use]
    pub fn chunk(&self) -> Option<&ChunkStep> {
        self.steps.last().and_then(Step::as_chunk)
    }

    /// The token ids in `column`, if a step made them.
    #[must_use]
    pub fn made_tokens(&self, column: &str) -> Option<MadeTokens<'_>> {
        let mut made = self.steps.iter().rev().filter_map(Step::made_tokens);
        made.find(|made| made.column == column)
    }
}
