//! A program on a device's lane: batches in pieces that its slots hold, and on the
//! processor the items of which a slot holds not one, or whose loops the device ended
//! before their time. What becomes of fixed items is
//! put together here; where rows go, `landing` is told.

use std::ops::Range;
use std::sync::Arc;

use arrow::buffer::{Buffer, MutableBuffer};
use fuelrail_kernels::Level;

use super::items::{Items, Lens, RowItems};
use super::kept::Kept;
use super::permits::Permits;
use super::pieces::{Pieces, Widths};
use super::program::{Chain, Program, RowChain};
use super::{Lane, Outputs};
use crate::error::{Error, Result};

/// The items of one column, with their bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnItems<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) items: Items<'a>,
}

/// What became of the fixed items of one column.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) bytes: Buffer,
    /// Whether a number did not fit its new type.
    pub(crate) overflowed: bool,
    /// Items that the processor did because they are too much for the device.
    pub(crate) n_on_host: usize,
}

/// Memory that what a slot has for a column stays in, and where in there.
pub(super) type Stays<'a> = (&'a dyn Kept, usize);

/// A program made ready on a device.
#[derive(Debug)]
pub(crate) struct OnLane {
    pub(crate) lane: Arc<dyn Lane>,
    pub(crate) program: Program,
    /// For what the processor does.
    pub(crate) level: Level,
}

/// A column as it comes down, piece by piece.
struct Landed {
    bytes: MutableBuffer,
    overflowed: bool,
    /// Whether the device ended loops before their time.
    cut_short: bool,
}

