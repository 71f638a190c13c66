//! Reads the small files of a dataset whole: its manifest and what lies beside
//! it. Shards are read piece by piece, elsewhere.

use std::io;
use std::path::Path;

use super::place::MANIFEST;
use crate::error::{Error, ErrorKind, Result};

/// The content of `file` of the dataset at `root`, at most `max` bytes.
///
/// # Errors
/// `Io` if it cannot be read, `Damage` if it is too long or no file at all.
pub(super) fn small_file(root: &Path, file: &str, max: u64) -> Result<Vec<u8>> {
    let path = root.join(file);
    // Asked before it is opened: opening a pipe waits for a writer.
    let metadata = std::fs::metadata(&path).map_err(|e| no_file(root, file, e))?;
    if !metadata.is_file() {
        let message = format!("expected {file}, got something that is no file");
        return Err(Error::damage(message).with_path(path));
    }
    if metadata.len() > max {
        return Err(too_long(file, metadata.len(), max).with_path(path));
    }
    std::fs::read(&path).map_err(|e| Error::io("read", &path, e))
}

/// The error for a file of `len` bytes where at most `max` may be.
pub(super) fn too_long(file: &str, len: u64, max: u64) -> Error {
    Error::damage(format!("expected at most {max} bytes in {file}, got {len}"))
}

/// The error for a file of the dataset at `root` that cannot be looked at.
fn no_file(root: &Path, file: &str, error: io::Error) -> Error {
    let absent = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    );
    let path = root.join(file);
    if !absent || file != MANIFEST {
        return Error::io("read", path, error);
    }
    let hint = if root.join(".fuelrail").is_dir() {
        "the dataset is not finished: run `fuelrail shard` again to complete it"
    } else {
        "name the directory that `fuelrail shard` wrote, which holds dataset.json"
    };
    Error::new(ErrorKind::Io, "expected a dataset, found no manifest")
        .with_source(error)
        .with_path(path)
        .with_hint(hint)
}
