//! The loader of Rust users, and of Python's: epochs of batches. `moves` says
//! where it stands and leads it elsewhere.

mod moves;

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::batch::{Batch, BatchNumber, Home, Shelf};
use super::course::{Course, FillTask};
use super::fill::{BatchSlot, Damage, Fill};
use super::fill_slot::fill_slot;
use super::losses::Losses;
use super::options::FeedOptions;
use super::process::Process;
use super::ring::{BatchRing, FilledBatch, Limits, NextBatch};
use super::saved::SavedState;
use super::schedule::BatchSchedule;
use super::sequence::Fed;
use super::standing::{Standing, no_epoch};
use super::state::State;
use super::stop::Stop;
use super::tally::{Counts, Tally};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Digest;

/// What [`Feed::poll_batch`] finds.
#[derive(Debug)]
pub enum Polled {
    /// The next batch.
    Batch(Batch),
    /// The epoch has no more; the next call begins the next one.
    End,
    /// Nothing yet; the same call again goes on waiting.
    Pending,
}

/// What a feed has to know of a dataset.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) fed: Fed,
    /// Digest of the manifest.
    pub(crate) dataset: Digest,
    /// Digest of the plan.
    pub(crate) plan: Digest,
}

/// Batches of a dataset, epoch after epoch.
///
/// It is a position in an endless row of epochs: [`Feed::next_batch`] gives the
/// batches to the end of the epoch, `None` once, and goes on with the next.
///
/// ```
/// use std::sync::Arc;
///
/// use fuelrail::feed::{Feed, FeedOptions, Shards, State};
/// # use fuelrail::plan::Pipeline;
/// # use fuelrail::run::{Control, ShardOptions, prepare, shard};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let lines: Vec<String> = (0..100).map(|n| format!("{{\"number\": {n}}}\n")).collect();
/// # std::fs::write(dir.path().join("rows.jsonl"), lines.concat())?;
/// # let text = "[source]\nuri = \"rows.jsonl\"\n[sink]\nuri = \"rows\"\n";
/// # let pipeline = Pipeline::from_toml(text, &dir.path().join("rows.toml"))?;
/// # let plan = Arc::new(prepare(&pipeline, dir.path(), 1)?);
/// # shard(&plan, &ShardOptions::new(1), &Control::default())?;
/// # let root = dir.path().join("rows");
/// let shards = Arc::new(Shards::open(&root)?);
/// let mut feed = Feed::open(shards.clone(), FeedOptions::new(16))?;
/// let mut n_rows = 0;
/// while let Some(batch) = feed.next_batch()? {
///     let numbers = batch.tensor("number").expect("a column of the dataset");
///     assert_eq!(numbers.shape(), [16]);
///     n_rows += batch.n_valid();
/// }
/// assert_eq!((n_rows, feed.epoch()), (100, 1));
///
/// // A state saved at any batch goes on behind it, with any batch size.
/// feed.next_batch()?;
/// let saved = feed.state().to_string();
/// let mut resumed = Feed::open(shards, FeedOptions::new(4))?;
/// resumed.load(&State::from_json(&saved)?)?;
/// assert_eq!(resumed.n_batches_left(), 21);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Feed {
    ring: Arc<BatchRing>,
    fill: Arc<dyn Fill>,
    schedule: BatchSchedule,
    options: FeedOptions,
    n_rows: u64,
    fed: Fed,
    standing: Standing,
    losses: Losses,
    /// Whether the end of an epoch is still to be told.
    ended: bool,
    tally: Tally,
    /// How long the caller has waited for a slot of its own.
    stalled: Duration,
    /// The rows of a batch that the caller fills.
    rows: Vec<u64>,
    threads: Vec<JoinHandle<()>>,
    /// Whether a batch has come since the threads were to start.
    has_begun: bool,
    /// What the ring tells them apart from those of before by.
    opening: u64,
    process: Process,
}

