//! The tiles in which an image is worked on.

/// Pixels of a tile.
pub(super) const TILE: usize = 2048;

/// Pixels before a tile that are put in order with it, as the tile before may
/// have stopped short of its end: a line's numbers or more.
pub(super) const LEAD: usize = 64;

/// Pixels of a tile and its lead.
pub(super) const BUFFER: usize = TILE + LEAD;

/// Pixels of the window, counted as they are written.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    /// The first one put in order.
    pub(super) first: usize,
    /// The first one of the tile itself.
    pub(super) begin: usize,
    /// The one behind the last.
    pub(super) end: usize,
}
