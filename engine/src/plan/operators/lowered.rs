//! The steps of one column as kernels on rows, and the records that go with them.

use fuelrail_kernels::blend::Blend;
use fuelrail_kernels::gather::{Border, ChannelMap, Gather, GatherRow};
use fuelrail_kernels::lut::Lut;
use fuelrail_kernels::{Element, RowKernel};

use super::changes::{Change, Move};
use super::draw::{Draw, Drawn};
use super::image::Image;
use super::mix::{Mix, SecondRow};
use crate::error::{Error, Result};

/// What is done to the images of one column, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSteps {
    /// The column.
    pub column: String,
    /// Its images as they are stored.
    pub before: Image,
    /// Its images behind all steps.
    pub after: Image,
    /// The kernels, one after another; one of them at most blends.
    pub links: Vec<Link>,
    /// Rows of the dataset, of which second ones are drawn.
    pub n_rows: u64,
}

/// One kernel of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// Samples come from other places.
    Gather {
        /// The kernel.
        kernel: Gather,
        /// The images before it.
        image: Image,
        /// What makes the record of a row, in order.
        moves: Vec<Drawing>,
    },
    /// Bytes become others.
    Lut(Lut),
    /// The image of a second row is mixed in.
    Blend(Blending),
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

/// The records of one row, one for each [`Link::Gather`].
pub type Parameters = Vec<GatherRow>;

impl Drawing<Mix> {
    /// The second row of a row of a dataset of `n_rows`; `None` where it stays as it
    /// is.
    #[must_use]
    pub fn second_row(&self, draw: Draw, row: u64, n_rows: u64) -> Option<SecondRow> {
        self.what.draw(&mut draw.of(self.stream, row), n_rows)
    }
}

impl ColumnSteps {
    /// No steps yet, on images of this shape.
    pub(super) fn new(column: &str, image: Image, n_rows: u64) -> Self {
        Self {
            column: column.to_owned(),
            before: image,
            after: image,
            links: Vec::new(),
            n_rows,
        }
    }

    /// Adds a change by step `step`, which draws from `stream`.
    ///
    /// # Errors
    /// Where images become too large.
    pub(super) fn add(
        &mut self,
        (step, stream): (usize, u64),
        change: Change,
    ) -> Result<(), String> {
        match change {
            Change::Move(what) => self.add_move(Drawing { step, stream, what }),
            Change::Table(table) => self.add_table(&table),
            Change::Mix(what) => self.add_mix(Drawing { step, stream, what }),
        }
    }

    fn add_mix(&mut self, mix: Drawing<Mix>) -> Result<(), String> {
        let image = self.after;
        if 2 * image.len_bytes() >= 1 << 31 {
            return Err(format!("expected two images below 2 GiB, got {image}"));
        }
        let kernel = Blend::new(image.channels, image.layout);
        let kernel = kernel.map_err(|error| error.to_string())?;
        self.links
            .push(Link::Blend(Blending { kernel, image, mix }));
        Ok(())
    }

    fn add_move(&mut self, drawing: Drawing) -> Result<(), String> {
        let image = self.after;
        let behind = drawing.what.behind(image);
        if behind.len_bytes() >= 1 << 31 {
            return Err(format!("expected images below 2 GiB, got {behind}"));
        }
        self.after = behind;
        let pads = |what: &Move| matches!(what, Move::Pad(..));
        // One record says one padding: a second one is another kernel.
        if let Some(Link::Gather { kernel, moves, .. }) = self.links.last_mut() {
            let has_pad = moves.iter().any(|drawing| pads(&drawing.what));
            if !(has_pad && pads(&drawing.what)) {
                if let Move::Pad(border, _) = drawing.what {
                    *kernel = kernel_of(image, border)?;
                }
                moves.push(drawing);
                return Ok(());
            }
        }
        let border = match drawing.what {
            Move::Pad(border, _) => border,
            Move::Crop(_)
            | Move::CropAnywhere(_)
            | Move::FlipHorizontal(_)
            | Move::FlipVertical(_) => Border::Edge,
        };
        self.links.push(Link::Gather {
            kernel: kernel_of(image, border)?,
            image,
            moves: vec![drawing],
        });
        Ok(())
    }

