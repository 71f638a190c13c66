//! Writes a dataset so that no crash can tear it.
//!
//! [`Target`] is the place a dataset is written to, held against other
//! writers; it hands out a [`PartWriter`] for each part of the plan that is
//! not done, and makes the dataset appear when all are. What each step leaves
//! behind, and what the next start makes of it:
//!
//! 1. A shard is written under `.fuelrail/tmp`, synced, renamed into `shards/`
//!    and the directory synced; then a line of the part's journal names it,
//!    with the checkpoint behind its last row. A shard that no line names is
//!    removed by the next start and made again, with the same bytes.
//! 2. The last line of a part's journal says that it is done.
//! 3. `dataset.json` is renamed into place last. Readers see the old dataset
//!    before, the new one after, and never anything between.
//!
//! Every other file carries the digest of its content in its name, so a new
//! dataset is built beside an old one without touching it.

mod changed;
mod commit;
mod encode;
mod foreign;
mod fs;
mod journal;
mod local;
mod part;
mod shard;
mod shared;
mod spill;
mod stream;
mod target;
mod tidy;
mod workplace;

pub use foreign::{OnForeign, check_foreign};
pub use fs::{Fs, FsFile};
pub use local::LocalFs;
pub use part::{Committed, PartState, PartSummary, PartWriter};
pub use target::{OnExisting, Opened, Target};
