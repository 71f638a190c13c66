//! The columns of JSON lines: types that the pipeline declares, and those
//! proposed for the other keys.

use arrow::datatypes::{DataType, Field, Schema};

use crate::error::{Error, Result, name_in_quotes};
use crate::plan::json::{EXTRA, JsonColumn, JsonShape, UnknownKeys, json_field};
use crate::plan::leaf;
use crate::plan::pipeline::{JsonType, KeyTypes, SourceSpec};
use crate::plan::proposal::{Conflict, Found, Place};
use crate::plan::seen::SeenKeys;
use crate::plan::selected::Selected;
use crate::plan::types::Catalog;

/// The columns that lines have, in order of first appearance.
#[derive(Debug)]
pub(super) struct LineKeys<'a> {
    catalog: &'a Catalog,
    seen: &'a SeenKeys,
    columns: Vec<KeyColumn<'a>>,
    unknown: UnknownKeys,
    allow_nan: bool,
}

#[derive(Debug)]
struct KeyColumn<'a> {
    name: String,
    path: Vec<String>,
    origin: Origin<'a>,
}

/// Where the type of a column comes from.
#[derive(Debug)]
enum Origin<'a> {
    Declared(Field),
    Proposed(DataType),
    /// No type holds it.
    Untyped(&'a Found),
    /// The keys that are in no other column.
    Extra,
}

impl<'a> LineKeys<'a> {
    /// The columns of the lines that `seen` is about.
    pub(super) fn new(
        source: &SourceSpec,
        catalog: &'a Catalog,
        seen: &'a SeenKeys,
        selected: &Selected,
    ) -> Self {
        let mut keys = Self {
            catalog,
            seen,
            columns: Vec::new(),
            unknown: match source.unknown_keys {
                Some(policy) => policy,
                None if selected.all => UnknownKeys::Error,
                None => UnknownKeys::Skip,
            },
            allow_nan: source.allow_nan,
        };
        let declared = selected.key_types(&source.schema);
        keys.add_seen(&declared, selected);
        keys.add_declared(&declared, selected);
        if selected.all {
            keys.add_paths(&selected.names);
        }
        if keys.keeps(EXTRA) {
            keys.add(EXTRA, vec![EXTRA.to_owned()], Origin::Extra);
        }
        keys
    }

    fn add(&mut self, name: &str, path: Vec<String>, origin: Origin<'a>) {
        self.columns.push(KeyColumn {
            name: name.to_owned(),
            path,
            origin,
        });
    }

    fn add_seen(&mut self, declared: &KeyTypes, selected: &Selected) {
        for key in &self.seen.keys {
            // A declared path beside all keys keeps its place among those that
            // are declared.
            let is_beside = selected.all && key.path.len() > 1;
            if is_beside || self.keeps(&key.name) {
                continue;
            }
            let origin = match (declared.get(&key.name), &key.found) {
                (Some(data_type), _) => Origin::Declared(data_type.field(&key.name)),
                (None, Found::Absent) => continue,
                (None, Found::Type(data_type)) => Origin::Proposed(data_type.clone()),
                (None, found) => Origin::Untyped(found),
            };
            self.add(&key.name, key.path.clone(), origin);
        }
    }

    /// Keys that no line looked at has may come later.
    fn add_declared(&mut self, declared: &KeyTypes, selected: &Selected) {
        for (name, data_type) in &declared.0 {
            let is_used = selected.all || selected.names.contains(name);
            if is_used && self.get(name).is_none() && !self.keeps(name) {
                let origin = Origin::Declared(data_type.field(name));
                self.add(name, split(name), origin);
            }
        }
    }

