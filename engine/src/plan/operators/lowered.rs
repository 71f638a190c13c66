//! The steps of one column as kernels on rows, and the records that go with them.

use fuelrail_kernels::Element;
use fuelrail_kernels::blend::Blend;
use fuelrail_kernels::color::Color;
use fuelrail_kernels::decode::PixelMode;
use fuelrail_kernels::gather::{Border, ChannelMap, Gather, GatherRow};
use fuelrail_kernels::lut::Lut;
use fuelrail_kernels::normalize::Layout;
use fuelrail_kernels::resample::{Resample, ResampleFilter, ResampleImages};
use fuelrail_kernels::warp::{Warp, WarpRow};

use super::changes::{Change, Move};
use super::color_change::ColorChange;
use super::decoding::Decoding;
use super::distortion::{Distortion, WarpSampling};
use super::draw::{Draw, RowDraws};
use super::image::{Image, KnownImages};
use super::mix::{Mix, SecondRow};
use super::resize_to::ResizeTo;
use super::row_record::{Parameters, RowRecord};
use super::ties::Ties;
use crate::error::{Error, Result};

/// Bytes that no image may have.
const LEN_MAX: u64 = 1 << 31;

/// What is done to the images of one column, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSteps {
    /// The column.
    pub column: String,
    /// How its images are decoded, if they are stored as files.
    pub decoding: Option<Decoding>,
    /// Its images as they are stored, or decoded.
    pub before: KnownImages,
    /// Its images behind all steps.
    pub after: KnownImages,
    /// The kernels, one after another; one of them at most blends.
    pub links: Vec<Link>,
    /// Rows of the dataset, of which second ones are drawn.
    pub n_rows: u64,
    /// What moves with its images, or what it moves with.
    pub ties: Ties,
}

/// One kernel of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// Samples come from other places.
    Gather {
        /// The kernel.
        kernel: Gather,
        /// What makes the record of a row, in order.
        moves: Vec<Drawing>,
    },
    /// Images become another size.
    Resample(Resizing),
    /// Images are seen from elsewhere.
    Warp(Warping),
    /// Colours change.
    Color(Coloring),
    /// Bytes become others.
    Lut(Lut),
    /// The image of a second row is mixed in.
    Blend(Blending),
}

/// Images that become another size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resizing {
    /// The kernels of both axes at once, for the host.
    pub kernel: ResampleImages,
    /// The kernel of one axis, for devices.
    pub axis: Resample,
    /// How samples are weighed.
    pub filter: ResampleFilter,
    /// The step that it belongs to, by its index.
    pub step: usize,
    /// The size.
    pub to: ResizeTo,
}

/// Images that are seen from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warping {
    /// The kernel.
    pub kernel: Warp,
    /// What is drawn for each row.
    pub change: Drawing<Distortion>,
}

/// Colours that change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coloring {
    /// The kernel.
    pub kernel: Color,
    /// What is drawn for each row.
    pub change: Drawing<ColorChange>,
}

/// Where a second row is mixed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Blending {
    /// The kernel, which reads the row's image and that of the second behind it.
    pub kernel: Blend,
    /// The images of either.
    pub image: Image,
    /// Which rows are mixed with which.
    pub mix: Drawing<Mix>,
}

/// A change that is drawn for each row, and what it draws from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawing<What = Move> {
    /// The step that it belongs to, by its index.
    pub step: usize,
    /// The step's stream.
    pub stream: u64,
    /// The change.
    pub what: What,
}

impl Drawing<Mix> {
    /// The second row of a row of a dataset of `n_rows`; `None` where it stays as it
    /// is.
    #[must_use]
    pub fn second_row(&self, draw: Draw, row: u64, n_rows: u64) -> Option<SecondRow> {
        self.what.draw(&mut draw.of(self.stream, row), n_rows)
    }
}

impl ColumnSteps {
    /// No steps yet, on such images.
    pub(super) fn new(column: &str, images: KnownImages, n_rows: u64) -> Self {
        Self {
            column: column.to_owned(),
            decoding: None,
            before: images,
            after: images,
            links: Vec::new(),
            n_rows,
            ties: Ties::default(),
        }
    }

