//! From what users write (files, directories, globs) to a sorted list of files
//! with names that stay the same when files are added.
//!
//! The name of a file is its path below the directory or below the part of the
//! glob before its first wildcard, with `/`; of a file named itself, its file
//! name. Names never depend on what else is in the list, so two files of one
//! name are refused rather than renamed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::input::Compression;
use crate::error::{Error, Result};
use crate::plan::Format;

/// Directories within directories, at most: symbolic links may form a ring.
const MAX_DEPTH: usize = 64;

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) name: String,
}

/// What `uris` stand for, sorted by name, and their layout.
///
/// # Errors
/// `Pipeline` if they stand for nothing, for files of several layouts, or for
/// two files of one name.
pub(super) fn expand(
    uris: &[String],
    base: &Path,
    format: Option<Format>,
) -> Result<(Vec<Found>, Format)> {
    let mut all = Vec::new();
    for uri in uris {
        let found = expand_one(uri, base, format)?;
        if found.is_empty() {
            return Err(nothing(uri, format));
        }
        all.extend(found);
    }
    if all.is_empty() {
        return Err(Error::pipeline(
            "expected at least one input, got an empty list",
        ));
    }
    let files = unique(all)?;
    let format = match format {
        Some(format) => format,
        None => one_format(&files)?,
    };
    Ok((files, format))
}

fn nothing(uri: &str, format: Option<Format>) -> Error {
    let kind = format.map_or("known", Format::as_str);
    Error::pipeline(format!("expected input files, nothing matches {uri:?}")).with_hint(format!(
        "check the path; relative ones start at the pipeline file, and of a directory \
         only files of a {kind} format are taken"
    ))
}

fn expand_one(uri: &str, base: &Path, format: Option<Format>) -> Result<Vec<Found>> {
    let uri = local(uri)?;
    let path = base.join(uri);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => {
            let mut walk = Walk::new(&path, MAX_DEPTH);
            walk.take = |name| name_format(name).is_some();
            let mut found = walk.files()?;
            if let Some(format) = format {
                found.retain(|file| name_format(&file.name) == Some(format));
            }
            Ok(found)
        }
        // A pipe or a device has no length, and nothing to come back to.
        Ok(metadata) if !metadata.is_file() => Err(Error::pipeline(
            "expected a file or a directory, got a pipe or a device",
        )
        .with_path(&path)
        .with_hint("write the content to a file first: a run must be able to read it again")),
        Ok(_) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Ok(vec![Found {
                name: name.into_owned(),
                path: path.clone(),
            }])
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => match uri.find(WILDCARDS) {
            Some(_) => expand_glob(uri, base),
            None => Ok(Vec::new()),
        },
        Err(error) => Err(Error::io("read input", &path, error)),
    }
}

/// What makes a path a glob.
const WILDCARDS: &[char] = &['*', '?', '[', '{'];

/// The path in a uri of this machine's file system.
fn local(uri: &str) -> Result<&str> {
    match uri.split_once("://") {
        None => Ok(uri),
        Some(("file", path)) => Ok(path),
        Some((scheme, _)) => Err(Error::pipeline(format!(
            "expected a local path, got {uri:?}: object stores such as {scheme}:// are not \
             supported yet"
        ))
        .with_hint("copy the files to a local disk, or mount the store")),
    }
}

fn expand_glob(uri: &str, base: &Path) -> Result<Vec<Found>> {
    let wild = uri.find(WILDCARDS).unwrap_or(uri.len());
    let split = uri
        .get(..wild)
        .and_then(|prefix| prefix.rfind('/'))
        .map_or(0, |slash| slash + 1);
    let (prefix, pattern) = uri.split_at_checked(split).unwrap_or(("", uri));
    let root = base.join(prefix);
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let matcher = compile(pattern)?;
    let depth = if pattern.contains("**") {
        MAX_DEPTH
    } else {
        pattern.matches('/').count() + 1
    };
    let mut walk = Walk::new(&root, depth);
    walk.hidden = pattern.split('/').any(|part| part.starts_with(['.', '_']));
    let mut found = walk.files()?;
    found.retain(|file| matcher.is_match(&file.name));
    Ok(found)
}

fn compile(pattern: &str) -> Result<GlobMatcher> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|e| Error::pipeline("expected a glob").with_source(e))
}

