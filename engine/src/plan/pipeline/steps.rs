//! The steps of a pipeline file, typed.

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::bounds;
use super::chat_spec::ChatSpec;
use crate::plan::columns::default_tokens;
use crate::plan::family::TiktokenFamily;
use crate::plan::named_types::{IdType, TextUnit, TruncationSide};
use crate::plan::operators::{COLUMN_OPERATORS, ColumnOperator, OneOf};
use crate::plan::spelling::{ColumnNames, DocumentToken, TokenName};
use crate::plan::steps::{OtherColumns, Overlong, PackMethod, SpecialTokens, Utf8Mode};
use crate::plan::tokenizers::TokenizerRef;
use crate::plan::tree::{Node, Value};

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
    /// Turn conversations into token ids, by a chat template.
    Chat(Box<ChatSpec>),
    /// Lay token lists into rows of one length; the last step.
    Pack(PackSpec),
    /// Cut lists into pieces that overlap, a row each; the last step.
    Chunk(ChunkSpec),
    /// Map the items of columns, by the operator that `op` names.
    #[serde(untagged)]
    Map(ColumnOperator),
}

impl StepSpec {
    /// The operator's one name.
    #[must_use]
    pub fn op(&self) -> &'static str {
        match self {
            Self::Select(_) => "select",
            Self::Filter(_) => "filter",
            Self::Tokenize(_) => "tokenize",
            Self::Chat(_) => "chat",
            Self::Pack(_) => "pack",
            Self::Chunk(_) => "chunk",
            Self::Map(operator) => operator.name(),
        }
    }

    /// The tokenizer that it names, if it names one.
    #[must_use]
    pub fn tokenizer_ref(&self) -> Option<TokenizerRef> {
        match self {
            Self::Tokenize(step) => Some(step.tokenizer_ref()),
            Self::Chat(step) => Some(step.tokenizer_ref()),
            Self::Select(_) | Self::Filter(_) | Self::Pack(_) | Self::Chunk(_) | Self::Map(_) => {
                None
            }
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
    /// The text column; the token column takes its place, unless `keep_text` says
    /// otherwise.
    pub column: String,
    /// The name of a built-in tokenizer such as `cl100k_base`, or the path of
    /// a tokenizer file (tokenizer.json, .tiktoken, .model, vocab.txt) or of a
    /// model's folder, relative to the pipeline file's directory.
    pub tokenizer: String,
    /// For a .tiktoken file whose name does not tell it: the family that fixes
    /// pattern and special tokens, such as `cl100k_base` or `llama3`, or a table
    /// of `pattern` and `special_tokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<TiktokenFamily>,
    /// The name of the token column.
    #[serde(default = "default_tokens")]
    pub output: String,
    /// What happens where the text itself spells a special token.
    #[serde(default)]
    pub special_tokens: SpecialTokens,
    /// What happens where a value of a binary column is not UTF-8.
    #[serde(default, skip_serializing_if = "Utf8Mode::is_default")]
    pub invalid_utf8: Utf8Mode,
    /// The token put before each document, or false for none (default: what
    /// the post-processor of a tokenizer.json puts there, else none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin_of_document: Option<DocumentToken>,
    /// The token put after each document, or false for none (default: as
    /// above).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_of_document: Option<DocumentToken>,
    /// Tokens of a document, at most, those around it among them (default: all are
    /// kept). What is beyond is left out and counted.
    #[serde(
        default,
        deserialize_with = "bounds::some_length",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 16_777_216))]
    pub max_length: Option<u32>,
    /// The end of a longer document that loses tokens (default: "right").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncation_side: Option<TruncationSide>,
    /// What two more columns count that say where in the text each token begins and
    /// ends: `OUTPUT_start` and `OUTPUT_end`. For tokens around a document both are 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offsets: Option<TextUnit>,
    /// Whether the text column stays, with the token column behind it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_text: bool,
    /// The name of one more column: how many tokens the document has, whatever
    /// `max_length` leaves of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<String>,
    /// The type of the ids (default: "uint16" where all fit, else "uint32").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtype: Option<IdType>,
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
            invalid_utf8: Utf8Mode::default(),
            begin_of_document: None,
            end_of_document: None,
            max_length: None,
            truncation_side: None,
            offsets: None,
            keep_text: false,
            count: None,
            dtype: None,
        }
    }

    /// The tokenizer as it is named.
    #[must_use]
    pub fn tokenizer_ref(&self) -> TokenizerRef {
        TokenizerRef {
            name: self.tokenizer.clone(),
            family: self.family.clone(),
        }
    }
}

