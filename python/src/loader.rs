//! What `fuelrail.Loader` is made of: a feed of the engine that is open while
//! somebody iterates, and the position, which outlives it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fuelrail::Error;
use fuelrail::feed::{Counts, Damage, Feed, FeedOptions, Polled, Process, Shards, State};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::batch::{Batch, damage_dict};
use crate::dataset::Dataset;
use crate::errors::Result;
use crate::options::Asked;
use crate::state::{read_state, state_dict};

/// How long is waited before Python is asked for signals.
const TICK: Duration = Duration::from_millis(100);

/// Damaged rows that are listed at most; more are only counted.
const MAX_DAMAGE: usize = 1000;

/// A loader: iterators of it share its position, and so do loaders made of it
/// by `derived`.
#[pyclass(frozen, module = "fuelrail._native", name = "Loader")]
#[derive(Debug)]
pub(crate) struct Loader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    shards: Arc<Shards>,
    options: FeedOptions,
    /// Where loaders of one family stand, and what they have handed out.
    position: Arc<Mutex<Position>>,
    feed: Mutex<Option<Feed>>,
    /// Iterators that have not come to their end.
    n_live: AtomicUsize,
    /// In a child of this process a lock may be held by a thread that the child
    /// does not have.
    process: Process,
}

#[derive(Debug)]
struct Position {
    state: State,
    counts: Counts,
    damage: Vec<Damage>,
}

impl Shared {
    fn new(shards: Arc<Shards>, options: FeedOptions) -> Result<Self> {
        let feed = Feed::open(shards.clone(), options.clone())?;
        let position = Position {
            state: feed.state(),
            counts: Counts::default(),
            damage: Vec::new(),
        };
        Ok(Self {
            shards,
            options,
            position: Arc::new(Mutex::new(position)),
            feed: Mutex::new(Some(feed)),
            n_live: AtomicUsize::new(0),
            process: Process::this(),
        })
    }

    /// Does something with the feed, open and at the position of the family.
    ///
    /// # Errors
    /// `Usage` in a child of the process that made it; what `act` returns.
    fn with_feed<T>(&self, act: impl FnOnce(&mut Feed) -> Result<T, Error>) -> Result<T, Error> {
        self.process.check()?;
        let mut held = lock(&self.feed);
        let feed = match &mut *held {
            Some(feed) => feed,
            none => none.insert(Feed::open(self.shards.clone(), self.options.clone())?),
        };
        let state = lock(&self.position).state;
        if feed.state() != state {
            feed.load(&state)?;
        }
        let before = feed.counts();
        let done = act(feed);
        self.note(feed, before);
        done
    }

    /// Takes over where the feed stands, and what it has handed out.
    fn note(&self, feed: &Feed, before: Counts) {
        let mut position = lock(&self.position);
        position.state = feed.state();
        let after = feed.counts();
        if after == before {
            return;
        }
        position.counts.batches += after.batches - before.batches;
        position.counts.rows += after.rows - before.rows;
        position.counts.skipped += after.skipped - before.skipped;
    }

    /// Ends the threads and frees the slots; the position stays.
    fn close(&self) {
        if self.process.is_this() {
            let feed = lock(&self.feed).take();
            // Its threads are waited for without the lock.
            drop(feed);
        }
    }

    /// One iterator less is live.
    fn leave(&self) -> usize {
        self.n_live.fetch_sub(1, Ordering::Relaxed) - 1
    }
}

