//! Walks through a folder for the files that are inputs, and says what it
//! passes over.
//!
//! Links are followed. A folder is read once: what several paths lead to has
//! the one without a link for its name, or else the first. So a ring of links
//! ends.

use std::collections::{HashSet, VecDeque};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::endings::{Ending, IMAGE_TABLES, ending, looks_like_data};
use super::pattern::PathPattern;
use crate::error::{Error, Result};
use crate::format::{is_dataset_name, is_dataset_place, is_quarantine_name};
use crate::plan::{Discovery, Format, PassedOverKind};

/// Links on one path, at most, where a glob goes down to any depth.
const MAX_LINKS: usize = 3;

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    pub(super) name: String,
    /// Whether its path goes through a link.
    pub(super) is_linked: bool,
    /// What tells it from others, where it has several names.
    pub(super) id: Option<FileId>,
}

/// What tells a file from others: its device and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileId(u64, u64);

impl FileId {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

/// Which entries are wanted.
#[derive(Clone, Copy)]
pub(super) enum Want<'a> {
    /// All of a format, or of any, by their endings.
    Folder(Option<Format>),
    /// Those that match.
    Glob(&'a PathPattern),
}

/// What a walk gives.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The files, sorted by name.
    pub(super) files: Vec<FoundFile>,
    pub(super) discovery: Discovery,
}

/// The files below `root` that are wanted; `sink` is where the pipeline writes
/// to.
///
/// # Errors
/// `Pipeline` for a link that leads nowhere, or a name that is not UTF-8;
/// `Io` where a folder cannot be listed.
pub(super) fn walk(root: &Path, want: Want<'_>, sink: Option<&Path>) -> Result<Walked> {
    let id_of = |path: &Path| fs::metadata(path).ok().map(|found| FileId::of(&found));
    let sink = sink.and_then(id_of);
    let above = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let dir = Dir {
        path: root.to_owned(),
        name: String::new(),
        above: above.ancestors().filter_map(id_of).collect(),
        n_links: 0,
    };
    let mut walk = Walk {
        want,
        sink,
        is_place: is_dataset_place(root) || (sink.is_some() && sink == id_of(root)),
        visited: dir.above.iter().copied().collect(),
        links: VecDeque::new(),
        walked: Walked::default(),
    };
    let mut dirs = VecDeque::from([dir]);
    while let Some(dir) = dirs.pop_front().or_else(|| walk.next_link()) {
        for path in list(&dir.path)? {
            if let Some(below) = walk.entry(&dir, &path)? {
                dirs.push_back(below);
            }
        }
    }
    let mut walked = walk.walked;
    walked.files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(walked)
}

/// A folder to be read.
struct Dir {
    path: PathBuf,
    /// Its name below the root, with `/` at its end unless it is the root.
    name: String,
    /// The folders it lies in, and itself.
    above: Vec<FileId>,
    n_links: usize,
}

struct Walk<'a> {
    want: Want<'a>,
    sink: Option<FileId>,
    /// Whether the root holds a dataset, so that some names in it are ours.
    is_place: bool,
    visited: HashSet<FileId>,
    /// Folders that links lead to, read when all others were.
    links: VecDeque<(Dir, FileId)>,
    walked: Walked,
}

/// An entry of a folder.
struct Entry<'a> {
    path: &'a Path,
    /// The last component of its path.
    last: &'a str,
    /// Its name below the root.
    name: &'a str,
}

