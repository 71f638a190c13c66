//! Checks every byte and every count of a dataset, and lists all that is
//! wrong instead of stopping at the first.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::column::{Column, ColumnLayout};
use super::dataset::read_whole;
use super::layout::{Extent, Layout, ORIGIN_OFFSETS, TensorSpec, offsets_name, valid_name};
use super::manifest::{MANIFEST, Manifest, OriginKind, ShardEntry};
use super::shard::{BLOCK, ShardFile};
use super::{BLOCK_BYTES, decode, to_usize};
use crate::error::{Error, Result};

/// Bytes read at a time: enough to make reads cheap, few enough that they are
/// still in the nearest caches when they are hashed.
const CHUNK: usize = 4 * BLOCK;

/// Findings listed for one shard; a shard that is all damage has many.
const MAX_PER_SHARD: usize = 100;

/// Rows whose offsets are checked at a time.
const ROWS_AT_A_TIME: u64 = 1 << 16;

/// How to verify.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Threads to use; 0 counts as 1.
    pub threads: usize,
}

/// One thing that is wrong with a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, relative to the dataset.
    pub file: String,
    /// The damaged block of a shard, from 0.
    pub block: Option<u64>,
    /// The rows of the dataset it touches, where that can be told.
    pub rows: Option<Range<u64>>,
    /// What was expected and what came.
    pub message: String,
}

/// What verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Shards of the manifest.
    pub n_shards: u64,
    /// Rows of the manifest.
    pub n_rows: u64,
    /// Bytes read.
    pub len_bytes: u64,
    /// All that is wrong, in the order of the manifest.
    pub findings: Vec<Finding>,
    /// Files that are not part of the dataset; no reader looks at them.
    pub extra: Vec<String>,
}

