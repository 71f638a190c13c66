//! `[source.schema]`: the types that a pipeline file gives to keys of JSON lines.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::plan::json::{json_field, json_type_name};

/// Lists within lists, at most.
const MAX_DEPTH: usize = 8;

/// The types of single values, by their names.
const NAMES: [&str; 13] = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32",
    "float64", "string", "json",
];

/// The type that the values of a key of JSON lines must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonType {
    /// Any value; its JSON text is kept as it was written.
    Json,
    /// Values of this Arrow type.
    Typed(DataType),
}

impl JsonType {
    /// The type of this name, such as `int64` or `list<float32>`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name.trim() {
            "json" => Some(Self::Json),
            name => parse(name, MAX_DEPTH).map(Self::Typed),
        }
    }

    /// The type of this name, of columns that a pipeline file can declare.
    #[must_use]
    pub fn of(data_type: &DataType) -> Option<Self> {
        let typed = Self::Typed(data_type.clone());
        Self::parse(&typed.to_string()).filter(|parsed| *parsed == typed)
    }

    /// A nullable column of this type.
    #[must_use]
    pub fn field(&self, name: &str) -> Field {
        match self {
            Self::Json => json_field(name),
            Self::Typed(data_type) => Field::new(name, data_type.clone(), true),
        }
    }
}

fn parse(name: &str, depth: usize) -> Option<DataType> {
    use DataType as T;
    let name = name.trim();
    Some(match name {
        "bool" => T::Boolean,
        "int8" => T::Int8,
        "int16" => T::Int16,
        "int32" => T::Int32,
        "int64" => T::Int64,
        "uint8" => T::UInt8,
        "uint16" => T::UInt16,
        "uint32" => T::UInt32,
        "uint64" => T::UInt64,
        "float32" => T::Float32,
        "float64" => T::Float64,
        "string" => T::Utf8,
        _ => {
            let inner = name.strip_prefix("list<")?.strip_suffix('>')?;
            let inner = parse(inner, depth.checked_sub(1)?)?;
            T::List(Arc::new(Field::new_list_field(inner, true)))
        }
    })
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&json_type_name(&self.field("")))
    }
}

impl Serialize for JsonType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for JsonType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TypeVisitor)
    }
}

struct TypeVisitor;

impl<'de> Visitor<'de> for TypeVisitor {
    type Value = JsonType;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a type, such as \"int64\"")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<JsonType, E> {
        if let Some(found) = JsonType::parse(name) {
            return Ok(found);
        }
        if name.trim().starts_with("list") {
            return Err(E::custom(format!(
                "expected a list of numbers or texts such as \"list<float32>\", got \"{name}\""
            )));
        }
        Err(E::unknown_variant(name, &NAMES))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonType, A::Error> {
        let key: Option<String> = map.next_key()?;
        let below = key.unwrap_or_default();
        Err(de::Error::custom(format!(
            "expected the name of a type, got a table: write the keys that lead to `{below}` in \
             quotes, as in \"meta.url\" = \"string\""
        )))
    }
}

impl JsonSchema for JsonType {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "JsonType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                { "type": "string", "enum": NAMES },
                { "type": "string", "pattern": "^list<.+>$" }
            ]
        })
    }
}

/// Types of keys of JSON lines, in the order they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyTypes(pub Vec<(String, JsonType)>);

impl KeyTypes {
    /// The type of `key`, where it is declared.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&JsonType> {
        let found = self.0.iter().find(|(name, _)| name == key);
        found.map(|(_, data_type)| data_type)
    }

    /// The table of a pipeline file that declares these types.
    #[must_use]
    pub fn block(&self) -> String {
        let keys = toml::to_string(self).unwrap_or_default();
        format!("[source.schema]\n{}", keys.trim_end())
    }

    /// Whether no key is declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for KeyTypes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, data_type)| (key, data_type)))
    }
}

impl<'de> Deserialize<'de> for KeyTypes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = KeyTypes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of keys and their types")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeyTypes, A::Error> {
        let mut types = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            types.push((key, map.next_value()?));
        }
        Ok(KeyTypes(types))
    }
}

impl JsonSchema for KeyTypes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "KeyTypes".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "additionalProperties": generator.subschema_for::<JsonType>()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_written() {
        for name in NAMES {
            assert_eq!(JsonType::parse(name).unwrap().to_string(), name);
        }
        for name in [
            "list<int8>",
            "list<list<float32>>",
            "list<string>",
            "list<bool>",
        ] {
            assert_eq!(JsonType::parse(name).unwrap().to_string(), name);
        }
        assert_eq!(
            JsonType::parse(" list< list<int64 > > ")
                .unwrap()
                .to_string(),
            "list<list<int64>>"
        );
        let deep = |n: usize| format!("{}int8{}", "list<".repeat(n), ">".repeat(n));
        assert!(JsonType::parse(&deep(MAX_DEPTH)).is_some());
        for name in [
            "",
            "text",
            "int",
            "INT64",
            "list<>",
            "list<json>",
            "list<int8",
            &deep(9),
        ] {
            assert_eq!(JsonType::parse(name), None, "{name}");
        }
    }
}
