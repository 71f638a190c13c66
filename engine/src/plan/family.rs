//! What a `.tiktoken` file does not say, as a pipeline says it: by a name, or by
//! a pattern and special tokens.

use std::borrow::Cow;
use std::fmt;

use fuelrail_kernels::tokenize::TiktokenRules;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};

/// The family of a `.tiktoken` file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TiktokenFamily {
    /// One that is known by its name.
    Named(String),
    /// One of the user's own.
    Rules(TiktokenRules),
}

impl From<&str> for TiktokenFamily {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl Serialize for TiktokenFamily {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Named(name) => serializer.serialize_str(name),
            Self::Rules(rules) => rules.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TiktokenFamily {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FamilyVisitor)
    }
}

struct FamilyVisitor;

impl<'de> Visitor<'de> for FamilyVisitor {
    type Value = TiktokenFamily;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a family, or a table of `pattern` and `special_tokens`")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<TiktokenFamily, E> {
        Ok(name.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TiktokenFamily, A::Error> {
        TiktokenRules::deserialize(MapAccessDeserializer::new(map)).map(TiktokenFamily::Rules)
    }
}

impl JsonSchema for TiktokenFamily {
    fn schema_name() -> Cow<'static, str> {
        "TiktokenFamily".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The name of a family of tiktoken encodings, or its pattern and special tokens.",
            "oneOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": {
                        "pattern": {
                            "description": "The regular expression whose matches are words, as tiktoken takes it.",
                            "type": "string"
                        },
                        "special_tokens": {
                            "description": "The ids of special tokens by their text.",
                            "type": "object",
                            "additionalProperties": {
                                "type": "integer", "minimum": 0, "maximum": 4_294_967_294u32
                            }
                        }
                    },
                    "required": ["pattern"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