/// What is guarded stays whole whatever panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[pymethods]
impl Loader {
    #[new]
    fn new(py: Python<'_>, dataset: &Dataset, asked: Asked) -> Result<Self> {
        let options = FeedOptions::try_from(asked)?;
        let shared = py.detach(|| Shared::new(dataset.shards()?, options))?;
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// A loader of other columns or dtypes that shares this one's position.
    fn derived(&self, py: Python<'_>, asked: Asked) -> Result<Self> {
        self.shared.process.check()?;
        let options = FeedOptions::try_from(asked)?;
        let made = py.detach(|| Shared::new(self.shared.shards.clone(), options))?;
        Ok(Self {
            shared: Arc::new(Shared {
                position: self.shared.position.clone(),
                ..made
            }),
        })
    }

    fn __len__(&self, py: Python<'_>) -> Result<usize> {
        let len = py.detach(|| self.shared.with_feed(|feed| Ok(feed.n_batches())))?;
        Ok(usize::try_from(len).map_err(|_| Error::internal("more batches than fit len()"))?)
    }

    /// Batches that are left of the epoch.
    fn n_left(&self, py: Python<'_>) -> Result<u64> {
        Ok(py.detach(|| self.shared.with_feed(|feed| Ok(feed.n_batches_left())))?)
    }

    /// An iterator over what is left of the epoch.
    fn __iter__(&self, py: Python<'_>) -> Result<BatchIterator> {
        py.detach(|| {
            self.shared.with_feed(|feed| {
                feed.begin();
                Ok(())
            })
        })?;
        self.shared.n_live.fetch_add(1, Ordering::Relaxed);
        Ok(BatchIterator {
            shared: self.shared.clone(),
            is_over: AtomicBool::new(false),
        })
    }

    /// Batch `index` of the current epoch; nothing moves.
    fn batch_at(&self, py: Python<'_>, index: u64) -> Result<Batch> {
        let batch = py.detach(|| self.shared.with_feed(|feed| feed.batch_at(index)))?;
        Ok(Batch::new(batch))
    }

    fn state_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        self.shared.process.check()?;
        let state = lock(&self.shared.position).state;
        state_dict(py, &state)
    }

    fn load_state_dict(&self, py: Python<'_>, state: &Bound<'_, PyAny>) -> Result<()> {
        let state = read_state(state)?;
        py.detach(|| self.shared.with_feed(|feed| feed.load(&state)))?;
        Ok(())
    }

    #[getter]
    fn epoch(&self) -> Result<u32> {
        self.shared.process.check()?;
        Ok(lock(&self.shared.position).state.epoch)
    }

    fn set_epoch(&self, py: Python<'_>, epoch: u32) -> Result<()> {
        py.detach(|| self.shared.with_feed(|feed| feed.set_epoch(epoch)))?;
        Ok(())
    }

    /// Batches, rows and skipped rows so far, and the first that were skipped.
    fn stats<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        self.shared.process.check()?;
        let (counts, damage) = {
            let position = lock(&self.shared.position);
            (position.counts, position.damage.clone())
        };
        let stats = PyDict::new(py);
        stats.set_item("batches", counts.batches)?;
        stats.set_item("rows", counts.rows)?;
        stats.set_item("skipped", counts.skipped)?;
        let damage = damage.iter().map(|damage| damage_dict(py, damage));
        stats.set_item("damage", damage.collect::<Result<Vec<_>>>()?)?;
        Ok(stats)
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.shared.close());
    }
}

/// What is left of an epoch, batch by batch. Dropped before its end, it ends
/// the threads and frees the slots, if no other iterator of the loader lives.
#[pyclass(frozen, module = "fuelrail._native", name = "BatchIterator")]
#[derive(Debug)]
pub(crate) struct BatchIterator {
    shared: Arc<Shared>,
    is_over: AtomicBool,
}

impl BatchIterator {
    fn poll(&self) -> Result<Polled, Error> {
        // Whether it is over is asked under the feed's lock: of threads that
        // share an iterator, none may go on with the next epoch.
        let polled = self.shared.with_feed(|feed| {
            if self.is_over.load(Ordering::Relaxed) {
                return Ok(Polled::End);
            }
            let polled = feed.poll_batch(TICK)?;
            if matches!(polled, Polled::End) {
                self.is_over.store(true, Ordering::Relaxed);
                self.shared.leave();
            }
            Ok(polled)
        })?;
        if let Polled::Batch(batch) = &polled
            && !batch.damage().is_empty()
        {
            let mut position = lock(&self.shared.position);
            let room = MAX_DAMAGE - position.damage.len();
            let damage = batch.damage().iter().take(room).cloned();
            position.damage.extend(damage);
        }
        Ok(polled)
    }
}

#[pymethods]
impl BatchIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> Result<Option<Batch>> {
        if self.is_over.load(Ordering::Relaxed) {
            return Ok(None);
        }
        loop {
            match py.detach(|| self.poll())? {
                Polled::Batch(batch) => return Ok(Some(Batch::new(batch))),
                Polled::Pending => py.check_signals()?,
                Polled::End => return Ok(None),
            }
        }
    }
}

impl Drop for BatchIterator {
    fn drop(&mut self) {
        if !*self.is_over.get_mut() && self.shared.leave() == 0 {
            self.shared.close();
        }
    }
}