impl Feed {
    /// A feed of what `fill` fills.
    ///
    /// # Errors
    /// `Usage` for batches, ranks and numbers that cannot be.
    pub(crate) fn with_fill(
        fill: Arc<dyn Fill>,
        facts: Facts,
        options: FeedOptions,
    ) -> Result<Self> {
        let FeedOptions {
            batch_size,
            last,
            world,
            shuffle,
            seed,
            ..
        } = options;
        let extent = facts.fed.extent();
        let schedule = BatchSchedule::new(extent.n_rows, batch_size, last, world)?;
        let limits = limits(&options)?;
        let course = Course::new(schedule, facts.fed.clone(), &options);
        Ok(Self {
            ring: Arc::new(BatchRing::new(course, limits)),
            fill,
            schedule,
            n_rows: extent.n_rows,
            fed: facts.fed,
            losses: Losses::new(&options, extent)?,
            standing: Standing::new(State {
                epoch: 0,
                seed,
                shuffle,
                position: 0,
                dataset: facts.dataset,
                plan: facts.plan,
            }),
            ended: false,
            tally: Tally::default(),
            stalled: Duration::ZERO,
            rows: Vec::new(),
            threads: Vec::new(),
            has_begun: false,
            opening: 0,
            process: Process::this(),
            options,
        })
    }

    /// The next batch; `None` at the end of an epoch, once.
    ///
    /// # Errors
    /// Those of reading it (`Damage`, `Io`, `Data`, and `Internal` for a caught
    /// panic); the next call tries the same batch again. `Usage` if the caller
    /// holds every slot and none comes back in time, or if this is another
    /// process than the one that made the feed.
    pub fn next_batch(&mut self) -> Result<Option<Batch>> {
        loop {
            match self.poll_batch(Duration::from_hours(1))? {
                Polled::Batch(batch) => return Ok(Some(batch)),
                Polled::End => return Ok(None),
                Polled::Pending => {}
            }
        }
    }

    /// [`Feed::next_batch`] that waits no longer than `timeout` for others. It
    /// may fill a batch itself, which is not cut short.
    ///
    /// # Errors
    /// As [`Feed::next_batch`].
    pub fn poll_batch(&mut self, timeout: Duration) -> Result<Polled> {
        self.process.check()?;
        if std::mem::take(&mut self.ended) {
            return Ok(Polled::End);
        }
        if self.schedule.n_batches_from(self.state().position) == 0 {
            // What is left of the epoch, as it is cut now, fills no batch.
            let mut standing = self.standing;
            standing.end_epoch(self.options.epochs)?;
            self.go(standing);
            return Ok(Polled::End);
        }
        if self.has_begun {
            self.start_threads()?;
        }
        let patience = self.options.patience.saturating_sub(self.stalled);
        let found = self
            .ring
            .next(&*self.fill, &mut self.rows, timeout.min(patience));
        let begun = std::mem::take(&mut self.stalled);
        match found? {
            NextBatch::Batch(done) => {
                if !self.has_begun {
                    self.has_begun = true;
                    // Where it fails, the next call tries again and says so.
                    let _ = self.start_threads();
                }
                self.hand_out(done).map(Polled::Batch)
            }
            NextBatch::Nothing => Err(no_epoch()),
            NextBatch::Pending => Ok(Polled::Pending),
            NextBatch::Held if timeout < patience => {
                self.stalled = begun + timeout;
                Ok(Polled::Pending)
            }
            NextBatch::Held => Err(self.all_held()),
            NextBatch::Rests => {
                // Its threads have ended or are about to.
                self.threads.clear();
                self.has_begun = false;
                let State { seed, .. } = self.state();
                self.opening = self.ring.open(seed, self.place());
                Ok(Polled::Pending)
            }
        }
    }

    /// Puts the feed to rest: its threads end, each after the batch that it
    /// fills and without being waited for, and the memory that nobody holds is
    /// freed. It stays where it is, what is held still counts, and who asks for
    /// a batch goes on.
    pub fn rest(&mut self) {
        self.threads.clear();
        self.stop().now();
    }

