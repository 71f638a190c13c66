//! The endless row of epochs as a sequence of jobs.

use std::sync::Arc;

use super::options::{Epochs, FeedOptions, Shuffle};
use super::schedule::{BatchSchedule, Cut};
use super::sequence::{Fed, Sequence};

/// A position in an epoch, at the border of a global batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EpochPosition {
    pub(super) epoch: u32,
    pub(super) position: u64,
}

/// What a batch is to hold.
#[derive(Debug)]
pub(super) struct FillTask {
    pub(super) order: Arc<Sequence>,
    pub(super) cut: Cut,
    pub(super) epoch: u32,
    /// Where the loader stands when it has been handed out.
    pub(super) after: EpochPosition,
    /// What the order was drawn from.
    pub(super) seed: u64,
}

impl FillTask {
    /// Whether no batch of the epoch comes after it.
    pub(super) fn ends_epoch(&self) -> bool {
        self.cut.next.is_none()
    }
}

/// Gives the jobs in their order.
#[derive(Debug)]
pub(super) struct Course {
    schedule: BatchSchedule,
    shuffle: Shuffle,
    fed: Fed,
    seed: u64,
    epochs: Epochs,
    place: EpochPosition,
    /// That of the epoch and seed asked for last.
    order: Option<(u64, u32, Arc<Sequence>)>,
}

impl Course {
    /// The jobs from the first epoch on.
    pub(super) fn new(schedule: BatchSchedule, fed: Fed, options: &FeedOptions) -> Self {
        let FeedOptions {
            shuffle,
            seed,
            epochs,
            ..
        } = *options;
        Self {
            schedule,
            shuffle,
            fed,
            seed,
            epochs,
            place: EpochPosition {
                epoch: 0,
                position: 0,
            },
            order: None,
        }
    }

    /// Goes on from this place.
    pub(super) fn go(&mut self, seed: u64, place: EpochPosition) {
        self.seed = seed;
        self.place = place;
    }

    /// The next job; `None` where epochs have no batches, or there are no more
    /// epochs.
    pub(super) fn next(&mut self) -> Option<FillTask> {
        let cut = if let Some(cut) = self.schedule.at(self.place.position) {
            cut
        } else {
            self.place = EpochPosition {
                epoch: self.epochs.after(self.place.epoch)?,
                position: 0,
            };
            self.schedule.at(0)?
        };
        let job = self.job(cut, self.place.epoch)?;
        self.place = job.after;
        Some(job)
    }

    /// The job of batch `index` of an epoch, whatever the place.
    pub(super) fn pick(&mut self, epoch: u32, index: u64) -> Option<FillTask> {
        let cut = self.schedule.at(self.schedule.position(index)?)?;
        self.job(cut, epoch)
    }

    fn job(&mut self, cut: Cut, epoch: u32) -> Option<FillTask> {
        // Behind the last epoch a loader has no place to stand.
        let next_epoch = self.epochs.after(epoch)?;
        let after = match cut.next {
            Some(position) => EpochPosition { epoch, position },
            None => EpochPosition {
                epoch: next_epoch,
                position: 0,
            },
        };
        Some(FillTask {
            order: self.order(epoch),
            cut,
            epoch,
            after,
            seed: self.seed,
        })
    }

    fn order(&mut self, epoch: u32) -> Arc<Sequence> {
        match &self.order {
            Some((seed, held, order)) if (*seed, *held) == (self.seed, epoch) => order.clone(),
            _ => {
                let order = Arc::new(self.fed.sequence(self.shuffle, self.seed, epoch));
                self.order = Some((self.seed, epoch, order.clone()));
                order
            }
        }
    }
}