    /// Where all keys were looked at, paths are found in the types of objects.
    fn add_paths(&mut self, names: &[String]) {
        let proposed = |column: &KeyColumn<'_>| match &column.origin {
            Origin::Proposed(data_type) => Some(Field::new(&column.name, data_type.clone(), true)),
            _ => None,
        };
        let fields: Vec<Field> = self.columns.iter().filter_map(proposed).collect();
        let schema = Schema::new(fields);
        for name in names.iter().filter(|name| name.contains('.')) {
            let place = leaf::find(&schema, name);
            let field = place.and_then(|place| leaf::field_at(&schema, &place, name));
            if let (None, Some(field)) = (self.get(name), field) {
                let origin = Origin::Proposed(field.data_type().clone());
                self.add(name, split(name), origin);
            }
        }
    }

    /// Whether `name` is the column that keeps unknown keys; a key of that name
    /// is kept in it like any other.
    fn keeps(&self, name: &str) -> bool {
        self.unknown == UnknownKeys::Keep && name == EXTRA
    }

    /// Names of all columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Names of what is not a column, to suggest.
    pub(super) fn others(&self) -> impl Iterator<Item = &str> {
        self.seen.others.iter().map(String::as_str)
    }

    /// The field of the column `name`, if there is one.
    ///
    /// # Errors
    /// `Pipeline` where no type holds all values seen.
    pub(super) fn field(&self, name: &str) -> Result<Option<Field>> {
        let Some(column) = self.get(name) else {
            return Ok(None);
        };
        match &column.origin {
            Origin::Declared(field) => Ok(Some(field.clone())),
            Origin::Proposed(data_type) => Ok(Some(Field::new(name, data_type.clone(), true))),
            Origin::Extra => Ok(Some(json_field(name))),
            Origin::Untyped(found) => Err(self.untyped(name, found)),
        }
    }

    /// How lines become the columns of `projection`.
    pub(super) fn shape(&self, projection: &Schema) -> JsonShape {
        let columns = projection.fields().iter();
        let columns = columns.filter_map(|field| self.get(field.name()));
        let columns = columns.filter(|column| !matches!(column.origin, Origin::Extra));
        JsonShape {
            columns: columns
                .map(|column| JsonColumn {
                    name: column.name.clone(),
                    path: column.path.clone(),
                    declared: matches!(column.origin, Origin::Declared(_)),
                })
                .collect(),
            unknown_keys: self.unknown,
            allow_nan: self.allow_nan,
        }
    }

    fn get(&self, name: &str) -> Option<&KeyColumn<'a>> {
        self.columns.iter().find(|column| column.name == name)
    }

    fn untyped(&self, name: &str, found: &Found) -> Error {
        let (message, place) = match found {
            Found::Conflict(conflict) => self.conflict(conflict),
            Found::Untyped { at, what, place } => {
                let subject = if at == name {
                    "the key".to_owned()
                } else {
                    format!("`{at}`")
                };
                let message =
                    format!("{subject} is {what} in every line looked at, so its type is unknown");
                (message, *place)
            }
            Found::Type(_) | Found::Absent => return Error::internal("the key has a type"),
        };
        let error = Error::pipeline(message)
            .with_column(name)
            .with_row(place.line)
            .with_line(place.line + 1)
            .with_hint(match found {
                Found::Conflict(Conflict { at, .. }) if leads_through(name, at) => beside(name, at),
                _ => self.block(),
            });
        match self.catalog.files.get(place.file as usize) {
            Some(file) => error.with_path(&file.input.path),
            None => error,
        }
    }

    /// What is wrong, and the line that brought it about.
    fn conflict(&self, conflict: &Conflict) -> (String, Place) {
        let Conflict { at, first, second } = conflict;
        let (kind, place) = first;
        let here = self.said(*place);
        match second {
            Some((other, second)) => {
                let there = self.said(*second);
                let message = format!(
                    "`{at}` is {kind} in {here} and {other} in {there}, and no type holds both"
                );
                (message, *second)
            }
            None => (
                format!("`{at}` is {kind} in {here}, which no type holds"),
                *place,
            ),
        }
    }

    fn said(&self, place: Place) -> String {
        let file = self.catalog.files.get(place.file as usize);
        let name = file.map_or("?", |file| file.input.name.as_str());
        format!("{name}:{}", place.line + 1)
    }

    /// What to add to the pipeline file, for all keys that need it.
    fn block(&self) -> String {
        let untyped = self
            .columns
            .iter()
            .filter(|column| matches!(column.origin, Origin::Untyped(_)));
        let types = untyped.map(|column| (column.name.clone(), JsonType::Json));
        format!(
            "add this to the pipeline file; \"json\" keeps each value as its text, another type \
             such as \"string\" or \"int64\" refuses the rows that do not fit, and `fuelrail plan \
             --scan` finds those that hold all rows\n{}",
            KeyTypes(types.collect()).block()
        )
    }
}

/// Whether the path `name` leads through `at`.
fn leads_through(name: &str, at: &str) -> bool {
    name.strip_prefix(at)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// What helps where not all rows have an object at `at`, through which a path
/// leads: no type of what lies behind it does.
fn beside(name: &str, at: &str) -> String {
    let [path, object] = [name, at].map(name_in_quotes);
    format!(
        "a path leads through objects alone: to set the other rows aside, set `on_error = \
         \"quarantine\"` and declare a type for {path} under [source.schema]; to keep them, use \
         {object} itself, with the type \"json\""
    )
}

fn split(name: &str) -> Vec<String> {
    name.split('.').map(str::to_owned).collect()
}
