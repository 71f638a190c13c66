//! `--set step.key=value`: changes to the pipeline file before it is typed.
//!
//! A step is named by its operator, where only one step has it (`pack.length`),
//! or by its number from 1 (`step.2.length`, or `2.length`); `source` and
//! `sink` by their names. Keys may be quoted as in TOML. The value is read as
//! TOML, else taken as text.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

use super::suggest;
use super::tree::{KeyPlace, KeyValue, Node, Value};

/// No key of a pipeline lies deeper below its table.
const MOST_KEYS: usize = 4;

/// Applies one override, such as `pack.length=4096`, to the tree of a file.
///
/// # Errors
/// `Usage` where it is not of that form or names no step of the file.
pub(crate) fn apply(root: &mut Node, text: &str) -> Result<()> {
    let given: Arc<str> = text.into();
    let Some((written, value)) = split(text, &given) else {
        return Err(malformed(root, text));
    };
    let mut keys: Vec<&str> = written.iter().map(String::as_str).collect();
    // The file says `[[step]]`.
    if keys.len() > 2 && keys.first() == Some(&"step") {
        keys.remove(0);
    }
    let (target, keys) = keys.split_first().unwrap_or((&"", &[]));
    let well_formed = !target.is_empty()
        && (1..=MOST_KEYS).contains(&keys.len())
        && keys.iter().all(|key| !key.is_empty());
    if !well_formed {
        return Err(malformed(root, text));
    }
    let table = find(root, target, keys, &given)?;
    put(table, keys, Node::parse_override(value.trim(), &given)).map_err(|key| {
        let message = format!("`{key}` holds no keys of its own, got --set {text}");
        Error::new(ErrorKind::Usage, message)
    })
}

/// The keys in front of the first `=` and what is behind it; `None` if there is
/// none, or keys are quoted otherwise than TOML has it.
fn split<'a>(text: &'a str, given: &Arc<str>) -> Option<(Vec<String>, &'a str)> {
    let (mut keys, mut begin) = (Vec::new(), 0);
    let (mut quote, mut is_escaped) = (None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if is_escaped => is_escaped = false,
            (Some('"'), '\\') => is_escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '.' | '=') => {
                keys.push(key(text.get(begin..at)?.trim(), given)?);
                begin = at + 1;
                if c == '=' {
                    return Some((keys, text.get(begin..)?));
                }
            }
            _ => {}
        }
    }
    None
}

/// A key as it is meant: without its quotes, if it has any.
fn key(written: &str, given: &Arc<str>) -> Option<String> {
    if !written.contains(['"', '\'']) {
        return Some(written.to_owned());
    }
    if !written.starts_with(['"', '\'']) {
        return None;
    }
    match Node::parse_override(written, given).value {
        Value::String(key) if key != written => Some(key),
        _ => None,
    }
}

/// What is neither a step with a key nor `source` or `sink` with one.
fn malformed(root: &Node, text: &str) -> Error {
    let message = format!("expected step.key=value, got --set {text}");
    let step = steps(root).iter().enumerate().next_back();
    let steps = step.map(|(index, step)| {
        let name = names(root).swap_remove(index);
        let (key, value) = own_key(step).unwrap_or_else(|| ("key", "value".to_owned()));
        format!("--set {name}.{key}={value} or ")
    });
    let steps = steps.unwrap_or_default();
    let hint = format!("for example {steps}--set sink.shard_size=64MiB");
    Error::new(ErrorKind::Usage, message).with_hint(hint)
}

fn steps(root: &Node) -> &[Node] {
    match root.get("step").map(|entry| &entry.node.value) {
        Some(Value::Array(steps)) => steps,
        _ => &[],
    }
}

/// A key that the file gives the step and its value, so that an example has
/// right ones.
fn own_key(step: &Node) -> Option<(&str, String)> {
    let Value::Table(entries) = &step.value else {
        return None;
    };
    let mut keys = entries.iter().rev().filter(|entry| entry.key != "op");
    keys.find_map(|entry| {
        let value = match &entry.node.value {
            Value::String(text) if !text.contains(char::is_whitespace) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => return None,
        };
        Some((entry.key.as_str(), value))
    })
}

/// What each step of the file is to be called: its operator, if no other step
/// has it, else its number.
fn names(root: &Node) -> Vec<String> {
    let ops: Vec<String> = steps(root).iter().map(op).collect();
    let is_one = |op: &String| ops.iter().filter(|other| *other == op).count() == 1;
    let name = |(index, op): (usize, &String)| {
        if is_one(op) {
            op.clone()
        } else {
            format!("step.{}", index + 1)
        }
    };
    ops.iter().enumerate().map(name).collect()
}

