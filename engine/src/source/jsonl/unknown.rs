//! Names of keys that no column holds, for those who count them.

use std::sync::Arc;

use super::fault::cut;
use super::keys::{ObjectKey, ObjectKeys};

/// The names of one kind of object, made once each.
#[derive(Debug)]
pub(super) struct Ignored {
    /// What leads to the object, with a dot behind it.
    prefix: String,
    known: Vec<Option<Arc<str>>>,
}

impl Ignored {
    /// Names of members of the top object.
    pub(super) fn at_top() -> Self {
        Self {
            prefix: String::new(),
            known: Vec::new(),
        }
    }

    /// Names of members of the objects at `key`.
    pub(super) fn within(key: &str) -> Self {
        Self {
            prefix: format!("{key}."),
            known: Vec::new(),
        }
    }

    /// The name of `key`, with what leads to it.
    pub(super) fn name(&mut self, keys: &ObjectKeys, key: &ObjectKey<'_>) -> Arc<str> {
        let known = match key {
            ObjectKey::Stray(name) => return format!("{}{}", self.prefix, cut(name)).into(),
            ObjectKey::Known(known) => *known,
        };
        if self.known.len() <= known {
            self.known.resize(known + 1, None);
        }
        let make = || format!("{}{}", self.prefix, cut(keys.name(known))).into();
        self.known[known].get_or_insert_with(make).clone()
    }
}
