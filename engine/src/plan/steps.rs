//! The checked steps of a plan.

use std::sync::Arc;

use arrow::datatypes::DataType;
use fuelrail_kernels::Kernel;
use fuelrail_kernels::tokenize::Tokenizer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chat_step::ChatStep;
use super::named_types::{ImageLayout, TextUnit, TruncationSide};
use super::operators::ColumnSteps;
use super::output::OutputColumn;

/// One checked step.
#[derive(Debug, Clone)]
pub enum Step {
    /// Keep some columns.
    Select(SelectStep),
    /// Keep some rows.
    Filter(FilterStep),
    /// Text to token ids.
    Tokenize(TokenizeStep),
    /// Conversations to token ids.
    Chat(Box<ChatStep>),
    /// Columns whose items are mapped one by one.
    Map(MapStep),
    /// Token ids to rows of fixed length.
    Pack(PackStep),
    /// Lists to pieces that overlap, a row each.
    Chunk(ChunkStep),
}

impl Step {
    /// The operator's one name.
    #[must_use]
    pub fn op(&self) -> &'static str {
        match self {
            Self::Select(_) => "select",
            Self::Filter(_) => "filter",
            Self::Tokenize(_) => "tokenize",
            Self::Chat(_) => "chat",
            Self::Map(step) => step.op,
            Self::Pack(_) => "pack",
            Self::Chunk(_) => "chunk",
        }
    }

    /// The step, if it packs.
    #[must_use]
    pub fn as_pack(&self) -> Option<&PackStep> {
        match self {
            Self::Pack(step) => Some(step),
            Self::Select(_)
            | Self::Filter(_)
            | Self::Tokenize(_)
            | Self::Chat(_)
            | Self::Map(_)
            | Self::Chunk(_) => None,
        }
    }

    /// The step, if it cuts into pieces.
    #[must_use]
    pub fn as_chunk(&self) -> Option<&ChunkStep> {
        match self {
            Self::Chunk(step) => Some(step),
            Self::Select(_)
            | Self::Filter(_)
            | Self::Tokenize(_)
            | Self::Chat(_)
            | Self::Map(_)
            | Self::Pack(_) => None,
        }
    }

    /// Whether nothing can come after it.
    #[must_use]
    pub fn is_last(&self) -> bool {
        match self {
            Self::Pack(_) | Self::Chunk(_) => true,
            Self::Select(_)
            | Self::Filter(_)
            | Self::Tokenize(_)
            | Self::Chat(_)
            | Self::Map(_) => false,
        }
    }

    /// The step, if it maps.
    #[must_use]
    pub fn as_map(&self) -> Option<&MapStep> {
        match self {
            Self::Map(step) => Some(step),
            Self::Select(_)
            | Self::Filter(_)
            | Self::Tokenize(_)
            | Self::Chat(_)
            | Self::Pack(_)
            | Self::Chunk(_) => None,
        }
    }
}

/// Keeps `columns`, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SelectStep {
    /// Names of columns that exist.
    pub columns: Vec<String>,
}

/// Keeps rows whose value in `column` is not null and has a length within
/// bounds: bytes of a string or binary, elements of a list.
///
/// With neither bound it drops nulls only; it applies to any type then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterStep {
    /// The column looked at.
    pub column: String,
    /// The least length kept.
    pub min_length: Option<u64>,
    /// The greatest length kept.
    pub max_length: Option<u64>,
    /// What becomes of a row whose value is null.
    pub keep_nulls: bool,
}

/// What happens where the text itself spells a special token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpecialTokens {
    /// It is ordinary text (tiktoken's `encode_ordinary`).
    #[default]
    Text,
    /// It becomes the special token's id (Hugging Face's default).
    Parse,
    /// The row is content that cannot be used (tiktoken's default).
    Refuse,
}

/// What happens where bytes are not UTF-8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Utf8Mode {
    /// The row is content that cannot be used.
    #[default]
    Error,
    /// Each byte, or part of a character, that is wrong becomes U+FFFD, as in
    /// Python's `errors="replace"`.
    Replace,
    /// From the last word before it on, the bytes are one word of a byte-level
    /// vocabulary, as in tiktoken's `_encode_bytes`.
    Bytes,
}

impl Utf8Mode {
    /// Whether it is what is done unless told otherwise.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::Error
    }
}

/// Replaces the text column by its token ids, in a column of that name or
/// `output`.
#[derive(Debug, Clone)]
pub struct TokenizeStep {
    /// The text column: string, large string, string view, binary or
    /// a dictionary of them.
    pub column: String,
    /// The name of the list column that takes its place.
    pub output: String,
    /// The tokenizer.
    pub tokenizer: Arc<Tokenizer>,
    /// Its name in the dataset's `assets`.
    pub asset: String,
    /// What happens where the text spells a special token.
    pub special_tokens: SpecialTokens,
    /// What happens where a binary value is not UTF-8.
    pub invalid_utf8: Utf8Mode,
    /// Put before each document, mostly one or none.
    pub begin_of_document: Vec<u32>,
    /// Put after each document, mostly one or none.
    pub end_of_document: Vec<u32>,
    /// `UInt16` or `UInt32`.
    pub id_type: DataType,
    /// How longer documents are cut, if they are.
    pub truncation: Option<DocumentTruncation>,
    /// What the places of tokens count, where there are columns of them.
    pub offsets: Option<TextUnit>,
    /// Whether the text stays, with the tokens behind it.
    pub keep_text: bool,
    /// The column of how many tokens a document has, if there is one.
    pub count: Option<String>,
}

