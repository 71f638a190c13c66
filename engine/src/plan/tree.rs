//! The pipeline file as a tree in which every key and value knows its place.
//!
//! `toml` reads the text; this tree is what overrides change and what
//! [`super::typed`] turns into a [`super::Pipeline`]. Untyped: it knows nothing
//! of steps or keys.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Result};

/// Where a key or value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyPlace {
    /// At this byte of the pipeline file.
    File(usize),
    /// In this override, as it was given.
    Set(Arc<str>),
    /// Nowhere: a program made it.
    Code,
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Where it begins.
    pub(crate) place: KeyPlace,
    /// What it is.
    pub(crate) value: Value,
}

/// The values TOML has.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Text.
    String(String),
    /// A whole number.
    Integer(i128),
    /// A number with a fraction, an infinity or NaN.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A date or time, which no key takes.
    Datetime,
    /// A list.
    Array(Vec<Node>),
    /// A table, in the order of the file.
    Table(Vec<KeyValue>),
}

impl Value {
    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Datetime => "a date",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// A key of a table with its value.
#[derive(Debug, Clone)]
pub(crate) struct KeyValue {
    /// The key.
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) place: KeyPlace,
    /// Its value.
    pub(crate) node: Node,
}

impl Node {
    /// Parses the text of a pipeline file.
    ///
    /// # Errors
    /// `Pipeline` with line and column where it is not TOML.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let table = DeTable::parse(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let (line, col) = line_col(text, offset);
            Error::pipeline(one_line(error.message())).with_line_col(line, col)
        })?;
        Ok(Self {
            place: KeyPlace::File(0),
            value: Value::Table(entries(table.into_inner(), &in_file)),
        })
    }

    /// Parses the value of an override; what is not a TOML value is text.
    pub(crate) fn parse_override(text: &str, given: &Arc<str>) -> Self {
        let place = KeyPlace::Set(Arc::clone(given));
        let in_set = |_: Range<usize>| KeyPlace::Set(Arc::clone(given));
        let value = DeValue::parse(text).map_or(Value::Datetime, |parsed| {
            value(parsed.into_inner(), &in_set)
        });
        // A bare `2024-01-01` is more likely a directory than a date.
        let value = match value {
            Value::Datetime => Value::String(text.to_owned()),
            other => other,
        };
        Self { place, value }
    }

    /// The entry of `key`, where this is a table that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&KeyValue> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The entry of `key`, to change.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut KeyValue> {
        match &mut self.value {
            Value::Table(entries) => entries.iter_mut().find(|entry| entry.key == key),
            _ => None,
        }
    }
}

/// Line and column of byte `offset`, both from 1; columns count characters.
pub(crate) fn line_col(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or_default();
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.chars().count() + 1)
}

fn in_file(span: Range<usize>) -> KeyPlace {
    KeyPlace::File(span.start)
}

type PlaceOf<'a> = &'a dyn Fn(Range<usize>) -> KeyPlace;

fn node(spanned: Spanned<DeValue<'_>>, place_of: PlaceOf<'_>) -> Node {
    Node {
        place: place_of(spanned.span()),
        value: value(spanned.into_inner(), place_of),
    }
}

fn value(value: DeValue<'_>, place_of: PlaceOf<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Float(f64::INFINITY), Value::Integer),
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(truth) => Value::Bool(truth),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(array) => {
            Value::Array(array.into_iter().map(|item| node(item, place_of)).collect())
        }
        DeValue::Table(table) => Value::Table(entries(table, place_of)),
    }
}

fn entries(table: DeTable<'_>, place_of: PlaceOf<'_>) -> Vec<KeyValue> {
    table
        .into_iter()
        .map(|(key, item)| KeyValue {
            place: place_of(key.span()),
            key: key.into_inner().into_owned(),
            node: node(item, place_of),
        })
        .collect()
}

/// The first line of a parser's message: ours are one line each.
fn one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters() {
        let text = "a = 1\nü = 'x'\r\nb = 2";
        assert_eq!(line_col(text, 0), (1, 1));
        assert_eq!(line_col(text, 6), (2, 1));
        assert_eq!(line_col(text, 11), (2, 5));
        assert_eq!(line_col(text, 999), (3, 6));
    }

    #[test]
    fn keys_and_values_know_their_place() {
        let root = Node::parse("[source]\nuri = 'x'\n[[step]]\nop = 'pack'").unwrap();
        let source = root.get("source").unwrap();
        let uri = source.node.get("uri").unwrap();
        assert_eq!(uri.place, KeyPlace::File(9));
        assert_eq!(uri.node.place, KeyPlace::File(15));
        let Value::Array(steps) = &root.get("step").unwrap().node.value else {
            panic!("`step` is a list");
        };
        assert_eq!(steps[0].place, KeyPlace::File(19));
    }

    #[test]
    fn overrides_are_values_or_else_text() {
        let given: Arc<str> = "x".into();
        let read = |text: &str| format!("{:?}", Node::parse_override(text, &given).value);
        assert_eq!(read("12"), "Integer(12)");
        assert_eq!(read("true"), "Bool(true)");
        assert_eq!(read("out/x"), "String(\"out/x\")");
        assert_eq!(read("2024-01-01"), "String(\"2024-01-01\")");
        assert_eq!(read(""), "String(\"\")");
        assert_eq!(
            read("99999999999999999999999999999999999999999"),
            "Float(inf)"
        );
    }

    #[test]
    fn refuses_what_is_not_toml() {
        let error = Node::parse("a = 1\nb = = 2").unwrap_err();
        assert_eq!(error.location().line_col, Some((2, 5)), "{error}");
    }
}