    /// No steps yet, on images that are decoded so.
    pub(super) fn decoded(column: &str, decoding: Decoding, n_rows: u64) -> Self {
        let channels = match decoding.options.mode {
            PixelMode::Grey | PixelMode::Indices => 1,
            PixelMode::Rgb => 3,
            PixelMode::Rgba => 4,
        };
        let images = KnownImages {
            sides: None,
            channels,
            layout: Layout::Hwc,
            element: Element::U8,
        };
        Self {
            decoding: Some(decoding),
            ..Self::new(column, images, n_rows)
        }
    }

    /// Adds a change by step `step`, which draws from `stream`.
    ///
    /// # Errors
    /// Where images become too large, or are not what the change is for.
    pub(super) fn add(
        &mut self,
        (step, stream): (usize, u64),
        change: Change,
    ) -> Result<(), String> {
        if self.after.element != Element::U8 {
            let element = self.after.element.name();
            return Err(format!(
                "expected images of uint8, got {element}: no step changes images behind `normalize`"
            ));
        }
        match change {
            Change::Move(what) => self.add_move(Drawing { step, stream, what }),
            Change::Warp(what, sampling) => self.add_warp(Drawing { step, stream, what }, sampling),
            Change::Color(what) => self.add_color(Drawing { step, stream, what }),
            Change::FirstChannel => self.add_first_channel(),
            Change::Table(table) => self.add_table(&table),
            Change::Mix(what) => self.add_mix(Drawing { step, stream, what }),
            Change::Resize(to, filter) => self.add_resize(step, (to, filter)),
            Change::Values(table, layout) => self.add_values(&table, layout),
        }
    }

    fn add_resize(
        &mut self,
        step: usize,
        (to, filter): (ResizeTo, ResampleFilter),
    ) -> Result<(), String> {
        let images = self.after;
        let sides = match (to, images.sides) {
            (ResizeTo::Sides(sides), _) => Some(sides),
            (ResizeTo::Shorter(_), None) => None,
            (ResizeTo::Shorter(_), Some(sides)) => {
                let becomes = to.of(sides).ok_or("expected sides below 2^24");
                Some(becomes?)
            }
        };
        self.after = small_enough(KnownImages { sides, ..images })?;
        let kernel = ResampleImages::new(images.channels, images.layout, filter);
        self.links.push(Link::Resample(Resizing {
            kernel: kernel.map_err(|error| error.to_string())?,
            axis: Resample::new(images.channels, images.layout)
                .map_err(|error| error.to_string())?,
            filter,
            step,
            to,
        }));
        Ok(())
    }

    fn add_warp(
        &mut self,
        change: Drawing<Distortion>,
        sampling: WarpSampling,
    ) -> Result<(), String> {
        let images = self.after;
        let known = images
            .sides
            .map_or(Ok(()), |sides| WarpRow::whole(sides).map(drop));
        known.map_err(|error| error.to_string())?;
        let WarpSampling { filter, fill } = sampling;
        let kernel = Warp::new(images.channels, images.layout, (filter, fill));
        self.links.push(Link::Warp(Warping {
            kernel: kernel.map_err(|error| error.to_string())?,
            change,
        }));
        Ok(())
    }

    fn add_color(&mut self, change: Drawing<ColorChange>) -> Result<(), String> {
        let kernel = Color::new(self.after.channels, self.after.layout);
        let kernel = kernel.map_err(|error| error.to_string())?;
        self.links.push(Link::Color(Coloring { kernel, change }));
        Ok(())
    }

    fn add_first_channel(&mut self) -> Result<(), String> {
        let images = self.after;
        let first = ChannelMap {
            n_out: 1,
            ..ChannelMap::all(images.channels)
        };
        let kernel = Gather::new(first, images.layout, images.layout, Border::Edge);
        self.links.push(Link::Gather {
            kernel: kernel.map_err(|error| error.to_string())?,
            moves: Vec::new(),
        });
        self.after.channels = 1;
        Ok(())
    }