/// How documents are cut that have more tokens than a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentTruncation {
    /// Tokens of a document, at most, those around it among them.
    pub max_length: u32,
    /// The end that loses tokens.
    pub side: TruncationSide,
}

/// Maps the items of columns, each by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct MapStep {
    /// The operator's one name.
    pub op: &'static str,
    /// Its version.
    pub version: u32,
    /// One for each column, which keeps its name.
    pub columns: Vec<ColumnChange>,
    /// What becomes of numbers that do not fit.
    pub overflow: Overflow,
    /// What decides the bits and belongs to no column.
    pub identity: Vec<(&'static str, Value)>,
}

/// What a step does to the items of one column: numbers, as scalars or in lists of
/// fixed or varying length, or rows of fixed length.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnChange {
    /// What is done, one after another.
    pub kernels: Vec<Kernel>,
    /// The bytes of the number that takes the place of a null, before the
    /// kernels run; without it, nulls stay null.
    pub fill: Option<Vec<u8>>,
    /// The order of the axes of the images behind it, where they are such.
    pub layout: Option<ImageLayout>,
    /// What this step and those before it do to image files: none of it is among the
    /// kernels, and it runs when all images have one size.
    pub files: Option<Arc<ColumnSteps>>,
    /// The keys that decide the bits, checked and with their defaults: never the
    /// kernels, which a better form of the same may replace.
    pub identity: Value,
    /// What is done, in words.
    pub words: String,
    /// The column behind the step; the one before it has the same name.
    pub output: OutputColumn,
}

/// What becomes of a number that does not fit its new type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overflow {
    /// Its row is content that cannot be used.
    #[default]
    Error,
    /// It becomes the nearest number that fits; NaN becomes 0.
    Saturate,
}

/// How documents are laid into rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackMethod {
    /// Best-fit decreasing within a window; documents that fit are not cut.
    #[default]
    BestFit,
    /// One after another, cut where a row is full; only a part's last row is
    /// padded.
    Concat,
}

/// What becomes of a document longer than a row, where rows are put together
/// by best fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overlong {
    /// Cut into rows, the rest packed like a document.
    #[default]
    Split,
    /// Only its first row is kept.
    Truncate,
    /// Left out and counted.
    Drop,
    /// The row is content that cannot be used.
    Refuse,
}

/// What `labels` are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PackLabels {
    /// There are none.
    #[default]
    None,
    /// All tokens.
    All,
    /// Those for which this aligned column is not 0.
    Masked(String),
}

/// A column that has a value for each token and is packed along with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlignedColumn {
    /// Its name, before and behind the step.
    pub name: String,
    /// The type of its values.
    pub element: DataType,
}

/// Packs the token lists of `column` into rows `[n_rows, length]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackStep {
    /// The list column of token ids.
    pub column: String,
    /// Tokens a row.
    pub length: u32,
    /// How documents are laid into rows.
    pub method: PackMethod,
    /// What becomes of longer documents.
    pub overlong: Overlong,
    /// Fills the end of a row.
    pub pad: u32,
    /// Whether what fills it is a last segment in `cu_seqlens`.
    pub pad_segment: bool,
    /// Documents a best-fit window holds at least (see the operator's contract
    /// for when it closes).
    pub window: u32,
    /// The type of the ids.
    pub id_type: DataType,
    /// What is packed along with the tokens.
    pub aligned: Vec<AlignedColumn>,
    /// Documents in a row, at most.
    pub max_documents: Option<u32>,
    /// Whether rows say where each token stands in its document.
    pub position_ids: bool,
    /// Whether rows have labels, and of which tokens.
    pub labels: PackLabels,
}

impl PackStep {
    /// The columns it reads, the tokens first.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        let aligned = self.aligned.iter().map(|column| column.name.as_str());
        std::iter::once(self.column.as_str()).chain(aligned)
    }

    /// The type of the labels: the signed one that holds every id.
    #[must_use]
    pub fn label_type(&self) -> DataType {
        match self.id_type {
            DataType::UInt32 | DataType::Int64 => DataType::Int64,
            _ => DataType::Int32,
        }
    }
}

/// What becomes of the columns that a step does not cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OtherColumns {
    /// Each piece has the values of its row.
    #[default]
    Repeat,
    /// They are left out.
    Drop,
}

/// Cuts the lists of some columns alike into pieces that overlap, a row each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkStep {
    /// What is cut; the lengths of the first rule.
    pub columns: Vec<AlignedColumn>,
    /// Values of a piece, at most.
    pub length: u32,
    /// Values that a piece shares with the one before.
    pub overlap: u32,
    /// Values of the last piece of a row, at least.
    pub min_length: u32,
    /// What becomes of the other columns.
    pub others: OtherColumns,
}

impl ChunkStep {
    /// The column whose lengths rule.
    #[must_use]
    pub fn first(&self) -> &str {
        self.columns.first().map_or("", |column| &column.name)
    }
}
