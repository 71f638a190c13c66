//! The keys of `chat`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use fuelrail_kernels::chat::ChatClock;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::plan::columns::{LOSS_MASK, default_tokens};
use crate::plan::family::TiktokenFamily;
use crate::plan::named_types::IdType;
use crate::plan::tokenizers::TokenizerRef;

/// Turns conversations into token ids by a chat template.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatSpec {
    /// The column of conversations; the token column takes its place. A
    /// conversation is a list of messages, structs with a `role` and what else
    /// the template reads, or the JSON text of such a list.
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
    /// The chat template: its text, which has a `{`; the path of a .jinja file or
    /// of a `tokenizer_config.json`; or the name of one of the model's (default:
    /// what the folder of the tokenizer's file comes with).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_template: Option<String>,
    /// The column of the tools of each conversation: lists of JSON schemas, as
    /// structs or as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<String>,
    /// The column of the documents of each conversation: lists of structs, or
    /// JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<String>,
    /// The name of the token column.
    #[serde(default = "default_tokens")]
    pub output: String,
    /// The name of the column that is 1 for each token of the assistant and 0
    /// for all others, or false for none (default: `loss_mask`).
    #[serde(default)]
    pub loss_mask: MaskName,
    /// Whether a conversation ends with what makes the assistant speak.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub add_generation_prompt: bool,
    /// The time that `strftime_now` in the template tells, such as
    /// "2024-07-26", "2024-07-26 12:00:00", or seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<FixedTime>,
    /// What else the template reads, such as `enable_thinking`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Value>,
    /// The type of the ids (default: "uint16" where all fit, else "uint32").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtype: Option<IdType>,
}

/// Where the chat template of a step comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenTemplate<'a> {
    /// From the files of the model.
    Model,
    /// From these, by its name there.
    Named(&'a str),
    /// From this file.
    File(&'a str),
    /// It is this.
    Text(&'a str),
}

impl ChatSpec {
    /// Renders `column` by the model's template with every other key at its
    /// default.
    pub fn new(column: impl Into<String>, tokenizer: impl Into<String>) -> Self {
        Self {
            column: column.into(),
            tokenizer: tokenizer.into(),
            family: None,
            chat_template: None,
            tools: None,
            documents: None,
            output: default_tokens(),
            loss_mask: MaskName::default(),
            add_generation_prompt: false,
            now: None,
            variables: BTreeMap::new(),
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

    /// Where the template comes from.
    #[must_use]
    pub fn given_template(&self) -> GivenTemplate<'_> {
        match self.chat_template.as_deref() {
            None => GivenTemplate::Model,
            Some(text) if text.contains(['{', '\n']) => GivenTemplate::Text(text),
            Some(path) if is_path(path) => GivenTemplate::File(path),
            Some(name) => GivenTemplate::Named(name),
        }
    }

    /// The columns that it reads.
    pub fn inputs(&self) -> impl Iterator<Item = &String> {
        let beside = [&self.tools, &self.documents];
        std::iter::once(&self.column).chain(beside.into_iter().flatten())
    }
}

fn is_path(text: &str) -> bool {
    let path = std::path::Path::new(text);
    let extension = path.extension().and_then(|extension| extension.to_str());
    text.contains(['/', '\\']) || matches!(extension, Some("jinja" | "json"))
}

/// The name of a column for a loss mask, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaskName {
    /// There is no such column; written `false`.
    None,
    /// It has this name.
    Column(String),
}

impl Default for MaskName {
    fn default() -> Self {
        Self::Column(LOSS_MASK.to_owned())
    }
}

impl MaskName {
    /// The name, if there is one.
    #[must_use]
    pub fn column(&self) -> Option<&String> {
        match self {
            Self::None => None,
            Self::Column(name) => Some(name),
        }
    }
}

impl Serialize for MaskName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_bool(false),
            Self::Column(name) => serializer.serialize_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for MaskName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MaskVisitor)
    }
}

struct MaskVisitor;

impl Visitor<'_> for MaskVisitor {
    type Value = MaskName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a column, or false for none")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<MaskName, E> {
        if flag {
            Err(E::invalid_value(Unexpected::Bool(flag), &self))
        } else {
            Ok(MaskName::None)
        }
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<MaskName, E> {
        Ok(MaskName::Column(name.to_owned()))
    }
}

impl JsonSchema for MaskName {
    fn schema_name() -> Cow<'static, str> {
        "MaskName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The name of a column, or false for none.",
            "oneOf": [{ "type": "string" }, { "const": false }]
        })
    }
}

/// A time that does not go on, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedTime(pub i64);

impl Serialize for FixedTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for FixedTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = FixedTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a time such as \"2024-07-26\" or \"2024-07-26 12:00:00\" in quotes, or seconds since 1970",
        )
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<FixedTime, E> {
        time(ChatClock::from_seconds(seconds))
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(seconds), &self))
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<FixedTime, E> {
        let signed = i64::try_from(seconds);
        signed
            .ok()
            .and_then(|seconds| time(ChatClock::from_seconds(seconds)))
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(seconds), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<FixedTime, E> {
        time(ChatClock::from_text(text))
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

fn time(clock: Option<ChatClock>) -> Option<FixedTime> {
    match clock {
        Some(ChatClock::Seconds(seconds)) => Some(FixedTime(seconds)),
        Some(ChatClock::Unset) | None => None,
    }
}

impl JsonSchema for FixedTime {
    fn schema_name() -> Cow<'static, str> {
        "FixedTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A date, a date and a time of day, or seconds since 1970.",
            "oneOf": [
                {
                    "type": "string",
                    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$"
                },
                { "type": "integer" }
            ]
        })
    }
}