/// The table that `target` names, made where the file leaves it out.
fn find<'a>(
    root: &'a mut Node,
    target: &str,
    keys: &[&str],
    given: &Arc<str>,
) -> Result<&'a mut Node> {
    if matches!(target, "source" | "sink") {
        let not_a_table = Error::new(
            ErrorKind::Usage,
            format!("the file is not a table, got --set {given}"),
        );
        return entry(root, target, given).ok_or(not_a_table);
    }
    let ops: Vec<String> = steps(root).iter().map(op).collect();
    let found: Vec<usize> = match target.parse::<usize>() {
        Ok(number) => number
            .checked_sub(1)
            .filter(|index| *index < ops.len())
            .into_iter()
            .collect(),
        Err(_) => (0..ops.len())
            .filter(|&index| ops[index] == target)
            .collect(),
    };
    let index = match found.as_slice() {
        [index] => *index,
        [] => return Err(no_step(root, target, keys, given)),
        several => {
            let message = format!("several steps are called `{target}`, named by --set {given}");
            let forms = several
                .iter()
                .map(|index| (*index, format!("step.{}", index + 1)));
            let hint = right_forms(&forms.collect::<Vec<_>>(), keys, given);
            return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
        }
    };
    let steps = match root.get_mut("step").map(|entry| &mut entry.node.value) {
        Some(Value::Array(steps)) => steps.as_mut_slice(),
        _ => &mut [],
    };
    steps
        .get_mut(index)
        .ok_or_else(|| Error::internal("a step that was counted is not there"))
}

/// The refusal of a target that is no step, with what was most likely meant.
fn no_step(root: &Node, target: &str, keys: &[&str], given: &str) -> Error {
    let names = names(root);
    // `step[2]`: whether that counts from 0 or 1 is anyone's guess.
    let in_brackets = target
        .strip_prefix("step[")
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(number) = in_brackets {
        let message = format!("expected a step as step.N, counting from 1, got --set {given}");
        let number = number.parse::<usize>().unwrap_or(usize::MAX);
        // Counted from 1, and as it would be from 0.
        let meant = [number.checked_sub(1), Some(number)];
        let meant = meant.into_iter().flatten();
        let forms = meant.filter_map(|index| Some((index, names.get(index)?.clone())));
        let hint = right_forms(&forms.collect::<Vec<_>>(), keys, given);
        return Error::new(ErrorKind::Usage, message).with_hint(hint);
    }
    let counted = if target.parse::<usize>().is_ok() {
        format!(": it has {}, counting from 1", names.len())
    } else {
        String::new()
    };
    let error = Error::new(
        ErrorKind::Usage,
        format!("the pipeline has no step `{target}`, named by --set {given}{counted}"),
    );
    let ops: Vec<String> = steps(root).iter().map(op).collect();
    let known = ["source", "sink"].into_iter();
    let known: Vec<&str> = known.chain(ops.iter().map(String::as_str)).collect();
    if let Some(near) = suggest::nearest(target, known.iter().copied()) {
        let index = ops.iter().position(|op| op == near);
        let name = index.map_or_else(|| near.to_owned(), |index| names[index].clone());
        return error.with_hint(right_forms(&[(index.unwrap_or(0), name)], keys, given));
    }
    let all = names.iter().map(String::as_str).chain(["source", "sink"]);
    let all: Vec<String> = all
        .map(|name| format!("{name}.{}", keys.join(".")))
        .collect();
    error.with_hint(format!("a key is named as in {}", all.join(", ")))
}

/// `write pack.length=512 (step 2)`, for one step or several.
fn right_forms(forms: &[(usize, String)], keys: &[&str], given: &str) -> String {
    let value = given.split_once('=').map_or("", |(_, value)| value);
    let form = |(index, name): &(usize, String)| {
        let step = match name.as_str() {
            "source" | "sink" => String::new(),
            _ => format!(" (step {})", index + 1),
        };
        format!("--set {name}.{}={value}{step}", keys.join("."))
    };
    if forms.is_empty() {
        return "a step is named by its operator, as in --set pack.length=512, or by its number, \
                as in --set step.2.length=512"
            .to_owned();
    }
    format!(
        "write {}",
        forms.iter().map(form).collect::<Vec<_>>().join(" or ")
    )
}

fn op(step: &Node) -> String {
    match step.get("op").map(|entry| &entry.node.value) {
        Some(Value::String(op)) => op.clone(),
        _ => String::new(),
    }
}

fn put(table: &mut Node, keys: &[&str], value: Node) -> Result<(), String> {
    let Some((last, path)) = keys.split_last() else {
        return Ok(());
    };
    let KeyPlace::Set(given) = value.place.clone() else {
        return Ok(());
    };
    let mut table = table;
    for key in path {
        table = entry(table, key, &given).ok_or_else(|| (*key).to_owned())?;
    }
    match entry(table, last, &given) {
        Some(node) => {
            *node = value;
            Ok(())
        }
        None => Err(path
            .last()
            .map_or_else(String::new, |key| (*key).to_owned())),
    }
}

