//! Feeds training loops: from shards to batches in memory, in an order that a
//! seed decides, exact to the row.
//!
//! - `options`: what a loader is asked for;
//! - `order`: the permutation of an epoch, in constant memory and time;
//!   `schedule`: which positions of it a batch of a rank has; [`State`]: where
//!   a loader stands;
//! - `shards`, `map`, `guard`: shards open for reading, each block checked
//!   before it is used, a truncated file an error; `gather`: rows into slots;
//! - `buffer`, `ring`, [`Feed`]: the memory of batches and the threads that
//!   fill it ahead.
//!
//! A batch is filled by a `Fill`, which knows rows and bytes; what row comes
//! when is the affair of the others.

mod batch;
mod buffer;
mod course;
mod fill;
mod loader;
mod options;
mod order;
mod ring;
mod schedule;
mod state;

pub use batch::{Batch, Tensor};
pub use fill::Damage;
pub use loader::{Counts, Feed, Polled};
pub use options::{
    Access, BatchSize, ColumnOptions, FeedOptions, Last, OnDamage, OverlongRow, Ragged,
    ReadOptions, Shuffle, Verify, World,
};
pub use order::{Extent, Order};
pub use state::State;
