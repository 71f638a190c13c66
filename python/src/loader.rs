//! What `fuelrail.Loader` is made of: a feed of the engine, and the position,
//! which it shares with those derived from it.

use std::ffi::CString;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fuelrail::feed::{
    self, Epochs, Feed, FeedOptions, MixProgress, Polled, Process, SavedState, Shards, Standing,
    Stop, Tally,
};
use fuelrail::plan::operators::{ColumnSteps, Draw};
use fuelrail::{Error, ErrorKind};
use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::batch::{Batch, damage_dict};
use crate::dataset::Dataset;
use crate::errors::Result;
use crate::mixture::Mixture;
use crate::options::Asked;
use crate::state::{read_state, state_dict};
use crate::turn::Turn;

/// How long is waited before Python is asked for signals.
const TICK: Duration = Duration::from_millis(100);

/// A loader: iterators of it share its position, and so do loaders made of it
/// by `derived`.
#[pyclass(frozen, module = "fuelrail._native", name = "Loader")]
#[derive(Debug)]
pub(crate) struct Loader {
    shared: Arc<Shared>,
}

/// Loaders that share a position.
#[derive(Debug)]
struct Family {
    /// Who has it may move the position, or hand out a batch.
    turn: Turn,
    /// Where they stand, and what they have handed out. Held for moments.
    position: Mutex<Position>,
    /// Puts their feeds to rest.
    stops: Mutex<Vec<Stop>>,
    /// Whether it has been said that a device was lost.
    has_warned: AtomicBool,
    /// In a child of this process a lock may be held by a thread that the child
    /// does not have.
    process: Process,
}

#[derive(Debug)]
struct Position {
    standing: Standing,
    tally: Tally,
}

#[derive(Debug)]
struct Shared {
    shards: Arc<Shards>,
    family: Arc<Family>,
    /// Held by who has the family's turn.
    feed: Mutex<Feed>,
    stop: Stop,
    n_batches: u64,
    epochs: Epochs,
    /// Iterators that have not come to their end.
    n_live: AtomicUsize,
}

impl Family {
    fn new(standing: Standing) -> Self {
        Self {
            turn: Turn::default(),
            position: Mutex::new(Position {
                standing,
                tally: Tally::default(),
            }),
            stops: Mutex::default(),
            has_warned: AtomicBool::new(false),
            process: Process::this(),
        }
    }

    /// Warns, once, that the CPU does what a device was to do.
    ///
    /// # Errors
    /// The warning, where Python has been told to raise it.
    fn warn(&self, py: Python<'_>, batch: &Batch) -> PyResult<()> {
        let Some(why) = batch.device_lost() else {
            return Ok(());
        };
        if self.has_warned.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let text = format!("the CPU goes on with the steps and gives the same bits: {why}");
        let text = CString::new(text.replace('\0', " "))?;
        PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &text, 1)
    }

    /// Puts a feed to rest too, whenever the others are.
    fn add(&self, stop: Stop) {
        let mut stops = lock(&self.stops);
        stops.retain(|stop| !stop.is_over());
        stops.push(stop);
    }
}

impl Shared {
    fn new(shards: Arc<Shards>, options: FeedOptions, of: Option<Arc<Family>>) -> Result<Self> {
        let feed = Feed::open(shards.clone(), options)?;
        let family = of.unwrap_or_else(|| Arc::new(Family::new(feed.standing())));
        family.add(feed.stop());
        Ok(Self {
            shards,
            family,
            stop: feed.stop(),
            n_batches: feed.n_batches(),
            epochs: feed.options().epochs,
            feed: Mutex::new(feed),
            n_live: AtomicUsize::new(0),
        })
    }