    /// What puts the feed to rest while another thread may have it.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Stop::new(&self.ring, self.process)
    }

    /// Batch `index` of the current epoch, counted from its beginning. The feed
    /// stays where it is, and the batch does not count.
    ///
    /// # Errors
    /// Those of reading it; `Usage` if the epoch has no such batch.
    pub fn batch_at(&self, index: u64) -> Result<Batch> {
        self.process.check()?;
        let job = self.ring.pick(self.epoch(), index).ok_or_else(|| {
            Error::new(
                ErrorKind::Usage,
                format!(
                    "expected one of the {} batches of an epoch, got batch {index}",
                    self.n_batches()
                ),
            )
        })?;
        let mut slot = self.ring.spare();
        fill_slot(&*self.fill, &job, &mut Vec::new(), &mut slot)?;
        Ok(self.batch(job, slot, Shelf::Spare))
    }

    /// Where its steps run, in words; `None` without steps.
    #[must_use]
    pub fn place_of_steps(&self) -> Option<String> {
        self.fill.place_of_steps()
    }

    /// What it was asked for.
    #[must_use]
    pub fn options(&self) -> &FeedOptions {
        &self.options
    }

    /// What has been handed out.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.tally.counts()
    }

    /// Why the CPU changes rows where a device was to: it has failed.
    #[must_use]
    pub fn device_lost(&self) -> Option<&str> {
        self.tally.device_lost()
    }

    /// The first 1000 rows that were skipped.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        self.tally.damage()
    }

    fn hand_out(&mut self, done: FilledBatch) -> Result<Batch> {
        let FilledBatch { job, slot } = done;
        let ends_epoch = job.ends_epoch();
        let batch = self.batch(job, slot, Shelf::Turn);
        if let Err(error) = self.losses.add(batch.damage()) {
            // The next call tries the same batch again.
            self.ring.go(self.state().seed, self.place());
            return Err(error);
        }
        self.ended = ends_epoch;
        self.standing.advance(*batch.state());
        if ends_epoch {
            self.standing.end_pass();
            self.losses.begin();
        }
        self.tally.add(&batch);
        Ok(batch)
    }

    fn batch(&self, job: FillTask, slot: BatchSlot, shelf: Shelf) -> Batch {
        let FillTask {
            cut,
            epoch,
            after,
            seed,
            ..
        } = job;
        let state = State {
            epoch: after.epoch,
            seed,
            position: after.position,
            ..self.state()
        };
        let at = BatchNumber {
            epoch,
            index: self.schedule.index(cut.position),
        };
        let home = Home {
            ring: self.ring.clone(),
            process: self.process,
            shelf,
        };
        let saved = SavedState {
            state,
            mixture: self.mixed_with(),
        };
        Batch::new(slot, saved, at, home)
    }

    /// Starts the threads that are not there yet: behind the first batch, which
    /// the caller fills, as it waits for nothing else then and whoever read
    /// ahead beside it would only slow it down. A feed that is only made and
    /// loaded costs none.
    fn start_threads(&mut self) -> Result<()> {
        while self.threads.len() < self.options.threads {
            let (ring, fill, opening) = (self.ring.clone(), self.fill.clone(), self.opening);
            let thread = std::thread::Builder::new()
                .name("fuelrail-feed".to_owned())
                .spawn(move || ring.work(&*fill, opening))
                .map_err(|error| {
                    Error::new(ErrorKind::Io, "cannot start a thread that reads ahead")
                        .with_source(error)
                        .with_hint("use fewer threads; with threads = 0 the caller reads")
                })?;
            self.threads.push(thread);
        }
        Ok(())
    }

    fn all_held(&self) -> Error {
        let n = self.options.keep;
        let after = self.options.patience;
        let message = match self.options.prefetch + n.max(1) {
            1 => format!("the only batch slot is still in use after {after:?}"),
            n_slots => format!("all {n_slots} batch slots are still in use after {after:?}"),
        };
        Error::new(ErrorKind::Usage, message).with_hint(format!(
            "copy what is to be kept and drop the batches, or raise keep above {n}"
        ))
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let threads = std::mem::take(&mut self.threads);
        if !self.process.is_this() {
            // The threads are the parent's, and so is the lock.
            let _not_ours = ManuallyDrop::new(threads);
            return;
        }
        self.ring.rest();
        for thread in threads {
            // Its panics have been caught where they were.
            let _ = thread.join();
        }
    }
}

/// The slots that these options ask for.
fn limits(options: &FeedOptions) -> Result<Limits> {
    let FeedOptions {
        threads,
        prefetch,
        keep,
        ..
    } = options;
    for (name, n) in [("threads", threads), ("prefetch", prefetch), ("keep", keep)] {
        if *n > MAX_SLOTS {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("expected {name} to be at most {MAX_SLOTS}, got {n}"),
            ));
        }
    }
    Ok(Limits {
        // Nobody reads ahead without threads, but the caller may hold as many
        // batches as with them; a slot that is never needed is never made.
        prefetch: if *threads == 0 { 0 } else { *prefetch },
        n_slots: *prefetch + (*keep).max(1),
    })
}

/// Threads, and batches read ahead or kept, at most.
const MAX_SLOTS: usize = 1024;
