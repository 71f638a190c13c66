//! The file that a Parquet decoder reads, at any place.
//!
//! Faults of the disk are kept aside, because the decoder turns every error into
//! text.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// A file that is read at any place, bounded by its length, and that keeps
/// the first fault of the disk.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: Mutex<File>,
    len_bytes: u64,
    fault: Mutex<Option<io::Error>>,
    /// The column of the first page whose checksum does not match.
    mismatch: Mutex<Option<String>>,
}

impl Disk {
    pub(super) fn new(file: File, len_bytes: u64) -> Self {
        Self {
            inner: Arc::new(Inner {
                file: Mutex::new(file),
                len_bytes,
                fault: Mutex::new(None),
                mismatch: Mutex::new(None),
            }),
        }
    }

    /// Notes that a page of `column` does not match its checksum.
    pub(super) fn note_mismatch(&self, column: &str) {
        lock(&self.inner.mismatch).get_or_insert_with(|| column.to_owned());
    }

    /// The column of the page whose checksum did not match, if one did not.
    pub(super) fn take_mismatch(&self) -> Option<String> {
        lock(&self.inner.mismatch).take()
    }

    /// The first fault of the disk, if there was one.
    pub(super) fn take_fault(&self) -> Option<io::Error> {
        lock(&self.inner.fault).take()
    }

    /// Reads at `offset`; fewer bytes than asked for only at the end.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut file = lock(&self.inner.file);
        let read = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| read_full(&mut file, buf));
        read.map_err(|error| {
            let copy = error.raw_os_error().map_or_else(
                || io::Error::from(error.kind()),
                io::Error::from_raw_os_error,
            );
            lock(&self.inner.fault).get_or_insert(error);
            copy
        })
    }
}

/// What `mutex` guards, whether or not a thread has panicked with it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_full(file: &mut File, buf: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buf.len() {
        match file.read(&mut buf[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl Length for Disk {
    fn len(&self) -> u64 {
        self.inner.len_bytes
    }
}

impl ChunkReader for Disk {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let at = At {
            disk: self.clone(),
            offset: start,
        };
        Ok(BufReader::with_capacity(HEADER_READ, at))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let fits = start
            .checked_add(length as u64)
            .is_some_and(|end| end <= self.inner.len_bytes);
        if !fits {
            return Err(eof(format!(
                "expected {length} bytes at {start}, the file has {}",
                self.inner.len_bytes
            )));
        }
        let mut buf = vec![0; length];
        let n = self.read_at(&mut buf, start)?;
        if n == length {
            Ok(buf.into())
        } else {
            Err(eof(format!("expected {length} bytes at {start}, got {n}")))
        }
    }
}

/// Bytes read at once for a page header.
const HEADER_READ: usize = 4096;

/// A [`Disk`] read on from a place.
#[derive(Debug)]
pub(super) struct At {
    disk: Disk,
    offset: u64,
}

impl Read for At {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.disk.inner.len_bytes.saturating_sub(self.offset);
        let want = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let n = self.disk.read_at(&mut buf[..want], self.offset)?;
        self.offset += n as u64;
        Ok(n)
    }
}

fn eof(message: String) -> ParquetError {
    ParquetError::EOF(message)
}
