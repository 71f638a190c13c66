//! A program on a device's lane: batches in pieces that its slots hold, and on the
//! processor the items of which a slot holds not one.

use std::ops::Range;
use std::sync::Arc;

use arrow::buffer::{Buffer, MutableBuffer};
use fuelrail_kernels::Level;

use super::items::{Items, Lens, RowItems, offsets_of};
use super::permits::Permits;
use super::pieces::{Pieces, Widths};
use super::program::{Chain, Program, RowChain, Rows};
use super::{Lane, Outputs};
use crate::error::{Error, Result};

/// The items of one column, with their bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) items: Items<'a>,
}

/// What became of the items of one column.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) bytes: Buffer,
    /// Where each row begins, and where the last ends; empty for fixed items.
    pub(crate) offsets: Vec<u32>,
    /// Whether a number did not fit its new type.
    pub(crate) overflowed: bool,
    /// Items that the processor did because no slot holds one of them.
    pub(crate) n_on_host: usize,
}

/// A program made ready on a device.
#[derive(Debug)]
pub(crate) struct OnLane {
    pub(crate) lane: Arc<dyn Lane>,
    pub(crate) program: Program,
    /// For what the processor does.
    pub(crate) level: Level,
}

/// A column as it comes down, piece by piece.
enum Landed {
    /// Pieces follow one another, so what comes down is put behind what came.
    Fixed(MutableBuffer),
    /// Rows with the first of them.
    Rows(Vec<(usize, Rows)>),
}

impl OnLane {
    /// Runs the program on all items. While it waits for the device, others may
    /// have its permit to compute.
    ///
    /// # Errors
    /// `Device` where the device failed; `Internal` for items that are not those
    /// of the program.
    pub(crate) fn run(
        &self,
        sources: &[Source<'_>],
        permits: Option<&Permits>,
    ) -> Result<Vec<Written>> {
        let widths = self.widths(sources)?;
        let pieces = Pieces::new(&widths, self.lane.max_slot_bytes());
        let mut landed = self.room(sources);
        let mut overflowed = vec![false; sources.len()];
        for piece in &pieces.list {
            let outputs = self.run_piece(sources, piece, permits)?;
            for (column, landed) in landed.iter_mut().enumerate() {
                let bytes = outputs.dst(column);
                match landed {
                    Landed::Fixed(all) => all.extend_from_slice(bytes),
                    Landed::Rows(all) => all.push((
                        piece[column].start,
                        Rows {
                            bytes: bytes.to_vec(),
                            offsets: outputs.offsets(column),
                        },
                    )),
                }
                overflowed[column] |= outputs.overflowed(column);
            }
        }
        let columns = landed.into_iter().zip(overflowed).enumerate();
        let written = columns.map(|(column, (landed, overflowed))| {
            let on_host = &pieces.too_large[column];
            self.put_together(column, sources[column], (landed, overflowed), on_host)
        });
        written.collect()
    }

    /// What each item takes, where it takes most.
    fn widths(&self, sources: &[Source<'_>]) -> Result<Vec<Widths>> {
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

    fn row_chain(&self, column: usize) -> Result<&RowChain> {
        let index = column.checked_sub(self.program.chains.len());
        let chain = index.and_then(|index| self.program.row_chains.get(index));
        chain.ok_or_else(|| Error::internal("rows for a column of fixed items"))
    }

    fn room(&self, sources: &[Source<'_>]) -> Vec<Landed> {
        let n_fixed = self.program.chains.len();
        let fixed = self
            .program
            .chains
            .iter()
            .zip(sources)
            .map(|(chain, source)| {
                let len = source.items.len() * chain.dst_item_bytes();
                Landed::Fixed(MutableBuffer::with_capacity(len))
            });
        let rows = sources[n_fixed..].iter().map(|_| Landed::Rows(Vec::new()));
        fixed.chain(rows).collect()
    }

    /// One slot's way through the device.
    fn run_piece(
        &self,
        sources: &[Source<'_>],
        piece: &[Range<usize>],
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
            Items::Rows(_) => Items::Rows(RowItems {
                offsets: &offsets[column],
                records: &records[column],
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
        let ticket = slot.submit()?;
        without(permits, || ticket.wait())
    }

    /// A column out of what came down and what the processor does itself.
    fn put_together(
        &self,
        column: usize,
        source: Source<'_>,
        (landed, overflowed): (Landed, bool),
        on_host: &[Range<usize>],
    ) -> Result<Written> {
        let n_on_host = on_host.iter().map(ExactSizeIterator::len).sum();
        match (landed, &source.items) {
            (Landed::Rows(mut landed), Items::Rows(rows)) => {
                for run in on_host {
                    let (offsets, records) = (rows.offsets_from(run), rows.records_of(run));
                    let of_run = RowItems {
                        offsets: &offsets,
                        records: &records,
                    };
                    let bytes = &source.bytes[rows.bytes_of(run)];
                    let done = self
                        .row_chain(column)?
                        .run_rows(self.level, bytes, &of_run)?;
                    landed.push((run.start, done));
                }
                landed.sort_by_key(|(first, _)| *first);
                let rows = in_order(&landed)?;
                Ok(Written {
                    bytes: Buffer::from_vec(rows.bytes),
                    offsets: rows.offsets,
                    overflowed,
                    n_on_host,
                })
            }
            (Landed::Fixed(bytes), Items::Fixed(_)) if n_on_host == 0 => Ok(Written {
                bytes: bytes.into(),
                offsets: Vec::new(),
                overflowed,
                n_on_host,
            }),
            // Fixed items are as long as one another: if one is, all are too large.
            _ => Ok(Written {
                n_on_host,
                ..on_host_alone(self.chain(column)?, self.level, source.bytes)?
            }),
        }
    }
}

/// Runs a chain on the host.
pub(super) fn on_host_alone(chain: &Chain, level: Level, src: &[u8]) -> Result<Written> {
    let len = src.len() / chain.src_item_bytes() * chain.dst_item_bytes();
    let mut bytes = MutableBuffer::from_len_zeroed(len);
    let overflowed = chain.run(level, src, &mut bytes)?;
    Ok(Written {
        bytes: bytes.into(),
        offsets: Vec::new(),
        overflowed,
        n_on_host: 0,
    })
}

/// Runs of rows as one.
fn in_order(runs: &[(usize, Rows)]) -> Result<Rows> {
    let mut bytes = Vec::with_capacity(runs.iter().map(|(_, rows)| rows.bytes.len()).sum());
    let mut lens = Vec::new();
    for (_, rows) in runs {
        bytes.extend_from_slice(&rows.bytes);
        lens.extend(rows.offsets.windows(2).map(|pair| pair[1] - pair[0]));
    }
    let offsets = offsets_of(&lens)?;
    Ok(Rows { bytes, offsets })
}

/// Does what is waited for without a permit to compute, if there is one.
fn without<T>(permits: Option<&Permits>, wait: impl FnOnce() -> T) -> T {
    match permits {
        Some(permits) => permits.without(wait),
        None => wait(),
    }
}
