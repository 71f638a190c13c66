//! Runs the kernels of a column on the host, row by row.

use fuelrail_kernels::blend::BlendRow;
use fuelrail_kernels::decode::{DecodedImage, Flaws, ImageDecoder, PixelWindow, read_header};
use fuelrail_kernels::gather::{GatherError, GatherRow};
use fuelrail_kernels::resample::ResampleScratch;
use fuelrail_kernels::{Level, RowError};

use super::draw::Draw;
use super::lowered::{Blending, ColumnSteps, Link, keeps_samples};
use super::mix::Weight;
use super::row_record::{Parameters, RowRecord};
use super::stages::HostStages;
use super::ties::FollowerKind;
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

/// A row that is stored as an image file.
#[derive(Debug, Clone, Copy)]
pub struct StoredFile<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// What its chance is drawn from.
    pub draw: Draw,
    /// The row of the dataset.
    pub row: u64,
    /// The sides that its image must have, if another column says so.
    pub sides: Option<[u32; 2]>,
}

/// What a file was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodedFile {
    /// What was wrong with it.
    pub flaws: Flaws,
    /// Height and width of its image before all steps.
    pub sides: [u32; 2],
}

/// Memory for what is between the kernels of a row.
#[derive(Debug, Default)]
pub struct Between {
    swap: Swap,
    /// Two images that are to be blended.
    pair: Vec<u8>,
    /// What they become.
    blended: Vec<u8>,
    decoder: ImageDecoder,
    /// An image out of its file.
    decoded: Vec<u8>,
}

impl Between {
    /// The image that was decoded last.
    #[must_use]
    pub fn decoded(&self) -> &[u8] {
        &self.decoded
    }
}

