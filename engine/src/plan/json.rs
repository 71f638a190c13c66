//! How lines of JSON become the columns of a projection.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::type_names::type_name;

/// The column that holds the keys no other column does, where
/// [`UnknownKeys::Keep`] asks for them.
pub const EXTRA: &str = "__extra";

/// The name of Arrow's extension type for the text of JSON values, and the
/// key of a field's metadata under which it stands.
const EXTENSION: (&str, &str) = ("ARROW:extension:name", "arrow.json");

/// How JSON lines become columns; the default takes top keys by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonShape {
    /// Where columns of the projection come from. A column that is not named
    /// here is the top key of its name, and its type a proposal.
    pub columns: Vec<JsonColumn>,
    /// What happens to keys that no column holds.
    pub unknown_keys: UnknownKeys,
    /// Whether `NaN`, `Infinity` and `-Infinity` are numbers.
    pub allow_nan: bool,
}

/// Whether `NaN`, `Infinity` and `-Infinity`, which JSON lacks, are numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NotFinite {
    /// A line that has one is bad content.
    #[default]
    Refused,
    /// They are floats.
    Allowed,
}

impl From<bool> for NotFinite {
    fn from(allow_nan: bool) -> Self {
        if allow_nan {
            Self::Allowed
        } else {
            Self::Refused
        }
    }
}

/// Where one column of a projection comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonColumn {
    /// The column's name in the projection.
    pub name: String,
    /// The keys that lead to it, from the top object down.
    pub path: Vec<String>,
    /// Whether the user gave its type; whole numbers then take `1.0` and `1E2`.
    pub declared: bool,
}

/// What happens to keys that no column holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownKeys {
    /// They are passed over: steps have named the columns that are wanted.
    #[default]
    #[serde(skip)]
    Skip,
    /// The line is bad content.
    Error,
    /// They are dropped, and counted by key.
    Ignore,
    /// Their text is kept in one column, `__extra`.
    Keep,
}

/// A nullable column that holds the text of JSON values as it stands.
#[must_use]
pub fn json_field(name: &str) -> Field {
    let (key, value) = EXTENSION;
    let metadata = HashMap::from([(key.to_owned(), value.to_owned())]);
    Field::new(name, DataType::Utf8, true).with_metadata(metadata)
}

/// Whether `field` holds the text of JSON values.
#[must_use]
pub fn is_json(field: &Field) -> bool {
    let (key, value) = EXTENSION;
    *field.data_type() == DataType::Utf8 && field.metadata().get(key).is_some_and(|v| v == value)
}

/// The type of `field` as `[source.schema]` spells it.
#[must_use]
pub fn json_type_name(field: &Field) -> String {
    match field.data_type() {
        _ if is_json(field) => "json".to_owned(),
        DataType::List(item) => format!("list<{}>", json_type_name(item)),
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| format!("{}: {}", field.name(), json_type_name(field)))
                .collect();
            format!("struct<{}>", fields.join(", "))
        }
        DataType::Utf8 => "string".to_owned(),
        other => type_name(other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn json_is_told_from_text_wherever_it_stands() {
        assert!(is_json(&json_field("a")));
        assert!(!is_json(&Field::new("a", DataType::Utf8, true)));
        let list = DataType::List(Arc::new(json_field("item")));
        assert_eq!(
            json_type_name(&Field::new("a", list.clone(), true)),
            "list<json>"
        );
        let fields = vec![
            Field::new("l", list, true),
            Field::new("n", DataType::Int64, true),
        ];
        let both = Field::new("a", DataType::Struct(fields.into()), true);
        assert_eq!(json_type_name(&both), "struct<l: list<json>, n: int64>");
    }
}
