//! The operating system's file system.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::fs::{Fs, FsFile};

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalFs;

/// Bytes written after which the disk is set to work, so that it is not idle
/// until the last of them is written and then keeps everybody waiting.
const FLUSH_BYTES: u64 = 32 << 20;

/// An open file.
#[derive(Debug)]
struct LocalFile {
    file: Arc<File>,
    /// Bytes written since the last flush began.
    unflushed: u64,
    /// A flush in the background. What it returns is what the next sync must
    /// return: the system reports a failed write to one sync only.
    flush: Option<JoinHandle<io::Result<()>>>,
}

impl LocalFile {
    fn new(file: File) -> Self {
        Self {
            file: Arc::new(file),
            unflushed: 0,
            flush: None,
        }
    }

    /// Waits for a flush in the background and returns what it found.
    fn join(&mut self) -> io::Result<()> {
        match self.flush.take() {
            Some(flush) => flush
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the flush of a file panicked"))),
            None => Ok(()),
        }
    }
}

impl FsFile for LocalFile {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)?;
        self.unflushed += bytes.len() as u64;
        let is_free = self.flush.as_ref().is_none_or(JoinHandle::is_finished);
        if self.unflushed >= FLUSH_BYTES && is_free {
            self.join()?;
            self.unflushed = 0;
            let file = self.file.clone();
            // Without a thread to spare, the sync at the end does it all.
            let flush = std::thread::Builder::new().spawn(move || file.sync_data());
            self.flush = flush.ok();
        }
        Ok(())
    }

    fn read_exact_at(&mut self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.join()?;
        self.file.sync_all()
    }
}

/// Read and write access, not emptied.
fn read_write() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options
}

/// The path, with `.` for the empty path that names the working directory.
fn named(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

impl Fs for LocalFs {
    fn create(&self, path: &Path) -> io::Result<Box<dyn FsFile>> {
        let file = read_write().create(true).truncate(true).open(path)?;
        Ok(Box::new(LocalFile::new(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn FsFile>> {
        Ok(Box::new(LocalFile::new(read_write().open(path)?)))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        Ok(std::fs::metadata(path)?.len())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(named(path))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(named(path))?.sync_all()
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = std::fs::read_dir(named(path))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync + fmt::Debug>>> {
        let file = read_write().create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
