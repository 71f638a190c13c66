//! What is copied at once.

use std::ops::Range;

/// Bytes of a shard, and where they go.
#[derive(Debug, Clone)]
pub(super) struct CopyRange {
    /// Index of the shard among those held.
    pub(super) held: usize,
    /// Of the file.
    pub(super) src: Range<usize>,
    /// Of the tensor's bytes.
    pub(super) dst: Range<usize>,
}
