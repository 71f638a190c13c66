//! Keys that may be written in two ways: one URI or several, a token by its
//! text or its id.

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
        match self.0.as_slice() {
            [only] => serializer.serialize_str(only),
            several => serializer.collect_seq(several),
        }
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

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Uris, A::Error> {
        let mut uris = Vec::new();
        while let Some(uri) = seq.next_element()? {
            uris.push(uri);
        }
        Ok(Uris(uris))
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
