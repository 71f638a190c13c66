//! A file system that does not sync all it says it does.

use std::fmt;
use std::io;
use std::path::Path;

use fuelrail::sink::{Fs, FsFile};

use super::memory::MemFs;

/// The syncs that [`Unsynced`] leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// Of files.
    Files,
    /// Of directories.
    Directories,
}

/// A file system some of whose syncs do nothing: what the crash tests must
/// catch.
#[derive(Debug, Clone)]
pub struct Unsynced {
    /// What lies under it.
    pub fs: MemFs,
    /// Which syncs do nothing.
    pub ignored: Ignored,
}

#[derive(Debug)]
struct UnsyncedFile(Box<dyn FsFile>);

impl FsFile for UnsyncedFile {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn read_exact_at(&mut self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Unsynced {
    fn wrap(&self, file: Box<dyn FsFile>) -> Box<dyn FsFile> {
        match self.ignored {
            Ignored::Files => Box::new(UnsyncedFile(file)),
            Ignored::Directories => file,
        }
    }
}

impl Fs for Unsynced {
    fn create(&self, path: &Path) -> io::Result<Box<dyn FsFile>> {
        Ok(self.wrap(self.fs.create(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn FsFile>> {
        Ok(self.wrap(self.fs.open(path)?))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.fs.read(path)
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        self.fs.len(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.fs.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.fs.remove(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.fs.remove_dir(path)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.fs.create_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        match self.ignored {
            Ignored::Directories => Ok(()),
            Ignored::Files => self.fs.sync_dir(path),
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.fs.list(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync + fmt::Debug>>> {
        self.fs.lock(path)
    }
}