/// Lays token lists into rows of one length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of a file")]
pub struct PackSpec {
    /// The token column: one that `tokenize` or `chat` made (default: the only one
    /// there is), or lists of whole numbers. The loss mask of `chat` is packed
    /// along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Instead of `column`: the token column, and behind it those that have a
    /// value for each token, such as a loss mask, and are packed along with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// Tokens in a row.
    #[serde(deserialize_with = "bounds::length")]
    #[schemars(range(min = 1, max = 16_777_216))]
    pub length: u32,
    /// How documents are laid into rows.
    #[serde(default)]
    pub method: PackMethod,
    /// What becomes of a document longer than a row (default: "split", with
    /// several columns and of conversations "refuse"); for method `best_fit` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlong: Option<Overlong>,
    /// The token that fills the end of a row (default: the end-of-document
    /// token; behind `chat` the model's `pad_token`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad: Option<TokenName>,
    /// Whether the padding of a row is a last segment in `cu_seqlens`, which then
    /// always ends with the length of the row, as attention kernels want it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pad_segment: bool,
    /// Documents a window holds at least, from which rows are put together
    /// (default: 10000); for method `best_fit` only.
    #[serde(
        default,
        deserialize_with = "bounds::window",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub window: Option<u32>,
    /// Documents in a row, at most.
    #[serde(
        default,
        deserialize_with = "bounds::some_length",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 16_777_216))]
    pub max_documents: Option<u32>,
    /// Whether the rows have a column `position_ids`: the place of each token in
    /// its document, from 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub position_ids: bool,
    /// Whether the rows have a column `labels`: each token in its own place, and
    /// -100 where there is no loss.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub labels: bool,
    /// The one of `columns` that is 0 where `labels` has -100 (default: the mask
    /// that `chat` made, else `loss_mask`, if it is among them).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_mask: Option<String>,
}

impl PackSpec {
    /// Packs the only token column into rows of `length` with every other key
    /// at its default.
    #[must_use]
    pub fn new(length: u32) -> Self {
        Self {
            column: None,
            columns: None,
            length,
            method: PackMethod::default(),
            overlong: None,
            pad: None,
            pad_segment: false,
            window: None,
            max_documents: None,
            position_ids: false,
            labels: false,
            loss_mask: None,
        }
    }
}

/// Cuts lists into pieces that overlap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChunkSpec {
    /// The column of lists that are cut, mostly of token ids, or several that have
    /// as many values and are cut alike. A loss mask and places that a step made
    /// beside tokens are cut with them.
    pub column: ColumnNames,
    /// Values of a piece, at most.
    #[serde(deserialize_with = "bounds::length")]
    #[schemars(range(min = 1, max = 16_777_216))]
    pub length: u32,
    /// Values that a piece shares with the one before; fewer than `length`.
    #[serde(default)]
    pub overlap: u32,
    /// Values of the last piece of a row, at least: a shorter one is left out and
    /// counted.
    #[serde(default = "one")]
    pub min_length: u32,
    /// What becomes of the other columns.
    #[serde(default)]
    pub others: OtherColumns,
}

fn one() -> u32 {
    1
}

/// The operators that map no columns.
const OTHERS: [&str; 6] = ["select", "filter", "tokenize", "chat", "pack", "chunk"];

/// The operators.
const OPS: [&str; OTHERS.len() + COLUMN_OPERATORS.len()] = ops_of_both();

const fn ops_of_both<const N: usize>() -> [&'static str; N] {
    let mut both = [""; N];
    let mut at = 0;
    while at < N {
        both[at] = if at < OTHERS.len() {
            OTHERS[at]
        } else {
            COLUMN_OPERATORS[at - OTHERS.len()]
        };
        at += 1;
    }
    both
}

/// Operators of the steps.
pub(super) fn ops(root: &Node) -> Vec<String> {
    let Some(Value::Array(steps)) = root.get("step").map(|entry| &entry.node.value) else {
        return Vec::new();
    };
    steps.iter().map(op).collect()
}

/// The operator of a step, `step` where there is none of that name.
pub(super) fn op(step: &Node) -> String {
    match step.get("op").map(|entry| &entry.node.value) {
        Some(Value::String(op)) if OPS.contains(&op.as_str()) => op.clone(),
        _ => "step".to_owned(),
    }
}

impl<'de> Deserialize<'de> for StepSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StepVisitor)
    }
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
        let op = map.next_value_seed(OneOf(&OPS))?;
        let rest = MapAccessDeserializer::new(map);
        Ok(match op.as_str() {
            "select" => StepSpec::Select(SelectSpec::deserialize(rest)?),
            "filter" => StepSpec::Filter(FilterSpec::deserialize(rest)?),
            "tokenize" => StepSpec::Tokenize(TokenizeSpec::deserialize(rest)?),
            "chat" => StepSpec::Chat(Box::new(ChatSpec::deserialize(rest)?)),
            "pack" => StepSpec::Pack(PackSpec::deserialize(rest)?),
            "chunk" => StepSpec::Chunk(ChunkSpec::deserialize(rest)?),
            name => match ColumnOperator::read(name, rest) {
                Some(operator) => StepSpec::Map(operator?),
                None => return Err(A::Error::unknown_variant(name, &OPS)),
            },
        })
    }
}