    fn add_mix(&mut self, mix: Drawing<Mix>) -> Result<(), String> {
        if self.decoding.is_some() {
            return Err(
                "expected images as they are stored, got images that are decoded".to_owned(),
            );
        }
        let image = self.after.each().ok_or_else(|| {
            "expected images of one size, got images of any size: crop or resize them first"
                .to_owned()
        })?;
        if 2 * image.len_bytes() >= LEN_MAX {
            return Err(format!("expected two images below 2 GiB, got {image}"));
        }
        let kernel = Blend::new(image.channels, image.layout);
        let kernel = kernel.map_err(|error| error.to_string())?;
        self.links
            .push(Link::Blend(Blending { kernel, image, mix }));
        Ok(())
    }

    fn add_move(&mut self, drawing: Drawing) -> Result<(), String> {
        let images = self.after;
        self.after = small_enough(drawing.what.behind(images))?;
        let pads = |what: &Move| matches!(what, Move::Pad(..));
        // One record says one padding: a second one is another kernel.
        if let Some(Link::Gather { kernel, moves, .. }) = self.links.last_mut() {
            let has_pad = moves.iter().any(|drawing| pads(&drawing.what));
            if !(has_pad && pads(&drawing.what)) {
                if let Move::Pad(border, _) = drawing.what {
                    *kernel = rewritten(kernel, (kernel.to(), border))?;
                }
                moves.push(drawing);
                return Ok(());
            }
        }
        let border = drawing.what.border();
        self.links.push(Link::Gather {
            kernel: gather(images, (images.layout, border))?,
            moves: vec![drawing],
        });
        Ok(())
    }

    /// Adds a kernel that leaves images as they are, where there is none: they are put
    /// into a batch by one.
    ///
    /// # Errors
    /// Where images are not those of a kernel.
    pub(super) fn add_copy(&mut self) -> Result<(), String> {
        if self.links.is_empty() {
            self.links.push(Link::Gather {
                kernel: gather(self.after, (self.after.layout, Border::Edge))?,
                moves: Vec::new(),
            });
        }
        Ok(())
    }

    /// The links before the one that blends, that one, and those behind it; without
    /// one, all are before.
    #[must_use]
    pub fn around_blend(&self) -> (&[Link], Option<&Blending>, &[Link]) {
        let blending = self.links.iter().enumerate();
        let mut blending = blending.filter_map(|(at, link)| match link {
            Link::Blend(blending) => Some((at, blending)),
            Link::Gather { .. }
            | Link::Resample(_)
            | Link::Warp(_)
            | Link::Color(_)
            | Link::Lut(_) => None,
        });
        match blending.next() {
            Some((at, it)) => (&self.links[..at], Some(it), &self.links[at + 1..]),
            None => (&self.links, None, &[]),
        }
    }

    /// The second row of a row of the dataset; `None` where it stays as it is.
    #[must_use]
    pub fn second_row(&self, draw: Draw, row: u64) -> Option<SecondRow> {
        let mix = &self.around_blend().1?.mix;
        mix.second_row(draw, row, self.n_rows)
    }

    /// What a row of the dataset is changed by, whose image is stored so.
    ///
    /// # Errors
    /// As [`ColumnSteps::draw_parameters`].
    pub fn parameters(&self, draw: Draw, row: (u64, Image)) -> Result<Parameters> {
        let mut parameters = Parameters::new();
        self.draw_parameters(draw, row, &mut parameters)?;
        Ok(parameters)
    }

