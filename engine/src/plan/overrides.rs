//! `--set step.key=value`: changes to the pipeline file before it is typed.
//!
//! A step is named by its operator, where only one step has it, or by its
//! number from 1; `source` and `sink` by their names. The value is read as
//! TOML, else taken as text.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

use super::suggest;
use super::tree::{Entry, Node, Place, Value};

/// No key of a pipeline lies deeper below its table.
const MOST_KEYS: usize = 4;

/// Applies one override, such as `pack.length=4096`, to the tree of a file.
///
/// # Errors
/// `Usage` where it is not of that form or names no step of the file.
pub(crate) fn apply(root: &mut Node, text: &str) -> Result<()> {
    let given: Arc<str> = text.into();
    let (path, value) = text
        .split_once('=')
        .ok_or_else(|| usage(text, "expected step.key=value"))?;
    let mut keys = path.split('.').map(str::trim);
    let target = keys.next().unwrap_or_default();
    let keys: Vec<&str> = keys.collect();
    if target.is_empty()
        || keys.is_empty()
        || keys.len() > MOST_KEYS
        || keys.iter().any(|key| key.is_empty())
    {
        return Err(usage(text, "expected step.key=value"));
    }
    let table = find(root, target, &given)?;
    put(table, &keys, Node::parse_override(value.trim(), &given))
        .map_err(|key| usage(text, &format!("`{key}` holds no keys of its own")))
}

fn usage(text: &str, expected: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("{expected}, got --set {text}"))
        .with_hint("for example --set pack.length=4096 or --set sink.shard_size=64MiB")
}

/// The table that `target` names, made where the file leaves it out.
fn find<'a>(root: &'a mut Node, target: &str, given: &Arc<str>) -> Result<&'a mut Node> {
    if matches!(target, "source" | "sink") {
        return entry(root, target, given).ok_or_else(|| usage(given, "the file is not a table"));
    }
    let steps = match root.get_mut("step").map(|entry| &mut entry.node.value) {
        Some(Value::Array(steps)) => steps.as_mut_slice(),
        _ => &mut [],
    };
    let ops: Vec<String> = steps.iter().map(op).collect();
    let index = match target.parse::<usize>() {
        Ok(number) => number.checked_sub(1).filter(|&index| index < ops.len()),
        Err(_) => named(&ops, target, given)?,
    };
    index.and_then(|index| steps.get_mut(index)).ok_or_else(|| {
        let names = ["source", "sink"].into_iter();
        let names = names.chain(ops.iter().map(String::as_str));
        let error = Error::new(
            ErrorKind::Usage,
            format!("the pipeline has no step `{target}`, named by --set {given}"),
        );
        match suggest::hint(target, "known", names) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    })
}

fn named(ops: &[String], target: &str, given: &str) -> Result<Option<usize>> {
    let mut found = (0..ops.len()).filter(|&index| ops[index] == target);
    let first = found.next();
    let others: Vec<usize> = found.collect();
    match (first, others.as_slice()) {
        (Some(first), [second, ..]) => Err(Error::new(
            ErrorKind::Usage,
            format!("several steps are called `{target}`, named by --set {given}"),
        )
        .with_hint(format!(
            "name the step by its number: {} or {}",
            first + 1,
            second + 1
        ))),
        _ => Ok(first),
    }
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
    let Place::Set(given) = value.place.clone() else {
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
        let place = Place::Set(Arc::clone(given));
        entries.push(Entry {
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
        ] {
            let error = set(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }
}
