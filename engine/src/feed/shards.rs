//! The shards of a dataset, open for any number of loaders and threads.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::index::RowIndex;
use super::known::{FileIdentity, Known};
use super::limits::{max_open, memory_bytes};
use super::map::{MappedFile, PageSize, Private, PrivatePages};
use super::mix::{MixStop, Mixture};
use super::open_shard::Open;
use super::pool::{Pool, close_oldest_of_all};
use crate::error::{Error, ErrorKind, Result};
use crate::format::{
    Dataset, MANIFEST, ShardEntry, ShardFile, open_shard, other_length, shard_path, to_usize,
};

/// A dataset whose shards are mapped as rows of them are asked for. Shared by
/// all loaders of the dataset in a process, so that each block is compared
/// with its checksum once.
///
/// Open shards are bounded by the limits of the system; those used least
/// recently are closed. What was found out about a shard outlives its map, as
/// long as nobody writes to its file.
#[derive(Debug)]
pub struct Shards {
    /// The one there is, or the first of those that are mixed.
    dataset: Arc<Dataset>,
    mixed: Option<MixedShards>,
    index: RowIndex,
    /// What is known of each shard.
    known: Vec<Mutex<Option<Arc<Known>>>>,
    pool: Arc<Pool>,
    max_open: usize,
    pages: PageSize,
}

/// The shards of several datasets, those of the first before those of the next.
#[derive(Debug)]
struct MixedShards {
    /// The first shard of each dataset, ascending.
    datasets: Vec<(usize, Arc<Dataset>)>,
    /// All shards, their rows counted through all datasets.
    entries: Vec<ShardEntry>,
    mixture: Arc<Mixture>,
}

/// What has become of a shard since it was opened.
#[derive(Debug)]
pub(super) enum ShardState {
    /// Nothing: what was read is right.
    Same,
    /// It was cut off, or could not be read; what was read may be wrong.
    Cut(Error),
    /// Somebody has written to it; what was read may be wrong.
    Changed,
}