impl OnLane {
    /// Runs a program of fixed items on all of them. While it waits for the device,
    /// others may have its permit to compute.
    ///
    /// # Errors
    /// `Device` where the device failed; `Internal` for items that are not those
    /// of the program.
    pub(crate) fn run(
        &self,
        sources: &[ColumnItems<'_>],
        permits: Option<&Permits>,
    ) -> Result<Vec<Written>> {
        let pieces = self.pieces(sources)?;
        let mut landed = self.room(sources)?;
        for piece in &pieces.list {
            let outputs = self.run_piece((sources, piece), &[], permits)?;
            for (column, landed) in landed.iter_mut().enumerate() {
                // Pieces follow one another, so what comes down is put behind what came.
                landed.bytes.extend_from_slice(outputs.dst(column));
                landed.overflowed |= outputs.overflowed(column);
                landed.cut_short |= outputs.cut_short(column);
            }
        }
        let columns = landed.into_iter().zip(pieces.too_large).enumerate();
        let written = columns.map(|(column, (landed, too_large))| {
            let is_too_large = landed.cut_short || !too_large.is_empty();
            // Fixed items are as long as one another: what is true of one is of all.
            let n_on_host = if is_too_large {
                sources[column].items.len()
            } else {
                0
            };
            if n_on_host == 0 {
                return Ok(Written {
                    bytes: landed.bytes.into(),
                    overflowed: landed.overflowed,
                    n_on_host,
                });
            }
            Ok(Written {
                n_on_host,
                ..on_host_alone(self.chain(column)?, self.level, sources[column].bytes)?
            })
        });
        written.collect()
    }

    /// The items in runs that a slot holds.
    pub(super) fn pieces(&self, sources: &[ColumnItems<'_>]) -> Result<Pieces> {
        let widths = self.widths(sources)?;
        // Every piece has all tables.
        let tables = sources.iter().map(|source| match &source.items {
            Items::Fixed(_) => 0,
            Items::Rows(rows) => rows.tables_bytes(),
        });
        let limit = self.lane.max_slot_bytes();
        let limit = limit.saturating_sub(tables.sum());
        Ok(Pieces::new(&widths, limit))
    }

    /// What each item takes, where it takes most.
    fn widths(&self, sources: &[ColumnItems<'_>]) -> Result<Vec<Widths>> {
        let widths = sources.iter().enumerate();
        let widths = widths.map(|(column, source)| match &source.items {
            Items::Fixed(n_items) => Ok(Widths::Fixed {
                n_items: *n_items,
                width: self.chain(column)?.widest_item_bytes(),
            }),
            Items::Rows(rows) => {
                let lens = Lens::new(self.row_chain(column)?, rows)?;
                let width = |row| lens.widest(row) + rows.told_bytes();
                Ok(Widths::Rows((0..rows.len()).map(width).collect()))
            }
        });
        widths.collect()
    }

    fn chain(&self, column: usize) -> Result<&Chain> {
        let chain = self.program.chains.get(column);
        chain.ok_or_else(|| Error::internal("fixed items for a column of rows"))
    }

    pub(super) fn row_chain(&self, column: usize) -> Result<&RowChain> {
        let index = column.checked_sub(self.program.chains.len());
        let chain = index.and_then(|index| self.program.row_chains.get(index));
        chain.ok_or_else(|| Error::internal("rows for a column of fixed items"))
    }

    fn room(&self, sources: &[ColumnItems<'_>]) -> Result<Vec<Landed>> {
        let columns = sources.iter().enumerate();
        let landed = columns.map(|(column, source)| {
            let len = source.items.len() * self.chain(column)?.dst_item_bytes();
            Ok(Landed {
                bytes: MutableBuffer::with_capacity(len),
                overflowed: false,
                cut_short: false,
            })
        });
        landed.collect()
    }

    /// One slot's way through the device. What stays there is not downloaded.
    pub(super) fn run_piece(
        &self,
        (sources, piece): (&[ColumnItems<'_>], &[Range<usize>]),
        stays: &[Option<Stays<'_>>],
        permits: Option<&Permits>,
    ) -> Result<Box<dyn Outputs>> {
        let offsets: Vec<Vec<u32>> = sources
            .iter()
            .zip(piece)
            .map(|(source, run)| match &source.items {
                Items::Fixed(_) => Vec::new(),
                Items::Rows(rows) => rows.offsets_from(run),
            })
            .collect();
        let records: Vec<Vec<Vec<u8>>> = sources
            .iter()
            .zip(piece)
            .map(|(source, run)| match &source.items {
                Items::Fixed(_) => Vec::new(),
                Items::Rows(rows) => rows.records_of(run),
            })
            .collect();
        let items = sources.iter().zip(piece).enumerate();
        let items = items.map(|(column, (source, run))| match source.items {
            Items::Fixed(_) => Items::Fixed(run.len()),
            Items::Rows(rows) => Items::Rows(RowItems {
                offsets: &offsets[column],
                records: &records[column],
                tables: rows.tables,
            }),
        });
        let items: Vec<Items<'_>> = items.collect();
        let mut slot = without(permits, || self.lane.acquire(&items))?;
        for (column, (source, run)) in sources.iter().zip(piece).enumerate() {
            let range = match &source.items {
                Items::Fixed(_) => {
                    let width = self.chain(column)?.src_item_bytes();
                    run.start * width..run.end * width
                }
                Items::Rows(rows) => rows.bytes_of(run),
            };
            slot.write(column, &source.bytes[range])?;
        }
        for (column, stays) in stays.iter().enumerate() {
            if let Some((kept, at)) = stays {
                slot.keep(column, *kept, *at)?;
            }
        }
        let ticket = slot.submit()?;
        without(permits, || ticket.wait())
    }
}

/// Runs a chain on the host.
pub(super) fn on_host_alone(chain: &Chain, level: Level, src: &[u8]) -> Result<Written> {
    let len = src.len() / chain.src_item_bytes() * chain.dst_item_bytes();
    let mut bytes = MutableBuffer::from_len_zeroed(len);
    let overflowed = chain.run(level, src, &mut bytes)?;
    Ok(Written {
        bytes: bytes.into(),
        overflowed,
        n_on_host: 0,
    })
}

/// Does what is waited for without a permit to compute, if there is one.
fn without<T>(permits: Option<&Permits>, wait: impl FnOnce() -> T) -> T {
    match permits {
        Some(permits) => permits.without(wait),
        None => wait(),
    }
}
