//! Which keys of a line go into which columns.

use std::collections::HashMap;

use arrow::datatypes::Schema;

use super::column::{ColumnBuilder, Reading, column_for};
use super::cursor::{Cursor, Token};
use super::fault::{Lexed, PathPart, Remedy};
use super::keys::{ObjectKey, ObjectKeys};
use crate::plan::{EXTRA, JsonShape, UnknownKeys};

/// The columns of a projection, and the keys that lead to them.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) top: Object,
    /// One for each column of the projection.
    pub(super) slots: Vec<ColumnBuilder>,
    /// The column of all other keys.
    pub(super) extra: Option<usize>,
    /// The columns' names.
    pub(super) names: Vec<String>,
}

/// An object in which columns are looked for.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) keys: ObjectKeys,
    /// For the first of the keys, where their values go.
    pub(super) targets: Vec<ValueTarget>,
}

/// Where a value goes.
#[derive(Debug, Default)]
pub(super) struct ValueTarget {
    slot: Option<usize>,
    inner: Option<Object>,
}

impl Shape {
    /// The shape that makes `projection`, or why there is none.
    pub(super) fn new(projection: &Schema, json: &JsonShape) -> Result<Self, String> {
        let by_name: HashMap<_, _> = json.columns.iter().map(|c| (c.name.as_str(), c)).collect();
        let mut tree = Tree::default();
        let mut slots = Vec::with_capacity(projection.fields().len());
        let mut extra = None;
        for (slot, field) in projection.fields().iter().enumerate() {
            let column = by_name.get(field.name().as_str());
            slots.push(column_for(
                field,
                &Reading {
                    declared: column.is_some_and(|column| column.declared),
                    unknown_keys: json.unknown_keys,
                    key: field.name().clone(),
                },
            )?);
            if json.unknown_keys == UnknownKeys::Keep && field.name() == EXTRA {
                extra = Some(slot);
                continue;
            }
            let path = match column {
                Some(column) => column.path.as_slice(),
                None => std::slice::from_ref(field.name()),
            };
            if tree.insert(path, slot) {
                continue;
            }
            return Err(format!(
                "expected a key of its own for column {:?}",
                field.name()
            ));
        }
        Ok(Self {
            top: tree.into_object(),
            slots,
            extra,
            names: projection
                .fields()
                .iter()
                .map(|f| f.name().clone())
                .collect(),
        })
    }
}

/// Paths of keys, in the order in which they were given.
#[derive(Debug, Default)]
struct Tree {
    slot: Option<usize>,
    inner: Vec<(String, Tree)>,
    by_name: HashMap<String, usize>,
}

impl Tree {
    /// Leads `path` to `slot`; false if there is none, or it leads elsewhere.
    fn insert(&mut self, path: &[String], slot: usize) -> bool {
        let mut tree = self;
        for key in path {
            let at = *tree.by_name.entry(key.clone()).or_insert(tree.inner.len());
            if at == tree.inner.len() {
                tree.inner.push((key.clone(), Self::default()));
            }
            tree = &mut tree.inner[at].1;
        }
        !path.is_empty() && tree.slot.replace(slot).is_none()
    }

    /// As deep as the longest path.
    fn into_object(self) -> Object {
        Object {
            keys: ObjectKeys::new(self.inner.iter().map(|(key, _)| key.as_str())),
            targets: self
                .inner
                .into_iter()
                .map(|(_, tree)| ValueTarget {
                    slot: tree.slot,
                    inner: (!tree.inner.is_empty()).then(|| tree.into_object()),
                })
                .collect(),
        }
    }
}

impl ValueTarget {
    /// Takes the value at `cursor` to its columns.
    #[inline]
    pub(super) fn take(
        &mut self,
        slots: &mut [ColumnBuilder],
        cursor: &mut Cursor<'_>,
    ) -> Lexed<()> {
        match (self.slot, &mut self.inner) {
            (Some(slot), None) => slots[slot].append(cursor),
            (slot, Some(inner)) => {
                let start = cursor.at();
                if let Some(slot) = slot {
                    slots[slot].append(cursor)?;
                    cursor.back_to(start);
                }
                inner.walk(slots, cursor)
            }
            (None, None) => cursor.skip_value(),
        }
    }
}

impl Object {
    /// Takes the members of the object at `cursor` to their columns; null has
    /// none. As deep as the longest path.
    fn walk(&mut self, slots: &mut [ColumnBuilder], cursor: &mut Cursor<'_>) -> Lexed<()> {
        match cursor.token()? {
            Token::Object => cursor.open()?,
            Token::Null => return cursor.take_null(),
            _ => return Err(cursor.misfit("an object", Remedy::None)),
        }
        self.keys.begin();
        let mut is_first = true;
        while cursor.more(&mut is_first, b'}')? {
            match self.keys.take(cursor)? {
                ObjectKey::Known(key) if key < self.targets.len() => {
                    if let Err(fault) = self.targets[key].take(slots, cursor) {
                        return Err(fault.within(PathPart::Key(self.keys.name(key).to_owned())));
                    }
                }
                _ => cursor.skip_value()?,
            }
        }
        Ok(())
    }
}
