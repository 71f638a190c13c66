//! A feed of the shards of a dataset.

use std::sync::Arc;

use super::annotated::N_BUFFERS;
use super::columns::Columns;
use super::gather::{GatherFill, Skipped};
use super::loader::{Facts, Feed};
use super::lowering::{lower, lower_first};
use super::options::{FeedOptions, Last, ReadOptions};
use super::order::Extent;
use super::second_rows::SecondRows;
use super::sequence::Fed;
use super::shards::Shards;
use super::stepped::Stepped;
use crate::device::{Device, Visit};
use crate::error::Result;
use crate::plan::operators::{ColumnSteps, Steps};

impl Feed {
    /// A feed of a dataset. No thread is started before the first batch is
    /// asked for, and no shard is opened.
    ///
    /// # Errors
    /// `Usage` for columns the dataset does not have, for batches, ranks and
    /// numbers that cannot be, and for batches larger than the dataset where those
    /// that it does not fill are left out; `Pipeline` for steps that cannot be done
    /// to their columns; `Device` where the one that is to run them is missing or
    /// fails.
    pub fn open(shards: Arc<Shards>, options: FeedOptions) -> Result<Self> {
        let manifest = shards.dataset().manifest();
        let facts = match shards.mixture() {
            Some(mixture) => Facts {
                dataset: mixture.digest(),
                plan: mixture.plan(),
                fed: Fed::Mixture(mixture.clone()),
            },
            None => Facts {
                fed: Fed::Dataset(shards.extent()),
                dataset: manifest.digest,
                plan: manifest.plan_digest,
            },
        };
        let skipped = match options.last {
            Last::Pad => Skipped::Masked,
            Last::Short | Last::Drop => Skipped::LeftOut,
        };
        // Those that read ahead, no more than there is to read, and the caller.
        let n_threads = options.threads.min(options.prefetch) + 1;
        let gather = GatherFill::new(shards.clone(), &options.read, skipped, n_threads)?;
        let asked = (&options.steps, shards.n_rows());
        let steps = lower(gather.outputs(), &options.read, asked)?;
        if steps.is_empty() {
            return Self::with_fill(Arc::new(gather), facts, options);
        }
        // The caller may work on a device of its own.
        let _visit = Visit::new(options.device);
        let device = Device::for_rows(options.device)?;
        // A buffer for each tensor, two more for each column that is changed, and some
        // for each that moves with one.
        let annotated: usize = steps.iter().map(|it| it.ties.coordinates.len()).sum();
        let free = gather.outputs().len() + 2 * steps.len() + N_BUFFERS * annotated;
        let own = (&gather, &options.read);
        let seconds = SecondRows::new(&steps, own, (shards, n_threads), free)?;
        let stepped = Stepped::new((gather, seconds), steps, (&device, options.results))?;
        Self::with_fill(Arc::new(stepped), facts, options)
    }
}

impl Shards {
    /// What `steps` do to the columns that `read` asks for.
    ///
    /// # Errors
    /// `Usage` for columns the dataset does not have, `Pipeline` for steps that
    /// cannot be done to their columns.
    pub fn lowered(&self, read: &ReadOptions, steps: &Steps) -> Result<Vec<ColumnSteps>> {
        let columns = Columns::new(self.dataset(), read)?;
        lower(&columns.outputs, read, (steps, self.n_rows()))
    }

    /// What the first `n_steps` of them do, behind which images may have any size.
    ///
    /// # Errors
    /// As [`Shards::lowered`].
    pub fn lowered_first(
        &self,
        read: &ReadOptions,
        (steps, n_steps): (&Steps, usize),
    ) -> Result<Vec<ColumnSteps>> {
        let columns = Columns::new(self.dataset(), read)?;
        lower_first(&columns.outputs, (steps, n_steps), self.n_rows())
    }

    /// What the order of the rows depends on, beside seed and epoch.
    #[must_use]
    pub fn extent(&self) -> Extent {
        if let Some(mixture) = self.mixture() {
            return mixture.extent();
        }
        let manifest = self.dataset().manifest();
        Extent::new(manifest.n_rows, manifest.len_bytes())
    }
}
