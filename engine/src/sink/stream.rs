//! The data section of a shard as one sequential stream, hashed block by
//! block while each block is still in the nearest cache.

use std::io;

use twox_hash::XxHash3_64;

use super::fs::FsFile;
use crate::format::{ALIGN_BYTES, BLOCK_BYTES};

/// Bytes a write carries, except the last: whole blocks, so that a block never
/// needs a running hash, and few enough to stay in the second-level cache
/// between hash and write.
const CHUNK: usize = 256 * 1024;

/// One block, as a length in memory.
const BLOCK: usize = 64 * 1024;

/// The alignment, as a length in memory.
const ALIGN: usize = 4096;

const _: () = assert!(ALIGN as u64 == ALIGN_BYTES && CHUNK.is_multiple_of(ALIGN));
const _: () = assert!(CHUNK.is_multiple_of(BLOCK) && BLOCK as u64 == BLOCK_BYTES);

/// A file being written from the start of its data section to its end.
#[derive(Debug)]
pub(super) struct Stream {
    file: Box<dyn FsFile>,
    data_start: u64,
    /// Bytes of the data section that are in the file; whole chunks.
    written: u64,
    /// Less than a chunk that is not.
    rest: Vec<u8>,
    table: Vec<u64>,
}

impl Stream {
    pub(super) fn new(file: Box<dyn FsFile>, data_start: u64) -> Self {
        Self {
            file,
            data_start,
            written: 0,
            rest: Vec::with_capacity(CHUNK),
            table: Vec::new(),
        }
    }

    /// Bytes given to it.
    pub(super) fn len(&self) -> u64 {
        self.written + self.rest.len() as u64
    }

    /// Adds bytes; long runs go to the file without being copied.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if !self.rest.is_empty() {
            let (head, tail) = bytes.split_at(bytes.len().min(CHUNK - self.rest.len()));
            self.rest.extend_from_slice(head);
            bytes = tail;
            if self.rest.len() < CHUNK {
                return Ok(());
            }
            let chunk = std::mem::take(&mut self.rest);
            let put = self.put(&chunk);
            self.rest = chunk;
            self.rest.clear();
            put?;
        }
        let mut chunks = bytes.chunks_exact(CHUNK);
        for chunk in chunks.by_ref() {
            self.put(chunk)?;
        }
        self.rest.extend_from_slice(chunks.remainder());
        Ok(())
    }

    /// Adds zeros up to the next aligned place.
    pub(super) fn align(&mut self) -> io::Result<()> {
        // Chunks are aligned, so the rest alone decides.
        let gap = self.rest.len().next_multiple_of(ALIGN) - self.rest.len();
        self.write(&[0; ALIGN][..gap])
    }

    fn put(&mut self, chunk: &[u8]) -> io::Result<()> {
        let hashes = chunk.chunks(BLOCK).map(XxHash3_64::oneshot);
        self.table.extend(hashes);
        self.file
            .write_all_at(chunk, self.data_start + self.written)?;
        self.written += chunk.len() as u64;
        Ok(())
    }

    /// Ends the data: aligns, writes the checksum table behind it, and returns
    /// the file, whose header is still to be written, and the table's bytes.
    pub(super) fn finish(mut self) -> io::Result<Finished> {
        self.align()?;
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.put(&rest)?;
        }
        let table: Vec<u8> = self
            .table
            .iter()
            .flat_map(|hash| hash.to_le_bytes())
            .collect();
        self.file
            .write_all_at(&table, self.data_start + self.written)?;
        Ok(Finished {
            file: self.file,
            table,
        })
    }
}

/// A file that has its data and its checksum table.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) file: Box<dyn FsFile>,
    pub(super) table: Vec<u8>,
}
