//! Feeds training loops: from shards to batches in memory, in an order that a
//! seed decides, exact to the row.
//!
//! - `options`: what a loader is asked for;
//! - `order`: the permutation of an epoch, in constant memory and time; [`Mixture`]:
//!   that of several datasets; `sequence`: either; `schedule`: which positions of it a batch of a rank has; [`State`]: where
//!   a loader stands; [`SavedState`]: that of a mixture, too; [`Standing`]: that, and how it came there;
//! - [`Shards`], `open_shard`, `pool`, `known`, `index`, `limits`: shards open for
//!   reading, each block checked before it is used; `map`, `guard`: a truncated
//!   file is an error; `columns`, `gather`: rows into slots; [`Reader`]: rows by
//!   their numbers; `one_row`, `explained_row`: one of them, as it is stored and behind steps;
//! - `buffer`, `ring`, `sync`, [`Feed`]: the memory of batches and the threads that
//!   fill it ahead; [`DeviceMemory`]: batches that lie on a device; [`Stop`]: their end; [`Tally`]: what has been handed out;
//!   `losses`: how much of it may be damaged;
//! - `stepped`: rows changed on their way; `files`: images out of files; `followers`, `annotated`:
//!   what moves with them.
//!
//! A batch is filled by a `Fill`, which knows rows and bytes; what row comes
//! when is the affair of the others.

mod annotated;
#[cfg(feature = "ndarray")]
mod arrays;
mod batch;
mod buffer;
mod columns;
mod coordinate_rows;
mod course;
mod device_memory;
mod explained_row;
mod files;
mod fill;
mod fill_slot;
mod followers;
mod gather;
mod guard;
mod image_rows;
mod index;
mod known;
mod limits;
mod loader;
mod losses;
mod lowering;
mod map;
mod mix;
mod on_device;
mod one_row;
mod open;
mod open_shard;
mod options;
mod order;
mod pool;
mod process;
mod reader;
mod ring;
mod row_scratch;
mod saved;
mod schedule;
mod second_images;
mod second_rows;
mod sequence;
mod shards;
mod sides;
mod standing;
mod state;
mod stepped;
mod stepped_column;
mod stop;
mod sync;
mod tally;
#[cfg(test)]
mod tests;

#[cfg(feature = "ndarray")]
pub use arrays::Scalar;
pub use batch::{Batch, Tensor};
pub use device_memory::{DeviceMemory, Lent};
pub use fill::{Damage, NO_ROW};
pub use loader::{Feed, Polled};
pub use mix::{MixProgress, MixStop, Mixture};
pub use one_row::{SteppedCoordinates, SteppedRow, SteppedValue, StoredValue, image_of_file};
pub use options::{
    Access, BatchSize, ColumnOptions, Epochs, FeedOptions, Last, OnDamage, OverlongRow, Ragged,
    ReadOptions, Results, Shuffle, Verify, World,
};
pub use order::{Extent, Order};
pub use process::Process;
pub use reader::{Reader, Rows, RowsTensor};
pub use saved::{MixedWith, SavedState};
pub use shards::Shards;
pub use standing::Standing;
pub use state::State;
pub use stop::Stop;
pub use tally::{Counts, Tally};

pub use crate::device::ConsumerStream;
