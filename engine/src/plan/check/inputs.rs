//! The columns that the inputs have, whatever their layout.

use arrow::datatypes::{Field, Schema};

use crate::error::Result;
use crate::plan::json::JsonShape;
use crate::plan::pipeline::Pipeline;
use crate::plan::selected::Selected;
use crate::plan::types::Catalog;

use super::keys::LineKeys;
use super::merged::Merged;

/// See the module text.
#[derive(Debug)]
pub(super) enum InputColumns<'a> {
    /// Of files that state their types.
    Files(Merged<'a>),
    /// Of JSON lines.
    Lines(LineKeys<'a>),
}

impl<'a> InputColumns<'a> {
    /// The columns of `catalog`, and the paths that `pipeline` names.
    pub(super) fn new(pipeline: &Pipeline, catalog: &'a Catalog) -> Self {
        let selected = Selected::of(pipeline);
        match &catalog.seen {
            Some(seen) => Self::Lines(LineKeys::new(&pipeline.source, catalog, seen, &selected)),
            None => Self::Files(Merged::new(catalog, &selected.names)),
        }
    }

    /// Names of all columns, in the order of the source.
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Self::Files(merged) => merged.names().collect(),
            Self::Lines(keys) => keys.names().collect(),
        }
    }

    /// Names of what is not a column, to suggest.
    pub(super) fn others(&self) -> Vec<&str> {
        match self {
            Self::Files(merged) => merged.paths().collect(),
            Self::Lines(keys) => keys.others().collect(),
        }
    }

    /// The field of the column `name`, or `None` if there is none.
    ///
    /// # Errors
    /// `Pipeline` where files or lines disagree about it.
    pub(super) fn field(&self, name: &str) -> Result<Option<Field>> {
        match self {
            Self::Files(merged) => merged.field(name),
            Self::Lines(keys) => keys.field(name),
        }
    }

    /// Whether files say that the column `name` has no values.
    pub(super) fn is_empty(&self, name: &str) -> bool {
        match self {
            Self::Files(merged) => merged.is_empty(name),
            Self::Lines(_) => false,
        }
    }

    /// How JSON lines become the columns of `projection`.
    pub(super) fn shape(&self, projection: &Schema) -> JsonShape {
        match self {
            Self::Files(_) => JsonShape::default(),
            Self::Lines(keys) => keys.shape(projection),
        }
    }
}
