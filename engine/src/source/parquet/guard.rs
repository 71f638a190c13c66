//! Pages of a Parquet file, checked before the decoder believes them.
//!
//! The decoder reserves memory by counts that pages state of themselves, and a
//! reservation that fails ends the process. Here each count is compared with
//! the bytes there are, and the bytes with the page's checksum, where it has
//! one. Faults of the disk are kept aside, because the decoder turns every
//! error into text.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flate2::Crc;
use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::Compression;
use parquet::column::page::{PageIterator, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};

use super::header::{self, PageHead};
use super::levels::Nesting;
use super::pages::Pages;
use super::writer::Writer;

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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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

/// The pages of one column chunk, read from a [`Disk`] header first.
#[derive(Debug)]
pub(super) struct Chunk {
    disk: Disk,
    compression: Compression,
    writer: Writer,
    column: String,
    checksums: Checksums,
    /// The header that was read last; its page is read next.
    head: Arc<Mutex<Option<PageHead>>>,
}

/// Whether checksums of pages are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checksums {
    /// Where a page has one, it must match.
    Checked,
    /// They are not looked at.
    Ignored,
}

impl Chunk {
    /// Refuses a page that is not what its header was written for.
    fn verify(&self, page: &[u8]) -> Result<()> {
        let head = lock(&self.head).take();
        let head = head.filter(|head| head.len_bytes == page.len() as u64);
        let Some(crc) = head.and_then(|head| head.crc) else {
            return Ok(());
        };
        let mut found = Crc::new();
        found.update(page);
        if found.sum() == crc {
            return Ok(());
        }
        lock(&self.disk.inner.mismatch).get_or_insert_with(|| self.column.clone());
        Err(ParquetError::General(format!(
            "column {:?}: a page does not match its checksum: expected {crc:08x}, got {:08x}",
            self.column,
            found.sum()
        )))
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.disk.len()
    }
}

impl ChunkReader for Chunk {
    type T = HeaderRead;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(HeaderRead {
            read: self.disk.get_read(start)?,
            compression: self.compression,
            writer: self.writer,
            head: Arc::clone(&self.head),
            checked: false,
            n_read: 0,
            stored: None,
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let page = self.disk.get_bytes(start, length)?;
        if self.checksums == Checksums::Checked {
            self.verify(&page)?;
        }
        Ok(page)
    }
}

/// Reads a page header once it is known not to lie about sizes.
#[derive(Debug)]
pub(super) struct HeaderRead {
    read: BufReader<At>,
    compression: Compression,
    writer: Writer,
    head: Arc<Mutex<Option<PageHead>>>,
    checked: bool,
    n_read: usize,
    /// Where the header says in error that the page is not compressed.
    stored: Option<usize>,
}

impl Read for HeaderRead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        use std::io::BufRead;
        if !self.checked {
            let head = header::check(self.read.fill_buf()?, self.compression, self.writer)
                .map_err(io::Error::other)?;
            self.stored = head.stored.filter(|_| self.writer.always_compresses);
            *lock(&self.head) = Some(head);
            self.checked = true;
        }
        let n = self.read.read(buf)?;
        let stored = self.stored.and_then(|at| at.checked_sub(self.n_read));
        if let Some(byte) = stored.and_then(|at| buf[..n].get_mut(at)) {
            *byte = header::COMPRESSED;
        }
        self.n_read += n;
        Ok(n)
    }
}

/// One row group of a file, for the decoder.
#[derive(Debug)]
pub(super) struct Group {
    disk: Disk,
    metadata: Arc<ParquetMetaData>,
    checksums: Checksums,
    index: usize,
}

impl Group {
    pub(super) fn new(
        disk: Disk,
        metadata: Arc<ParquetMetaData>,
        checksums: Checksums,
        index: usize,
    ) -> Self {
        Self {
            disk,
            metadata,
            checksums,
            index,
        }
    }
}

impl RowGroups for Group {
    fn num_rows(&self) -> usize {
        usize::try_from(self.metadata.row_group(self.index).num_rows()).unwrap_or(0)
    }

    fn column_chunks(&self, i: usize) -> Result<Box<dyn PageIterator>> {
        let group = self.metadata.row_group(self.index);
        let column = group.column(i);
        let writer = Writer::of(&self.metadata);
        let chunk = Chunk {
            disk: self.disk.clone(),
            compression: column.compression(),
            writer,
            column: column.column_path().string(),
            checksums: self.checksums,
            head: Arc::default(),
        };
        let schema = self.metadata.file_metadata().schema_descr();
        let nesting = Nesting::of(schema.root_schema(), column.column_descr());
        let pages = Pages::new(chunk, column, self.num_rows(), nesting, writer)?;
        Ok(Box::new(OneChunk(Some(Box::new(pages)))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::once(self.metadata.row_group(self.index)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// The decoder asks for an iterator over chunks; there is one.
struct OneChunk(Option<Box<dyn PageReader>>);

impl Iterator for OneChunk {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageIterator for OneChunk {}

fn eof(message: String) -> ParquetError {
    ParquetError::EOF(message)
}
