//! The columns that live at one point of the pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::error::{Error, Result};
use crate::plan::columns::meaning;
use crate::plan::named_types::ImageLayout;
use crate::plan::operators::ColumnSteps;
use crate::plan::output::OutputColumn;
use crate::plan::steps::ColumnChange;
use crate::plan::suggest;

use super::inputs::InputColumns;

/// The columns a step sees, and those of the source that any step has used.
#[derive(Debug)]
pub(super) struct LiveColumns<'a> {
    inputs: &'a InputColumns<'a>,
    live: Vec<Live>,
    used: BTreeSet<String>,
    /// The order of the axes of images: that which a step says, of any that changes
    /// them, or else the one that the first of them found out.
    layouts: BTreeMap<String, ImageLayout>,
    /// What is done to image files, up to here.
    files: BTreeMap<String, Arc<ColumnSteps>>,
}

#[derive(Debug)]
struct Live {
    name: String,
    made: Option<Made>,
    /// Whether a step has dropped every row in which it is null.
    is_whole: bool,
}

impl Live {
    fn of(made: Made) -> Self {
        Self {
            name: made.column.name.clone(),
            made: Some(made),
            is_whole: false,
        }
    }
}

/// A column some step made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    /// Its name, type and meaning.
    pub(super) column: OutputColumn,
    /// The index of the step that made it, if it holds token ids.
    pub(super) tokens_of: Option<usize>,
}

