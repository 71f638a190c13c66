//! Writes a dataset so that no crash can tear it.

mod fs;

pub use fs::{Fs, FsFile};
