//! What can be wrong with rows of a shard.

use super::super::known::BadBlock;
use crate::error::Error;

/// Why rows of a shard cannot be read, as long as the shard is what it was.
#[derive(Debug)]
pub(super) enum ShardFault {
    /// A block is not what was written.
    Block(BadBlock),
    /// What was written is no value, or none that can leave.
    Content(Error),
}

impl From<BadBlock> for ShardFault {
    fn from(block: BadBlock) -> Self {
        Self::Block(block)
    }
}

/// What a header or offsets promise and the shard does not have.
pub(super) fn beyond() -> ShardFault {
    ShardFault::Content(Error::damage("expected rows and elements within the shard"))
}
