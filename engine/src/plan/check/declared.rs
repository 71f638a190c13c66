//! What to say of `[source.schema]`: keys that nothing uses or no line has, most
//! likely misspelt. A key may be absent today and come tomorrow, so it is no
//! error.

use crate::error::name_in_backticks;
use crate::plan::leaf;
use crate::plan::pipeline::Pipeline;
use crate::plan::proposal::{Found, Proposed};
use crate::plan::seen::SeenKeys;
use crate::plan::selected::Selected;
use crate::plan::suggest;
use crate::plan::types::Catalog;

/// A sentence for each declared key that changes nothing, as far as the lines
/// that were looked at tell.
pub(super) fn notes(pipeline: &Pipeline, catalog: &Catalog) -> Vec<String> {
    let Some(seen) = &catalog.seen else {
        return Vec::new();
    };
    let selected = Selected::of(pipeline);
    let declared = &pipeline.source.schema;
    let mut known: Vec<String> = seen.others.clone();
    known.extend(seen.keys.iter().flat_map(names));
    if !selected.all {
        known.extend(selected.names.iter().cloned());
    }
    // One that is declared as well is meant itself.
    known.retain(|name| declared.get(name).is_none());
    let note = |name: &String| {
        let is_used = selected.all || selected.names.contains(name);
        let what = if !is_used {
            "is used by no step"
        } else if is_absent(name, seen) {
            "is in no line"
        } else {
            return None;
        };
        let near = suggest::nearest(name, known.iter().map(String::as_str));
        let meant = near.map_or_else(String::new, |near| {
            format!("; did you mean {}?", name_in_backticks(near))
        });
        let name = name_in_backticks(name);
        Some(format!("[source.schema]: the key {name} {what}{meant}"))
    };
    declared
        .0
        .iter()
        .filter_map(|(name, _)| note(name))
        .collect()
}

/// The name of a key that came, and the paths into its objects.
fn names(key: &Proposed) -> Vec<String> {
    let mut names = match &key.found {
        Found::Absent => return Vec::new(),
        Found::Type(data_type) => leaf::paths(&key.name, data_type),
        _ => Vec::new(),
    };
    names.push(key.name.clone());
    names
}

/// Whether all lines were looked at and none has the key `name`.
fn is_absent(name: &str, seen: &SeenKeys) -> bool {
    let is_all = |looked: crate::plan::Looked| looked.is_all && looked.n_rows > 0;
    if !seen.looked.is_some_and(is_all) {
        return false;
    }
    let find = |name: &str| {
        let mut keys = seen.keys.iter();
        keys.find(|key| key.name == name && key.found != Found::Absent)
    };
    if find(name).is_some() {
        return false;
    }
    if seen.keys.iter().any(|key| key.name == name) {
        return true;
    }
    // What is in an object is known where the object has a type.
    let outer = name.split_once('.').and_then(|(outer, _)| find(outer));
    match outer.map(|key| (&key.found, names(key))) {
        Some((Found::Type(_), paths)) => !paths.iter().any(|path| path == name),
        Some(_) => false,
        None => true,
    }
}
