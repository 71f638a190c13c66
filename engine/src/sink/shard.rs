//! One shard being assembled: rows in, a finished temporary file out.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use twox_hash::XxHash3_128;

use super::encode::Encoded;
use super::fs::Fs;
use super::spill::Spill;
use super::stream::{Finished, Stream};
use crate::error::{Error, Result};
use crate::format::{FirstDimension, ShardCounts, ShardLayout, write_header};
use crate::plan::Digest;

/// Assembles shards one after another.
#[derive(Debug)]
pub(super) struct ShardWriter {
    fs: Arc<dyn Fs>,
    layout: Arc<ShardLayout>,
    /// The file of the shard in progress.
    path: PathBuf,
    stream: Option<Stream>,
    /// All tensors but the first.
    spill: Spill,
    counts: ShardCounts,
    shard_size: u64,
}

/// A shard whose temporary file is complete and synced.
#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) digest: Digest,
    pub(super) len_bytes: u64,
    pub(super) n_rows: u64,
}

impl ShardWriter {
    /// A writer whose temporary files begin with `stem`.
    pub(super) fn new(
        fs: Arc<dyn Fs>,
        layout: Arc<ShardLayout>,
        stem: &Path,
        shard_size: u64,
    ) -> Self {
        let spill = Spill::new(
            fs.clone(),
            stem.with_extension("spill"),
            layout.tensors.len(),
        );
        let counts = empty(&layout);
        Self {
            fs,
            layout,
            path: stem.with_extension("shard"),
            stream: None,
            spill,
            counts,
            shard_size,
        }
    }

    /// The file that [`ShardWriter::assemble`] leaves behind.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Rows in the shard in progress.
    pub(super) fn n_rows(&self) -> u64 {
        self.counts.n_rows
    }

    /// How many of the rows from `from` on fit before the shard must be cut.
    pub(super) fn n_fitting(&self, rows: &Encoded, from: usize) -> usize {
        let fits = |n| {
            self.layout
                .file_len(&self.counts_with(rows, &(from..from + n)))
                <= self.shard_size
        };
        let left = rows.n_rows - from;
        if fits(left) {
            return left;
        }
        // `fits(low)` or low is 0; not `fits(high)`.
        let (mut low, mut high) = (0, left);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if fits(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    fn counts_with(&self, rows: &Encoded, range: &Range<usize>) -> ShardCounts {
        let flat = self.counts.flat.iter().zip(&rows.groups);
        ShardCounts {
            n_rows: self.counts.n_rows + range.len() as u64,
            flat: flat
                .map(|(n, offsets)| n + offsets[range.end] - offsets[range.start])
                .collect(),
        }
    }

    /// Adds the rows `range`.
    ///
    /// # Errors
    /// `Io`; the shard is lost then.
    pub(super) fn append(&mut self, rows: &Encoded, range: Range<usize>) -> Result<()> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.begin()?,
        };
        for (index, spec) in self.layout.tensors.iter().enumerate() {
            let offsets;
            let bytes = match spec.extent {
                FirstDimension::Offsets(group) => {
                    offsets = self.offsets(&rows.groups[group], group, &range);
                    offsets.as_slice()
                }
                FirstDimension::Rows | FirstDimension::Flat(_) => {
                    rows.bytes(index, spec, &range)?
                }
            };
            let put = match index {
                0 => stream.write(bytes),
                _ => self.spill.push(index, bytes),
            };
            put.map_err(|e| Error::io("write a shard", &self.path, e))?;
        }
        self.counts = self.counts_with(rows, &range);
        self.stream = Some(stream);
        Ok(())
    }

    /// Where the rows `range` end in the shard, as the bytes of its offsets.
    fn offsets(&self, offsets: &[u64], group: usize, range: &Range<usize>) -> Vec<u8> {
        let base = self.counts.flat[group];
        let ends = offsets[range.start + 1..=range.end].iter();
        ends.flat_map(|end| (base + end - offsets[range.start]).to_le_bytes())
            .collect()
    }

    /// Opens the temporary file; every run of offsets begins with 0.
    fn begin(&mut self) -> Result<Stream> {
        let io = |e| Error::io("write a shard", &self.path, e);
        let file = self.fs.create(&self.path).map_err(io)?;
        for (index, spec) in self.layout.tensors.iter().enumerate() {
            if matches!(spec.extent, FirstDimension::Offsets(_)) {
                self.spill.push(index, &0i64.to_le_bytes()).map_err(io)?;
            }
        }
        Ok(Stream::new(file, self.layout.data_start))
    }

    /// Joins the tensors, writes table and header, and syncs the file.
    ///
    /// # Errors
    /// `Io`; the shard is lost then.
    pub(super) fn assemble(&mut self) -> Result<Assembled> {
        let io = |e| Error::io("write a shard", &self.path, e);
        let mut stream = self
            .stream
            .take()
            .ok_or_else(|| Error::internal("expected a shard with rows"))?;
        let placement = self.layout.place(&self.counts);
        for (index, (start, len)) in placement.tensors.iter().enumerate() {
            if index > 0 {
                stream.align().map_err(io)?;
                self.spill.drain(index, &mut stream).map_err(io)?;
            }
            if stream.len() != start + len {
                return Err(Error::internal(format!(
                    "expected tensor {index} to end at {}, got {}",
                    start + len,
                    stream.len()
                )));
            }
        }
        let header = write_header(&self.layout, &self.counts, &placement)?;
        let Finished { mut file, table } = stream.finish().map_err(io)?;
        file.write_all_at(&header, 0).map_err(io)?;
        file.sync().map_err(io)?;
        let mut hasher = XxHash3_128::new();
        hasher.write(&header);
        hasher.write(&table);
        let assembled = Assembled {
            digest: Digest(hasher.finish_128()),
            len_bytes: header.len() as u64 + placement.table_start + table.len() as u64,
            n_rows: self.counts.n_rows,
        };
        self.spill.reset();
        self.counts = empty(&self.layout);
        Ok(assembled)
    }

    /// Removes what is left of temporary files.
    pub(super) fn close(&mut self) -> Result<()> {
        self.spill
            .close()
            .map_err(|e| Error::io("remove a temporary file", &self.path, e))
    }
}

fn empty(layout: &ShardLayout) -> ShardCounts {
    ShardCounts {
        n_rows: 0,
        flat: vec![0; layout.n_groups],
    }
}
