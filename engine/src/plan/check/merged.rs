//! One schema out of the schemas of all inputs, of layouts that state one.
//!
//! Files need to agree only on the columns that are used, so a disagreement
//! is noted here and becomes an error when a step asks for the column.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};

use crate::error::{Error, Result};
use crate::plan::type_names::type_name;
use crate::plan::types::Catalog;
use crate::plan::{layouts, leaf};

/// The columns of all inputs, in order of first appearance.
#[derive(Debug)]
pub(super) struct Merged<'a> {
    catalog: &'a Catalog,
    columns: Vec<Column>,
    by_name: HashMap<String, usize>,
    /// Paths of what structs hold.
    paths: Vec<String>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// The file whose type counts.
    file: usize,
    data_type: DataType,
    nullable: bool,
    conflict: Option<Conflict>,
}

/// Why a column cannot be used.
#[derive(Debug)]
enum Conflict {
    /// This file holds another type.
    Type(usize, DataType),
    /// This file does not have it.
    Missing(usize),
    /// This file has two of it.
    Twice(usize),
}

/// The type in which a column stands in the plan: as the files declare it,
/// where a dataset can hold that, else that of its values.
fn readable(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, _) => data_type.clone(),
        other => layouts::plain(other),
    }
}

impl<'a> Merged<'a> {
    /// Reads the schemas of all files once. Those of `names` that are paths to
    /// what structs hold are columns too.
    pub(super) fn new(catalog: &'a Catalog, names: &[String]) -> Self {
        let mut merged = Self {
            catalog,
            columns: Vec::new(),
            by_name: HashMap::new(),
            paths: Vec::new(),
        };
        // The last file each column was seen in, and in how many.
        let mut seen: Vec<(usize, usize)> = Vec::new();
        for (file, described) in catalog.files.iter().enumerate() {
            for field in described.schema.fields() {
                merged.add(file, field, &mut seen);
            }
        }
        merged.add_paths(names, &mut seen);
        merged.note_missing(&seen);
        for column in &merged.columns {
            let paths = leaf::paths(&column.name, &column.data_type);
            merged.paths.extend(paths);
        }
        merged
    }

    /// Paths of what structs hold.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Names of all columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The field of the column `name` that all files agree on, or `None` if no
    /// file has it.
    ///
    /// # Errors
    /// `Pipeline` naming two files that disagree, or a column of nothing but
    /// nulls.
    pub(super) fn field(&self, name: &str) -> Result<Option<Field>> {
        let Some(column) = self.by_name.get(name).map(|&index| &self.columns[index]) else {
            return Ok(None);
        };
        if let Some(conflict) = &column.conflict {
            return Err(self.conflict(column, conflict));
        }
        if column.data_type == DataType::Null {
            let error = Error::pipeline("expected a column with values, got one of type null")
                .with_hint("leave the column out: it has no values");
            return Err(error.with_column(name));
        }
        Ok(Some(Field::new(
            name,
            readable(&column.data_type),
            column.nullable,
        )))
    }

    /// Whether the files say that the column `name` holds nothing but nulls,
    /// as tables with a column that is not filled yet do.
    pub(super) fn is_empty(&self, name: &str) -> bool {
        let column = self.by_name.get(name).map(|&index| &self.columns[index]);
        column.is_some_and(|column| column.data_type == DataType::Null && column.conflict.is_none())
    }

    /// Each file has a column of the name or a path to it, which are the same.
    fn add_paths(&mut self, names: &[String], seen: &mut Vec<(usize, usize)>) {
        let catalog = self.catalog;
        for name in names.iter().filter(|name| name.contains('.')) {
            for (file, described) in catalog.files.iter().enumerate() {
                let place = leaf::find(&described.schema, name);
                let place = place.filter(|place| place.len() > 1);
                let field = place.and_then(|at| leaf::field_at(&described.schema, &at, name));
                if let Some(field) = field {
                    self.add(file, &field, seen);
                }
            }
        }
    }

    fn add(&mut self, file: usize, field: &Field, seen: &mut Vec<(usize, usize)>) {
        let Some(&index) = self.by_name.get(field.name().as_str()) else {
            let name = field.name().clone();
            self.by_name.insert(name, self.columns.len());
            seen.push((file, 1));
            self.columns.push(Column {
                name: field.name().clone(),
                file,
                data_type: field.data_type().clone(),
                nullable: field.is_nullable(),
                conflict: None,
            });
            return;
        };
        let column = &mut self.columns[index];
        let (last, count) = &mut seen[index];
        if *last == file {
            column.conflict.get_or_insert(Conflict::Twice(file));
            return;
        }
        (*last, *count) = (file, *count + 1);
        column.nullable |= field.is_nullable();
        // What holds only nulls goes with any type.
        if column.data_type == DataType::Null {
            column.data_type = field.data_type().clone();
            column.nullable = true;
            column.file = file;
            return;
        }
        let untold = *field.data_type() == DataType::Null;
        column.nullable |= untold;
        let common = layouts::common(&column.data_type, field.data_type());
        if untold || common.is_some() && column.data_type.equals_datatype(field.data_type()) {
            return;
        }
        match common {
            Some(common) => column.data_type = common,
            None => {
                column
                    .conflict
                    .get_or_insert_with(|| Conflict::Type(file, field.data_type().clone()));
            }
        }
    }

    /// A file that lacks a column is another kind of file.
    fn note_missing(&mut self, seen: &[(usize, usize)]) {
        let files = &self.catalog.files;
        for (column, &(_, count)) in self.columns.iter_mut().zip(seen) {
            if count == files.len() {
                continue;
            }
            let lacks = |file: &usize| leaf::find(&files[*file].schema, &column.name).is_none();
            if let Some(file) = (0..files.len()).find(lacks) {
                column.conflict.get_or_insert(Conflict::Missing(file));
            }
        }
    }

    fn conflict(&self, column: &Column, conflict: &Conflict) -> Error {
        let name = |file: usize| &self.catalog.files[file].input.name;
        let first = name(column.file);
        let error = match conflict {
            Conflict::Type(file, other) => Error::pipeline(format!(
                "expected one type in all files, got {} in {first} and {} in {}",
                type_name(&column.data_type),
                type_name(other),
                name(*file)
            )),
            Conflict::Missing(file) => Error::pipeline(format!(
                "expected the column in all files, got it in {first} but not in {}",
                name(*file)
            )),
            Conflict::Twice(file) => Error::pipeline(format!(
                "expected one column of that name, got two in {}",
                name(*file)
            )),
        };
        error.with_column(&column.name).with_hint(
            "read the files that agree in a pipeline of their own, or `select` other columns",
        )
    }
}
