//! Keys that may be written in two ways: one URI, column or number or several,
//! a token by its text or its id, a number whole or not.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Unexpected, Visitor};
use serde::{Serialize, Serializer};

/// One or more places to read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uris(pub Vec<String>);

impl From<&str> for Uris {
    fn from(uri: &str) -> Self {
        Self(vec![uri.to_owned()])
    }
}

impl From<Vec<String>> for Uris {
    fn from(uris: Vec<String>) -> Self {
        Self(uris)
    }
}

impl Serialize for Uris {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        one_or_many(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Uris {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UrisVisitor)
    }
}

struct UrisVisitor;

impl<'de> Visitor<'de> for UrisVisitor {
    type Value = Uris;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path or glob, or a list of them")
    }

    fn visit_str<E: de::Error>(self, uri: &str) -> Result<Uris, E> {
        Ok(Uris(vec![uri.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Uris, A::Error> {
        collect(seq).map(Uris)
    }
}

impl JsonSchema for Uris {
    fn schema_name() -> Cow<'static, str> {
        "Uris".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 }
            ]
        })
    }
}

/// A token, by its text or its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenName {
    /// Its text, such as `<|endoftext|>`.
    Text(String),
    /// Its id.
    Id(u32),
}

impl Serialize for TokenName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Id(id) => serializer.serialize_u32(*id),
        }
    }
}

impl<'de> Deserialize<'de> for TokenName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TokenVisitor)
    }
}

struct TokenVisitor;

impl Visitor<'_> for TokenVisitor {
    type Value = TokenName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text or the id of a token")
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<TokenName, E> {
        u32::try_from(id)
            .map(TokenName::Id)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(id), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TokenName, E> {
        Ok(TokenName::Text(text.to_owned()))
    }
}

impl JsonSchema for TokenName {
    fn schema_name() -> Cow<'static, str> {
        "TokenName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A token, by its text or its id.",
            "oneOf": [
                { "type": "string" },
                { "type": "integer", "minimum": 0, "maximum": 4_294_967_295u32 }
            ]
        })
    }
}

/// A token put before or after each document, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentToken {
    /// None, whatever the tokenizer's file says; written `false`.
    None,
    /// This one.
    Token(TokenName),
}

impl Serialize for DocumentToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_bool(false),
            Self::Token(token) => token.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for DocumentToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentTokenVisitor)
    }
}

struct DocumentTokenVisitor;

impl Visitor<'_> for DocumentTokenVisitor {
    type Value = DocumentToken;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text or the id of a token, or false for none")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<DocumentToken, E> {
        if flag {
            Err(E::invalid_value(Unexpected::Bool(flag), &self))
        } else {
            Ok(DocumentToken::None)
        }
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<DocumentToken, E> {
        TokenVisitor.visit_u64(id).map(DocumentToken::Token)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DocumentToken, E> {
        TokenVisitor.visit_str(text).map(DocumentToken::Token)
    }
}

impl JsonSchema for DocumentToken {
    fn schema_name() -> Cow<'static, str> {
        "DocumentToken".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A token, by its text or its id, or false for none.",
            "oneOf": [
                { "type": "string" },
                { "type": "integer", "minimum": 0, "maximum": 4_294_967_295u32 },
                { "const": false }
            ]
        })
    }
}

/// The names of one or more columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnNames(pub Vec<String>);

impl From<&str> for ColumnNames {
    fn from(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }
}

impl From<Vec<String>> for ColumnNames {
    fn from(names: Vec<String>) -> Self {
        Self(names)
    }
}

impl Serialize for ColumnNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        one_or_many(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for ColumnNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = ColumnNames;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a column, or a list of names")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<ColumnNames, E> {
        Ok(ColumnNames(vec![name.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<ColumnNames, A::Error> {
        collect(seq).map(ColumnNames)
    }
}

impl JsonSchema for ColumnNames {
    fn schema_name() -> Cow<'static, str> {
        "ColumnNames".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 }
            ]
        })
    }
}

/// A number, whole or not, exactly as it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Constant {
    /// A whole number.
    Whole(i128),
    /// Any other.
    Real(f64),
}

impl Constant {
    /// The nearest binary64.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "rounds to nearest even")]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Real(number) => number,
        }
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
        }
    }
}

impl Serialize for Constant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(number) => serializer.serialize_i128(*number),
            Self::Real(number) => serializer.serialize_f64(*number),
        }
    }
}

impl<'de> Deserialize<'de> for Constant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConstantVisitor)
    }
}

struct ConstantVisitor;

impl Visitor<'_> for ConstantVisitor {
    type Value = Constant;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Constant, E> {
        Ok(Constant::Whole(number.into()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Constant, E> {
        Ok(Constant::Whole(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Constant, E> {
        Ok(Constant::Real(number))
    }
}

impl JsonSchema for Constant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Constant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

/// One number for everything, or one for each.
#[derive(Debug, Clone, PartialEq)]
pub struct Constants(pub Vec<f64>);

impl From<f64> for Constants {
    fn from(number: f64) -> Self {
        Self(vec![number])
    }
}

impl From<Vec<f64>> for Constants {
    fn from(numbers: Vec<f64>) -> Self {
        Self(numbers)
    }
}

impl Serialize for Constants {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        one_or_many(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Constants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConstantsVisitor)
    }
}

struct ConstantsVisitor;

impl<'de> Visitor<'de> for ConstantsVisitor {
    type Value = Constants;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a list of numbers")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Constants, E> {
        Ok(Constant::Whole(number.into()).to_f64().into())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Constants, E> {
        Ok(Constant::Whole(number.into()).to_f64().into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Constants, E> {
        Ok(Constants(vec![number]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Constants, A::Error> {
        collect(seq).map(Constants)
    }
}

impl JsonSchema for Constants {
    fn schema_name() -> Cow<'static, str> {
        "Constants".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One number, or one for each channel or column.",
            "oneOf": [
                { "type": "number" },
                { "type": "array", "items": { "type": "number" }, "minItems": 1 }
            ]
        })
    }
}

fn one_or_many<T: Serialize, S: Serializer>(
    values: &[T],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match values {
        [only] => only.serialize(serializer),
        several => serializer.collect_seq(several),
    }
}

fn collect<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<T>, A::Error> {
    let mut values = Vec::new();
    while let Some(value) = seq.next_element()? {
        values.push(value);
    }
    Ok(values)
}
