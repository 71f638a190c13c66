//! A shard open for reading: every byte handed out has been checked against
//! the shard's checksum table, and the table against the manifest's digest.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use arrow::buffer::{Buffer, MutableBuffer};
use twox_hash::{XxHash3_64, XxHash3_128};

use super::entries::ShardEntry;
use super::header::{ShardHeader, StoredTensor, header_len, read_header};
use super::layout::ShardLayout;
use super::{BLOCK_BYTES, to_usize};
use crate::error::{Error, Result};
use crate::plan::Digest;
use crate::plan::{FirstDimension, TensorSpec};

/// What stands before and behind a shard's data.
#[derive(Debug)]
pub(crate) struct ShardFrame {
    pub(crate) header: ShardHeader,
    /// xxh3-64 of each block of the data section.
    pub(crate) table: Vec<u64>,
    /// xxh3-128 of header and table.
    pub(crate) digest: Digest,
}

/// Why a frame could not be read.
pub(crate) enum FrameError {
    /// The system could not read it.
    Io(io::Error),
    /// It was read, and is wrong.
    Damage(Error),
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for FrameError {
    fn from(error: Error) -> Self {
        Self::Damage(error)
    }
}

/// Fills a buffer from an offset of a file.
pub(crate) type ReadAt<'a> = dyn FnMut(&mut [u8], u64) -> io::Result<()> + 'a;

/// Reads header and checksum table of a shard of `file_len` bytes.
///
/// Allocates no more than the file holds.
pub(crate) fn read_frame(
    file_len: u64,
    read_at: &mut ReadAt<'_>,
) -> Result<ShardFrame, FrameError> {
    if file_len < 8 {
        return Err(
            Error::damage(format!("expected a shard, got a file of {file_len} bytes")).into(),
        );
    }
    let mut first = [0; 8];
    read_at(&mut first, 0)?;
    let mut json = vec![0; to_usize(header_len(first, file_len)?)?];
    read_at(&mut json, 8)?;
    let header = read_header(&json, file_len)?;
    let mut table_bytes = vec![0; to_usize(header.n_blocks * 8)?];
    read_at(&mut table_bytes, header.data_start + header.table_start)?;
    let mut hasher = XxHash3_128::new();
    hasher.write(&first);
    hasher.write(&json);
    hasher.write(&table_bytes);
    let table = table_bytes
        .chunks_exact(8)
        .map(|raw| {
            raw.iter()
                .rev()
                .fold(0, |n, byte| (n << 8) | u64::from(*byte))
        })
        .collect();
    Ok(ShardFrame {
        header,
        table,
        digest: Digest(hasher.finish_128()),
    })
}

/// A shard open for reading.
#[derive(Debug)]
pub(crate) struct ShardFile {
    file: File,
    pub(super) path: PathBuf,
    pub(crate) header: ShardHeader,
    table: Vec<u64>,
}

/// The path of the shard `entry` of the dataset at `root`.
pub(crate) fn shard_path(root: &Path, entry: &ShardEntry) -> PathBuf {
    root.join("shards").join(entry.name())
}

/// Opens the file of a shard and compares its length with the manifest's.
///
/// # Errors
/// `Io` if it cannot be opened, `Damage` if it is no file of that length.
pub(crate) fn open_shard(path: &Path, entry: &ShardEntry) -> Result<(File, Metadata)> {
    let io = |e| Error::io("open a shard of the dataset", path, e);
    // Asked before it is opened: opening a pipe waits for a writer.
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        let message = "expected a shard, got something that is no file";
        return Err(Error::damage(message).with_path(path));
    }
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.len() != entry.len_bytes {
        return Err(other_length(entry, metadata.len()).with_path(path));
    }
    Ok((file, metadata))
}

/// The error for the shard `entry` whose file has `len` bytes.
pub(crate) fn other_length(entry: &ShardEntry, len: u64) -> Error {
    Error::damage(format!(
        "expected a shard of {} bytes, got {len}",
        entry.len_bytes
    ))
}

impl ShardFile {
    /// Opens the shard `entry` of the dataset at `root` and checks its header
    /// and checksum table, not yet its data.
    ///
    /// # Errors
    /// `Io` if it cannot be read, `Damage` if it is not the shard of the
    /// manifest.
    pub(super) fn open(root: &Path, entry: &ShardEntry, layout: &ShardLayout) -> Result<Self> {
        let path = shard_path(root, entry);
        let (file, _) = open_shard(&path, entry)?;
        Self::check(file, path, entry, layout)
    }

