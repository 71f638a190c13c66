//! Says what differs between the plan of a target and the plan at hand.

use serde_json::Value;

use crate::error::{Error, ErrorKind};

/// Differences named; more are counted.
const MAX_LISTED: usize = 8;

/// What the place of a step begins with.
const STEP: &str = "step ";

/// Characters of a value that are shown.
const MAX_SHOWN: usize = 60;

/// The error for a target whose `what` is of another plan.
pub(super) fn changed(what: &str, old: &Value, new: &Value) -> Error {
    let mut found = Vec::new();
    compare("", old, new, &mut found);
    let n_more = found.len().saturating_sub(MAX_LISTED);
    found.truncate(MAX_LISTED);
    let mut text = found.join("; ");
    if text.is_empty() {
        "another version of fuelrail".clone_into(&mut text);
    }
    if n_more > 0 {
        text = format!("{text}; and {n_more} more");
    }
    Error::new(
        ErrorKind::Changed,
        format!("expected {what} of the same pipeline and inputs, got changes: {text}"),
    )
    .with_hint("use `--replace` to write the new dataset in its place, or choose another target")
}

/// Adds every place below `path` where the two differ.
fn compare(path: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Object(olds), Value::Object(news)) => {
            let join = |key: &str| {
                if path.is_empty() {
                    key.to_owned()
                } else if key == "values" && path.starts_with(STEP) {
                    // The keys of a step, as users write them.
                    path.to_owned()
                } else {
                    format!("{path}.{key}")
                }
            };
            for (key, old) in olds {
                compare(
                    &join(key),
                    old,
                    news.get(key).unwrap_or(&Value::Null),
                    found,
                );
            }
            for (key, new) in news.iter().filter(|(key, _)| !olds.contains_key(*key)) {
                compare(&join(key), &Value::Null, new, found);
            }
        }
        (Value::Array(olds), Value::Array(news)) => match (by_name(olds), by_name(news)) {
            (Some(olds), Some(news)) => compare_named(path, &olds, &news, found),
            _ => compare_listed(path, olds, news, found),
        },
        (old, new) => found.push(format!("{path}: {} -> {}", shown(old), shown(new))),
    }
}

/// A list whose elements all have a name that no other has.
fn by_name(list: &[Value]) -> Option<serde_json::Map<String, Value>> {
    let named: Option<serde_json::Map<_, _>> = list
        .iter()
        .map(|value| Some((value.get("name")?.as_str()?.to_owned(), value.clone())))
        .collect();
    named.filter(|named| named.len() == list.len())
}

/// Lists of named things: what came, went or changed.
fn compare_named(
    path: &str,
    olds: &serde_json::Map<String, Value>,
    news: &serde_json::Map<String, Value>,
    found: &mut Vec<String>,
) {
    for (name, old) in olds {
        match news.get(name) {
            None => found.push(format!("{path}: {name} removed")),
            Some(new) if old == new => {}
            Some(new) if old.get("digest") != new.get("digest") => {
                found.push(format!("{path}: {name} content changed"));
            }
            Some(new) => compare(&format!("{path}[{name}]"), old, new, found),
        }
    }
    for name in news.keys().filter(|name| !olds.contains_key(*name)) {
        found.push(format!("{path}: {name} added"));
    }
    if olds.keys().ne(news.keys()) && olds.len() == news.len() && found.is_empty() {
        found.push(format!("{path}: order changed"));
    }
}

/// Lists whose elements go by their place.
fn compare_listed(path: &str, olds: &[Value], news: &[Value], found: &mut Vec<String>) {
    for index in 0..olds.len().max(news.len()) {
        let at = |list: &[Value]| list.get(index).cloned().unwrap_or(Value::Null);
        let (old, new) = (at(olds), at(news));
        let place = match (path, old.get("op").or_else(|| new.get("op"))) {
            ("steps", Some(Value::String(op))) => format!("{STEP}{} ({op})", index + 1),
            _ => format!("{path}[{index}]"),
        };
        compare(&place, &old, &new, found);
    }
}

/// A value as JSON, shortened.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        value => {
            let text = value.to_string();
            let short: String = text.chars().take(MAX_SHOWN).collect();
            if short.len() < text.len() {
                format!("{short}…")
            } else {
                short
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_what_changed() {
        let old = json!({
            "inputs": [{"name": "a", "digest": "1"}, {"name": "b", "digest": "2"}],
            "steps": [{"op": "tokenize", "values": {"special_tokens": "text"}}],
            "seed": 1,
        });
        let new = json!({
            "inputs": [{"name": "b", "digest": "3"}, {"name": "c", "digest": "4"}],
            "steps": [{"op": "tokenize", "values": {"special_tokens": "parse"}}, {"op": "pack"}],
            "seed": 1,
        });
        let error = changed("a dataset", &old, &new);
        assert_eq!(error.kind(), ErrorKind::Changed);
        assert_eq!(
            error.message(),
            "expected a dataset of the same pipeline and inputs, got changes: \
             inputs: a removed; inputs: b content changed; inputs: c added; \
             step 1 (tokenize).special_tokens: \"text\" -> \"parse\"; \
             step 2 (pack): nothing -> {\"op\":\"pack\"}"
        );
    }
}
