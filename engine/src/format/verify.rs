//! Checks every byte and every count of a dataset, and lists all that is
//! wrong instead of stopping at the first.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::dataset::read_whole;
use super::entries::ShardEntry;
use super::layout::ShardLayout;
use super::manifest::Manifest;
use super::place::MANIFEST;
use super::shard::{BLOCK, ShardFile};
use super::{BLOCK_BYTES, inside, to_usize};
use crate::error::{Error, Result, name_in_quotes};

/// Bytes read at a time: enough to make reads cheap, few enough that they are
/// still in the nearest caches when they are hashed.
const CHUNK: usize = 4 * BLOCK;

/// Bytes of a shard that one thread checks at a time.
const STRETCH_BYTES: u64 = 16 << 20;

/// Findings listed for one shard; a shard that is all damage has many.
const MAX_PER_SHARD: usize = 100;

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
    let layout = ShardLayout::new(&manifest.schema, manifest.origins)?;
    let job = VerifyJob {
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
        len_bytes: manifest.len_bytes(),
        findings,
        extra,
    })
}

/// What all threads share.
struct VerifyJob<'a> {
    root: &'a Path,
    manifest: &'a Manifest,
    layout: &'a ShardLayout,
    progress: &'a (dyn Fn(u64) + Sync),
}

/// Some blocks of one shard.
struct Stretch {
    /// Its index in the manifest.
    shard: usize,
    start: u64,
    end: u64,
}

/// The stretches of a shard; at least one, so that each shard is opened.
fn stretches((shard, entry): (usize, &ShardEntry)) -> impl Iterator<Item = Stretch> {
    let n = entry.len_bytes.div_ceil(STRETCH_BYTES).max(1);
    (0..n).map(move |index| Stretch {
        shard,
        start: index * STRETCH_BYTES,
        end: (index + 1).saturating_mul(STRETCH_BYTES),
    })
}

/// What the first pass has seen of a shard.
struct Seen<'a> {
    entry: &'a ShardEntry,
    bad: Vec<u64>,
    /// Why it could not be read to its end.
    error: Option<String>,
}

impl<'a> Seen<'a> {
    fn new(entry: &'a ShardEntry) -> Self {
        Self {
            entry,
            bad: Vec::new(),
            error: None,
        }
    }

    fn add(&mut self, blocks: Result<Vec<u64>>) {
        match blocks {
            Ok(blocks) => self.bad.extend(blocks),
            Err(error) => self.error = Some(plain(&error)),
        }
    }
}

/// Does `work` on every item, on `threads` threads that each keep a buffer;
/// results are in the order of the items.
fn parallel<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T, &mut Vec<u8>) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        let mut buf = Vec::new();
        let mut mine = Vec::new();
        let take = || next.fetch_add(1, Ordering::Relaxed);
        let mut index = take();
        while let Some(item) = items.get(index) {
            mine.push((index, work(item, &mut buf)));
            index = take();
        }
        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
        done.append(&mut mine);
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(items.len()) {
            // Where no thread is to be had, fewer do the same.
            _ = std::thread::Builder::new().spawn_scoped(scope, run);
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

impl VerifyJob<'_> {
    /// Checks all shards on `threads` threads: first the blocks, in stretches
    /// so that one large shard keeps all threads busy, then what is in them.
    fn shards(&self, threads: usize) -> Vec<Finding> {
        let stretches: Vec<Stretch> = (0..)
            .zip(&self.manifest.shards)
            .flat_map(stretches)
            .collect();
        let blocks = parallel(threads, &stretches, |stretch, buf| {
            self.bad_blocks(stretch, buf)
        });
        let mut shards: Vec<Seen<'_>> = self.manifest.shards.iter().map(Seen::new).collect();
        for (stretch, blocks) in stretches.iter().zip(blocks) {
            shards[stretch.shard].add(blocks);
        }
        let findings = parallel(threads, &shards, |seen, _| self.findings(seen));
        findings.into_iter().flatten().collect()
    }

    /// The blocks of a stretch whose checksum does not match.
    fn bad_blocks(&self, stretch: &Stretch, buf: &mut Vec<u8>) -> Result<Vec<u64>> {
        let entry = &self.manifest.shards[stretch.shard];
        let shard = ShardFile::open(self.root, entry, self.layout)?;
        buf.resize(CHUNK, 0);
        let mut bad = Vec::new();
        let mut at = stretch.start;
        let end = shard.header.table_start.min(stretch.end);
        while at < end {
            let len = (end - at).min(buf.len() as u64);
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

    /// What is wrong with a shard whose blocks have been seen.
    fn findings(&self, seen: &Seen<'_>) -> Vec<Finding> {
        let Seen { entry, bad, error } = seen;
        let file = format!("shards/{}", entry.name());
        let all_rows = entry.first_row..entry.first_row.saturating_add(entry.n_rows);
        let whole = |message| Finding {
            file: file.clone(),
            block: None,
            rows: Some(all_rows.clone()),
            message,
        };
        if let Some(message) = error {
            return vec![whole(message.clone())];
        }
        let shard = match ShardFile::open(self.root, entry, self.layout) {
            Ok(shard) => shard,
            Err(error) => return vec![whole(plain(&error))],
        };
        if bad.is_empty() {
            let checked = inside::check_structure(&shard, self.manifest, entry);
            return checked
                .err()
                .map(|error| whole(plain(&error)))
                .into_iter()
                .collect();
        }
        let rows = |block| {
            let rows = inside::rows_of_block(&shard, self.layout, block)?;
            Some(entry.first_row + rows.start..entry.first_row + rows.end)
        };
        let damaged = bad.iter().take(MAX_PER_SHARD).map(|block| Finding {
            file: file.clone(),
            block: Some(*block),
            rows: rows(*block),
            message: "expected the bytes that were written, got others".to_owned(),
        });
        let n_more = bad.len().saturating_sub(MAX_PER_SHARD);
        let more = (n_more > 0).then(|| whole(format!("{n_more} more damaged blocks")));
        damaged.chain(more).collect()
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
        Some(column) => format!("{text} (column {})", name_in_quotes(column)),
        None => text,
    }
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