/// A walk through a directory tree.
struct Walk<'a> {
    root: &'a Path,
    depth: usize,
    /// Which file names are taken.
    take: fn(&str) -> bool,
    /// Whether names that begin with `.` or `_` are looked at. Such are
    /// markers and unfinished output of other programs.
    hidden: bool,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Path, depth: usize) -> Self {
        Self {
            root,
            depth,
            take: |_| true,
            hidden: false,
        }
    }

    fn files(&self) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        let mut level = vec![Found {
            path: self.root.to_owned(),
            name: String::new(),
        }];
        for _ in 0..self.depth {
            let mut below = Vec::new();
            for dir in level {
                let entries = self.entries(&dir)?;
                below.extend(entries.dirs);
                found.extend(entries.files);
            }
            level = below;
        }
        Ok(found)
    }

    fn entries(&self, dir: &Found) -> Result<Entries> {
        let mut entries = Entries::default();
        for path in list(&dir.path)? {
            let name = utf8_name(&path)?;
            let kind = self.kind(name, &path);
            let name = format!("{}{name}", dir.name);
            match kind {
                Kind::Dir => entries.dirs.push(Found {
                    path,
                    name: format!("{name}/"),
                }),
                Kind::File => entries.files.push(Found { path, name }),
                Kind::Other => {}
            }
        }
        Ok(entries)
    }

    fn kind(&self, name: &str, path: &Path) -> Kind {
        if !self.hidden && name.starts_with(['.', '_']) {
            return Kind::Other;
        }
        // Through symbolic links; one that leads nowhere is no file.
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Kind::Dir,
            Ok(metadata) if metadata.is_file() && (self.take)(name) => Kind::File,
            _ => Kind::Other,
        }
    }
}

/// What stands in one directory; directories have names that end in `/`.
#[derive(Default)]
struct Entries {
    dirs: Vec<Found>,
    files: Vec<Found>,
}

/// What a name in a directory is to a walk.
enum Kind {
    Dir,
    File,
    Other,
}

fn list(dir: &Path) -> Result<Vec<PathBuf>> {
    let io = |e| Error::io("list directory", dir, e);
    let entries = fs::read_dir(dir).map_err(io)?;
    entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(io))
        .collect()
}

fn utf8_name(path: &Path) -> Result<&str> {
    let name = path.file_name().unwrap_or_default();
    name.to_str().ok_or_else(|| not_utf8(path))
}

fn not_utf8(path: &Path) -> Error {
    Error::pipeline("expected a file name in UTF-8")
        .with_path(path)
        .with_hint("rename the file: its name becomes part of the dataset")
}

/// Sorts by name; the same file counts once, two files of one name are refused.
fn unique(all: Vec<Found>) -> Result<Vec<Found>> {
    let mut names: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut files = BTreeSet::new();
    for found in all {
        let real =
            fs::canonicalize(&found.path).map_err(|e| Error::io("read input", &found.path, e))?;
        if !files.insert(real) {
            continue;
        }
        if let Some(other) = names.get(&found.name) {
            return Err(Error::pipeline(format!(
                "expected every input to have a name of its own, {:?} is the name of {} and of {}",
                found.name,
                tidy(other).display(),
                tidy(&found.path).display()
            ))
            .with_hint("name the directory above both, or one glob that matches both"));
        }
        names.insert(found.name, found.path);
    }
    Ok(names
        .into_iter()
        .map(|(name, path)| Found { path, name })
        .collect())
}

/// Leaves out `.` components.
fn tidy(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .collect()
}

/// The layout that all of `files` have by their names.
fn one_format(files: &[Found]) -> Result<Format> {
    let mut first: Option<(&Found, Format)> = None;
    for file in files {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let format = named_format(&name).ok_or_else(|| {
            Error::pipeline("expected a known ending such as .jsonl.zst, .parquet, .arrow or .txt")
                .with_path(&file.path)
                .with_hint("say what it is with `format = \"…\"`, or narrow the glob")
        })?;
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

/// The layout of a file met in a directory. `.json` is not among them: it
/// mostly is a document about the data.
fn name_format(name: &str) -> Option<Format> {
    named_format(name).filter(|_| !has_ending(Compression::split(name).0, "json"))
}

/// The layout of a file that was named, itself or by a glob.
fn named_format(name: &str) -> Option<Format> {
    let (stem, compression) = Compression::split(name);
    let is = |endings: &[&str]| endings.iter().any(|ending| has_ending(stem, ending));
    if is(&["jsonl", "ndjson", "json"]) {
        Some(Format::Jsonl)
    } else if is(&["txt", "md", "text"]) {
        Some(Format::Text)
    } else if compression != Compression::None {
        None
    } else if is(&["parquet"]) {
        Some(Format::Parquet)
    } else if is(&["arrow", "arrows", "feather", "ipc"]) {
        Some(Format::Arrow)
    } else {
        None
    }
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_go_by_the_ending_behind_the_compression() {
        assert_eq!(named_format("a.jsonl.zst"), Some(Format::Jsonl));
        assert_eq!(named_format("a.b.PARQUET"), Some(Format::Parquet));
        assert_eq!(named_format("a.parquet.gz"), None);
        assert_eq!(named_format("a.feather"), Some(Format::Arrow));
        assert_eq!(named_format("a.arrows"), Some(Format::Arrow));
        assert_eq!(named_format("a.md.gz"), Some(Format::Text));
        assert_eq!(named_format("a.json"), Some(Format::Jsonl));
        assert_eq!(name_format("a.json"), None);
        assert_eq!(named_format("README"), None);
    }
}