/// The value of `key` in a table, an empty table where it has none; `None` if
/// `table` is something else.
fn entry<'a>(table: &'a mut Node, key: &str, given: &Arc<str>) -> Option<&'a mut Node> {
    let Value::Table(entries) = &mut table.value else {
        return None;
    };
    let index = entries.iter().position(|entry| entry.key == key);
    let index = index.unwrap_or_else(|| {
        let place = KeyPlace::Set(Arc::clone(given));
        entries.push(KeyValue {
            key: key.to_owned(),
            place: place.clone(),
            node: Node {
                place,
                value: Value::Table(Vec::new()),
            },
        });
        entries.len() - 1
    });
    entries.get_mut(index).map(|entry| &mut entry.node)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[source]\nuri = 'a'\n[[step]]\nop = 'filter'\n\
        [[step]]\nop = 'filter'\n[[step]]\nop = 'pack'\n";

    fn set(text: &str) -> Result<Node> {
        let mut root = Node::parse(FILE)?;
        apply(&mut root, text)?;
        Ok(root)
    }

    fn step_key(root: &Node, step: usize, key: &str) -> String {
        match &root.get("step").unwrap().node.value {
            Value::Array(steps) => format!("{:?}", steps[step].get(key).unwrap().node.value),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn sets_by_name_and_by_number() {
        let root = set("pack.length=12").unwrap();
        assert_eq!(step_key(&root, 2, "length"), "Integer(12)");
        let root = set("2.column = text").unwrap();
        assert_eq!(step_key(&root, 1, "column"), "String(\"text\")");
        let root = set("step.2.column=text").unwrap();
        assert_eq!(step_key(&root, 1, "column"), "String(\"text\")");
        let root = set("step.pack.length=9").unwrap();
        assert_eq!(step_key(&root, 2, "length"), "Integer(9)");
        let root = set("source.split.seed=3").unwrap();
        let split = root.get("source").unwrap().node.get("split").unwrap();
        assert!(split.node.get("seed").is_some());
        let root = set("sink.uri=a=b").unwrap();
        let sink = root.get("sink").unwrap();
        assert!(
            matches!(&sink.node.get("uri").unwrap().node.value, Value::String(uri) if uri == "a=b")
        );
    }

    #[test]
    fn keys_may_be_quoted_as_in_toml() {
        for (text, key) in [
            (r#"source.schema."n"=float32"#, "n"),
            (r#"source.schema.'meta.url' = "string""#, "meta.url"),
            (r#"source.schema."a=\"b\"" = 'string'"#, "a=\"b\""),
            ("source.schema.n=float32", "n"),
        ] {
            let root = set(text).unwrap();
            let schema = root.get("source").unwrap().node.get("schema").unwrap();
            assert!(schema.node.get(key).is_some(), "{text}");
        }
        for text in [
            r#"source.schema."n=float32"#,
            r#"source.schema.n"="float32"#,
            r#"source.schema."a"b=float32"#,
            r#"source.schema.""=float32"#,
        ] {
            assert_eq!(set(text).unwrap_err().kind(), ErrorKind::Usage, "{text}");
        }
    }

    #[test]
    fn refuses_what_names_no_step() {
        for (text, expected) in [
            ("pack.length", "expected step.key=value"),
            ("=3", "expected step.key=value"),
            ("pack=3", "expected step.key=value"),
            ("pack..x=3", "expected step.key=value"),
            ("filter.column=x", "several steps are called `filter`"),
            ("pakc.length=1", "no step `pakc`"),
            ("0.length=1", "no step `0`"),
            ("9.length=1", "no step `9`"),
            ("source.uri.x=1", "`uri` holds no keys"),
            (
                "step.4.length=1",
                "no step `4`, named by --set step.4.length=1: it has 3",
            ),
            (
                "step[3].length=1",
                "expected a step as step.N, counting from 1",
            ),
        ] {
            let error = set(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn hints_show_whole_right_forms() {
        for (text, hint) in [
            ("step[3].length=1", "write --set pack.length=1 (step 3)"),
            (
                "step[1].column=x",
                "write --set step.1.column=x (step 1) or --set step.2.column=x (step 2)",
            ),
            (
                "filter.column=x",
                "write --set step.1.column=x (step 1) or --set step.2.column=x (step 2)",
            ),
            ("pakc.length=1", "write --set pack.length=1 (step 3)"),
            ("sorce.limit=1", "write --set source.limit=1"),
            (
                "nonsense.length=1",
                "a key is named as in step.1.length, step.2.length, pack.length, source.length, \
                 sink.length",
            ),
            (
                "length=1",
                "for example --set pack.key=value or --set sink.shard_size=64MiB",
            ),
        ] {
            assert_eq!(set(text).unwrap_err().hint(), Some(hint), "{text}");
        }
    }
}
