//! Where each key of a pipeline was written, so that a later error can point
//! at it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;

use super::tree::{KeyPlace, Node, Value, line_col};

/// Places of the values of a pipeline file by their path in it, such as
/// `step[1].column`. Empty for a pipeline that was built in code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    file: Option<PathBuf>,
    text: Arc<str>,
    by_path: BTreeMap<String, KeyPlace>,
}

impl Places {
    /// Notes the places of a whole tree.
    pub(crate) fn of(root: &Node, text: &str, file: &Path) -> Self {
        let mut places = Self {
            file: Some(file.to_owned()),
            text: text.into(),
            by_path: BTreeMap::new(),
        };
        places.note(root, String::new());
        places
    }

    /// Adds to `error` the file and the place of the value at `path`, or of
    /// the nearest table around it that was written down.
    pub(crate) fn locate(&self, error: Error, path: &str) -> Error {
        let mut path = path;
        let place = loop {
            match self.by_path.get(path) {
                Some(place) => break Some(place),
                None if path.is_empty() => break None,
                None => path = parent(path),
            }
        };
        match place {
            Some(place) => self.point(error, place),
            None => error,
        }
    }

    /// Adds to `error` the file and one place, unless it is about another file.
    pub(crate) fn point(&self, error: Error, place: &KeyPlace) -> Error {
        let Some(file) = &self.file else {
            return error;
        };
        if error.location().path.is_some() {
            return error;
        }
        match place {
            KeyPlace::File(offset) => {
                let (line, col) = line_col(&self.text, *offset);
                error.with_path(file).with_line_col(line, col)
            }
            // The message of a wrong key or type says so already.
            KeyPlace::Set(_) if error.message().contains("--set") => error.with_path(file),
            KeyPlace::Set(given) => {
                let hint = format!("the value was given by --set {given}");
                error.with_path(file).with_hint(hint)
            }
            KeyPlace::Code => error,
        }
    }

    /// Notes that a program made the value at `path`, not the file.
    pub(crate) fn in_code(&mut self, path: &str) {
        let below = |other: &str| {
            other
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        self.by_path.retain(|other, _| !below(other));
        self.by_path.insert(path.to_owned(), KeyPlace::Code);
    }

    fn note(&mut self, node: &Node, path: String) {
        match &node.value {
            Value::Table(entries) => {
                for entry in entries {
                    let below = match path.as_str() {
                        "" => entry.key.clone(),
                        path => format!("{path}.{}", entry.key),
                    };
                    self.note(&entry.node, below);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.note(item, format!("{path}[{index}]"));
                }
            }
            _ => {}
        }
        self.by_path.insert(path, node.place.clone());
    }
}

/// `step[1].column` lies in `step[1]`, that in `step`, that in the file.
fn parent(path: &str) -> &str {
    path.rfind(['.', '['])
        .and_then(|end| path.get(..end))
        .unwrap_or_default()
}

/// The index in `step[index]…`.
pub(super) fn step_index(path: &str) -> Option<usize> {
    path.strip_prefix("step[")?.split_once(']')?.0.parse().ok()
}