    /// The same in memory that is there already; gives the image behind all steps.
    ///
    /// # Errors
    /// `Data` where a step cannot be done to an image of this size.
    pub fn draw_parameters(
        &self,
        draw: Draw,
        (row, stored): (u64, Image),
        out: &mut Parameters,
    ) -> Result<Image> {
        out.clear();
        let mut sides = stored.sides();
        let mut draws = RowDraws::new(draw, row);
        for link in &self.links {
            let (kernel, moves) = match link {
                Link::Gather { kernel, moves } => (kernel, moves),
                Link::Resample(resizing) => {
                    let becomes = self.resized(sides, resizing)?;
                    out.push(RowRecord::Resample([sides, becomes]));
                    sides = becomes;
                    continue;
                }
                Link::Warp(Warping { change, .. }) => {
                    let of_step = &mut draw.of(change.stream, row);
                    let record = change.what.record(of_step, sides);
                    out.push(RowRecord::Warp(record.map_err(|it| self.cannot(&it))?));
                    continue;
                }
                Link::Color(Coloring { change, .. }) => {
                    let of_step = &mut draw.of(change.stream, row);
                    let record = change.what.draw(of_step);
                    out.push(RowRecord::Color(record.map_err(|it| self.cannot(&it))?));
                    continue;
                }
                Link::Lut(_) | Link::Blend(_) => {
                    out.push(RowRecord::Shared);
                    continue;
                }
            };
            let [height, width] = sides;
            let mut record = GatherRow::whole(height, width).map_err(|it| self.cannot(&it))?;
            for Drawing { step, stream, what } in moves {
                record = what
                    .apply(kernel.border(), record, draws.of(*step, *stream))
                    .map_err(|error| self.cannot(&error))?;
            }
            sides = [record.dst_height, record.dst_width];
            out.push(RowRecord::Gather(record));
        }
        Ok(self.after.with_sides(sides))
    }

    /// The sides of an image behind a resize.
    pub(super) fn resized(&self, sides: [u32; 2], resizing: &Resizing) -> Result<[u32; 2]> {
        let becomes = resizing.to.of(sides);
        let image = becomes.map(|sides| self.before.with_sides(sides));
        match (image, becomes) {
            (Some(image), Some(becomes)) if image.len_bytes() < LEN_MAX => Ok(becomes),
            _ => {
                let [height, width] = sides;
                let message = format!(
                    "an image of {height}x{width} becomes too large, resized {}",
                    resizing.to
                );
                Err(Error::data(message).with_column(&self.column))
            }
        }
    }

    /// A step cannot be done to an image.
    pub(super) fn cannot(&self, error: &dyn std::error::Error) -> Error {
        Error::data(error.to_string()).with_column(&self.column)
    }
}

impl Link {
    /// Whether it cuts a window out of each image and does nothing else.
    pub(super) fn is_window(&self) -> bool {
        let Self::Gather { kernel, moves } = self else {
            return false;
        };
        let crops = |drawing: &Drawing| match drawing.what {
            Move::CropCenter(_) | Move::CropAnywhere(_) | Move::CropPart(_) => true,
            Move::Pad(..) | Move::FlipHorizontal(_) | Move::FlipVertical(_) => false,
        };
        keeps_samples(kernel) && moves.iter().all(crops)
    }
}

/// Whether axes and channels stay as they are.
pub(super) fn keeps_samples(kernel: &Gather) -> bool {
    let channels = kernel.channels();
    kernel.from() == kernel.to() && channels == ChannelMap::all(channels.n_in)
}

/// The same channels in another order of axes, with another border.
pub(super) fn rewritten(
    kernel: &Gather,
    (layout, border): (Layout, Border),
) -> Result<Gather, String> {
    let gather = Gather::new(kernel.channels(), kernel.from(), layout, border);
    gather.map_err(|error| error.to_string())
}

/// All channels in their order, from the order of axes of `images` to `layout`.
pub(super) fn gather(
    images: KnownImages,
    (layout, border): (Layout, Border),
) -> Result<Gather, String> {
    let channels = ChannelMap::all(images.channels);
    let gather = Gather::new(channels, images.layout, layout, border);
    gather.map_err(|error| error.to_string())
}

/// Refuses images that are known to be too large.
pub(super) fn small_enough(images: KnownImages) -> Result<KnownImages, String> {
    match images.each() {
        Some(image) if image.len_bytes() >= LEN_MAX => {
            Err(format!("expected images below 2 GiB, got {image}"))
        }
        _ => Ok(images),
    }
}
