//! Runs the kernels of a column on the host, row by row.

use fuelrail_kernels::blend::BlendRow;
use fuelrail_kernels::{Level, RowError};

use super::lowered::{Blending, ColumnSteps, Link, RowRecord};
use super::mix::Weight;
use crate::error::{Error, Result};

/// A row as it is stored, with what is drawn for it.
pub type StoredRow<'a> = (&'a [u8], &'a [RowRecord]);

/// What makes one row of a batch.
#[derive(Debug, Clone, Copy)]
pub struct RowImages<'a> {
    /// The row itself.
    pub own: StoredRow<'a>,
    /// The row that it is mixed with, and its own weight, if it is mixed.
    pub second: Option<(StoredRow<'a>, Weight)>,
}

/// Memory for what is between the kernels of a row.
#[derive(Debug, Default)]
pub struct Between {
    swap: [Vec<u8>; 2],
    /// Two images that are to be blended.
    pair: Vec<u8>,
    /// What they become.
    blended: Vec<u8>,
}

impl ColumnSteps {
    /// Runs all kernels on one row.
    ///
    /// # Errors
    /// `Internal` where an image has another size.
    pub fn run(
        &self,
        level: Level,
        images: RowImages<'_>,
        between: &mut Between,
        dst: &mut [u8],
    ) -> Result<()> {
        let on_host = OnHost {
            column: &self.column,
            level,
        };
        let (before, blending, behind) = self.around_blend();
        let Between {
            swap,
            pair,
            blended,
        } = between;
        let Some(blending) = blending else {
            return on_host.links(before, images.own, swap, dst);
        };
        let mix = (before, blending);
        if behind.is_empty() {
            return on_host.mix(mix, images, (swap, pair), dst);
        }
        let len = usize::try_from(blending.image.len_bytes());
        let len = len.map_err(|_| Error::internal("an image beyond memory"))?;
        let blended = sized(blended, len);
        on_host.mix(mix, images, (swap, pair), blended)?;
        let records = images.own.1.get(before.len() + 1..).unwrap_or_default();
        on_host.links(behind, (blended, records), swap, dst)
    }
}

/// The level to run at, and the column for errors.
struct OnHost<'a> {
    column: &'a str,
    level: Level,
}

impl OnHost<'_> {
    /// Runs what is before the blend on both rows and then blends them; on one where
    /// there is no second.
    fn mix(
        &self,
        (before, blending): (&[Link], &Blending),
        images: RowImages<'_>,
        (swap, pair): (&mut [Vec<u8>; 2], &mut Vec<u8>),
        dst: &mut [u8],
    ) -> Result<()> {
        let Some((second, weight)) = images.second else {
            return self.links(before, images.own, swap, dst);
        };
        let pair = sized(pair, 2 * dst.len());
        let (first, other) = pair.split_at_mut(dst.len());
        self.links(before, images.own, swap, first)?;
        self.links(before, second, swap, other)?;
        let done = blending
            .kernel
            .run(self.level, pair, &blending.record(weight), dst);
        done.map_err(|error| self.other_size(Some(error.into())))
    }

    /// Runs kernels, none of which blends, one after another; without any, the image
    /// stays as it is.
    fn links(
        &self,
        links: &[Link],
        (src, records): StoredRow<'_>,
        [from, to]: &mut [Vec<u8>; 2],
        dst: &mut [u8],
    ) -> Result<()> {
        let Some((last, first)) = links.split_last() else {
            let is_same = src.len() == dst.len();
            is_same
                .then(|| dst.copy_from_slice(src))
                .ok_or_else(|| self.other_size(None))?;
            return Ok(());
        };
        let mut records = records.iter();
        let mut next = || {
            let record = records.next();
            record.ok_or_else(|| Error::internal("a row without its record"))
        };
        for (index, link) in first.iter().enumerate() {
            let read = if index == 0 { src } else { &from[..] };
            let record = next()?;
            let room = match (link, record) {
                (Link::Gather { kernel, .. }, RowRecord::Gather(record)) => {
                    let room = kernel.check(record, read.len());
                    room.map_err(|error| self.other_size(Some(error.into())))?
                }
                (Link::Gather { .. } | Link::Lut(_) | Link::Blend(_), _) => read.len(),
            };
            self.link((link, record), read, sized(to, room))?;
            std::mem::swap(from, to);
        }
        let read = if first.is_empty() { src } else { &from[..] };
        self.link((last, next()?), read, dst)
    }

    fn link(&self, (link, record): (&Link, &RowRecord), src: &[u8], dst: &mut [u8]) -> Result<()> {
        let done: Result<(), RowError> = match (link, record) {
            (Link::Gather { kernel, .. }, RowRecord::Gather(record)) => {
                kernel.run(self.level, src, record, dst).map_err(Into::into)
            }
            (Link::Lut(lut), _) => lut.run(self.level, src, &[], dst).map_err(Into::into),
            (Link::Gather { .. } | Link::Blend(_), _) => {
                return Err(Error::internal("a row without its record"));
            }
        };
        done.map_err(|error| self.other_size(Some(error)))
    }

    fn other_size(&self, error: Option<RowError>) -> Error {
        let message = format!("an image of `{}` has another size", self.column);
        match error {
            Some(error) => Error::internal(message).with_source(error),
            None => Error::internal(message),
        }
    }
}

impl Blending {
    /// The record of a row that is mixed so.
    #[must_use]
    pub fn record(&self, weight: Weight) -> BlendRow {
        BlendRow::whole([self.image.height, self.image.width], weight.alpha())
    }
}

/// So many bytes, whatever they were.
fn sized(bytes: &mut Vec<u8>, len: usize) -> &mut [u8] {
    bytes.resize(len, 0);
    bytes
}