    /// Does something with the feed at the position of the family; `None` if
    /// another has the turn.
    ///
    /// # Errors
    /// `Usage` in a child of the process that made it; what `act` returns.
    fn try_feed<T>(
        &self,
        act: impl FnOnce(&mut Feed) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.family.process.check()?;
        let Some(_mine) = self.family.turn.wait(TICK) else {
            return Ok(None);
        };
        let mut feed = lock(&self.feed);
        let standing = lock(&self.family.position).standing;
        if feed.standing() != standing {
            feed.stand(standing)?;
        }
        let done = act(&mut feed);
        lock(&self.family.position).standing = feed.standing();
        done.map(Some)
    }

    /// The same, once it has the turn. The interpreter is not held meanwhile,
    /// and hears signals.
    ///
    /// # Errors
    /// Those, and what a signal raises.
    fn with_feed<T: Send>(
        &self,
        py: Python<'_>,
        act: impl Fn(&mut Feed) -> Result<T, Error> + Sync,
    ) -> Result<T> {
        loop {
            if let Some(done) = py.detach(|| self.try_feed(&act))? {
                return Ok(done);
            }
            py.check_signals()?;
        }
    }

    /// The position, as it is between two batches.
    ///
    /// # Errors
    /// `Usage` in a child of the process that made it.
    fn position(&self) -> Result<MutexGuard<'_, Position>> {
        self.family.process.check()?;
        Ok(lock(&self.family.position))
    }

    /// What is saved of a position.
    fn saved(&self, standing: &Standing) -> SavedState {
        let mixture = self.shards.mixture();
        SavedState {
            state: *standing.state(),
            mixture: mixture.map_or_else(Vec::new, |mixture| mixture.mixed_with()),
        }
    }

    /// One iterator less is live. Returns how many are.
    fn leave(&self) -> usize {
        self.n_live.fetch_sub(1, Ordering::Relaxed) - 1
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.family.process.is_this() {
            // Its threads are not waited for: they may hang on a disk.
            let feed = self.feed.get_mut();
            let feed = feed.unwrap_or_else(PoisonError::into_inner);
            without_interpreter(|| feed.rest());
        }
    }
}

/// Lets other threads of Python run meanwhile: much memory that is given back
/// takes the system a while.
fn without_interpreter(act: impl FnOnce() + Send) {
    let mut act = Some(act);
    let mut once = || act.take().map(|act| act());
    // One that is ending is not asked.
    if Python::try_attach(|py| py.detach(&mut once)).is_none() {
        once();
    }
}

