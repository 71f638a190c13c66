//! The memory of batches, and who fills which.
//!
//! Batches are begun in their order, by whoever is free: the threads that read
//! ahead, and the caller, who rather fills a batch than waits for one. Each
//! that has been begun has a slot; there is a fixed number of them, so memory
//! is bounded whatever the caller does. A slot is free again when the last
//! holder of its batch is gone.
//!
//! One lock guards it all, and nobody fills under it. Threads that find nothing
//! to begin sleep until half of what they may read ahead has been taken: a
//! caller that is faster than they are never has to wake them.
//!
//! A ring that rests has no threads and no memory but that of batches which are
//! held; these still count when it is opened again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::course::{Course, EpochPosition, FillTask};
use super::fill::{BatchSlot, Fill};
use super::fill_slot::fill_slot;
use super::sync::{Condvar, Mutex, MutexGuard, lock, wait, wait_for};
use crate::error::{Error, Result};

/// Slots of picked batches that are kept for the next.
const MAX_SPARE: usize = 2;

/// How many slots there are, and for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Batches read ahead of the caller.
    pub(super) prefetch: usize,
    /// Slots in all.
    pub(super) n_slots: usize,
}

/// See the module text.
#[derive(Debug)]
pub(super) struct BatchRing {
    limits: Limits,
    inner: Mutex<Inner>,
    /// Somebody may begin a batch.
    work: Condvar,
    /// A batch has been filled or a slot come back, for the caller.
    done: Condvar,
}

#[derive(Debug)]
struct Inner {
    course: Course,
    /// Goes up when the course jumps; what was begun before is then dropped.
    generation: u64,
    /// Number of the first batch in the queue.
    first: u64,
    /// The batches that have been begun, and not been taken.
    queue: VecDeque<FillTicket>,
    /// Those of them that are open.
    n_open: usize,
    free: Vec<BatchSlot>,
    /// Slots of batches that were picked, beside the fixed number.
    spare: Vec<BatchSlot>,
    n_unmade: usize,
    /// Goes up when the ring is put to rest; threads of before then end.
    opening: u64,
    rests: bool,
    /// Batches that somebody fills, those of past generations included.
    n_filling: usize,
    /// Threads that sleep.
    n_idle: usize,
    caller: Caller,
}

/// What the caller does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// It uses the batches that it has.
    Away,
    /// It asks for one, and so has room for one more than is read ahead.
    Asks,
    /// It asks for one, and sleeps meanwhile.
    Sleeps,
}

/// A batch on its way.
#[derive(Debug)]
enum FillTicket {
    /// To be begun again.
    Open(FillTask),
    /// Somebody fills it.
    Filling,
    Ready(FilledBatch),
    Failed(FillTask, Error),
}

/// A batch to be filled.
#[derive(Debug)]
pub(super) struct Task {
    generation: u64,
    number: u64,
    job: FillTask,
    slot: BatchSlot,
}

/// A batch that has been filled.
#[derive(Debug)]
pub(super) struct FilledBatch {
    pub(super) job: FillTask,
    pub(super) slot: BatchSlot,
}

/// What the caller finds.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart as soon as it is there"
)]
pub(super) enum NextBatch {
    Batch(FilledBatch),
    /// Nothing yet.
    Pending,
    /// Every slot is held by the caller.
    Held,
    /// The ring rests; it is to be opened first.
    Rests,
    /// There is no next batch.
    Nothing,
}

impl BatchRing {
    pub(super) fn new(course: Course, limits: Limits) -> Self {
        Self {
            limits,
            inner: Mutex::new(Inner {
                course,
                generation: 0,
                first: 0,
                queue: VecDeque::new(),
                n_open: 0,
                free: Vec::new(),
                spare: Vec::new(),
                n_unmade: limits.n_slots,
                n_filling: 0,
                n_idle: 0,
                caller: Caller::Away,
                opening: 0,
                rests: false,
            }),
            work: Condvar::new(),
            done: Condvar::new(),
        }
    }

    /// Goes on from this place; what was read ahead is dropped.
    pub(super) fn go(&self, seed: u64, place: EpochPosition) {
        let mut inner = self.lock();
        inner.drop_queue();
        inner.course.go(seed, place);
    }

    /// Ends the threads, each after the batch it fills, and frees the memory
    /// that nobody holds.
    pub(super) fn rest(&self) {
        let mut inner = self.lock();
        inner.opening += 1;
        inner.rests = true;
        inner.drop_queue();
        let free = std::mem::take(&mut inner.free);
        inner.n_unmade += free.len();
        let spare = std::mem::take(&mut inner.spare);
        drop(inner);
        self.work.notify_all();
        self.done.notify_all();
        drop((free, spare));
    }

