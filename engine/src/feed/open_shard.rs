//! A shard that is open: its file, its map and what is known of it.

use std::fs::File;
use std::sync::{Arc, Mutex};

use super::known::Known;
use super::map::{MappedFile, Private};

/// A shard that is open.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) shard: usize,
    pub(super) known: Arc<Known>,
    pub(super) map: MappedFile,
    pub(super) file: File,
    /// The map of rows that are handed out as they lie.
    pub(super) private: Mutex<Option<Arc<Private>>>,
}