/// What is guarded stays whole whatever panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[pymethods]
impl Loader {
    #[new]
    fn new(py: Python<'_>, dataset: &Bound<'_, PyAny>, asked: Asked) -> Result<Self> {
        let options = FeedOptions::try_from(asked)?;
        let shared = if let Ok(mixture) = dataset.cast::<Mixture>() {
            let mixture = mixture.get();
            py.detach(|| Shared::new(mixture.shards()?, options, None))?
        } else {
            let dataset = dataset.cast::<Dataset>().map_err(PyErr::from)?.get();
            py.detach(|| Shared::new(dataset.shards()?, options, None))?
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// What the steps do, and what is drawn for a row of the dataset, if one is
    /// asked for.
    #[pyo3(signature = (row, epoch))]
    fn explain(&self, py: Python<'_>, row: Option<u64>, epoch: u32) -> Result<String> {
        let Shared { shards, .. } = &*self.shared;
        let asked = |feed: &mut Feed| {
            // A state that was loaded brings its seed.
            let seed = feed.state().seed;
            Ok((feed.options().clone(), feed.place_of_steps(), seed))
        };
        let (options, place, seed) = self.shared.with_feed(py, asked)?;
        let n_rows = shards.n_rows();
        if let Some(row) = row.filter(|row| *row >= n_rows) {
            let message = format!("row {row} is out of range: the dataset has {n_rows} rows");
            return Err(Error::new(ErrorKind::Usage, message).into());
        }
        let lowered = shards.lowered(&options.read, &options.steps)?;
        let draw = Draw { seed, epoch };
        let explain = |steps: &ColumnSteps| {
            let of = (&lowered[..], steps.column.as_str());
            let row = row.map(|row| shards.explained_row(of, (draw, row)));
            steps.explain(row.transpose()?.as_ref())
        };
        let texts: Result<Vec<String>, Error> = py.detach(|| lowered.iter().map(explain).collect());
        let (texts, place) = (texts?.join("\n"), place.unwrap_or_default());
        Ok(format!("{texts}\n{place}").trim().to_owned())
    }

    /// A loader of other columns or dtypes that shares this one's position.
    fn derived(&self, py: Python<'_>, asked: Asked) -> Result<Self> {
        let options = FeedOptions::try_from(asked)?;
        let Shared { shards, family, .. } = &*self.shared;
        family.process.check()?;
        let made = py.detach(|| Shared::new(shards.clone(), options, Some(family.clone())))?;
        Ok(Self {
            shared: Arc::new(made),
        })
    }

    fn __len__(&self) -> Result<usize> {
        self.shared.family.process.check()?;
        let len = usize::try_from(self.shared.n_batches);
        Ok(len.map_err(|_| Error::internal("more batches than fit len()"))?)
    }

    /// Batches that are left of the epoch.
    fn n_left(&self, py: Python<'_>) -> Result<u64> {
        self.shared.with_feed(py, |feed| Ok(feed.n_batches_left()))
    }

    /// An iterator over what is left of the epoch, or all of it where passes are
    /// repeated.
    fn __iter__(&self, py: Python<'_>) -> Result<BatchIterator> {
        if self.shared.epochs == Epochs::Repeated {
            self.shared.with_feed(py, Feed::begin_pass)?;
        }
        let begun = self.shared.position()?.standing;
        self.shared.n_live.fetch_add(1, Ordering::Relaxed);
        Ok(BatchIterator {
            shared: self.shared.clone(),
            begun,
            is_over: AtomicBool::new(false),
            kept_back: Mutex::default(),
        })
    }

    /// Batch `index` of the current epoch; nothing moves.
    fn batch_at(&self, py: Python<'_>, index: u64) -> Result<Batch> {
        let batch = self.shared.with_feed(py, |feed| feed.batch_at(index))?;
        let batch = Batch::new(batch);
        self.shared.family.warn(py, &batch)?;
        Ok(batch)
    }

    fn state_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let standing = self.shared.position()?.standing;
        state_dict(py, &self.shared.saved(&standing))
    }

    fn load_state_dict(&self, py: Python<'_>, state: &Bound<'_, PyAny>) -> Result<()> {
        let state = read_state(state)?;
        self.shared.with_feed(py, |feed| feed.load_saved(&state))
    }

    fn seek(&self, py: Python<'_>, state: &Bound<'_, PyAny>) -> Result<()> {
        let state = read_state(state)?;
        self.shared.with_feed(py, |feed| feed.seek(&state.state))
    }

    #[getter]
    fn epoch(&self) -> Result<u32> {
        Ok(self.shared.position()?.standing.state().epoch)
    }

    fn set_epoch(&self, py: Python<'_>, epoch: u32) -> Result<()> {
        self.shared.with_feed(py, |feed| feed.set_epoch(epoch))
    }

    #[pyo3(signature = (epoch=None))]
    fn reset(&self, py: Python<'_>, epoch: Option<u32>) -> Result<()> {
        self.shared.with_feed(py, |feed| feed.reset(epoch))
    }

    /// Batches, rows and skipped rows so far, the first that were skipped, and what
    /// became of the device.
    fn stats<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let (tally, standing) = {
            let position = self.shared.position()?;
            (position.tally.clone(), position.standing)
        };
        let counts = tally.counts();
        let stats = PyDict::new(py);
        stats.set_item("batches", counts.batches)?;
        stats.set_item("rows", counts.rows)?;
        stats.set_item("skipped", counts.skipped)?;
        stats.set_item("too_large_for_device", counts.too_large_for_device)?;
        stats.set_item("device_lost", tally.device_lost())?;
        let damage = tally.damage().iter().map(|damage| damage_dict(py, damage));
        stats.set_item("damage", damage.collect::<Result<Vec<_>>>()?)?;
        if let Some(mixture) = self.shared.shards.mixture() {
            let progress = mixture.progress(standing.state()).into_iter();
            let progress = progress.map(|of| progress_dict(py, of));
            stats.set_item("datasets", progress.collect::<Result<Vec<_>>>()?)?;
        }
        Ok(stats)
    }