    /// Goes on from this place after a rest. Returns the number that threads
    /// work with from now on.
    pub(super) fn open(&self, seed: u64, place: EpochPosition) -> u64 {
        let mut inner = self.lock();
        inner.rests = false;
        inner.course.go(seed, place);
        inner.opening
    }

    /// The job of batch `index` of an epoch; nothing is begun.
    pub(super) fn pick(&self, epoch: u32, index: u64) -> Option<FillTask> {
        self.lock().course.pick(epoch, index)
    }

    /// The next batch, filled by the caller if nobody has begun it.
    ///
    /// # Errors
    /// Those of the batch; it is filled again when it is asked for again.
    pub(super) fn next(
        &self,
        fill: &dyn Fill,
        rows: &mut Vec<u64>,
        timeout: Duration,
    ) -> Result<NextBatch> {
        let mut waits_since = None;
        let mut inner = self.lock();
        inner.caller = Caller::Asks;
        let found = loop {
            if inner.rests {
                break Ok(NextBatch::Rests);
            }
            match inner.take() {
                Some(Ok(done)) => break Ok(NextBatch::Batch(done)),
                Some(Err(error)) => break Err(error),
                None => {}
            }
            if let Some(task) = inner.begin(self.limits.prefetch + 1) {
                self.wake(inner);
                self.run(task, fill, rows);
                inner = self.lock();
                continue;
            }
            if inner.is_at_end() {
                break Ok(NextBatch::Nothing);
            }
            if inner.reclaim() {
                continue;
            }
            let since = *waits_since.get_or_insert_with(Instant::now);
            let left = timeout.saturating_sub(since.elapsed());
            if left.is_zero() {
                break Ok(inner.why_not());
            }
            inner = self.sleep(inner, left);
        };
        inner.caller = Caller::Away;
        self.wake(inner);
        found
    }

    /// Fills batches until the ring is put to rest again.
    pub(super) fn work(&self, fill: &dyn Fill, opening: u64) {
        let mut rows = Vec::new();
        let mut inner = self.lock();
        while inner.opening == opening {
            let limit = self.limits.prefetch + usize::from(inner.caller != Caller::Away);
            if let Some(task) = inner.begin(limit) {
                let more = inner.n_idle > 0 && inner.may_begin(self.limits.prefetch);
                drop(inner);
                if more {
                    self.work.notify_one();
                }
                self.run(task, fill, &mut rows);
                inner = self.lock();
                continue;
            }
            inner.n_idle += 1;
            inner = wait(&self.work, inner);
            inner.n_idle -= 1;
        }
    }

    /// Takes a slot back.
    pub(super) fn give_back(&self, slot: BatchSlot) {
        let mut inner = self.lock();
        let past = inner.shelve(slot);
        if inner.caller == Caller::Sleeps {
            self.done.notify_one();
        }
        self.wake(inner);
        drop(past);
    }

    /// A slot beside the fixed number, for a batch that is picked.
    pub(super) fn spare(&self) -> BatchSlot {
        self.lock().spare.pop().unwrap_or_default()
    }

    /// Takes such a slot back, and keeps a few.
    pub(super) fn put_by(&self, slot: BatchSlot) {
        let mut inner = self.lock();
        if !inner.rests && inner.spare.len() < MAX_SPARE {
            inner.spare.push(slot);
        }
    }

    /// Fills a batch and puts it where it belongs.
    fn run(&self, task: Task, fill: &dyn Fill, rows: &mut Vec<u64>) {
        let Task {
            generation,
            number,
            job,
            mut slot,
        } = task;
        let outcome = fill_slot(fill, &job, rows, &mut slot);
        let mut inner = self.lock();
        inner.n_filling -= 1;
        let is_current = generation == inner.generation;
        let at = usize::try_from(number.wrapping_sub(inner.first)).unwrap_or(usize::MAX);
        let (ticket, past) = match outcome {
            Ok(()) if is_current => (FillTicket::Ready(FilledBatch { job, slot }), None),
            Ok(()) => (FillTicket::Filling, inner.shelve(slot)),
            Err(error) => (FillTicket::Failed(job, error), inner.shelve(slot)),
        };
        if let Some(place) = inner.queue.get_mut(at).filter(|_| is_current) {
            *place = ticket;
        }
        let first_is_begun = matches!(inner.queue.front(), Some(FillTicket::Filling));
        let wakes = inner.caller == Caller::Sleeps && !first_is_begun;
        drop(inner);
        if wakes {
            self.done.notify_one();
        }
        drop(past);
    }

