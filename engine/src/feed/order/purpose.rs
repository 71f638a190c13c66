//! What the randomness of this folder is for: numbers that begin with two
//! letters, so that nothing else that draws from the same seed has the same bits.

/// The rows of an epoch, all mixed.
pub(super) const ROWS: u32 = 0x6f_7201;
/// The full blocks of an epoch.
pub(super) const BLOCKS: u32 = 0x6f_7202;
/// The rows of a window of blocks.
pub(super) const WINDOW: u32 = 0x6f_7203;
/// The place of the last block.
pub(super) const PLACE: u32 = 0x6f_7204;
