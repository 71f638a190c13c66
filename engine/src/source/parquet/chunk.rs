//! The bytes of one column chunk, checked before the decoder believes them.
//!
//! The decoder reserves memory by counts that pages state of themselves, and a
//! reservation that fails ends the process. Here each count is compared with
//! the bytes there are, and the bytes with the page's checksum, where it has
//! one.

use std::io::{self, BufReader, Read};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use flate2::Crc;
use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};

use super::disk::{At, Disk, lock};
use super::header::{self, PageHead};
use super::writer::Writer;

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
    /// The chunk of `column`, whose file `writer` has written.
    pub(super) fn new(
        disk: &Disk,
        column: &ColumnChunkMetaData,
        writer: Writer,
        checksums: Checksums,
    ) -> Self {
        Self {
            disk: disk.clone(),
            compression: column.compression(),
            writer,
            column: column.column_path().string(),
            checksums,
            head: Arc::default(),
        }
    }

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
        self.disk.note_mismatch(&self.column);
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
