//! From what users write (files, directories, globs) to the files that are
//! read, in their order, with names that stay the same when files are added.
//!
//! The order is that of the list, and within a directory or glob that of the
//! names. The name of a file is its path below the directory or below the part
//! of the glob before its first wildcard, with `/`; of a file named itself,
//! its file name. Names never depend on what else is in the list, so two files
//! of one name are refused rather than renamed.
//!
//! An entry that stands in the list twice is read twice: its files are called
//! `name#2` then. A file that different entries reach is read once, where the
//! first of them has it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::endings::{Ending, ending, named_format};
use super::nothing;
use super::pattern::{PathTarget, target};
use super::walk::{
    AGAIN, FileId, FoundFile, Walked, Want, dangling, leads_nowhere, shown, tidy, walk,
};
use crate::error::{Error, Result};
use crate::format::{is_dataset_name, is_dataset_place};
use crate::plan::{Discovery, Format, PassedOverKind, local_path};

/// Where to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct UriContext<'a> {
    pub(super) uris: &'a [String],
    /// Where relative ones start.
    pub(super) base: &'a Path,
    /// The layout, or `None` to go by the ends of the names.
    pub(super) format: Option<Format>,
    /// Where the pipeline writes to.
    pub(super) sink: Option<&'a Path>,
}

/// What the places stand for.
#[derive(Debug)]
pub(super) struct Expanded {
    /// The files, in source order.
    pub(super) files: Vec<FoundFile>,
    pub(super) format: Format,
    pub(super) discovery: Discovery,
}

/// What `places` stand for, and their layout.
///
/// # Errors
/// `Pipeline` if they stand for nothing, for files of several layouts, for two
/// files of one name, or for what fuelrail wrote.
pub(super) fn expand(places: UriContext<'_>) -> Result<Expanded> {
    let mut list = List::new();
    for uri in places.uris {
        let path = match uri.as_str() {
            "-" => return Err(nothing::standard_input()),
            "" => return Err(Error::pipeline("expected a path, got an empty text")),
            uri => local_path(uri, places.base)?,
        };
        if list.repeat(&path, uri) {
            continue;
        }
        let walked = expand_one(&path, uri, places)?;
        list.add(&path, walked)?;
    }
    let List {
        files, discovery, ..
    } = list;
    if files.is_empty() {
        return Err(Error::pipeline(
            "expected at least one input, got an empty list",
        ));
    }
    let format = match places.format {
        Some(format) => format,
        None => one_format(&files)?,
    };
    Ok(Expanded {
        files,
        format,
        discovery,
    })
}

fn expand_one(path: &Path, uri: &str, places: UriContext<'_>) -> Result<Walked> {
    let (walked, path) = match target(path, places.base)? {
        PathTarget::Literal(path) => (literal(&path, uri, places)?, path),
        PathTarget::Glob(root, pattern) if root.is_dir() => {
            check_not_ours(&root)?;
            (walk(&root, Want::Glob(&pattern), places.sink)?, root)
        }
        PathTarget::Glob(..) => return Err(nothing::matches(uri)),
    };
    if walked.files.is_empty() {
        return Err(nothing::readable(&path, uri, &walked.discovery));
    }
    Ok(walked)
}

/// A file or a folder that is named.
fn literal(path: &Path, uri: &str, places: UriContext<'_>) -> Result<Walked> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if leads_nowhere(&error) && fs::symlink_metadata(path).is_ok() => {
            return Err(dangling(path, error));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(nothing::matches(uri));
        }
        Err(error) => return Err(Error::io("read input", path, error)),
    };
    check_not_ours(path)?;
    if metadata.is_dir() {
        return folder(path, places);
    }
    // A pipe or a device has no length, and nothing to come back to.
    if !metadata.is_file() {
        return Err(
            Error::pipeline("expected a file or a directory, got a pipe or a device")
                .with_path(path)
                .with_hint(
                    "write the content to a file first: a run must be able to read it again",
                ),
        );
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let file = FoundFile {
        name: name.into_owned(),
        path: path.to_owned(),
        is_linked: true,
        id: Some(FileId::of(&metadata)),
    };
    Ok(Walked {
        files: vec![file],
        discovery: Discovery::default(),
    })
}

/// What a folder holds that is wanted: of any format, else images or archives, which
/// among other data are mostly no rows.
fn folder(path: &Path, places: UriContext<'_>) -> Result<Walked> {
    let found = walk(path, Want::Folder(places.format), places.sink)?;
    if !found.files.is_empty() || places.format.is_some() {
        return Ok(found);
    }
    let mut aside = walk(path, Want::Folder(Some(Format::Images)), places.sink)?;
    let archives = walk(path, Want::Folder(Some(Format::Tar)), places.sink)?;
    match (aside.files.is_empty(), archives.files.is_empty()) {
        (true, true) => Ok(found),
        (true, false) => Ok(archives),
        (false, true) => Ok(aside),
        (false, false) => {
            aside.files.extend(archives.files);
            Ok(aside)
        }
    }
}

