//! How the values of a column are to be read.

use crate::plan::UnknownKeys;

/// See the module text.
#[derive(Debug, Clone)]
pub(in crate::source::jsonl) struct Reading {
    /// Whether whole numbers may be written as `1.0`.
    pub(in crate::source::jsonl) declared: bool,
    /// What happens to keys that a struct lacks.
    pub(in crate::source::jsonl) unknown_keys: UnknownKeys,
    /// The key the column is for, as messages show it.
    pub(in crate::source::jsonl) key: String,
}

impl Reading {
    /// How the items of its lists are.
    pub(super) fn of_items(&self) -> Self {
        Self {
            key: format!("{}[]", self.key),
            ..self.clone()
        }
    }

    /// How the field `name` of its structs is.
    pub(super) fn of_field(&self, name: &str) -> Self {
        Self {
            key: format!("{}.{name}", self.key),
            ..self.clone()
        }
    }
}