impl VerifyReport {
    /// Whether nothing is wrong. Extra files are not wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Checks every checksum, size and count of the dataset at `root`, that
/// offsets ascend, that origins name sources, that assets and the quarantine
/// list are what was written. `progress` is told of bytes as they are checked.
///
/// # Errors
/// `Io` if there is no dataset, `Damage` if its manifest cannot be trusted;
/// all else is in the report.
pub fn verify(
    root: &Path,
    options: &VerifyOptions,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<VerifyReport> {
    let manifest = Manifest::read(root)?;
    let layout = Layout::new(&manifest.schema, manifest.origins)?;
    let job = Job {
        root,
        manifest: &manifest,
        layout: &layout,
        progress,
    };
    let mut findings = job.shards(options.threads.clamp(1, 256));
    findings.extend(job.small_files());
    let extra = extra_files(root, &manifest)?;
    Ok(VerifyReport {
        n_shards: manifest.shards.len() as u64,
        n_rows: manifest.n_rows,
        len_bytes: manifest
            .shards
            .iter()
            .fold(0, |sum, shard| sum.saturating_add(shard.len_bytes)),
        findings,
        extra,
    })
}

/// What all threads share.
struct Job<'a> {
    root: &'a Path,
    manifest: &'a Manifest,
    layout: &'a Layout,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl Job<'_> {
    /// Checks all shards on `threads` threads.
    fn shards(&self, threads: usize) -> Vec<Finding> {
        let next = AtomicUsize::new(0);
        let found = Mutex::new(Vec::new());
        let work = || {
            let mut buf = vec![0; CHUNK];
            let mut mine = Vec::new();
            let take = || next.fetch_add(1, Ordering::Relaxed);
            let mut index = take();
            while let Some(entry) = self.manifest.shards.get(index) {
                mine.push((index, self.shard(entry, &mut buf)));
                index = take();
            }
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.append(&mut mine);
        };
        std::thread::scope(|scope| {
            for _ in 1..threads.min(self.manifest.shards.len()) {
                // Where no thread is to be had, fewer do the same.
                _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(index, _)| *index);
        found
            .into_iter()
            .flat_map(|(_, findings)| findings)
            .collect()
    }

    /// Checks one shard.
    fn shard(&self, entry: &ShardEntry, buf: &mut [u8]) -> Vec<Finding> {
        let file = format!("shards/{}", entry.name());
        let all_rows = entry.first_row..entry.first_row.saturating_add(entry.n_rows);
        let whole = |error: &Error| Finding {
            file: file.clone(),
            block: error.location().block,
            rows: Some(all_rows.clone()),
            message: plain(error),
        };
        let shard = match ShardFile::open(self.root, entry, self.layout) {
            Ok(shard) => shard,
            Err(error) => return vec![whole(&error)],
        };
        let bad = match self.bad_blocks(&shard, buf) {
            Ok(bad) => bad,
            Err(error) => return vec![whole(&error)],
        };
        if bad.is_empty() {
            return match self.structure(&shard, entry) {
                Ok(()) => Vec::new(),
                Err(error) => vec![whole(&error)],
            };
        }
        let n_bad = bad.len();
        let mut findings: Vec<Finding> = bad
            .into_iter()
            .take(MAX_PER_SHARD)
            .map(|block| Finding {
                file: file.clone(),
                block: Some(block),
                rows: self
                    .rows_of_block(&shard, block)
                    .map(|rows| entry.first_row + rows.start..entry.first_row + rows.end),
                message: "expected the bytes that were written, got others".to_owned(),
            })
            .collect();
        if n_bad > MAX_PER_SHARD {
            findings.push(Finding {
                file,
                block: None,
                rows: Some(all_rows),
                message: format!("{} more damaged blocks", n_bad - MAX_PER_SHARD),
            });
        }
        findings
    }

    /// The blocks whose checksum does not match.
    fn bad_blocks(&self, shard: &ShardFile, buf: &mut [u8]) -> Result<Vec<u64>> {
        let mut bad = Vec::new();
        let mut at = 0;
        while at < shard.header.table_start {
            let len = (shard.header.table_start - at).min(buf.len() as u64);
            let bytes = &mut buf[..to_usize(len)?];
            shard.read_raw(at, bytes)?;
            let blocks = (at / BLOCK_BYTES..).zip(bytes.chunks(BLOCK));
            let wrong = blocks.filter(|(block, bytes)| !shard.block_is(*block, bytes));
            bad.extend(wrong.map(|(block, _)| block));
            at += len;
            (self.progress)(len);
        }
        Ok(bad)
    }

    /// Checks what checksums cannot: that offsets ascend and end at the end,
    /// that booleans are booleans, that origins name sources.
    fn structure(&self, shard: &ShardFile, entry: &ShardEntry) -> Result<()> {
        for column in &self.manifest.schema {
            check_column(shard, column, entry.n_rows)
                .map_err(|error| error.with_column(&column.name))?;
        }
        if self.manifest.origins == OriginKind::Packed {
            check_offsets(
                shard,
                ORIGIN_OFFSETS,
                super::layout::ORIGIN_FILE,
                entry.n_rows,
            )?;
        }
        let mut row = 0;
        while row < entry.n_rows {
            let end = entry.n_rows.min(row + ROWS_AT_A_TIME);
            let origins = decode::read_origins(shard, self.manifest.origins, &(row..end))?;
            let n_sources = self.manifest.sources.len();
            let stray = origins
                .file
                .iter()
                .find(|file| **file as usize >= n_sources);
            if let Some(file) = stray {
                return Err(Error::damage(format!(
                    "expected origins among the {n_sources} sources, got {file}"
                )));
            }
            row = end;
        }
        Ok(())
    }

    /// The rows of the shard that `block` holds bytes of, if any.
    fn rows_of_block(&self, shard: &ShardFile, block: u64) -> Option<Range<u64>> {
        let from = block * BLOCK_BYTES;
        let to = from + BLOCK_BYTES;
        let mut rows: Option<Range<u64>> = None;
        for spec in &self.layout.tensors {
            let Some(tensor) = shard.header.tensors.get(&spec.name) else {
                continue;
            };
            let start = from.max(tensor.start);
            let end = to.min(tensor.start + tensor.len);
            if start >= end || spec.item_bytes == 0 {
                continue;
            }
            let items = (start - tensor.start) / spec.item_bytes
                ..(end - tensor.start).div_ceil(spec.item_bytes);
            let touched = self.rows_of_items(shard, spec, items);
            rows = Some(match rows {
                Some(rows) => rows.start.min(touched.start)..rows.end.max(touched.end),
                None => touched,
            });
        }
        rows
    }

    /// The rows that items of a tensor belong to; all rows where the offsets
    /// cannot be read.
    fn rows_of_items(&self, shard: &ShardFile, spec: &TensorSpec, items: Range<u64>) -> Range<u64> {
        let n_rows = shard.header.n_rows;
        match spec.extent {
            Extent::Rows => items,
            // Offset i ends row i - 1 and begins row i.
            Extent::Offsets(_) => items.start.saturating_sub(1)..items.end.min(n_rows),
            Extent::Flat(group) => {
                let offsets = self
                    .layout
                    .tensors
                    .iter()
                    .find(|other| other.extent == Extent::Offsets(group))
                    .and_then(|other| decode::read_offsets(shard, &other.name, &(0..n_rows)).ok());
                let Some((_, offsets)) = offsets else {
                    return 0..n_rows;
                };
                let row_of = |item: u64| {
                    offsets.partition_point(|offset| offset.unsigned_abs() <= item) as u64
                };
                let first = row_of(items.start).saturating_sub(1);
                first..row_of(items.end.saturating_sub(1)).min(n_rows)
            }
        }
    }

    /// Checks the assets and the quarantine list.
    fn small_files(&self) -> Vec<Finding> {
        let assets = self.manifest.assets.iter();
        let assets = assets.map(|asset| (&asset.file, asset.len_bytes, asset.digest, None));
        let list = self.manifest.quarantine.iter();
        let list = list.map(|list| (&list.file, list.len_bytes, list.digest, Some(list.n_units)));
        let check = |(file, len, digest, n_units): (&String, u64, _, Option<u64>)| {
            let message = match read_whole(self.root, file, len, digest) {
                Err(error) => plain(&error),
                Ok(bytes) => {
                    let n_lines = memchr::memchr_iter(b'\n', &bytes).count() as u64;
                    let n_units = n_units.filter(|n| *n != n_lines)?;
                    format!("expected {n_units} lines, got {n_lines}")
                }
            };
            Some(Finding {
                file: file.clone(),
                block: None,
                rows: None,
                message,
            })
        };
        assets.chain(list).filter_map(check).collect()
    }
}

/// The message and its cause, without the place that a finding names itself.
fn plain(error: &Error) -> String {
    let column = error.location().column.as_ref();
    let mut text = error.message().to_owned();
    if let Some(source) = std::error::Error::source(error) {
        text = format!("{text}: {source}");
    }
    match column {
        Some(column) => format!("{text} (column \"{column}\")"),
        None => text,
    }
}

/// Checks the offsets and booleans of one column.
fn check_column(shard: &ShardFile, column: &Column, n_rows: u64) -> Result<()> {
    if column.layout == ColumnLayout::Ragged {
        check_offsets(shard, &offsets_name(&column.name), &column.name, n_rows)?;
    }
    if column.nullable {
        check_booleans(shard, &valid_name(&column.name))?;
    }
    if column.logical == "bool" {
        check_booleans(shard, &column.name)?;
    }
    Ok(())
}

/// Checks that offsets start at 0, never fall, and end where `flat` ends.
fn check_offsets(shard: &ShardFile, name: &str, flat: &str, n_rows: u64) -> Result<()> {
    let mut next = 0;
    let mut row = 0;
    while row < n_rows {
        let end = n_rows.min(row + ROWS_AT_A_TIME);
        let (elements, _) = decode::read_offsets(shard, name, &(row..end))?;
        if elements.start != next {
            return Err(Error::damage(
                "expected offsets that start at 0 and never fall",
            ));
        }
        next = elements.end;
        row = end;
    }
    let n_items = shard.tensor(flat)?.shape.first().copied();
    if n_items == Some(next) {
        Ok(())
    } else {
        Err(Error::damage(format!(
            "expected offsets that end with the values, got {next}"
        )))
    }
}

/// Checks that a tensor of booleans holds 0 and 1 only.
fn check_booleans(shard: &ShardFile, name: &str) -> Result<()> {
    let tensor = shard.tensor(name)?;
    let mut at = 0;
    while at < tensor.len {
        let len = (tensor.len - at).min(16 * BLOCK_BYTES);
        let bytes = shard.read(tensor.start + at, len)?;
        decode::bits(&bytes)?;
        at += len;
    }
    Ok(())
}

/// Files under `root` that the manifest does not name, sorted.
fn extra_files(root: &Path, manifest: &Manifest) -> Result<Vec<String>> {
    let shards = manifest
        .shards
        .iter()
        .map(|shard| format!("shards/{}", shard.name()));
    let assets = manifest.assets.iter().map(|asset| asset.file.clone());
    let others = [
        MANIFEST.to_owned(),
        ".fuelrail".to_owned(),
        "shards".to_owned(),
    ];
    let known: BTreeSet<String> = shards
        .chain(assets)
        .chain(others)
        .chain((!manifest.assets.is_empty()).then(|| "assets".to_owned()))
        .chain(manifest.quarantine.iter().map(|list| list.file.clone()))
        .chain(manifest.index.clone())
        .collect();
    let mut extra = Vec::new();
    for (dir, prefix) in [("", ""), ("shards", "shards/"), ("assets", "assets/")] {
        let path = root.join(dir);
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            // Missing files are findings already.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(Error::io("list", &path, e)),
        };
        for entry in entries {
            let entry = entry.map_err(|e| Error::io("list", &path, e))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if !known.contains(&name) {
                extra.push(name);
            }
        }
    }
    extra.sort();
    Ok(extra)
}
