//! Tensors that are not first in a shard, kept until their place is known:
//! small ones in memory, the rest in one temporary file.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::fs::{Fs, FsFile};
use super::stream::Stream;

/// Bytes all tensors of a shard may keep in memory together.
const MEMORY_BYTES: usize = 16 << 20;

/// The most and the least that one of them keeps.
const MOST_BYTES: usize = 2 << 20;
const LEAST_BYTES: usize = 8 << 10;

/// Bytes copied at a time when a tensor takes its place.
const COPY_BYTES: usize = 1 << 20;

/// The tensors of one shard that wait. Reused from shard to shard.
#[derive(Debug)]
pub(super) struct Spill {
    fs: Arc<dyn Fs>,
    path: PathBuf,
    /// Created when memory is full for the first time.
    file: Option<Box<dyn FsFile>>,
    file_len: u64,
    columns: Vec<Column>,
    limit: usize,
}

/// One tensor: its bytes in the file, then those in memory.
#[derive(Debug, Default)]
struct Column {
    extents: Vec<(u64, usize)>,
    memory: Vec<u8>,
}

impl Spill {
    pub(super) fn new(fs: Arc<dyn Fs>, path: PathBuf, n_columns: usize) -> Self {
        let limit = (MEMORY_BYTES / n_columns.max(1)).clamp(LEAST_BYTES, MOST_BYTES);
        Self {
            fs,
            path,
            file: None,
            file_len: 0,
            columns: (0..n_columns).map(|_| Column::default()).collect(),
            limit,
        }
    }

    /// Adds bytes to the end of one tensor.
    pub(super) fn push(&mut self, column: usize, bytes: &[u8]) -> io::Result<()> {
        if self.columns[column].memory.len() + bytes.len() > self.limit {
            let memory = std::mem::take(&mut self.columns[column].memory);
            let spilled = self.put(column, &memory);
            self.columns[column].memory = memory;
            spilled?;
            self.columns[column].memory.clear();
        }
        if bytes.len() > self.limit {
            self.put(column, bytes)
        } else {
            self.columns[column].memory.extend_from_slice(bytes);
            Ok(())
        }
    }

    fn put(&mut self, column: usize, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.fs.create(&self.path)?),
        };
        file.write_all_at(bytes, self.file_len)?;
        self.columns[column]
            .extents
            .push((self.file_len, bytes.len()));
        self.file_len += bytes.len() as u64;
        Ok(())
    }

    /// Moves one tensor to the end of `stream`.
    pub(super) fn drain(&mut self, column: usize, stream: &mut Stream) -> io::Result<()> {
        let Column { extents, memory } = &mut self.columns[column];
        let mut buf = Vec::new();
        for (start, len) in extents.drain(..) {
            let Some(file) = &mut self.file else { break };
            for at in (0..len).step_by(COPY_BYTES) {
                buf.resize(COPY_BYTES.min(len - at), 0);
                file.read_exact_at(&mut buf, start + at as u64)?;
                stream.write(&buf)?;
            }
        }
        stream.write(memory)?;
        memory.clear();
        Ok(())
    }

    /// Starts over for the next shard; all tensors have been drained.
    pub(super) fn reset(&mut self) {
        self.file_len = 0;
    }

    /// Removes the temporary file.
    pub(super) fn close(&mut self) -> io::Result<()> {
        match self.file.take() {
            Some(_) => self.fs.remove(&self.path),
            None => Ok(()),
        }
    }
}
