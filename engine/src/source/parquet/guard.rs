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
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{ChunkReader, Length, SerializedPageReader};
use parquet::schema::types::ColumnDescPtr;

use super::header::{self, PageHead};

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
struct Chunk {
    disk: Disk,
    compression: Compression,
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
            head: Arc::clone(&self.head),
            checked: false,
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
struct HeaderRead {
    read: BufReader<At>,
    compression: Compression,
    head: Arc<Mutex<Option<PageHead>>>,
    checked: bool,
}

impl Read for HeaderRead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        use std::io::BufRead;
        if !self.checked {
            let head =
                header::check(self.read.fill_buf()?, self.compression).map_err(io::Error::other)?;
            *lock(&self.head) = Some(head);
            self.checked = true;
        }
        self.read.read(buf)
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
        let pages = Pages::new(self, group.column(i))?;
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

/// Decompressed pages whose counts have been checked.
struct Pages {
    pages: SerializedPageReader<Chunk>,
    column: ColumnDescPtr,
}

impl Pages {
    fn new(group: &Group, column: &ColumnChunkMetaData) -> Result<Self> {
        let chunk = Chunk {
            disk: group.disk.clone(),
            compression: column.compression(),
            column: column.column_path().string(),
            checksums: group.checksums,
            head: Arc::default(),
        };
        let properties = ReaderProperties::builder()
            .set_read_page_statistics(false)
            .build();
        let pages = SerializedPageReader::new_with_properties(
            Arc::new(chunk),
            column,
            group.num_rows(),
            None,
            Arc::new(properties),
        )?;
        Ok(Self {
            pages,
            column: column.column_descr_ptr(),
        })
    }

    /// Refuses a page that states more values than its bytes can hold.
    fn check(&self, page: &Page) -> Result<()> {
        if let Page::DictionaryPage {
            buf, num_values, ..
        } = page
        {
            // Each value of a dictionary takes a byte at least.
            return if *num_values as usize > buf.len() {
                Err(lie("dictionary values", u64::from(*num_values)))
            } else {
                Ok(())
            };
        }
        let n_blocks = match page.encoding() {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
            Encoding::DELTA_BYTE_ARRAY => 2,
            _ => return Ok(()),
        };
        let values = self
            .values_start(page)
            .and_then(|start| page.buffer().get(start..));
        // Levels that do not fit are an error of the decoder's own.
        let Some(values) = values else { return Ok(()) };
        header::check_delta(values, u64::from(page.num_values()), n_blocks)
            .map_err(|count| lie("values in a delta block", count))
    }

    /// Where the values of a data page begin, behind its levels.
    fn values_start(&self, page: &Page) -> Option<usize> {
        let (def_encoding, rep_encoding) = match page {
            Page::DataPage {
                def_level_encoding,
                rep_level_encoding,
                ..
            } => (*def_level_encoding, *rep_level_encoding),
            Page::DataPageV2 {
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => return Some(*def_levels_byte_len as usize + *rep_levels_byte_len as usize),
            Page::DictionaryPage { .. } => return Some(0),
        };
        let levels = [
            (self.column.max_rep_level(), rep_encoding),
            (self.column.max_def_level(), def_encoding),
        ];
        let mut start = 0_usize;
        for (max_level, encoding) in levels {
            if max_level <= 0 {
                continue;
            }
            let len = if encoding == Encoding::RLE {
                let stated = page.buffer().get(start..)?.first_chunk::<4>()?;
                4 + u32::from_le_bytes(*stated) as usize
            } else {
                let bits = 16 - max_level.unsigned_abs().leading_zeros() as usize;
                (page.num_values() as usize * bits).div_ceil(8)
            };
            start = start.checked_add(len)?;
        }
        Some(start)
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        if let Some(page) = &page {
            self.check(page)?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}

fn lie(what: &str, count: u64) -> ParquetError {
    ParquetError::General(format!(
        "a page states {count} {what}, more than it can hold"
    ))
}

fn eof(message: String) -> ParquetError {
    ParquetError::EOF(message)
}
