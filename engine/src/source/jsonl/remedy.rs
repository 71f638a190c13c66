//! What would let a line through, in words.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema};

use super::cursor::{Cursor, Token};
use super::fault::{Fault, Lexed, PathPart, Remedy};
use super::number::Size;
use crate::plan::{json_field, json_type_name};

/// A type for the value at `cursor`, or nothing for `json`.
pub(super) fn type_of(cursor: &mut Cursor<'_>) -> Lexed<Option<DataType>> {
    let data_type = match cursor.token()? {
        Token::Bool => DataType::Boolean,
        Token::Text => DataType::Utf8,
        Token::NotFinite => DataType::Float64,
        Token::Number => match cursor.take_number()?.size() {
            Size::Small | Size::Signed => DataType::Int64,
            Size::Unsigned => DataType::UInt64,
            Size::Float => DataType::Float64,
            Size::Big | Size::Huge => return Ok(None),
        },
        Token::Null | Token::List | Token::Object => return Ok(None),
    };
    Ok(Some(data_type))
}

/// What to do about a fault, if anything helps.
pub(super) fn hint(schema: &Schema, fault: &Fault) -> Option<String> {
    const ALL: &str = "`fuelrail plan --scan` finds the types of all lines";
    let path = fault.path();
    let at = "under `[source.schema]`";
    match (fault.remedy(), path.as_slice()) {
        (Remedy::AllowNan, _) => {
            Some("set `allow_nan = true` under `[source]` to read it as a float".to_owned())
        }
        (Remedy::NewKey(data_type), [PathPart::Key(key)]) => {
            let line = schema_line(&leaf(key, data_type.as_ref()));
            Some(format!(
                "write `{line}` {at}, or set `unknown_keys` to \"ignore\" or \"keep\" under `[source]`"
            ))
        }
        (Remedy::Type(data_type), path) => {
            let field = find(schema, path, data_type.as_ref())?;
            Some(format!("write `{}` {at}; {ALL}", schema_line(&field)))
        }
        _ => None,
    }
}

/// A field of a type, or of `json`.
fn leaf(name: &str, data_type: Option<&DataType>) -> Field {
    match data_type {
        Some(data_type) => Field::new(name, data_type.clone(), true),
        None => json_field(name),
    }
}

/// The column of `schema` to which `path` leads, with another type for the
/// value at its end. Of a column that is itself at the end of a path of keys,
/// the longest name that fits is taken.
fn find(schema: &Schema, path: &[PathPart], data_type: Option<&DataType>) -> Option<Field> {
    let mut name = String::new();
    let mut found = None;
    for (at, step) in path.iter().enumerate() {
        let PathPart::Key(key) = step else { break };
        if at > 0 {
            name.push('.');
        }
        name.push_str(key);
        if let Ok(field) = schema.field_with_name(&name) {
            found = replaced(field, &path[at + 1..], data_type).or(found);
        }
    }
    found
}

/// `field` with another type for the value to which `path` leads within it.
fn replaced(field: &Field, path: &[PathPart], data_type: Option<&DataType>) -> Option<Field> {
    let Some((step, rest)) = path.split_first() else {
        return Some(leaf(field.name(), data_type));
    };
    let inner = match (step, field.data_type()) {
        (PathPart::Item, DataType::List(item)) => {
            DataType::List(Arc::new(replaced(item, rest, data_type)?))
        }
        (PathPart::Key(key), DataType::Struct(fields)) => {
            // A key that the struct lacks: only `json` holds any.
            let Some((at, inner)) = fields.find(key) else {
                return Some(json_field(field.name()));
            };
            let inner = Arc::new(replaced(inner, rest, data_type)?);
            let mut all: Vec<_> = fields.iter().cloned().collect();
            all[at] = inner;
            DataType::Struct(Fields::from(all))
        }
        _ => return None,
    };
    Some(Field::new(field.name(), inner, true))
}

/// A line of `[source.schema]`.
fn schema_line(field: &Field) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name = field.name();
    let key = if !name.is_empty() && name.chars().all(is_bare) {
        name.clone()
    } else {
        serde_json::Value::from(name.as_str()).to_string()
    };
    let value = serde_json::Value::from(json_type_name(field));
    format!("{key} = {value}")
}
