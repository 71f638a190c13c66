//! What a row goes through on the host: its links, with those that are done at once
//! put together.

use fuelrail_kernels::color::{Color, ColorRow};
use fuelrail_kernels::gather::{Gather, GatherRow};
use fuelrail_kernels::lut::Lut;
use fuelrail_kernels::normalize::Images;
use fuelrail_kernels::resample::{ResampleImages, ResampleScratch, ResampleWindow};
use fuelrail_kernels::{Level, RowError, normalized};

use super::lowered::{Link, RowRecord};
use crate::error::{Error, Result};

/// One pass over an image.
#[derive(Debug, Clone)]
pub(super) enum HostStage<'a> {
    /// Samples come from other places.
    Gather(&'a Gather, &'a GatherRow),
    /// A window becomes another size.
    Resample(&'a ResampleImages, ResampleWindow, [u32; 2]),
    /// Colours change.
    Color(&'a Color, &'a ColorRow),
    /// Bytes become others.
    Lut(&'a Lut),
    /// Samples come from other places and become floats.
    Normalize(Images),
}

/// The stages of one row, in order; a window that is then resized is one of them, and so
/// is an image that is cropped, mirrored or put into another layout and then normalized.
#[derive(Debug, Clone)]
pub(super) struct HostStages<'a> {
    pub(super) links: &'a [Link],
    pub(super) records: &'a [RowRecord],
}

impl<'a> Iterator for HostStages<'a> {
    type Item = Result<HostStage<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let (link, links) = self.links.split_first()?;
        let Some((record, records)) = self.records.split_first() else {
            self.links = &[];
            return Some(Err(Error::internal("a row without its record")));
        };
        (self.links, self.records) = (links, records);
        if let Some(stage) = self
            .resized_window(link, record)
            .or_else(|| self.normalized(link, record))
        {
            (self.links, self.records) = (&links[1..], &records[1..]);
            return Some(Ok(stage));
        }
        Some(match (link, record) {
            (Link::Gather { kernel, .. }, RowRecord::Gather(record)) => {
                Ok(HostStage::Gather(kernel, record))
            }
            (Link::Resample(resizing), RowRecord::Resample([before, behind])) => {
                let whole = ResampleWindow::whole(*before);
                Ok(HostStage::Resample(&resizing.kernel, whole, *behind))
            }
            (Link::Color(coloring), RowRecord::Color(record)) => {
                Ok(HostStage::Color(&coloring.kernel, record))
            }
            (Link::Lut(lut), RowRecord::Shared) => Ok(HostStage::Lut(lut)),
            (
                Link::Gather { .. }
                | Link::Resample(_)
                | Link::Color(_)
                | Link::Lut(_)
                | Link::Blend(_),
                _,
            ) => Err(Error::internal("a link with another's record")),
        })
    }
}

impl<'a> HostStages<'a> {
    /// A window and the resize behind it as one stage.
    fn resized_window(&self, link: &Link, record: &RowRecord) -> Option<HostStage<'a>> {
        let RowRecord::Gather(gather) = record else {
            return None;
        };
        let window = record.window().filter(|_| link.is_window())?;
        match (self.links.first()?, self.records.first()?) {
            (Link::Resample(resizing), RowRecord::Resample([_, behind])) => {
                let sides = [gather.src_height, gather.src_width];
                let window = ResampleWindow { sides, window };
                Some(HostStage::Resample(&resizing.kernel, window, *behind))
            }
            _ => None,
        }
    }
}

impl<'a> HostStages<'a> {
    /// Samples from other places and the floats that they become as one stage.
    fn normalized(&self, link: &Link, record: &RowRecord) -> Option<HostStage<'a>> {
        match (link, record, self.links.first()?) {
            (Link::Gather { kernel, .. }, RowRecord::Gather(record), Link::Lut(lut)) => {
                normalized(kernel, record, lut).map(HostStage::Normalize)
            }
            _ => None,
        }
    }
}

impl HostStage<'_> {
    /// Bytes of what `len` bytes become.
    pub(super) fn len_behind(&self, len: usize) -> Result<usize, RowError> {
        match self {
            Self::Gather(kernel, record) => Ok(kernel.check(record, len)?),
            Self::Resample(_, window, [rows, cols]) => {
                let pixels = |[height, width]: [u32; 2]| height as usize * width as usize;
                let channels = len / pixels(window.sides).max(1);
                Ok(pixels([*rows, *cols]) * channels)
            }
            Self::Color(kernel, record) => Ok(kernel.check(record, len)?),
            Self::Lut(lut) => Ok(len * lut.to().len_bytes()),
            Self::Normalize(images) => Ok(images.dst_len_bytes()),
        }
    }

    /// Runs it.
    pub(super) fn run(
        &self,
        level: Level,
        (src, dst): (&[u8], &mut [u8]),
        scratch: &mut ResampleScratch,
    ) -> Result<(), RowError> {
        match self {
            Self::Gather(kernel, record) => Ok(kernel.run(level, src, record, dst)?),
            Self::Resample(kernel, window, to) => {
                Ok(kernel.run(level, (src, window), (dst, *to), scratch)?)
            }
            Self::Color(kernel, record) => Ok(kernel.run(level, src, record, dst)?),
            Self::Lut(lut) => Ok(lut.run(level, src, &[], dst)?),
            Self::Normalize(images) => Ok(images.run_one(level, src, dst)?),
        }
    }
}
