//! Makes the derived JSON Schema fit TOML.

use serde_json::Value;

/// Takes out the nulls that optional keys derive (TOML has none) and the line
/// breaks of the source.
pub(super) fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(keys) => {
            if let Some(Value::String(text)) = keys.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            if let Some(Value::Array(types)) = keys.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    keys.insert("type".to_owned(), only);
                }
            }
            if let Some(only) = keys.get_mut("anyOf").and_then(only_choice) {
                keys.shift_remove("anyOf");
                keys.extend(only);
            }
            keys.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

/// What remains of a choice between something and null.
fn only_choice(choices: &mut Value) -> Option<serde_json::Map<String, Value>> {
    let choices = choices.as_array_mut()?;
    choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
    match choices.as_slice() {
        [Value::Object(only)] => Some(only.clone()),
        _ => None,
    }
}
