//! What to say of columns of extension types: their values are kept as what
//! they are stored in, and the name and its meaning are not.

use std::collections::HashSet;

use arrow::datatypes::{Field, Schema};

use crate::error::name_in_backticks;
use crate::plan::layouts::plain;
use crate::plan::type_names::type_name;
use crate::plan::types::Catalog;

/// Where Arrow keeps the name of an extension type, and what belongs to it.
const NAME: &str = "ARROW:extension:name";
const PARAMETERS: &str = "ARROW:extension:metadata";

/// The most characters that are shown of what belongs to a type.
const SHOWN: usize = 120;

/// A sentence for each column of `projection` that some file declares to be of
/// an extension type.
pub(super) fn notes(projection: &Schema, catalog: &Catalog) -> Vec<String> {
    let mut said = HashSet::new();
    let mut notes = Vec::new();
    for file in &catalog.files {
        for field in file.schema.fields() {
            let name = field.name();
            // A path leads to what is in a column.
            let is_read = projection.fields().iter().any(|read| {
                let rest = read.name().strip_prefix(name.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
            if let Some(note) = note(field).filter(|_| is_read && !said.contains(name)) {
                said.insert(name);
                notes.push(note);
            }
        }
    }
    notes
}

fn note(field: &Field) -> Option<String> {
    let extension = field.metadata().get(NAME)?;
    // Text that is JSON is the same text.
    if extension == "arrow.json" {
        return None;
    }
    let parameters = field.metadata().get(PARAMETERS);
    let parameters = parameters.filter(|text| !text.is_empty() && *text != "{}");
    let parameters = parameters.map_or_else(String::new, |text| {
        let shown: String = text
            .chars()
            .take(SHOWN)
            .flat_map(char::escape_debug)
            .collect();
        format!(" nor its {}", shown.replace("\\\"", "\""))
    });
    Some(format!(
        "the column {} is of the extension type {}, and is kept as {}: not the type{parameters}",
        name_in_backticks(field.name()),
        name_in_backticks(extension),
        type_name(&plain(field.data_type())),
    ))
}
