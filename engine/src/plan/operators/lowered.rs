//! The steps of one column as kernels on rows, and the records that go with them.

use fuelrail_kernels::gather::{Border, ChannelMap, Gather, GatherRow};
use fuelrail_kernels::lut::Lut;
use fuelrail_kernels::{Element, Level, RowError, RowKernel};

use super::changes::{Change, Move};
use super::draw::{Draw, Drawn};
use super::image::Image;
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
    /// The kernels, one after another.
    pub links: Vec<Link>,
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
}

/// A move, and what it draws from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawing {
    /// The step that it belongs to, by its index.
    pub step: usize,
    /// The step's stream.
    pub stream: u64,
    /// The move.
    pub what: Move,
}

/// The records of one row, one for each [`Link::Gather`].
pub type Parameters = Vec<GatherRow>;

impl ColumnSteps {
    /// No steps yet, on images of this shape.
    pub(super) fn new(column: &str, image: Image) -> Self {
        Self {
            column: column.to_owned(),
            before: image,
            after: image,
            links: Vec::new(),
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
        }
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
            Some(Link::Gather { .. }) | None => None,
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

    /// The kernels, for devices.
    #[must_use]
    pub fn kernels(&self) -> Vec<RowKernel> {
        let kernel = |link: &Link| match link {
            Link::Gather { kernel, .. } => RowKernel::Gather(*kernel),
            Link::Lut(lut) => RowKernel::Lut(lut.clone()),
        };
        self.links.iter().map(kernel).collect()
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
                Link::Lut(_) => continue,
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

    /// Runs all kernels on one image on the host.
    ///
    /// # Errors
    /// `Internal` where `src` or `dst` is no such image.
    pub fn run(
        &self,
        level: Level,
        (src, parameters): (&[u8], &Parameters),
        scratch: &mut [Vec<u8>; 2],
        dst: &mut [u8],
    ) -> Result<()> {
        let cannot = |error: RowError| {
            Error::internal(format!("an image of `{}` has another size", self.column))
                .with_source(error)
        };
        let mut records = parameters.iter();
        let [from, to] = scratch;
        for (index, link) in self.links.iter().enumerate() {
            let read = if index == 0 { src } else { &from[..] };
            let is_last = index + 1 == self.links.len();
            match link {
                Link::Gather { kernel, .. } => {
                    let record = records.next();
                    let record =
                        record.ok_or_else(|| Error::internal("a row without its record"))?;
                    let room = kernel
                        .check(record, read.len())
                        .map_err(|it| cannot(it.into()))?;
                    let dst = if is_last { &mut *dst } else { sized(to, room) };
                    let done = kernel.run(level, read, record, dst);
                    done.map_err(|it| cannot(it.into()))?;
                }
                Link::Lut(lut) => {
                    let dst = if is_last {
                        &mut *dst
                    } else {
                        sized(to, read.len())
                    };
                    let done = lut.run(level, read, &[], dst);
                    done.map_err(|it| cannot(it.into()))?;
                }
            }
            if !is_last {
                std::mem::swap(from, to);
            }
        }
        Ok(())
    }
}

/// So many bytes, whatever they were.
fn sized(bytes: &mut Vec<u8>, len: usize) -> &mut [u8] {
    bytes.resize(len, 0);
    bytes
}

/// All channels in their order, whatever is around.
fn kernel_of(image: Image, border: Border) -> Result<Gather, String> {
    let channels = ChannelMap::all(image.channels);
    let gather = Gather::new(channels, image.layout, image.layout, border);
    gather.map_err(|error| error.to_string())
}
