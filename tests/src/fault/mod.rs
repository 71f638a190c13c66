//! A file system in memory that fails on command and forgets, when its power
//! is cut, what was not synced. It is not a model of any one file system: it
//! may lose more than they do, never less than POSIX lets them.
//!
//! - `state`: the tree, what goes wrong with it, and what a power cut leaves;
//! - `memory`: that tree as the [`Fs`](fuelrail::sink::Fs) a dataset is
//!   written with;
//! - `unsynced`: the same without some of its syncs, to test the tests.

mod memory;
mod state;
mod unsynced;

pub use memory::MemFs;
pub use state::Fault;
pub use unsynced::{Ignored, Unsynced};
