//! Rows whose lengths are known beforehand, from a device to where a batch has them:
//! each byte is copied once on its way.

use std::ops::Range;

use super::Outputs;
use super::items::{Items, RowItems};
use super::kept::Kept;
use super::on_lane::{ColumnItems, OnLane, Stays};
use crate::error::{Error, Result};

/// Where the rows of one column go.
#[derive(Debug)]
pub(crate) struct Landing<'a> {
    /// Where each row begins in there, and where the last ends.
    pub(crate) offsets: &'a [u32],
    pub(crate) to: Destination<'a>,
}

/// Memory for the rows of one column.
#[derive(Debug)]
pub(crate) enum Destination<'a> {
    /// As many bytes of the host.
    Host(&'a mut [u8]),
    /// Memory that the lane has made.
    Device(&'a mut dyn Kept),
}

impl Destination<'_> {
    /// The same for a while.
    pub(crate) fn reborrow(&mut self) -> Destination<'_> {
        match self {
            Self::Host(all) => Destination::Host(all),
            Self::Device(kept) => Destination::Device(&mut **kept),
        }
    }

    /// Writes one row, or several.
    ///
    /// # Errors
    /// `Device` where the device refuses or is lost; `Internal` beyond the memory.
    pub(crate) fn write(&mut self, range: Range<usize>, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Host(all) => {
                let to = all.get_mut(range).filter(|to| to.len() == bytes.len());
                to.ok_or_else(other_lengths)?.copy_from_slice(bytes);
                Ok(())
            }
            Self::Device(kept) => kept.write(range.start, bytes),
        }
    }

    /// Writes zeros.
    ///
    /// # Errors
    /// `Device` where the device refuses or is lost; `Internal` beyond the memory.
    pub(crate) fn zero(&mut self, ranges: &[Range<usize>]) -> Result<()> {
        match self {
            Self::Host(all) => {
                for range in ranges {
                    let all = all.get_mut(range.clone());
                    all.ok_or_else(other_lengths)?.fill(0);
                }
                Ok(())
            }
            Self::Device(_) if ranges.is_empty() => Ok(()),
            Self::Device(kept) => kept.zero(ranges),
        }
    }
}

impl Landing<'_> {
    fn len(&self) -> usize {
        self.offsets.last().map_or(0, |end| *end as usize)
    }

    /// Where a run of rows goes.
    fn range(&self, run: &Range<usize>) -> Range<usize> {
        self.offsets[run.start] as usize..self.offsets[run.end] as usize
    }

    /// Takes what a slot has for a run of rows, unless it stays on the device.
    fn take(&mut self, outputs: &dyn Outputs, column: usize, run: &Range<usize>) -> Result<()> {
        let offsets = outputs.offsets(column);
        let expected = &self.offsets[run.start..=run.end];
        let expected = expected.iter().map(|offset| offset - expected[0]);
        if !offsets.iter().copied().eq(expected) {
            return Err(other_lengths());
        }
        let range = self.range(run);
        match &mut self.to {
            Destination::Host(_) => self.to.write(range, outputs.dst(column)),
            Destination::Device(_) => Ok(()),
        }
    }
}

impl OnLane {
    /// Runs the program on rows, each of which goes to its place. Returns how many of
    /// each column the processor did because they are too much for the device: no slot
    /// holds one of them, or it ended loops of theirs before their time.
    ///
    /// # Errors
    /// `Device` where the device failed; `Internal` for rows that are not those of
    /// the program, or that become longer or shorter than their place.
    pub(crate) fn run_into(
        &self,
        sources: &[ColumnItems<'_>],
        landings: &mut [Landing<'_>],
    ) -> Result<Vec<usize>> {
        for (source, landing) in sources.iter().zip(&mut *landings) {
            let len = landing.len();
            match &mut landing.to {
                Destination::Host(all) if all.len() != len => return Err(other_lengths()),
                Destination::Host(_) => {}
                Destination::Device(kept) => kept.begin(len)?,
            }
            if landing.offsets.len() != source.items.len() + 1 {
                return Err(other_lengths());
            }
        }
        let pieces = self.pieces(sources)?;
        let mut too_much = pieces.too_large;
        for piece in &pieces.list {
            let outputs = self.run_piece((sources, piece), &stays(landings, piece), None)?;
            for (column, landing) in landings.iter_mut().enumerate() {
                if outputs.cut_short(column) {
                    too_much[column].push(piece[column].clone());
                    continue;
                }
                landing.take(&*outputs, column, &piece[column])?;
            }
        }
        let mut n_on_host = vec![0; landings.len()];
        for (column, runs) in too_much.into_iter().enumerate() {
            for row in runs.into_iter().flatten() {
                let done = self.on_host(column, sources[column], row)?;
                let range = landings[column].range(&(row..row + 1));
                if done.len() != range.len() {
                    return Err(other_lengths());
                }
                landings[column].to.write(range, &done)?;
                n_on_host[column] += 1;
            }
        }
        Ok(n_on_host)
    }

    /// What a row becomes, by the processor.
    fn on_host(&self, column: usize, source: ColumnItems<'_>, row: usize) -> Result<Vec<u8>> {
        let Items::Rows(rows) = source.items else {
            return Err(Error::internal("fixed items among rows"));
        };
        let run = row..row + 1;
        let (offsets, records) = (rows.offsets_from(&run), rows.records_of(&run));
        let of_row = RowItems {
            offsets: &offsets,
            records: &records,
            tables: rows.tables,
        };
        let bytes = &source.bytes[rows.bytes_of(&run)];
        let chain = self.row_chain(column)?;
        Ok(chain.run_rows(self.level, bytes, &of_row)?.bytes)
    }
}

/// What of a piece stays on the device, and where.
fn stays<'a>(landings: &'a [Landing<'_>], piece: &[Range<usize>]) -> Vec<Option<Stays<'a>>> {
    let columns = landings.iter().zip(piece);
    let stays = columns.map(|(landing, run)| match &landing.to {
        Destination::Host(_) => None,
        Destination::Device(kept) => Some((&**kept, landing.range(run).start)),
    });
    stays.collect()
}

fn other_lengths() -> Error {
    Error::internal("a device wrote other images")
}
