//! What a row goes through on the host: its links, with those that are done at once
//! put together.

use fuelrail_kernels::color::{Adjustment, Color, ColorRow};
use fuelrail_kernels::gather::{Gather, GatherRow};
use fuelrail_kernels::lut::Lut;
use fuelrail_kernels::normalize::Images;
use fuelrail_kernels::resample::{ResampleImages, ResampleScratch, ResampleWindow};
use fuelrail_kernels::warp::{Warp, WarpRow};
use fuelrail_kernels::{Level, RowError, normalized};

use super::lowered::{Link, keeps_samples};
use super::row_record::RowRecord;
use crate::error::{Error, Result};

#[cfg(test)]
std::thread_local! {
    /// How often the stages that this thread has run read a sample.
    pub(super) static N_READS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// One pass over an image.
#[derive(Debug, Clone)]
pub(super) enum HostStage<'a> {
    /// Samples come from other places.
    Gather(&'a Gather, &'a GatherRow),
    /// A window becomes another size.
    Resample(&'a ResampleImages, ResampleWindow, [u32; 2]),
    /// Samples come from where a map says.
    Warp(&'a Warp, &'a WarpRow),
    /// Colours change.
    Color(&'a Color, &'a ColorRow),
    /// Bytes become others.
    Lut(&'a Lut),
    /// Samples come from other places and become floats.
    Normalize(Images),
}

/// The stages of one row, in order, with those that are done at once put together: a
/// window that is then resized; an image that is cropped, mirrored or put into another
/// layout and then normalized. What changes nothing is left out, and mirroring waits
/// until colours have changed, which do not depend on where a pixel is.
#[derive(Debug, Clone)]
pub(super) struct HostStages<'a> {
    links: &'a [Link],
    records: &'a [RowRecord],
    /// Mirroring that is yet to be done.
    mirror: Option<(&'a Gather, &'a GatherRow)>,
}

impl<'a> Iterator for HostStages<'a> {
    type Item = Result<HostStage<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some((link, _)) = self.links.split_first() else {
                return self.mirrored().map(Ok);
            };
            let Some((record, _)) = self.records.split_first() else {
                self.links = &[];
                return Some(Err(Error::internal("a row without its record")));
            };
            if self.is_put_off(link, record) || does_nothing(link, record) {
                self.advance(1);
                continue;
            }
            if let Some((stage, n_links)) = self.together(link, record) {
                self.advance(n_links);
                return Some(Ok(stage));
            }
            if !matches!(link, Link::Color(_))
                && let Some(stage) = self.mirrored()
            {
                return Some(Ok(stage));
            }
            self.advance(1);
            return Some(one(link, record));
        }
    }
}

impl<'a> HostStages<'a> {
    /// Those of `links` for a row with these records.
    pub(super) fn new(links: &'a [Link], records: &'a [RowRecord]) -> Self {
        Self {
            links,
            records,
            mirror: None,
        }
    }

    fn advance(&mut self, n_links: usize) {
        self.links = self.links.get(n_links..).unwrap_or_default();
        self.records = self.records.get(n_links..).unwrap_or_default();
    }

    /// The mirroring that has waited.
    fn mirrored(&mut self) -> Option<HostStage<'a>> {
        let (kernel, record) = self.mirror.take()?;
        Some(HostStage::Gather(kernel, record))
    }

    /// Whether a link only mirrors, before colours change; then it waits.
    fn is_put_off(&mut self, link: &'a Link, record: &'a RowRecord) -> bool {
        let (Link::Gather { kernel, .. }, RowRecord::Gather(row)) = (link, record) else {
            return false;
        };
        let is_before_colors = matches!(self.links.get(1), Some(Link::Color(_)));
        let is_put_off = self.mirror.is_none()
            && is_before_colors
            && keeps_samples(kernel)
            && whole(row) == Some(Whole::Mirrored);
        if is_put_off {
            self.mirror = Some((kernel, row));
        }
        is_put_off
    }

    /// What is done at once, and of how many links.
    fn together(&mut self, link: &Link, record: &RowRecord) -> Option<(HostStage<'a>, usize)> {
        let next = (self.links.get(1), self.records.get(1));
        match (link, record, next) {
            (
                Link::Gather { .. },
                RowRecord::Gather(row),
                (Some(Link::Resample(resizing)), Some(RowRecord::Resample([_, behind]))),
            ) if self.mirror.is_none() => {
                let window = record.window().filter(|_| link.is_window())?;
                let sides = [row.src_height, row.src_width];
                let window = ResampleWindow { sides, window };
                let stage = HostStage::Resample(&resizing.kernel, window, *behind);
                Some((stage, 2))
            }
            (Link::Gather { kernel, .. }, RowRecord::Gather(row), (Some(Link::Lut(lut)), _)) => {
                let row = match self.mirror {
                    None => row,
                    Some((_, mirror)) if whole(row) == Some(Whole::AsItIs) => mirror,
                    Some(_) => return None,
                };
                let images = normalized(kernel, row, lut)?;
                self.mirror = None;
                Some((HostStage::Normalize(images), 2))
            }
            (Link::Lut(lut), _, _) => {
                let (kernel, row) = self.mirror?;
                let images = normalized(kernel, row, lut)?;
                self.mirror = None;
                Some((HostStage::Normalize(images), 1))
            }
            (
                Link::Gather { .. }
                | Link::Resample(_)
                | Link::Warp(_)
                | Link::Color(_)
                | Link::Blend(_),
                _,
                _,
            ) => None,
        }
    }
}