    /// Wakes a thread if there is enough for it to do.
    fn wake(&self, inner: MutexGuard<'_, Inner>) {
        let is_low = inner.queue.len() <= self.limits.prefetch / 2;
        let wakes = inner.n_idle > 0 && is_low && inner.may_begin(self.limits.prefetch);
        drop(inner);
        if wakes {
            self.work.notify_one();
        }
    }

    /// Waits for a batch or a slot.
    fn sleep<'a>(
        &'a self,
        mut inner: MutexGuard<'a, Inner>,
        timeout: Duration,
    ) -> MutexGuard<'a, Inner> {
        inner.caller = Caller::Sleeps;
        let mut inner = wait_for(&self.done, inner, timeout);
        inner.caller = Caller::Asks;
        inner
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

impl Inner {
    /// Drops what was read ahead, and what is being read.
    fn drop_queue(&mut self) {
        self.generation += 1;
        self.first = 0;
        self.n_open = 0;
        let ready = self.queue.drain(..).filter_map(|ticket| match ticket {
            FillTicket::Ready(done) => Some(done.slot),
            FillTicket::Open(_) | FillTicket::Filling | FillTicket::Failed(..) => None,
        });
        self.free.extend(ready);
    }

    /// Keeps a slot for the next batch; one that is not wanted any more is
    /// returned, to be freed without the lock.
    fn shelve(&mut self, slot: BatchSlot) -> Option<BatchSlot> {
        if self.rests {
            self.n_unmade += 1;
            return Some(slot);
        }
        self.free.push(slot);
        None
    }

    /// Whether a slot is free and the queue has room for another batch.
    fn may_begin(&self, limit: usize) -> bool {
        (self.n_open > 0 || self.queue.len() < limit)
            && (!self.free.is_empty() || self.n_unmade > 0)
    }

    /// Begins the first batch that nobody has begun.
    fn begin(&mut self, limit: usize) -> Option<Task> {
        if !self.may_begin(limit) {
            return None;
        }
        let (at, job) = if let Some(open) = self.open() {
            open
        } else {
            let job = self.course.next()?;
            self.queue.push_back(FillTicket::Filling);
            (self.queue.len() - 1, job)
        };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.n_unmade -= 1;
            BatchSlot::default()
        });
        self.n_filling += 1;
        Some(Task {
            generation: self.generation,
            number: self.first + at as u64,
            job,
            slot,
        })
    }

    /// The first open batch of the queue, which is being filled from now on.
    fn open(&mut self) -> Option<(usize, FillTask)> {
        if self.n_open == 0 {
            return None;
        }
        let is_open = |ticket: &FillTicket| matches!(ticket, FillTicket::Open(_));
        let at = self.queue.iter().position(is_open)?;
        match std::mem::replace(&mut self.queue[at], FillTicket::Filling) {
            FillTicket::Open(job) => {
                self.n_open -= 1;
                Some((at, job))
            }
            _ => None,
        }
    }

    /// The first batch of the queue, if it is ready or has failed.
    fn take(&mut self) -> Option<Result<FilledBatch>> {
        match self.queue.pop_front()? {
            FillTicket::Ready(done) => {
                self.first += 1;
                Some(Ok(done))
            }
            FillTicket::Failed(job, error) => {
                self.queue.push_front(FillTicket::Open(job));
                self.n_open += 1;
                Some(Err(error))
            }
            ticket @ (FillTicket::Open(_) | FillTicket::Filling) => {
                self.queue.push_front(ticket);
                None
            }
        }
    }

    /// Frees the slot of the last batch that is ready, if the first waits for
    /// one: it has failed, and others have been filled meanwhile.
    fn reclaim(&mut self) -> bool {
        if !matches!(self.queue.front(), Some(FillTicket::Open(_))) {
            return false;
        }
        let is_ready = |ticket: &FillTicket| matches!(ticket, FillTicket::Ready(_));
        let Some(at) = self.queue.iter().rposition(is_ready) else {
            return false;
        };
        match std::mem::replace(&mut self.queue[at], FillTicket::Filling) {
            FillTicket::Ready(FilledBatch { job, slot }) => {
                self.queue[at] = FillTicket::Open(job);
                self.n_open += 1;
                self.free.push(slot);
                true
            }
            _ => false,
        }
    }

    /// Whether there is no next batch, and none can be begun.
    fn is_at_end(&self) -> bool {
        self.queue.is_empty() && (!self.free.is_empty() || self.n_unmade > 0)
    }

    /// Why there is no batch.
    fn why_not(&self) -> NextBatch {
        let is_begun = matches!(self.queue.front(), Some(FillTicket::Filling));
        if is_begun || self.n_filling > 0 {
            NextBatch::Pending
        } else {
            NextBatch::Held
        }
    }
}