impl<'a> LiveColumns<'a> {
    /// All columns of the source.
    pub(super) fn new(inputs: &'a InputColumns<'a>) -> Self {
        let live = inputs.names().into_iter().map(|name| Live {
            name: name.to_owned(),
            made: None,
            is_whole: false,
        });
        Self {
            live: live.collect(),
            inputs,
            used: BTreeSet::new(),
            layouts: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    /// The type of the column `name`, which is then known to be used.
    ///
    /// # Errors
    /// `Pipeline` where there is none, with the nearest name, or where the
    /// files disagree about it.
    pub(super) fn look_up(&mut self, name: &str) -> Result<DataType> {
        self.column(name).map(|column| column.data_type)
    }

    /// The column `name`, which is then known to be used.
    ///
    /// # Errors
    /// As [`Self::look_up`].
    pub(super) fn column(&mut self, name: &str) -> Result<OutputColumn> {
        let Some(live) = self.live.iter().find(|live| live.name == name) else {
            return Err(self.unknown(name));
        };
        let mut column = if let Some(made) = &live.made {
            made.column.clone()
        } else {
            let Some(field) = self.inputs.field(name)? else {
                return Err(self.unknown(name));
            };
            self.used.insert(name.to_owned());
            OutputColumn {
                name: name.to_owned(),
                data_type: field.data_type().clone(),
                nullable: field.is_nullable(),
                meaning: meaning(&field),
            }
        };
        column.nullable &= !live.is_whole;
        Ok(column)
    }

    /// Checks that there is a column `name`, whatever its type.
    ///
    /// # Errors
    /// `Pipeline` with the nearest name.
    pub(super) fn require(&self, name: &str) -> Result<()> {
        if self.contains(name) {
            return Ok(());
        }
        Err(self.unknown(name))
    }

    /// Whether there is a column `name`.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.live.iter().any(|live| live.name == name)
    }

    /// Columns of token ids that steps made, with the index of the step.
    pub(super) fn tokens(&self) -> Vec<(&str, usize)> {
        let made = |live: &'_ Live| live.made.as_ref().and_then(|made| made.tokens_of);
        self.live
            .iter()
            .filter_map(|live| Some((live.name.as_str(), made(live)?)))
            .collect()
    }

    /// Keeps `names`, in that order; all of them live.
    pub(super) fn select(&mut self, names: &[String]) {
        let mut kept = Vec::with_capacity(names.len());
        for name in names {
            if let Some(index) = self.live.iter().position(|live| live.name == *name) {
                kept.push(self.live.swap_remove(index));
            }
        }
        self.live = kept;
    }

    /// Puts a made column in the place of `name`.
    pub(super) fn replace(&mut self, name: &str, made: Made) {
        self.replace_all(name, vec![made]);
    }

    /// Puts made columns in the place of `name`.
    pub(super) fn replace_all(&mut self, name: &str, made: Vec<Made>) {
        if let Some(index) = self.live.iter().position(|live| live.name == name) {
            let made = made.into_iter().map(Live::of);
            self.live.splice(index..=index, made);
        }
    }

    /// Puts made columns behind `name`.
    pub(super) fn insert_behind(&mut self, name: &str, made: Vec<Made>) {
        if let Some(index) = self.live.iter().position(|live| live.name == name) {
            let made = made.into_iter().map(Live::of);
            self.live.splice(index + 1..=index, made);
        }
    }

    /// The order of the axes of a column's images, where it is known.
    pub(super) fn layout(&self, name: &str) -> Option<ImageLayout> {
        self.layouts.get(name).copied()
    }

    /// Notes it; whether nothing else was known.
    pub(super) fn note_layout(&mut self, name: &str, layout: ImageLayout) -> bool {
        *self.layouts.entry(name.to_owned()).or_insert(layout) == layout
    }

    /// What is done to the image files of a column, while they have any size.
    pub(super) fn files(&self, name: &str) -> Option<&Arc<ColumnSteps>> {
        self.files.get(name)
    }

    /// Puts changed columns in the place of those before.
    pub(super) fn change(&mut self, changes: &[ColumnChange]) {
        for change in changes {
            if let Some(layout) = change.layout {
                self.note_layout(&change.output.name, layout);
            }
            let name = &change.output.name;
            self.files.remove(name);
            if let Some(files) = change.files.as_ref().filter(|it| it.after.sides.is_none()) {
                self.files.insert(name.clone(), Arc::clone(files));
            }
            let made = Made {
                column: change.output.clone(),
                tokens_of: None,
            };
            self.replace(name, made);
        }
    }

    /// Notes that rows in which the column `name` is null are gone.
    pub(super) fn drop_nulls(&mut self, name: &str) {
        if let Some(live) = self.live.iter_mut().find(|live| live.name == name) {
            live.is_whole = true;
        }
    }

    /// Leaves only made columns, as `pack` does.
    pub(super) fn reset(&mut self, columns: Vec<Made>) {
        self.live = columns.into_iter().map(Live::of).collect();
    }

    /// Looks up every column that is still there, as the sink does, and gives
    /// the names of those that are left out because they have no values.
    ///
    /// # Errors
    /// As [`Self::look_up`].
    pub(super) fn look_up_all(&mut self) -> Result<Vec<String>> {
        let names: Vec<String> = self.live.iter().map(|live| live.name.clone()).collect();
        let mut left_out = Vec::new();
        for name in names {
            if self.is_empty(&name) {
                left_out.push(name);
            } else {
                self.look_up(&name)?;
            }
        }
        Ok(left_out)
    }

    /// Whether no file has a value in the column `name`, and no step has
    /// asked for it.
    pub(super) fn is_empty(&self, name: &str) -> bool {
        let made = |live: &Live| live.name == name && live.made.is_some();
        !self.live.iter().any(made) && !self.used.contains(name) && self.inputs.is_empty(name)
    }

    /// The columns of the source that were used, in the order of the source.
    ///
    /// # Errors
    /// As [`Self::look_up`].
    pub(super) fn projection(&self) -> Result<SchemaRef> {
        let mut fields: Vec<Field> = Vec::with_capacity(self.used.len());
        for name in self.inputs.names() {
            if self.used.contains(name) {
                fields.extend(self.inputs.field(name)?);
            }
        }
        Ok(Schema::new(fields).into())
    }

    fn unknown(&self, name: &str) -> Error {
        let live = self.live.iter().map(|live| live.name.as_str());
        let known = live.chain(self.inputs.others());
        let hint = match suggest::hint(name, "columns here", known) {
            Some(hint) => hint,
            None => "the inputs have no columns: are they empty?".to_owned(),
        };
        Error::pipeline("no such column")
            .with_column(name)
            .with_hint(hint)
    }
}