/// What becomes of a whole image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    AsItIs,
    Mirrored,
}

/// What a record does that keeps the whole image upright or mirrored; `None` for others.
fn whole(row: &GatherRow) -> Option<Whole> {
    let same = GatherRow::whole(row.src_height, row.src_width).ok()?;
    let [left_right, top_bottom] = [same.flip_horizontal(), same.flip_vertical()];
    if *row == same {
        Some(Whole::AsItIs)
    } else if [left_right, top_bottom, left_right.flip_vertical()].contains(row) {
        Some(Whole::Mirrored)
    } else {
        None
    }
}

/// Whether an image stays as it is.
fn does_nothing(link: &Link, record: &RowRecord) -> bool {
    match (link, record) {
        (Link::Gather { kernel, .. }, RowRecord::Gather(row)) => {
            keeps_samples(kernel) && whole(row) == Some(Whole::AsItIs)
        }
        (Link::Warp(_), RowRecord::Warp(row)) => row.is_whole(),
        (Link::Color(_), RowRecord::Color(row)) => row.order == 0,
        (
            Link::Gather { .. }
            | Link::Resample(_)
            | Link::Warp(_)
            | Link::Color(_)
            | Link::Lut(_)
            | Link::Blend(_),
            _,
        ) => false,
    }
}

/// Whether colours need the mean of the image.
fn has_mean(row: &ColorRow) -> bool {
    let adjustments = row.adjustments().unwrap_or_default();
    let mut adjustments = adjustments.iter();
    adjustments.any(|it| matches!(it, Adjustment::Contrast(_)))
}

/// One link by itself.
fn one<'a>(link: &'a Link, record: &'a RowRecord) -> Result<HostStage<'a>> {
    match (link, record) {
        (Link::Gather { kernel, .. }, RowRecord::Gather(record)) => {
            Ok(HostStage::Gather(kernel, record))
        }
        (Link::Resample(resizing), RowRecord::Resample([before, behind])) => {
            let whole = ResampleWindow::whole(*before);
            Ok(HostStage::Resample(&resizing.kernel, whole, *behind))
        }
        (Link::Warp(warping), RowRecord::Warp(record)) => {
            Ok(HostStage::Warp(&warping.kernel, record))
        }
        (Link::Color(coloring), RowRecord::Color(record)) => {
            Ok(HostStage::Color(&coloring.kernel, record))
        }
        (Link::Lut(lut), RowRecord::Shared) => Ok(HostStage::Lut(lut)),
        (
            Link::Gather { .. }
            | Link::Resample(_)
            | Link::Warp(_)
            | Link::Color(_)
            | Link::Lut(_)
            | Link::Blend(_),
            _,
        ) => Err(Error::internal("a link with another's record")),
    }
}

impl HostStage<'_> {
    /// How often it reads each sample.
    pub(super) fn n_reads(&self) -> usize {
        match self {
            Self::Color(_, row) if has_mean(row) => 2,
            Self::Gather(..)
            | Self::Resample(..)
            | Self::Warp(..)
            | Self::Color(..)
            | Self::Lut(_)
            | Self::Normalize(_) => 1,
        }
    }

    /// Bytes of what `len` bytes become.
    pub(super) fn len_behind(&self, len: usize) -> Result<usize, RowError> {
        match self {
            Self::Gather(kernel, record) => Ok(kernel.check(record, len)?),
            Self::Resample(_, window, [rows, cols]) => {
                let pixels = |[height, width]: [u32; 2]| height as usize * width as usize;
                let channels = len / pixels(window.sides).max(1);
                Ok(pixels([*rows, *cols]) * channels)
            }
            Self::Warp(kernel, record) => Ok(kernel.check(record, len)?),
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
        #[cfg(test)]
        N_READS.set(N_READS.get() + self.n_reads());
        match self {
            Self::Gather(kernel, record) => Ok(kernel.run(level, src, record, dst)?),
            Self::Resample(kernel, window, to) => {
                Ok(kernel.run(level, (src, window), (dst, *to), scratch)?)
            }
            Self::Warp(kernel, record) => Ok(kernel.run(level, src, record, dst)?),
            Self::Color(kernel, record) => Ok(kernel.run(level, src, record, dst)?),
            Self::Lut(lut) => Ok(lut.run(level, src, &[], dst)?),
            Self::Normalize(images) => Ok(images.run_one(level, src, dst)?),
        }
    }
}