impl Walk<'_> {
    /// Looks at an entry of `dir`; gives the folder that is to be read next.
    fn entry(&mut self, dir: &Dir, path: &Path) -> Result<Option<Dir>> {
        let last = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{}{last}", dir.name);
        let entry = Entry {
            path,
            last: &last,
            name: &name,
        };
        let takes = self.takes(&name);
        if !takes && !self.enters(&name) {
            return Ok(None);
        }
        if dir.name.is_empty() && self.is_place && is_dataset_name(&last) {
            self.pass_over(&entry, PassedOverKind::Output, OURS);
            return Ok(None);
        }
        if self.is_hidden(&last) {
            self.hidden(&entry);
            return Ok(None);
        }
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            // A link whose name has no ending may be one to a folder.
            Err(error)
                if leads_nowhere(&error) && !takes && ending(&last) != Ending::Unknown("") =>
            {
                return Ok(None);
            }
            Err(error) if leads_nowhere(&error) => return Err(dangling(path, error)),
            Err(error) => return Err(Error::io("read input", path, error)),
        };
        if metadata.is_dir() {
            return self.dir(dir, &entry, &metadata);
        }
        if takes {
            self.file(dir, &entry, &metadata)?;
        }
        Ok(None)
    }

    /// Whether a file of this name below the root is wanted.
    fn takes(&self, name: &str) -> bool {
        match self.want {
            Want::Folder(_) => true,
            Want::Glob(pattern) => pattern.matches(name),
        }
    }

    /// Whether what is wanted may lie below a folder of this name.
    fn enters(&self, name: &str) -> bool {
        match self.want {
            Want::Folder(_) => true,
            Want::Glob(pattern) => pattern.enters(name),
        }
    }

    /// Whether a name is one of markers and of unfinished output of other
    /// programs, which a glob must spell to mean.
    fn is_hidden(&self, last: &str) -> bool {
        let spelled = matches!(self.want, Want::Glob(pattern) if pattern.hidden);
        !spelled && last.starts_with(['.', '_'])
    }

    /// Says that a hidden entry is passed over, where it may be missed.
    fn hidden(&mut self, entry: &Entry<'_>) {
        let found = fs::metadata(entry.path);
        let is_dir = found.is_ok_and(|metadata| metadata.is_dir());
        if is_dir || (self.takes(entry.name) && looks_like_data(entry.last)) {
            self.pass_over(entry, PassedOverKind::Hidden, HIDDEN);
        }
    }

    fn dir(&mut self, dir: &Dir, entry: &Entry<'_>, metadata: &Metadata) -> Result<Option<Dir>> {
        let id = FileId::of(metadata);
        if self.sink == Some(id) || is_dataset_place(entry.path) {
            self.pass_over(entry, PassedOverKind::Output, OUTPUT);
            return Ok(None);
        }
        if !self.enters(entry.name) {
            self.pass_over(entry, PassedOverKind::Directory, DIRECTORY);
            return Ok(None);
        }
        check_utf8(entry)?;
        let is_link = is_link(entry.path)?;
        if is_link && self.is_ring(dir, id) {
            self.pass_over(entry, PassedOverKind::Again, RING);
            return Ok(None);
        }
        let below = Dir {
            path: entry.path.to_owned(),
            name: format!("{}/", entry.name),
            above: dir.above.iter().copied().chain([id]).collect(),
            n_links: dir.n_links + usize::from(is_link),
        };
        match self.want {
            Want::Folder(_) if is_link => {
                self.links.push_back((below, id));
                Ok(None)
            }
            Want::Folder(_) if !self.visited.insert(id) => {
                self.pass_over(entry, PassedOverKind::Again, AGAIN);
                Ok(None)
            }
            _ => Ok(Some(below)),
        }
    }

    /// Whether following a link from `dir` to the folder `id` would go on for
    /// ever, or nearly so.
    fn is_ring(&self, dir: &Dir, id: FileId) -> bool {
        match self.want {
            // It ends at the depth of the pattern.
            Want::Glob(pattern) if !pattern.is_deep() => false,
            Want::Glob(_) => dir.above.contains(&id) || dir.n_links == MAX_LINKS,
            Want::Folder(_) => dir.above.contains(&id),
        }
    }

    /// The next folder that a link leads to and that was not read before.
    fn next_link(&mut self) -> Option<Dir> {
        while let Some((dir, id)) = self.links.pop_front() {
            if self.visited.insert(id) {
                return Some(dir);
            }
            let entry = Entry {
                path: &dir.path,
                last: "",
                name: &dir.name,
            };
            self.pass_over(&entry, PassedOverKind::Again, AGAIN);
        }
        None
    }

    fn file(&mut self, dir: &Dir, entry: &Entry<'_>, metadata: &Metadata) -> Result<()> {
        if !metadata.is_file() {
            self.pass_over(entry, PassedOverKind::Special, SPECIAL);
            return Ok(());
        }
        if is_quarantine_name(entry.last) {
            self.pass_over(entry, PassedOverKind::Output, LIST);
            return Ok(());
        }
        if matches!(self.want, Want::Folder(Some(Format::Images)))
            && dir.name.is_empty()
            && IMAGE_TABLES.iter().any(|(name, _)| *name == entry.last)
        {
            // It is read, though it is no input of its own.
            return Ok(());
        }
        if let Want::Folder(format) = self.want
            && let Some((kind, reason)) = not_of(format, entry.last)
        {
            self.pass_over(entry, kind, &reason);
            return Ok(());
        }
        check_utf8(entry)?;
        self.walked.files.push(FoundFile {
            path: entry.path.to_owned(),
            name: entry.name.to_owned(),
            is_linked: dir.n_links > 0 || is_link(entry.path)?,
            id: (metadata.nlink() > 1).then(|| FileId::of(metadata)),
        });
        Ok(())
    }

    fn pass_over(&mut self, entry: &Entry<'_>, kind: PassedOverKind, reason: &str) {
        let discovery = &mut self.walked.discovery;
        discovery.pass_over(kind, reason, || shown(entry.path));
    }
}

