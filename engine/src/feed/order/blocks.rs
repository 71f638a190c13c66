//! An order that keeps reads local: blocks of consecutive rows in random order,
//! the rows of some blocks at a time mixed.
//!
//! The epoch is a row of slots, one for each block. Full blocks are permuted
//! over the slots; the last block, which may be short, is put between them at a
//! slot that is drawn evenly, so its length moves all rows behind it and
//! nothing else. Slots are cut into windows of at most [`WINDOW_BLOCKS`], as
//! evenly as they go, so that no window is left with few. The rows of a window
//! are permuted among themselves.

use std::ops::Range;

use super::permutation::{Permutation, RandomStream};
use super::purpose::{BLOCKS, PLACE, WINDOW};

/// Blocks whose rows are mixed. More mix better, and twice as many have to be
/// at hand where shards are far away.
const WINDOW_BLOCKS: u64 = 64;

/// Rows that are worked on side by side.
const CHUNK: usize = 64;

/// The order of one epoch.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    stream: RandomStream,
    /// Rows of a block, as a power of two.
    log_rows: u32,
    /// As many as blocks.
    n_slots: u64,
    n_windows: u64,
    /// The slot of the last block.
    place: u64,
    /// Rows that the last block has less than the others.
    lack: u64,
    /// Of all blocks but the last.
    full: Permutation,
}

impl Blocks {
    /// The order of `n_rows` rows, less than 2^63, in blocks of `2^log_rows`.
    pub(super) fn new(n_rows: u64, log_rows: u32, stream: RandomStream) -> Self {
        let n_blocks = n_rows.div_ceil(1 << log_rows);
        let [drawn, _] = stream.of(PLACE, 0).draw(0);
        Self {
            stream,
            log_rows,
            n_slots: n_blocks,
            n_windows: n_blocks.div_ceil(WINDOW_BLOCKS),
            place: pick(drawn, n_blocks),
            lack: (n_blocks << log_rows) - n_rows,
            full: Permutation::new(n_blocks.saturating_sub(1), stream.of(BLOCKS, 0)),
        }
    }

    /// Appends the rows at `positions`, which lie within the epoch.
    pub(super) fn rows(&self, positions: Range<u64>, out: &mut Vec<u64>) {
        let mut start = positions.start;
        while start < positions.end {
            let window = self.window(self.slot(start));
            let end = positions.end.min(window.end);
            self.mix(&window, start..end, out);
            start = end;
        }
    }

    /// Appends the rows at `positions` of one window.
    fn mix(&self, window: &Window, positions: Range<u64>, out: &mut Vec<u64>) {
        let first = out.len();
        out.extend(positions.start - window.start..positions.end - window.start);
        let rows = &mut out[first..];
        let stream = self.stream.of(WINDOW, window.index);
        Permutation::new(window.end - window.start, stream).map(rows);
        for rows in rows.chunks_mut(CHUNK) {
            let mut chunk = [BlockPart::default(); CHUNK];
            for (row, part) in rows.iter_mut().zip(&mut chunk) {
                let position = window.start + *row;
                let slot = self.slot(position);
                *part = BlockPart {
                    is_last: slot == self.place,
                    row: position - self.start(slot),
                };
                // Any full block will do where the last one is.
                *row = (slot - u64::from(slot > self.place)).min(self.n_slots.saturating_sub(2));
            }
            if self.n_slots > 1 {
                self.full.map(rows);
            }
            for (row, part) in rows.iter_mut().zip(&chunk) {
                let block = if part.is_last { self.n_slots - 1 } else { *row };
                *row = (block << self.log_rows) + part.row;
            }
        }
    }

    /// The window of a slot.
    fn window(&self, slot: u64) -> Window {
        let index = window_of(slot, self.n_slots, self.n_windows);
        let begin = |index| self.start(first_slot(index, self.n_slots, self.n_windows));
        Window {
            index,
            start: begin(index),
            end: begin(index + 1),
        }
    }

    /// The position of a slot's first row.
    fn start(&self, slot: u64) -> u64 {
        (slot << self.log_rows) - if slot > self.place { self.lack } else { 0 }
    }

    /// The slot of a position.
    fn slot(&self, position: u64) -> u64 {
        let behind = position >= self.start(self.place + 1);
        (position + if behind { self.lack } else { 0 }) >> self.log_rows
    }
}

/// Some slots whose rows are mixed.
struct Window {
    index: u64,
    /// Its positions.
    start: u64,
    end: u64,
}

/// A row in its block.
#[derive(Debug, Clone, Copy, Default)]
struct BlockPart {
    /// Whether the block is the last.
    is_last: bool,
    row: u64,
}

/// The first slot of window `index`, where `n_windows` share `n_blocks`.
fn first_slot(index: u64, n_blocks: u64, n_windows: u64) -> u64 {
    narrow(u128::from(index) * u128::from(n_blocks) / u128::from(n_windows))
}

/// The last window whose first slot is not behind `slot`.
fn window_of(slot: u64, n_blocks: u64, n_windows: u64) -> u64 {
    narrow((u128::from(slot + 1) * u128::from(n_windows) - 1) / u128::from(n_blocks))
}

/// A number below `n` from 64 random bits.
fn pick(bits: u64, n: u64) -> u64 {
    narrow((u128::from(bits) * u128::from(n)) >> 64)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a share of a number of 64 bits has 64 bits"
)]
fn narrow(share: u128) -> u64 {
    share as u64
}
