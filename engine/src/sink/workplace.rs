//! The paths of a dataset under construction, and the few patterns in which
//! its small files are read and written.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fs::Fs;
use crate::error::{Error, Result};
use crate::format::{ASSETS, SHARDS, WORK};

/// A dataset's directory and the file system it is on.
#[derive(Debug, Clone)]
pub(super) struct Workplace {
    pub(super) fs: Arc<dyn Fs>,
    pub(super) root: PathBuf,
}

impl Workplace {
    pub(super) fn work(&self) -> PathBuf {
        self.root.join(WORK)
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.work().join("lock")
    }

    pub(super) fn run_log(&self) -> PathBuf {
        self.work().join("run.jsonl")
    }

    pub(super) fn plan(&self) -> PathBuf {
        self.work().join("plan.json")
    }

    pub(super) fn journals(&self) -> PathBuf {
        self.work().join("journal")
    }

    pub(super) fn journal(&self, part: u32) -> PathBuf {
        self.journals().join(format!("part-{part:05}.jsonl"))
    }

    pub(super) fn temporary(&self) -> PathBuf {
        self.work().join("tmp")
    }

    pub(super) fn shards(&self) -> PathBuf {
        self.root.join(SHARDS)
    }

    pub(super) fn assets(&self) -> PathBuf {
        self.root.join(ASSETS)
    }

    /// The content of a file, or nothing where there is none.
    pub(super) fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        absent(self.fs.read(path)).map_err(|e| Error::io("read", path, e))
    }

    /// Adds a line to the run log.
    pub(super) fn append_to_log(&self, line: &str) -> Result<()> {
        let path = self.run_log();
        let failed = |e| Error::io("write", &path, e);
        let (mut file, end) = match self.len(&path)? {
            Some(end) => (self.fs.open(&path).map_err(failed)?, end),
            None => (self.fs.create(&path).map_err(failed)?, 0),
        };
        file.write_all_at(format!("{line}\n").as_bytes(), end)
            .map_err(failed)
    }

    /// The length of a file, or nothing where there is none.
    pub(super) fn len(&self, path: &Path) -> Result<Option<u64>> {
        absent(self.fs.len(path)).map_err(|e| Error::io("read", path, e))
    }

    /// The names in a directory; none where there is no directory.
    pub(super) fn list(&self, path: &Path) -> Result<Vec<String>> {
        let names = absent(self.fs.list(path)).map_err(|e| Error::io("list", path, e))?;
        Ok(names.unwrap_or_default())
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, path: &Path) -> Result<()> {
        absent(self.fs.remove(path)).map_err(|e| Error::io("remove", path, e))?;
        Ok(())
    }

    pub(super) fn sync_dir(&self, path: &Path) -> Result<()> {
        self.fs
            .sync_dir(path)
            .map_err(|e| Error::io("sync the directory", path, e))
    }

    /// Makes a directory and those above it, so that they survive a power cut.
    pub(super) fn create_dir(&self, path: &Path) -> Result<()> {
        let mut missing = Vec::new();
        let mut dir = path;
        while self
            .fs
            .list(dir)
            .is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
        {
            missing.push(dir);
            match dir.parent() {
                Some(parent) => dir = parent,
                None => break,
            }
        }
        self.fs
            .create_dir_all(path)
            .map_err(|e| Error::io("create the directory", path, e))?;
        missing
            .iter()
            .rev()
            .filter_map(|dir| dir.parent())
            .try_for_each(|parent| self.sync_dir(parent))
    }

    /// Renames a synced file to its place and makes the name durable.
    pub(super) fn publish(&self, from: &Path, to: &Path) -> Result<()> {
        self.fs
            .rename(from, to)
            .map_err(|e| Error::io("rename a file into place", to, e))?;
        match to.parent() {
            Some(parent) => self.sync_dir(parent),
            None => Ok(()),
        }
    }

    /// Writes a file whole: readers see the old content or the new.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let name = path.file_name().unwrap_or_default();
        let temporary = self.temporary().join(name);
        let write = || {
            let mut file = self.fs.create(&temporary)?;
            file.write_all_at(bytes, 0)?;
            file.sync()
        };
        write().map_err(|e| Error::io("write", path, e))?;
        self.publish(&temporary, path)
    }
}

/// Nothing where there is no such file.
fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