    /// The shard in a file that [`open_shard`] has opened, if its header and
    /// checksum table are those of `entry`.
    ///
    /// # Errors
    /// As [`ShardFile::open`].
    pub(crate) fn check(
        file: File,
        path: PathBuf,
        entry: &ShardEntry,
        layout: &ShardLayout,
    ) -> Result<Self> {
        let len = entry.len_bytes;
        let frame = read_frame(len, &mut |buf, at| file.read_exact_at(buf, at));
        let frame = frame.map_err(|error| match error {
            FrameError::Io(e) => Error::io("read a shard", &path, e),
            FrameError::Damage(e) => e.with_path(&path),
        })?;
        if frame.digest != entry.digest {
            return Err(Error::damage(format!(
                "expected a shard whose header and checksums have the digest {}, got {}",
                entry.digest, frame.digest
            ))
            .with_path(&path));
        }
        check_tensors(&frame.header, entry, layout).map_err(|error| error.with_path(&path))?;
        Ok(Self {
            file,
            path,
            header: frame.header,
            table: frame.table,
        })
    }

    /// Its file, for other ways of reading it.
    pub(crate) fn into_file(self) -> (File, ShardHeader) {
        (self.file, self.header)
    }

    /// A tensor that [`ShardFile::open`] has found to be there.
    pub(super) fn tensor(&self, name: &str) -> Result<&StoredTensor> {
        self.header
            .tensors
            .get(name)
            .ok_or_else(|| Error::damage("expected a tensor of that name").with_column(name))
    }

    /// `len` bytes from `start` of the data section, aligned for any element
    /// if `start` is, each block they touch checked.
    ///
    /// # Errors
    /// `Io` if they cannot be read, `Damage` with the block if one is not what
    /// was written.
    pub(super) fn read(&self, start: u64, len: u64) -> Result<Buffer> {
        let end = start
            .checked_add(len)
            .filter(|end| *end <= self.header.table_start)
            .ok_or_else(|| Error::damage("expected bytes before the checksum table"))?;
        if len == 0 {
            return Ok(MutableBuffer::new(0).into());
        }
        let from = start - start % BLOCK_BYTES;
        let to = end
            .next_multiple_of(BLOCK_BYTES)
            .min(self.header.table_start);
        let mut bytes = MutableBuffer::from_len_zeroed(to_usize(to - from)?);
        self.read_raw(from, bytes.as_slice_mut())?;
        for (block, bytes) in (from / BLOCK_BYTES..).zip(bytes.as_slice().chunks(BLOCK)) {
            if !self.block_is(block, bytes) {
                return Err(
                    Error::damage("expected the bytes that were written, got others")
                        .with_path(&self.path)
                        .with_block(block),
                );
            }
        }
        let bytes = Buffer::from(bytes);
        Ok(bytes.slice_with_length(to_usize(start - from)?, to_usize(len)?))
    }

    /// Fills `bytes` from `start` of the data section, unchecked.
    pub(super) fn read_raw(&self, start: u64, bytes: &mut [u8]) -> Result<()> {
        self.file
            .read_exact_at(bytes, self.header.data_start + start)
            .map_err(|e| Error::io("read a shard", &self.path, e))
    }

    /// Whether `bytes` are what was written as block `block`.
    pub(super) fn block_is(&self, block: u64, bytes: &[u8]) -> bool {
        let expected = usize::try_from(block)
            .ok()
            .and_then(|block| self.table.get(block));
        expected == Some(&XxHash3_64::oneshot(bytes))
    }
}

/// [`BLOCK_BYTES`] as a length in memory.
pub(super) const BLOCK: usize = 64 * 1024;

/// Checks that a shard has exactly the tensors its schema asks for.
fn check_tensors(header: &ShardHeader, entry: &ShardEntry, layout: &ShardLayout) -> Result<()> {
    if header.n_rows != entry.n_rows {
        return Err(Error::damage(format!(
            "expected {} rows in the shard, got {}",
            entry.n_rows, header.n_rows
        )));
    }
    if header.schema != layout.schema_json {
        return Err(Error::damage(
            "expected the columns of the manifest in the shard's metadata",
        ));
    }
    let mut flat: Vec<Option<u64>> = vec![None; layout.n_groups];
    for spec in &layout.tensors {
        let tensor = header.tensors.get(&spec.name);
        let n_items = tensor.and_then(|tensor| matching_items(tensor, spec));
        let fits = match (n_items, spec.extent) {
            (None, _) => false,
            (Some(n), FirstDimension::Rows) => n == entry.n_rows,
            (Some(n), FirstDimension::Offsets(_)) => n == entry.n_rows.saturating_add(1),
            (Some(n), FirstDimension::Flat(group)) => *flat[group].get_or_insert(n) == n,
        };
        if !fits {
            return Err(
                Error::damage("expected the tensor that the schema asks for")
                    .with_column(&spec.name),
            );
        }
    }
    let known = |name: &str| {
        name.starts_with("__pad.") || layout.tensors.iter().any(|spec| spec.name == name)
    };
    match header.tensors.keys().find(|name| !known(name)) {
        Some(name) => Err(Error::damage("expected only tensors of the schema").with_column(name)),
        None => Ok(()),
    }
}

/// The first dimension of `tensor`, if the rest is as `spec` says.
fn matching_items(tensor: &StoredTensor, spec: &TensorSpec) -> Option<u64> {
    let (first, inner) = tensor.shape.split_first()?;
    (tensor.dtype == spec.dtype && inner == spec.inner).then_some(*first)
}