    fn add_table(&mut self, table: &[u8; 256]) -> Result<(), String> {
        let before = match self.links.last() {
            Some(Link::Lut(lut)) => Some(lut.clone()),
            Some(Link::Gather { .. } | Link::Blend(_)) | None => None,
        };
        let byte = |byte: u8| match &before {
            // Two tables, one after another, are one.
            Some(lut) => lut.byte(byte),
            None => byte,
        };
        let bits = |_: u32, value: u8| u32::from(table[usize::from(byte(value))]);
        // Whose channel a byte is does not count where there is one table.
        let lut = Lut::of_fn(Element::U8, 1, self.after.layout, 1, bits);
        let lut = lut.map_err(|error| error.to_string())?;
        if before.is_some() {
            self.links.pop();
        }
        self.links.push(Link::Lut(lut));
        Ok(())
    }

    /// The links before the one that blends, that one, and those behind it; without
    /// one, all are before.
    #[must_use]
    pub fn around_blend(&self) -> (&[Link], Option<&Blending>, &[Link]) {
        let blending = self.links.iter().enumerate();
        let mut blending = blending.filter_map(|(at, link)| match link {
            Link::Blend(blending) => Some((at, blending)),
            Link::Gather { .. } | Link::Lut(_) => None,
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

    /// What a row of the dataset is changed by.
    ///
    /// # Errors
    /// `Internal` where the steps do not fit one another.
    pub fn parameters(&self, draw: Draw, row: u64) -> Result<Parameters> {
        let mut parameters = Parameters::new();
        self.draw_parameters(draw, row, &mut parameters)?;
        Ok(parameters)
    }

    /// The same in memory that is there already.
    ///
    /// # Errors
    /// As [`ColumnSteps::parameters`].
    pub fn draw_parameters(&self, draw: Draw, row: u64, out: &mut Parameters) -> Result<()> {
        let cannot = |error| {
            Error::internal(format!("steps on `{}` cannot be combined", self.column))
                .with_source(error)
        };
        out.clear();
        let mut drawn: Option<(usize, Drawn)> = None;
        for link in &self.links {
            let (kernel, image, moves) = match link {
                Link::Gather {
                    kernel,
                    image,
                    moves,
                } => (kernel, image, moves),
                Link::Lut(_) | Link::Blend(_) => continue,
            };
            let mut record = GatherRow::whole(image.height, image.width).map_err(cannot)?;
            for Drawing { step, stream, what } in moves {
                let of_step = match drawn.take() {
                    // A step goes on drawing where it was.
                    Some((at, drawn)) if at == *step => drawn,
                    _ => draw.of(*stream, row),
                };
                let (_, drawn) = drawn.insert((*step, of_step));
                record = what.apply(kernel.border(), record, drawn).map_err(cannot)?;
            }
            out.push(record);
        }
        Ok(())
    }
}

impl Link {
    /// The kernel, for devices.
    #[must_use]
    pub fn kernel(&self) -> RowKernel {
        match self {
            Self::Gather { kernel, .. } => RowKernel::Gather(*kernel),
            Self::Lut(lut) => RowKernel::Lut(lut.clone()),
            Self::Blend(Blending { kernel, .. }) => RowKernel::Blend(*kernel),
        }
    }
}

/// All channels in their order, whatever is around.
fn kernel_of(image: Image, border: Border) -> Result<Gather, String> {
    let channels = ChannelMap::all(image.channels);
    let gather = Gather::new(channels, image.layout, image.layout, border);
    gather.map_err(|error| error.to_string())
}
