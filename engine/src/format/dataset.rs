//! A dataset open for reading.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef};
use twox_hash::XxHash3_128;

use super::decode;
use super::inside::rows_of_block;
use super::layout::ShardLayout;
use super::manifest::Manifest;
use super::shard::ShardFile;
use super::to_usize;
use crate::batch::Origins;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Digest;

/// A complete dataset. Rows are checked against their checksums as they are
/// read; memory is bounded by the rows asked for.
#[derive(Debug)]
pub struct Dataset {
    root: PathBuf,
    manifest: Manifest,
    layout: ShardLayout,
    schema: SchemaRef,
    /// The shard read last, with its index.
    open: Mutex<Option<(usize, Arc<ShardFile>)>>,
}

impl Dataset {
    /// Opens the dataset at `root`, which is meant wherever the process goes
    /// later.
    ///
    /// # Errors
    /// `Io` if there is none or it cannot be read, `Damage` if its manifest is
    /// not what was written.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        let manifest = Manifest::read(root)?;
        // Without a working directory a relative path would not have been read.
        let root = std::path::absolute(root).map_err(|e| Error::io("find", root, e))?;
        let layout = ShardLayout::new(&manifest.schema, manifest.origins)?;
        let fields = manifest
            .schema
            .iter()
            .map(|column| {
                Ok(Field::new(
                    &column.name,
                    column.data_type()?,
                    column.nullable,
                ))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            root,
            manifest,
            layout,
            schema: Arc::new(Schema::new(fields)),
            open: Mutex::new(None),
        })
    }

    /// What it holds.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The tensors of each of its shards.
    pub(crate) fn layout(&self) -> &ShardLayout {
        &self.layout
    }

    /// Its rows.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.manifest.n_rows
    }

    /// The type of the batches that [`Dataset::rows`] returns. Strings,
    /// binary and ragged lists come with 64-bit offsets.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The rows `range`, in the order of the dataset.
    ///
    /// # Errors
    /// `Usage` if there are no such rows, `Io` if a shard cannot be read,
    /// `Damage` with shard and block if it is not what was written.
    pub fn rows(&self, range: Range<u64>) -> Result<RecordBatch> {
        let mut batches = Vec::new();
        for (index, rows) in self.cut(range)? {
            let shard = self.shard(index)?;
            let columns = self
                .manifest
                .schema
                .iter()
                .map(|column| decode::read_column(&shard, column, &rows))
                .collect::<Result<Vec<_>>>()?;
            let n_rows = to_usize(rows.end - rows.start)?;
            let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
            let batch = RecordBatch::try_new_with_options(self.schema(), columns, &options);
            batches.push(batch.map_err(|e| Error::internal("cannot make a batch").with_source(e))?);
        }
        match <[RecordBatch; 1]>::try_from(batches) {
            Ok([batch]) => Ok(batch),
            Err(batches) => concat_batches(&self.schema, &batches)
                .map_err(|e| Error::internal("cannot join batches").with_source(e)),
        }
    }

    /// Where the rows `range` came from.
    ///
    /// # Errors
    /// As [`Dataset::rows`].
    pub fn origins(&self, range: Range<u64>) -> Result<Origins> {
        let mut all = Origins {
            offsets: match self.manifest.origins {
                super::OriginKind::Row => None,
                super::OriginKind::Packed => Some(vec![0]),
            },
            ..Origins::default()
        };
        for (index, rows) in self.cut(range)? {
            let shard = self.shard(index)?;
            let origins = decode::read_origins(&shard, self.manifest.origins, &rows)?;
            let base = all.file.len() as u64;
            if let (Some(all), Some(offsets)) = (&mut all.offsets, origins.offsets) {
                all.extend(offsets.iter().skip(1).map(|offset| base + offset));
            }
            all.file.extend(origins.file);
            all.row.extend(origins.row);
            all.start.extend(origins.start);
        }
        Ok(all)
    }

    /// The content of an asset.
    ///
    /// # Errors
    /// `Usage` if there is none of that name, `Io` if it cannot be read,
    /// `Damage` if it is not what was written.
    pub fn asset(&self, name: &str) -> Result<Vec<u8>> {
        let found = self.manifest.assets.iter().find(|asset| asset.name == name);
        let asset = found.ok_or_else(|| {
            Error::new(
                ErrorKind::Usage,
                format!("expected an asset of the dataset, got {name:?}"),
            )
            .with_path(&self.root)
        })?;
        read_whole(&self.root, &asset.file, asset.len_bytes, asset.digest)
    }

    /// The rows of the dataset that have bytes in a block of its shard `index`,
    /// if any; all of the shard's where that cannot be told. Slow: the shard
    /// is opened for it.
    pub(crate) fn rows_of_block(&self, index: usize, block: u64) -> Option<Range<u64>> {
        let entry = &self.manifest.shards[index];
        let rows = match ShardFile::open(&self.root, entry, &self.layout) {
            Ok(shard) => rows_of_block(&shard, &self.layout, block)?,
            Err(_) => 0..entry.n_rows,
        };
        Some(entry.first_row + rows.start..entry.first_row + rows.end)
    }

    /// The shards that hold `range`, each with its own rows of it.
    fn cut(&self, range: Range<u64>) -> Result<Vec<(usize, Range<u64>)>> {
        if range.start > range.end || range.end > self.n_rows() {
            return Err(Error::new(
                ErrorKind::Usage,
                format!(
                    "rows {}..{} are out of range: the dataset has {} rows",
                    range.start,
                    range.end,
                    self.n_rows()
                ),
            ));
        }
        let shards = &self.manifest.shards;
        let first = shards.partition_point(|shard| shard.first_row + shard.n_rows <= range.start);
        let within = |(index, shard): (usize, &super::ShardEntry)| {
            let start = range.start.max(shard.first_row) - shard.first_row;
            let end = range.end.min(shard.first_row + shard.n_rows) - shard.first_row;
            (index, start..end)
        };
        Ok(shards
            .iter()
            .enumerate()
            .skip(first)
            .take_while(|(_, shard)| shard.first_row < range.end)
            .map(within)
            .collect())
    }

    fn shard(&self, index: usize) -> Result<Arc<ShardFile>> {
        // Nobody is waited for: in a forked child the lock may be held for ever
        // by a thread that the child does not have.
        if let Ok(open) = self.open.try_lock()
            && let Some((held, shard)) = &*open
            && *held == index
        {
            return Ok(shard.clone());
        }
        let entry = &self.manifest.shards[index];
        let shard = Arc::new(ShardFile::open(&self.root, entry, &self.layout)?);
        if let Ok(mut open) = self.open.try_lock() {
            *open = Some((index, shard.clone()));
        }
        Ok(shard)
    }
}

/// The content of a file of the dataset, checked.
pub(super) fn read_whole(
    root: &Path,
    file: &str,
    len_bytes: u64,
    digest: Digest,
) -> Result<Vec<u8>> {
    let path = root.join(file);
    let io = |e| Error::io("read a file of the dataset", &path, e);
    let len = std::fs::metadata(&path).map_err(io)?.len();
    if len != len_bytes {
        return Err(
            Error::damage(format!("expected {len_bytes} bytes, got {len}")).with_path(&path),
        );
    }
    let bytes = std::fs::read(&path).map_err(io)?;
    let found = Digest(XxHash3_128::oneshot(&bytes));
    if found == digest {
        Ok(bytes)
    } else {
        Err(Error::damage(format!(
            "expected content with the digest {digest}, got {found}"
        ))
        .with_path(&path))
    }
}
