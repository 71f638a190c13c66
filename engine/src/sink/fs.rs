//! The few file operations a dataset is written with.
//!
//! They are a trait so that tests can stand a failing disk, or one that loses
//! what was not synced, under the same code.

use std::fmt;
use std::io;
use std::path::Path;

/// A file open for writing.
pub trait FsFile: Send + fmt::Debug {
    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Reads exactly `bytes.len()` bytes at `offset`.
    ///
    /// # Errors
    /// As the operating system reports them; `UnexpectedEof` past the end.
    fn read_exact_at(&mut self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Makes what was written survive a power cut (fsync).
    ///
    /// # Errors
    /// As the operating system reports them.
    fn sync(&mut self) -> io::Result<()>;
}

/// A directory tree.
pub trait Fs: Send + Sync + fmt::Debug {
    /// Creates a file, or empties the one that is there, open for reading and
    /// writing.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn create(&self, path: &Path) -> io::Result<Box<dyn FsFile>>;

    /// Opens an existing file for reading and writing, without emptying it.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    fn open(&self, path: &Path) -> io::Result<Box<dyn FsFile>>;

    /// The whole content of a small file.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Length of a file in bytes.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    fn len(&self, path: &Path) -> io::Result<u64>;

    /// Renames a file over whatever file has the new name, atomically.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `NotFound` if there is none, `DirectoryNotEmpty` if something is in it.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes the directory and those above it, if they are not there.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Makes creations, renames and removals in a directory survive a power
    /// cut.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Names of the entries of a directory, sorted.
    ///
    /// # Errors
    /// `NotFound` if there is no such directory.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;

    /// Takes the lock file at `path` for this process, creating it if needed;
    /// it is free again when the guard drops or the process ends, however it
    /// ends. `None` if another holder has it.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync + fmt::Debug>>>;
}