const OURS: &str = "written by fuelrail, which never reads what it wrote";
const OUTPUT: &str = "holds a dataset of fuelrail, or is where one is written";
const LIST: &str = "fuelrail's list of what was set aside; name the file to read it";
const HIDDEN: &str = "begins with `.` or `_`; a glob that spells it reads it";
const DIRECTORY: &str = "a directory, which the glob does not enter";
const SPECIAL: &str = "a pipe, a socket or a device, which cannot be read twice";
pub(super) const AGAIN: &str = "read already under another name";
const RING: &str = "a link back to a folder above it, or one of too many";

/// Why a folder's file of this name is not read, where only `format` is.
fn not_of(format: Option<Format>, name: &str) -> Option<(PassedOverKind, String)> {
    let reason = match ending(name) {
        Ending::Read(found) if format.is_none_or(|format| format == found) => return None,
        Ending::Aside(found) if format == Some(found) => return None,
        Ending::Read(_) => {
            let wanted = format.map_or("another", Format::as_str);
            let reason = format!("not of format \"{wanted}\" by its ending");
            return Some((PassedOverKind::Format, reason));
        }
        Ending::Json => "may be one document; a path or glob ending in .json reads it as JSON \
                         lines"
            .to_owned(),
        Ending::Aside(Format::Images) => {
            "an image; `format = \"images\"` reads the images of a folder".to_owned()
        }
        Ending::Aside(found) => format!("`format = {:?}` reads it", found.as_str()),
        Ending::Foreign(kind) => format!("{}, which is not read", kind.name),
        Ending::Unknown("") => "no ending, so its format is not known".to_owned(),
        Ending::Unknown(other) => format!("the ending .{other} is not known"),
    };
    Some((PassedOverKind::Ending, reason))
}

/// Whether `error` is that of a link which leads to nothing, or to itself.
pub(super) fn leads_nowhere(error: &io::Error) -> bool {
    // ELOOP has no stable `io::ErrorKind`.
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ELOOP)
}

/// The error for a link that leads nowhere.
pub(super) fn dangling(path: &Path, error: io::Error) -> Error {
    match fs::read_link(path) {
        Ok(target) => Error::pipeline(format!(
            "expected a link that leads to a file, got one to \"{}\", which is not there",
            target.display()
        ))
        .with_path(tidy(path))
        .with_hint("restore what it leads to, or remove the link"),
        Err(_) => Error::io("read input", path, error),
    }
}

fn is_link(path: &Path) -> Result<bool> {
    fs::symlink_metadata(path)
        .map(|metadata| metadata.is_symlink())
        .map_err(|e| Error::io("read input", path, e))
}

/// The entries of a folder, sorted.
fn list(dir: &Path) -> Result<Vec<PathBuf>> {
    let io = |e| Error::io("list directory", dir, e);
    let entries = fs::read_dir(dir).map_err(io)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(io));
    let mut paths = paths.collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn check_utf8(entry: &Entry<'_>) -> Result<()> {
    let name = entry.path.file_name();
    if name.is_some_and(|name| name.to_str().is_some()) {
        return Ok(());
    }
    Err(Error::pipeline("expected a file name in UTF-8")
        .with_path(entry.path)
        .with_hint("rename the file: its name becomes part of the dataset"))
}

/// A path as text, without `.` components.
pub(super) fn shown(path: &Path) -> String {
    tidy(path).display().to_string()
}

/// Leaves out `.` components.
pub(super) fn tidy(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .collect()
}
