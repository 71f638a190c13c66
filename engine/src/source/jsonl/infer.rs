//! The schema of JSON lines, from the first of them.
//!
//! Fields stand in the order in which they first appear, so the same lines
//! always give the same schema. Types that do not go together become text.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use serde_json::{Map, Value};

use super::super::input::{self, Fault};
use super::super::records::{BlockSize, Chunk, Delimiter, Records};
use crate::error::{Error, Result};

/// Bytes of each file looked at.
const BYTES: usize = 4 << 20;

/// What is known of the fields so far.
#[derive(Debug)]
pub(in super::super) struct Inference {
    fields: Struct,
    n_objects: usize,
    budget: usize,
    /// The first content that could not be read at all, and why.
    fault: Option<(PathBuf, String)>,
}

impl Inference {
    /// Lines looked at by default.
    pub(in super::super) const LINES: usize = 1000;

    pub(in super::super) fn new() -> Self {
        Self {
            fields: Struct::default(),
            n_objects: 0,
            budget: BYTES,
            fault: None,
        }
    }

    /// Whether enough bytes have been seen.
    pub(in super::super) fn is_full(&self) -> bool {
        self.budget == 0
    }

    /// Looks at the first `n_lines` of a file, within what is left of 4 MiB
    /// over all files. Lines that are no objects are passed over: reading
    /// reports them.
    ///
    /// # Errors
    /// `Io` if the file cannot be read.
    pub(in super::super) fn sample(
        &mut self,
        file: File,
        path: &Path,
        n_lines: usize,
    ) -> Result<()> {
        let metadata = file
            .metadata()
            .map_err(|e| Error::io("open input", path, e))?;
        let content = input::peek_content(file, path, metadata.len())?;
        let mut records = Records::new(content, Delimiter::Newline);
        let mut left = n_lines;
        while left > 0 && self.budget > 0 {
            let size = BlockSize {
                len_bytes: 64 << 10,
                n_records: left.min(64),
            };
            match records.next_chunk(size) {
                Some(Chunk::Records { bytes, spans, .. }) => {
                    left -= spans.len();
                    self.lines(spans.iter().map(|span| &bytes[span.clone()]));
                }
                Some(Chunk::TooLong { .. }) => left -= 1,
                Some(Chunk::Fault { error, .. }) => {
                    return match input::fault(path, error) {
                        Fault::System(error) => Err(error),
                        Fault::Content(reason) => {
                            self.fault.get_or_insert((path.to_owned(), reason));
                            Ok(())
                        }
                    };
                }
                None => break,
            }
        }
        Ok(())
    }

    /// The fields seen, all nullable.
    pub(in super::super) fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.fields.fields()))
    }

    /// The file, and why, if one could not be read on.
    pub(in super::super) fn fault(&self) -> Option<&(PathBuf, String)> {
        self.fault.as_ref()
    }

    /// How many objects have been seen.
    pub(in super::super) fn n_objects(&self) -> usize {
        self.n_objects
    }

    fn lines<'a>(&mut self, lines: impl Iterator<Item = &'a [u8]>) {
        for line in lines {
            self.line(line);
        }
    }

    fn line(&mut self, line: &[u8]) {
        self.budget = self.budget.saturating_sub(line.len() + 1);
        if let Ok(Value::Object(object)) = serde_json::from_slice(line) {
            self.n_objects += 1;
            self.fields.merge(&object);
        }
    }
}

/// The type of a value, as far as it is known.
#[derive(Debug, Default)]
enum Kind {
    #[default]
    Null,
    Boolean,
    Int,
    Float,
    Text,
    List(Box<Kind>),
    Struct(Struct),
}

/// Fields in the order they were met.
#[derive(Debug, Default)]
struct Struct {
    fields: Vec<(String, Kind)>,
    index: std::collections::HashMap<String, usize>,
}

impl Struct {
    fn merge(&mut self, object: &Map<String, Value>) {
        for (name, value) in object {
            let known = self.index.get(name).copied();
            let at = known.unwrap_or_else(|| self.push(name));
            self.fields[at].1.merge(value);
        }
    }

    fn push(&mut self, name: &str) -> usize {
        let at = self.fields.len();
        self.index.insert(name.to_owned(), at);
        self.fields.push((name.to_owned(), Kind::Null));
        at
    }

    fn fields(&self) -> Fields {
        self.fields
            .iter()
            .map(|(name, kind)| Field::new(name, kind.data_type(), true))
            .collect()
    }
}

impl Kind {
    fn merge(&mut self, value: &Value) {
        if let (Self::Struct(fields), Value::Object(object)) = (&mut *self, value) {
            return fields.merge(object);
        }
        if let (Self::List(kind), Value::Array(values)) = (&mut *self, value) {
            return kind.merge_all(values);
        }
        let seen = Self::of(value);
        *self = match (std::mem::take(self), seen) {
            (Self::Null, kind) | (kind, Self::Null) => kind,
            (Self::Boolean, Self::Boolean) => Self::Boolean,
            (Self::Int, Self::Int) => Self::Int,
            (Self::Int | Self::Float, Self::Int | Self::Float) => Self::Float,
            _ => Self::Text,
        };
    }

    fn merge_all(&mut self, values: &[Value]) {
        for value in values {
            self.merge(value);
        }
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(n) if n.is_i64() => Self::Int,
            Value::Number(_) => Self::Float,
            Value::String(_) => Self::Text,
            Value::Array(values) => {
                let mut kind = Self::Null;
                kind.merge_all(values);
                Self::List(Box::new(kind))
            }
            Value::Object(object) => {
                let mut fields = Struct::default();
                fields.merge(object);
                Self::Struct(fields)
            }
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            // A field of which only nulls were seen most often holds text.
            Self::Null | Self::Text => DataType::Utf8,
            Self::List(kind) => {
                DataType::List(Arc::new(Field::new_list_field(kind.data_type(), true)))
            }
            Self::Struct(fields) => DataType::Struct(fields.fields()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infer(lines: &[&str]) -> Vec<(String, DataType)> {
        let mut inference = Inference::new();
        for line in lines {
            inference.line(line.as_bytes());
        }
        let schema = inference.schema();
        schema
            .fields()
            .iter()
            .map(|f| (f.name().clone(), f.data_type().clone()))
            .collect()
    }

    #[test]
    fn fields_keep_the_order_of_their_first_appearance() {
        let schema = infer(&[
            r#"{"z": 1, "a": "x"}"#,
            "no json",
            r#"{"m": true, "a": null}"#,
        ]);
        assert_eq!(
            schema,
            [
                ("z".to_owned(), DataType::Int64),
                ("a".to_owned(), DataType::Utf8),
                ("m".to_owned(), DataType::Boolean),
            ]
        );
    }

    #[test]
    fn types_that_differ_meet_in_the_wider_one_or_in_text() {
        let schema = infer(&[
            r#"{"n": 1, "t": 1, "l": [1], "o": {"b": 1}, "x": {"b": 1}}"#,
            r#"{"n": 0.5, "t": "a", "l": [null, 2.5], "o": {"a": "q"}, "x": 3}"#,
        ]);
        let list = DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true)));
        let object = DataType::Struct(Fields::from(vec![
            Field::new("b", DataType::Int64, true),
            Field::new("a", DataType::Utf8, true),
        ]));
        let types: Vec<_> = schema.into_iter().map(|(_, t)| t).collect();
        assert_eq!(
            types,
            [
                DataType::Float64,
                DataType::Utf8,
                list,
                object,
                DataType::Utf8
            ]
        );
    }
}