    /// Ends the threads and frees the memory that nobody holds, for the whole
    /// family.
    fn close(&self, py: Python<'_>) {
        let family = &self.shared.family;
        if family.process.is_this() {
            py.detach(|| lock(&family.stops).iter().for_each(Stop::now));
        }
    }
}

/// How far one dataset of a mixture has come.
fn progress_dict(py: Python<'_>, of: MixProgress) -> Result<Bound<'_, PyDict>> {
    let progress = PyDict::new(py);
    progress.set_item("rows", of.rows)?;
    progress.set_item("epoch", of.epoch)?;
    progress.set_item("position", of.position)?;
    Ok(progress)
}

/// What is left of an epoch, batch by batch. Dropped before its end, it ends
/// the threads and frees the slots, if no other iterator of the loader lives.
#[pyclass(frozen, module = "fuelrail._native", name = "BatchIterator")]
#[derive(Debug)]
pub(crate) struct BatchIterator {
    shared: Arc<Shared>,
    /// It ends when the position has left the epoch of this one, whoever has
    /// moved it, or the pass, where the epoch is repeated.
    begun: Standing,
    is_over: AtomicBool,
    /// A batch in whose place a warning was raised.
    kept_back: Mutex<Option<Batch>>,
}

impl BatchIterator {
    fn poll(&self) -> Result<Polled, Error> {
        let polled = self.shared.try_feed(|feed| self.poll_feed(feed))?;
        Ok(polled.unwrap_or(Polled::Pending))
    }

    fn goes_on(&self, feed: &Feed) -> bool {
        let is_pass = feed.standing().n_passes() == self.begun.n_passes();
        feed.epoch() == self.begun.state().epoch
            && (is_pass || self.shared.epochs == Epochs::Successive)
    }

    /// A batch for Python, once it is said where that has to hear of it. What is
    /// raised instead costs no batch: the next call has it.
    fn handed_out(&self, py: Python<'_>, batch: feed::Batch) -> Result<Option<Batch>> {
        let batch = Batch::new(batch);
        if let Err(raised) = self.shared.family.warn(py, &batch) {
            *lock(&self.kept_back) = Some(batch);
            return Err(raised.into());
        }
        Ok(Some(batch))
    }

    /// With the family's turn.
    fn poll_feed(&self, feed: &mut Feed) -> Result<Polled, Error> {
        if self.is_over.load(Ordering::Relaxed) {
            return Ok(Polled::End);
        }
        // Whose end was told is for each iterator to know.
        feed.begin();
        let polled = if self.goes_on(feed) {
            feed.poll_batch(TICK)?
        } else {
            Polled::End
        };
        match &polled {
            Polled::Batch(batch) => lock(&self.shared.family.position).tally.add(batch),
            Polled::End => {
                self.is_over.store(true, Ordering::Relaxed);
                self.shared.leave();
            }
            Polled::Pending => {}
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
        if let Some(batch) = lock(&self.kept_back).take() {
            return Ok(Some(batch));
        }
        if self.is_over.load(Ordering::Relaxed) {
            return Ok(None);
        }
        loop {
            match py.detach(|| self.poll())? {
                Polled::Batch(batch) => return self.handed_out(py, batch),
                Polled::Pending => py.check_signals()?,
                Polled::End => return Ok(None),
            }
        }
    }
}

impl Drop for BatchIterator {
    fn drop(&mut self) {
        let Shared { family, stop, .. } = &*self.shared;
        let is_last = !*self.is_over.get_mut() && self.shared.leave() == 0;
        if is_last && family.process.is_this() {
            without_interpreter(|| stop.now());
        }
    }
}
