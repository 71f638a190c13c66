//! Whether a directory is free for a dataset: it is not there, it is empty, or
//! what it holds is fuelrail's.
//!
//! A dataset beside other files is easily deleted with them, or taken for a part
//! of them, so it is written there only by those who say so.

use std::io;
use std::path::Path;

use super::fs::Fs;
use crate::error::{Error, ErrorKind, Result};
use crate::format::{MANIFEST, WORK, is_asset_name, is_list_name, is_shard_name};

/// What to do about a target that holds files which are not fuelrail's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnForeign {
    /// Refuse, saying what it holds.
    #[default]
    Refuse,
    /// Write the dataset beside them. None of them is changed or removed.
    Into,
}

/// Names of foreign files in an error; more are counted.
const MAX_LISTED: usize = 3;

/// Refuses a directory that holds something which is not fuelrail's. Hidden
/// files, such as `.DS_Store` and `.gitkeep`, do not count; a directory that has
/// been written to before is fuelrail's whatever else it holds.
///
/// # Errors
/// `Usage` if it is refused or is a file, `Io`.
pub fn check_foreign(fs: &dyn Fs, root: &Path) -> Result<()> {
    let names = list(fs, root)?;
    if names.iter().any(|name| name == WORK || name == MANIFEST) {
        return Ok(());
    }
    let mut foreign = Vec::new();
    for name in names.into_iter().filter(|name| !name.starts_with('.')) {
        let is_ours = match name.as_str() {
            "shards" => all_are(fs, &root.join("shards"), is_shard_name)?,
            "assets" => all_are(fs, &root.join("assets"), is_asset_name)?,
            list => is_list_name(list),
        };
        if !is_ours {
            foreign.push(name);
        }
    }
    if foreign.is_empty() {
        return Ok(());
    }
    let n_more = foreign.len().saturating_sub(MAX_LISTED);
    foreign.truncate(MAX_LISTED);
    let more = if n_more > 0 {
        format!(" and {n_more} more")
    } else {
        String::new()
    };
    Err(Error::new(
        ErrorKind::Usage,
        format!(
            "expected a directory that is empty or holds a dataset, got one that holds {}{more}",
            foreign.join(", ")
        ),
    )
    .with_path(root)
    .with_hint(
        "choose another directory, or use `--into` to write the dataset beside what is there",
    ))
}

/// Whether every visible entry of a directory has a name that fuelrail gives.
fn all_are(fs: &dyn Fs, dir: &Path, ours: fn(&str) -> bool) -> Result<bool> {
    let names = match list(fs, dir) {
        Err(error) if error.kind() == ErrorKind::Usage => return Ok(false),
        names => names?,
    };
    Ok(names.iter().all(|name| name.starts_with('.') || ours(name)))
}

/// The names in a directory; none where there is no directory.
fn list(fs: &dyn Fs, dir: &Path) -> Result<Vec<String>> {
    match fs.list(dir) {
        Ok(names) => Ok(names),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(Error::new(
            ErrorKind::Usage,
            "expected a directory for the dataset, got a file",
        )
        .with_path(dir)
        .with_hint("name a directory that is to hold the dataset; it need not be there")),
        Err(error) => Err(Error::io("list", dir, error)),
    }
}
