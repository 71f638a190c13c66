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
    compare("", &told(old, old, new), &told(new, old, new), &mut found);
    if found.is_empty() {
        compare("", old, new, &mut found);
    }
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

/// `plan`, one of the two, without what differs only because something else
/// does that the user has changed: a list of differences shows what was done,
/// not what follows from it.
fn told(plan: &Value, old: &Value, new: &Value) -> Value {
    let differ = |path: &str| old.pointer(path) != new.pointer(path);
    let mut plan = plan.clone();
    let mut forget = |path: &str, key: &str| {
        if let Some(Value::Object(table)) = plan.pointer_mut(path) {
            table.remove(key);
        }
    };
    // A plan with a limit is one part, whatever the part size.
    if differ("/source/limit") {
        forget("", "part_size");
    }
    // Which columns are read follows from the steps and the split, and how text
    // is cut from the format.
    if differ("/steps") || differ("/source/split") || differ("/source/format") {
        forget("/source", "columns");
    }
    if differ("/source/format") {
        forget("/source", "document");
    }
    for index in 0..n_steps(old).max(n_steps(new)) {
        let values = format!("/steps/{index}/values");
        for (cause, follows) in FOLLOWS {
            if differ(&format!("{values}/{cause}")) {
                for key in follows {
                    forget(&values, key);
                }
            }
        }
    }
    // Rows are filled with a token of the tokenizer.
    if (0..n_steps(old)).any(|index| differ(&format!("/steps/{index}/values/tokenizer"))) {
        let steps = 0..n_steps(old).max(n_steps(new));
        steps.for_each(|index| forget(&format!("/steps/{index}/values"), "pad"));
    }
    // Digests of another kind say nothing of the content.
    if differ("/fingerprint") {
        let inputs = plan.get_mut("inputs").and_then(Value::as_array_mut);
        for input in inputs.into_iter().flatten() {
            if let Value::Object(input) = input {
                input.remove("digest");
            }
        }
    }
    plan
}

/// Keys of steps, and others of the same step that follow from them where the
/// user does not give those.
const FOLLOWS: [(&str, &[&str]); 3] = [
    (
        "tokenizer",
        &["id_type", "begin_of_document", "end_of_document"],
    ),
    ("method", &["window", "overlong"]),
    ("column", &["output"]),
];

fn n_steps(plan: &Value) -> usize {
    plan.get("steps")
        .and_then(Value::as_array)
        .map_or(0, Vec::len)
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

    #[test]
    fn what_follows_from_a_change_is_not_told() {
        let plan = |limit: Value, part_size: Value, fingerprint: &str, digest: &str| {
            json!({
                "source": {"limit": limit, "columns": [1]},
                "part_size": part_size,
                "steps": [],
                "fingerprint": fingerprint,
                "inputs": [{"name": "a", "len_bytes": 3, "digest": digest}],
            })
        };
        let old = plan(Value::Null, 1_073_741_824.into(), "full", "1");
        let limited = changed("x", &old, &plan(100.into(), Value::Null, "full", "1"));
        let text = "expected x of the same pipeline and inputs, got changes: ";
        assert_eq!(
            limited.message(),
            format!("{text}source.limit: nothing -> 100")
        );
        let sampled = plan(Value::Null, 1_073_741_824.into(), "sampled", "2");
        let sampled = changed("x", &old, &sampled);
        assert_eq!(
            sampled.message(),
            format!("{text}fingerprint: \"full\" -> \"sampled\"")
        );
    }
}
