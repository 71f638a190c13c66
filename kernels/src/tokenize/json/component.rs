//! The components of a file, such as its `normalizer`: of which type they are.

use serde_json::Value;

/// The `type` of a component, or what it is instead.
pub(super) fn type_of(value: &Value) -> &str {
    match value {
        Value::Null => "null",
        Value::Object(fields) => match fields.get("type") {
            Some(Value::String(name)) => name,
            _ => "an object without a type",
        },
        _ => "no object",
    }
}