impl Shards {
    /// The shards of the dataset at `root`; none is opened yet.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        Self::new(Arc::new(Dataset::open(root)?))
    }

    /// The shards of a dataset that is open.
    ///
    /// # Errors
    /// `Damage` if it has more than can be counted in memory.
    pub fn new(dataset: Arc<Dataset>) -> Result<Self> {
        let manifest = dataset.manifest();
        let index = RowIndex::new(&manifest.shards, manifest.n_rows)?;
        let (n_shards, len_bytes) = (manifest.shards.len(), manifest.len_bytes());
        Ok(Self::of(dataset, None, (index, n_shards, len_bytes)))
    }

    /// The shards of several datasets, to be fed as one in proportion to their
    /// weights.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use fuelrail::format::Dataset;
    /// use fuelrail::feed::{Feed, FeedOptions, MixStop, Shards};
    /// # use fuelrail::plan::Pipeline;
    /// # use fuelrail::run::{Control, ShardOptions, prepare, shard};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let dir = tempfile::tempdir()?;
    /// # let make = |name: &str, n: u32| -> Result<Arc<Dataset>, Box<dyn std::error::Error>> {
    /// #     let lines: Vec<String> = (0..n).map(|n| format!("{{\"number\": {n}}}\n")).collect();
    /// #     std::fs::write(dir.path().join(format!("{name}.jsonl")), lines.concat())?;
    /// #     let text = format!("[source]\nuri = \"{name}.jsonl\"\n[sink]\nuri = \"{name}\"\n");
    /// #     let pipeline = Pipeline::from_toml(&text, &dir.path().join("rows.toml"))?;
    /// #     let plan = Arc::new(prepare(&pipeline, dir.path(), 1)?);
    /// #     shard(&plan, &ShardOptions::new(1), &Control::default())?;
    /// #     Ok(Arc::new(Dataset::open(dir.path().join(name))?))
    /// # };
    /// # let (web, code) = (make("web", 100)?, make("code", 20)?);
    /// let shards = Shards::mix(vec![(web, 3), (code, 1)], MixStop::FirstExhausted)?;
    /// let mut feed = Feed::open(Arc::new(shards), FeedOptions::new(8))?;
    /// let batch = feed.next_batch()?.expect("an epoch of 20 cycles of 4 rows");
    /// assert_eq!(batch.datasets(), [0, 0, 0, 1, 0, 0, 0, 1]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Usage` for weights that cannot be, and for datasets that have no rows, are
    /// the same, or do not have the same columns.
    pub fn mix(datasets: Vec<(Arc<Dataset>, u32)>, stop: MixStop) -> Result<Self> {
        let mixture = Arc::new(Mixture::new(&datasets, stop)?);
        let mut entries = Vec::new();
        let mut firsts = Vec::with_capacity(datasets.len());
        let (mut n_rows, mut len_bytes) = (0u64, 0u64);
        for (dataset, _) in datasets {
            let manifest = dataset.manifest();
            let shifted = |entry: &ShardEntry| ShardEntry {
                first_row: entry.first_row + n_rows,
                ..entry.clone()
            };
            firsts.push((entries.len(), dataset.clone()));
            entries.extend(manifest.shards.iter().map(shifted));
            n_rows += manifest.n_rows;
            len_bytes = len_bytes.saturating_add(manifest.len_bytes());
        }
        let index = RowIndex::new(&entries, n_rows)?;
        let first = firsts.first().map(|(_, dataset)| dataset.clone());
        let first = first.ok_or_else(|| Error::internal("expected datasets to mix"))?;
        let n_shards = entries.len();
        let mixed = MixedShards {
            datasets: firsts,
            entries,
            mixture,
        };
        Ok(Self::of(first, Some(mixed), (index, n_shards, len_bytes)))
    }

    fn of(
        dataset: Arc<Dataset>,
        mixed: Option<MixedShards>,
        (index, n_shards, len_bytes): (RowIndex, usize, u64),
    ) -> Self {
        // What has room in memory twice stays there, next to everything else.
        let pages = if len_bytes <= memory_bytes() / 2 {
            PageSize::Large
        } else {
            PageSize::Usual
        };
        Self {
            dataset,
            mixed,
            index,
            pages,
            known: (0..n_shards).map(|_| Mutex::default()).collect(),
            pool: Pool::new(),
            max_open: max_open(),
        }
    }

    /// The same, with at most `n` shards open at a time, besides those that a
    /// batch is just being read from; never more than the system's limits
    /// allow.
    #[must_use]
    pub fn with_max_open(mut self, n: usize) -> Self {
        self.max_open = n.clamp(1, max_open());
        self
    }

    /// The dataset; of several that are mixed, the first.
    #[must_use]
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// How datasets are mixed, if they are.
    #[must_use]
    pub fn mixture(&self) -> Option<&Arc<Mixture>> {
        self.mixed.as_ref().map(|mixed| &mixed.mixture)
    }

    /// Its rows, those of all datasets together.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        match self.mixed.as_ref().and_then(|mixed| mixed.entries.last()) {
            Some(last) => last.first_row + last.n_rows,
            None => self.dataset.n_rows(),
        }
    }

    /// Shards that are open now.
    #[must_use]
    pub fn n_open(&self) -> usize {
        self.pool.len()
    }

    /// Closes all shards that no batch is being read from.
    pub fn close_all(&self) {
        self.pool.close_all();
    }

    /// Shards that a batch may hold at a time, where `n_threads` batches are
    /// filled at once: together half of those that may be open.
    pub(super) fn max_held(&self, n_threads: usize) -> usize {
        (self.max_open / 2 / n_threads.max(1)).clamp(1, 256)
    }

    /// The shard of a row of the dataset.
    #[inline]
    pub(super) fn shard_of(&self, row: u64) -> Option<u32> {
        self.index.shard_of(row)
    }

    /// The shard of a row of the dataset, and the row in it.
    pub(super) fn locate(&self, row: u64) -> Option<(usize, u64)> {
        let shard = usize::try_from(self.index.shard_of(row)?).ok()?;
        Some((shard, row - self.entry(shard).first_row))
    }

    pub(super) fn entry(&self, shard: usize) -> &ShardEntry {
        match &self.mixed {
            Some(mixed) => &mixed.entries[shard],
            None => &self.dataset.manifest().shards[shard],
        }
    }

    pub(super) fn path(&self, shard: usize) -> PathBuf {
        let (_, dataset) = self.owner(shard);
        shard_path(dataset.root(), self.entry(shard))
    }

    /// The rows of its dataset that have bytes in a block of a shard, as
    /// [`Dataset::rows_of_block`] tells them.
    pub(super) fn rows_of_block(&self, shard: usize, block: u64) -> Option<Range<u64>> {
        let (first, dataset) = self.owner(shard);
        dataset.rows_of_block(shard - first, block)
    }

    /// The dataset of a shard, and its first shard.
    fn owner(&self, shard: usize) -> (usize, &Arc<Dataset>) {
        let Some(mixed) = &self.mixed else {
            return (0, &self.dataset);
        };
        let n_begun = mixed.datasets.partition_point(|(first, _)| *first <= shard);
        let owner = n_begun.checked_sub(1).and_then(|at| mixed.datasets.get(at));
        owner.map_or((0, &self.dataset), |(first, dataset)| (*first, dataset))
    }

    /// A shard, opened if it is not.
    ///
    /// # Errors
    /// `Damage` if it is missing or not that of the manifest, `Io` if it
    /// cannot be read.
    pub(super) fn get(&self, shard: usize) -> Result<Arc<Open>> {
        if let Some(open) = self.pool.find(shard) {
            return Ok(open);
        }
        self.pool.make_room(self.max_open);
        let open = match self.open_one(shard) {
            // Others use more of what the system allows than was thought.
            Err(error) if is_used_up(&error) => {
                close_oldest_of_all(usize::MAX);
                self.open_one(shard)
            }
            open => open,
        }?;
        Ok(self.pool.keep(Arc::new(open)))
    }

    /// What has become of a shard since it was opened. One that is not the
    /// same is closed.
    pub(super) fn state(&self, open: &Arc<Open>) -> ShardState {
        let whole = open.map.is_whole();
        let path = || self.path(open.shard);
        let before = open.known.identity;
        let state = match open.file.metadata().map(|m| FileIdentity::new(&m)) {
            Ok(now) if now.len != before.len => {
                ShardState::Cut(other_length(self.entry(open.shard), now.len).with_path(path()))
            }
            Ok(now) if now != before => ShardState::Changed,
            Ok(_) if whole => return ShardState::Same,
            Ok(_) => ShardState::Cut(
                Error::damage("expected the bytes of a shard, the system cannot read some of them")
                    .with_hint("look for errors of the disk, or restore the shard from a copy")
                    .with_path(path()),
            ),
            Err(e) => ShardState::Cut(Error::io("look at a shard", path(), e)),
        };
        self.forget(open);
        state
    }

    /// Closes a shard and forgets what is known of it.
    fn forget(&self, open: &Arc<Open>) {
        self.pool.remove(open);
        let mut known = self.known(open.shard);
        if known.as_ref().is_some_and(|k| Arc::ptr_eq(k, &open.known)) {
            *known = None;
        }
    }

    /// A piece of a private map of a shard.
    ///
    /// # Errors
    /// `Io` if it cannot be mapped.
    pub(super) fn view(&self, open: &Open, range: &Range<usize>) -> Result<PrivatePages> {
        let mut private = open.private.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(piece) = private.as_ref().and_then(|map| map.take(range)) {
            return Ok(piece);
        }
        let len = to_usize(open.known.identity.len)?;
        let map = Private::new(&open.file, len)
            .map_err(|e| Error::io("map a shard", self.path(open.shard), e))?;
        let piece = map.take(range);
        *private = Some(map);
        piece.ok_or_else(|| Error::internal("expected rows within their shard"))
    }

    fn open_one(&self, shard: usize) -> Result<Open> {
        let entry = self.entry(shard);
        let path = self.path(shard);
        let (file, metadata) =
            open_shard(&path, entry).map_err(|error| self.missing(shard, error))?;
        let identity = FileIdentity::new(&metadata);
        let before = self.known(shard).clone();
        let before = before.filter(|known| known.identity == identity);
        let (known, file) = if let Some(known) = before {
            (known, file)
        } else {
            let checked = ShardFile::check(file, path.clone(), entry, self.dataset.layout())?;
            let known = Known::new(&checked, self.dataset.layout(), identity)
                .map_err(|error| error.with_path(&path))?;
            let (file, _) = checked.into_file();
            (self.keep(shard, known), file)
        };
        let map = MappedFile::new(&file, to_usize(entry.len_bytes)?, self.pages)
            .map_err(|e| Error::io("map a shard", &path, e))?;
        let map = map.ok_or_else(|| {
            Error::new(ErrorKind::Usage, "expected fewer shards to be open at once")
                .with_hint("use fewer loaders in one process")
        })?;
        Ok(Open {
            shard,
            known,
            map,
            file,
            private: Mutex::default(),
        })
    }

    /// Keeps what was found out about a shard; what another thread has found
    /// out about the same file meanwhile goes before.
    fn keep(&self, shard: usize, found: Known) -> Arc<Known> {
        let mut known = self.known(shard);
        match &*known {
            Some(known) if known.identity == found.identity => known.clone(),
            _ => known.insert(Arc::new(found)).clone(),
        }
    }

    /// A shard that is not there is damage, as the manifest says it is; but where
    /// the manifest is gone too, it is the dataset that is not there.
    fn missing(&self, shard: usize, error: Error) -> Error {
        let path = error.location().path.clone();
        let (Some(std::io::ErrorKind::NotFound), Some(path)) =
            (system(&error).map(std::io::Error::kind), path)
        else {
            return error;
        };
        let (_, dataset) = self.owner(shard);
        let root = dataset.root();
        let folder = path.parent().unwrap_or(root);
        if !is_there(&root.join(MANIFEST)) || !is_there(folder) {
            let gone = std::io::Error::from_raw_os_error(libc::ENOENT);
            return Error::io("find the dataset that was opened", root, gone)
                .with_hint("mount or move it back to where it was, or open it where it is now");
        }
        Error::damage("expected a shard that the manifest lists, found no file")
            .with_path(path)
            .with_hint("restore the shard from a copy of the dataset")
    }

    fn known(&self, shard: usize) -> MutexGuard<'_, Option<Arc<Known>>> {
        let known = &self.known[shard];
        known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the system said.
fn system(error: &Error) -> Option<&std::io::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

/// Whether there is such a file; what the system does not say is left open.
fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

/// Whether the process has no more files or maps to open one.
fn is_used_up(error: &Error) -> bool {
    let code = system(error).and_then(std::io::Error::raw_os_error);
    matches!(code, Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}