/// What a run of kernels works with.
#[derive(Debug, Default)]
struct Swap {
    from: Vec<u8>,
    to: Vec<u8>,
    resample: ResampleScratch,
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
        let on_host = self.on_host(level);
        let (before, blending, behind) = self.around_blend();
        let Between {
            swap,
            pair,
            blended,
            ..
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

    /// Decodes the image of a row and runs all kernels on it.
    ///
    /// # Errors
    /// As [`ColumnSteps::decode_file`]; `Internal` where an image has another size.
    pub fn run_file(
        &self,
        level: Level,
        file: StoredFile<'_>,
        (between, parameters): (&mut Between, &mut Parameters),
        dst: &mut [u8],
    ) -> Result<DecodedFile> {
        between.decoder.set_level(level);
        let found = self.decode_file(file, (between, parameters))?;
        let Between { swap, decoded, .. } = between;
        let stored = (&decoded[..], &parameters[..]);
        self.on_host(level).links(&self.links, stored, swap, dst)?;
        Ok(found)
    }

    /// Decodes the image of a row into [`Between::decoded`], and draws what is done to
    /// it. Only what the first crop keeps is decoded, where the format allows that; it
    /// is all that the first crop then has.
    ///
    /// # Errors
    /// `Data` where the file cannot be decoded, its image has other sides than it must
    /// have, or is not one for the steps; `Internal` for images that are stored decoded.
    pub fn decode_file(
        &self,
        file: StoredFile<'_>,
        (between, parameters): (&mut Between, &mut Parameters),
    ) -> Result<DecodedFile> {
        let bytes = file.bytes;
        let decoding = self.decoding.as_ref();
        let decoding = decoding.ok_or_else(|| Error::internal("images that are decoded"))?;
        let options = &decoding.options;
        let bad = |error| Error::data(format!("{error}")).with_column(&self.column);
        let header = read_header(bytes, &options.limits).map_err(bad)?;
        let sides = header.size(options.exif);
        self.check_sides(sides, file.sides)?;
        let stored = self.before.with_sides(sides);
        self.draw_parameters(file.draw, (file.row, stored), parameters)?;
        let window = self.window_of_first(parameters);
        let Between {
            decoder, decoded, ..
        } = between;
        let DecodedImage { flaws, .. } = decoder
            .decode(bytes, options, window, decoded)
            .map_err(bad)?;
        self.decoded_window(parameters)
            .map_err(|_| Error::internal("a window of no size"))?;
        Ok(DecodedFile { flaws, sides })
    }

    /// Where only what the first link keeps was decoded, that is the whole image for it.
    ///
    /// # Errors
    /// Where it keeps nothing.
    pub(super) fn decoded_window(&self, parameters: &mut Parameters) -> Result<(), GatherError> {
        let window = self.window_of_first(parameters);
        if let (Some(window), Some(first)) = (window, parameters.first_mut()) {
            *first = RowRecord::Gather(GatherRow::whole(window.height, window.width)?);
        }
        Ok(())
    }

    /// Refuses an image that has not the size of its mask, or a mask that has not that
    /// of its image.
    fn check_sides(&self, sides: [u32; 2], expected: Option<[u32; 2]>) -> Result<()> {
        let Some(expected) = expected.filter(|expected| *expected != sides) else {
            return Ok(());
        };
        let [what, whose] = match self.ties.follows.as_ref().map(|it| it.kind) {
            Some(FollowerKind::Mask(_)) => ["a mask", "that of its image"],
            Some(FollowerKind::Picture) => ["an image", "that of the one it moves with"],
            None => ["an image", "that of its mask or of the one beside it"],
        };
        let words = |[height, width]: [u32; 2]| format!("{height}x{width}");
        let (expected, got) = (words(expected), words(sides));
        let message = format!("expected {what} of {expected}, {whose}, got {got}");
        Err(Error::data(message).with_column(&self.column))
    }

    /// The image that takes the place of one that there is not: all its samples were
    /// `fill` before they became what the last tables make of them.
    ///
    /// # Errors
    /// `Internal` where the image has another size.
    pub fn substitute(&self, fill: u8, level: Level, dst: &mut [u8]) -> Result<()> {
        let is_table = |link: &&Link| matches!(link, Link::Lut(_));
        let n_tables = self.links.iter().rev().take_while(is_table).count();
        let links = &self.links[self.links.len() - n_tables..];
        let n_samples = dst.len() / self.after.element.len_bytes();
        let image = vec![fill; n_samples];
        let records = vec![RowRecord::Shared; links.len()];
        let on_host = self.on_host(level);
        on_host.links(links, (&image, &records), &mut Swap::default(), dst)
    }

    /// What the first link keeps of an image, if it is a window and nothing else.
    fn window_of_first(&self, parameters: &Parameters) -> Option<PixelWindow> {
        let Link::Gather { kernel, .. } = self.links.first()? else {
            return None;
        };
        let window = parameters.first()?.window();
        let [top, left, height, width] = window.filter(|_| keeps_samples(kernel))?;
        Some(PixelWindow {
            top,
            left,
            height,
            width,
        })
    }

    fn on_host(&self, level: Level) -> OnHost<'_> {
        OnHost {
            column: &self.column,
            level,
        }
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
        (swap, pair): (&mut Swap, &mut Vec<u8>),
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
        swap: &mut Swap,
        dst: &mut [u8],
    ) -> Result<()> {
        let Swap { from, to, resample } = swap;
        let mut stages = HostStages::new(links, records).peekable();
        let mut is_first = true;
        while let Some(stage) = stages.next() {
            let stage = stage?;
            let read = if is_first { src } else { &from[..] };
            is_first = false;
            let is_last = stages.peek().is_none();
            let write = if is_last {
                &mut *dst
            } else {
                let len = stage.len_behind(read.len());
                sized(to, len.map_err(|error| self.other_size(Some(error)))?)
            };
            let done = stage.run(self.level, (read, write), resample);
            done.map_err(|error| self.other_size(Some(error)))?;
            if is_last {
                return Ok(());
            }
            std::mem::swap(from, to);
        }
        let is_same = src.len() == dst.len();
        is_same
            .then(|| dst.copy_from_slice(src))
            .ok_or_else(|| self.other_size(None))
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