/// Refuses what lies in a dataset under a name that fuelrail gives.
fn check_not_ours(path: &Path) -> Result<()> {
    let Ok(real) = fs::canonicalize(path) else {
        return Ok(());
    };
    let mut inside = real.as_path();
    while let (Some(dir), Some(name)) = (inside.parent(), inside.file_name()) {
        if name.to_str().is_some_and(is_dataset_name) && is_dataset_place(dir) {
            return Err(Error::pipeline(format!(
                "expected data, got what fuelrail wrote: it is part of the dataset in {}",
                dir.display()
            ))
            .with_path(tidy(path))
            .with_hint("copy it to a folder of its own to read it as data"));
        }
        inside = dir;
    }
    Ok(())
}

/// The files of a list as its entries come.
struct List {
    files: Vec<FoundFile>,
    discovery: Discovery,
    /// For each entry, which of the files are its own, and how often it came.
    entries: HashMap<PathBuf, (std::ops::Range<usize>, usize)>,
    names: HashMap<String, PathBuf>,
    /// The files that may be reached again, links resolved.
    real: HashSet<PathBuf>,
    /// Files of several names, by the first.
    hard_links: HashMap<FileId, PathBuf>,
}

impl List {
    fn new() -> Self {
        Self {
            files: Vec::new(),
            discovery: Discovery::default(),
            entries: HashMap::new(),
            names: HashMap::new(),
            real: HashSet::new(),
            hard_links: HashMap::new(),
        }
    }

    /// Adds the files of an entry once more, if it stood in the list before.
    fn repeat(&mut self, path: &Path, uri: &str) -> bool {
        let Some((range, n_times)) = self.entries.get_mut(&tidy(path)) else {
            return false;
        };
        *n_times += 1;
        let n_times = *n_times;
        let again = self.files[range.clone()].to_vec();
        let again = again.into_iter().map(|file| FoundFile {
            name: format!("{}#{n_times}", file.name),
            ..file
        });
        self.files.extend(again);
        let said = format!("{uri} stands in the list for the time {n_times}: its rows come again");
        self.discovery.notes.push(said);
        true
    }

    /// Adds the files of an entry that are not there yet.
    fn add(&mut self, path: &Path, walked: Walked) -> Result<()> {
        let begin = self.files.len();
        self.discovery.extend(walked.discovery);
        // The name without a link wins.
        let (linked, plain): (Vec<_>, Vec<_>) =
            walked.files.into_iter().partition(|file| file.is_linked);
        for file in plain.into_iter().chain(linked) {
            self.add_file(file)?;
        }
        self.files[begin..].sort_by(|a, b| a.name.cmp(&b.name));
        let entry = (begin..self.files.len(), 1);
        self.entries.insert(tidy(path), entry);
        Ok(())
    }

    fn add_file(&mut self, file: FoundFile) -> Result<()> {
        let real =
            fs::canonicalize(&file.path).map_err(|e| Error::io("read input", &file.path, e))?;
        if !self.real.insert(real) {
            self.discovery
                .pass_over(PassedOverKind::Again, AGAIN, || shown(&file.path));
            return Ok(());
        }
        if let Some(other) = self.names.get(&file.name) {
            return Err(Error::pipeline(format!(
                "expected every input to have a name of its own, {:?} is the name of {} and of {}",
                file.name,
                shown(other),
                shown(&file.path)
            ))
            .with_hint("name the directory above both, or one glob that matches both"));
        }
        if let Some(id) = file.id {
            match self.hard_links.entry(id) {
                Entry::Vacant(entry) => {
                    entry.insert(file.path.clone());
                }
                Entry::Occupied(first) => self.discovery.notes.push(format!(
                    "{} and {} are one file with two names (a hard link): its rows come twice",
                    shown(first.get()),
                    shown(&file.path)
                )),
            }
        }
        self.names.insert(file.name.clone(), file.path.clone());
        self.files.push(file);
        Ok(())
    }
}

/// The layout that all of `files` have by their names.
fn one_format(files: &[FoundFile]) -> Result<Format> {
    let mut first: Option<(&FoundFile, Format)> = None;
    for file in files {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let format = named_format(&name).ok_or_else(|| unread(file, &name))?;
        match first {
            Some((other, seen)) if seen != format => {
                return Err(Error::pipeline(format!(
                    "expected inputs of one format, got {} ({}) and {} ({})",
                    seen.as_str(),
                    other.name,
                    format.as_str(),
                    file.name
                ))
                .with_hint("set `format`, or narrow the path to files of one format"));
            }
            Some(_) => {}
            None => first = Some((file, format)),
        }
    }
    first
        .map(|(_, format)| format)
        .ok_or_else(|| Error::pipeline("expected at least one input"))
}

/// The error for a named file of an ending that is not read.
fn unread(file: &FoundFile, name: &str) -> Error {
    let error = match ending(name) {
        Ending::Foreign(kind) => Error::pipeline(format!(
            "expected Parquet, Arrow, JSON lines, text, images or tar, got {}: that is not read yet",
            kind.name
        ))
        .with_hint(kind.way(&shown(&file.path))),
        _ => {
            Error::pipeline("expected a known ending such as .jsonl.zst, .parquet, .arrow or .txt")
                .with_hint(nothing::unknown(&file.path))
        }
    };
    error.with_path(tidy(&file.path))
}
