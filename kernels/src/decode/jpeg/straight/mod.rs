//! JPEGs as nearly all are: one scan of sequential Huffman codes, grey or `YCbCr`,
//! without a fault.
//!
//! Of those only what a window needs is decoded: codes outside it are gone past, and
//! blocks, chroma and pixels are made for it alone. Whatever is of another kind, or
//! not as an encoder writes it, is left to the decoder of all kinds, which says what
//! is wrong with it. So the two must give the same pixels, as the tests show.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::inline_always,
    reason = "samples are bytes, coefficients 16 bits; loops are compiled anew for each level"
)]

mod bits;
mod coefficients;
mod huffman;
mod pixels;
mod plane;
mod scan;
mod setup;

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::level::Level;
use crate::vector;

use super::super::window::PixelWindow;
use super::frame::JpegFrame;
use bits::CodedData;
use huffman::{CodeClass, CodeTable, steps};
use pixels::Pixels;
use plane::Plane;
use scan::{Component, ScanReader};
use setup::{Chroma, Setup};

/// Tables of codes that are kept for files to come; most encoders write the same.
const MAX_TABLES: usize = 16;

/// The decoder of such JPEGs, with the buffers it keeps.
#[derive(Debug, Default)]
pub(super) struct Straight {
    tables: Vec<(CodeClass, CodeTable)>,
    coded: CodedData,
    planes: Vec<Plane>,
    /// By component, of one row of coded units.
    coefficients: [Vec<i16>; 3],
}

/// The coded units that a window needs, and how many there are.
#[derive(Debug, Clone)]
struct Units {
    rows: Range<usize>,
    columns: Range<usize>,
    n: [usize; 2],
}

impl Straight {
    /// Decodes the pixels of a window into `into`, grey or RGB; `None` where the file
    /// is none of those that are decoded here.
    pub(super) fn decode(
        &mut self,
        (bytes, frame): (&[u8], &JpegFrame),
        window: PixelWindow,
        level: Level,
        into: &mut Vec<u8>,
    ) -> Option<()> {
        let setup = Setup::read(bytes, frame)?;
        self.coded.read(setup.coded)?;
        let size = [usize::from(frame.height), usize::from(frame.width)];
        let units = Units::of(window, setup.chroma, size)?;
        self.shape_planes(&setup, &units, size);
        self.fill_planes(&setup, &units, level)?;
        let n_channels = match setup.chroma {
            Chroma::None => 1,
            Chroma::Of(_) => 3,
        };
        into.resize(
            window.height as usize * window.width as usize * n_channels,
            0,
        );
        let pixels = Pixels {
            planes: &self.planes,
            chroma: setup.chroma,
            window,
        };
        vector::at(level.kind(), &pixels, &[], into).then_some(())
    }

    fn shape_planes(&mut self, setup: &Setup<'_>, units: &Units, size: [usize; 2]) {
        let [across, down] = setup.chroma.factors();
        self.planes
            .resize_with(setup.components.len(), Plane::default);
        for (component, plane) in setup.components.iter().zip(&mut self.planes) {
            let [n_across, n_down] = component.n_blocks.map(|n| n as usize);
            let n_groups = scan::n_groups(units.columns.len() * n_across);
            plane.reshape(
                [
                    8 * n_down * units.rows.start,
                    8 * n_across * units.columns.start,
                ],
                [
                    8 * n_down * units.rows.len(),
                    8 * coefficients::LANES * n_groups,
                ],
                [
                    (size[0] * n_down).div_ceil(down),
                    (size[1] * n_across).div_ceil(across),
                ],
            );
        }
    }

    /// Decodes the scan, as far as it is needed.
    fn fill_planes(&mut self, setup: &Setup<'_>, units: &Units, level: Level) -> Option<()> {
        if self.tables.len() > MAX_TABLES {
            self.tables.clear();
        }
        for component in &setup.components {
            keep(&mut self.tables, CodeClass::Dc, component.codes[0])?;
            keep(&mut self.tables, CodeClass::Ac, component.codes[1])?;
        }
        let steps: Vec<_> = setup
            .components
            .iter()
            .map(|of| steps(&of.quantization))
            .collect();
        let parts = setup
            .components
            .iter()
            .zip(&steps)
            .zip(&mut self.coefficients);
        let components = parts.map(|((of, steps), coefficients)| {
            let dc = kept(&self.tables, CodeClass::Dc, of.codes[0])?;
            let ac = kept(&self.tables, CodeClass::Ac, of.codes[1])?;
            let n_across = units.columns.len() * of.n_blocks[0] as usize;
            Some(Component::new(
                (dc, ac, steps),
                of.n_blocks,
                n_across,
                coefficients,
            ))
        });
        let components = components.collect::<Option<Vec<_>>>()?;
        let parts = self.coded.parts();
        let mut scan = ScanReader::new(setup.restart_interval, parts, components)?;
        for row in 0..units.rows.end {
            if !units.rows.contains(&row) {
                scan.read_row(level, units.n[1], 0..0)?;
                continue;
            }
            scan.read_row(level, units.n[1], units.columns.clone())?;
            for (component, plane) in scan.components().zip(&mut self.planes) {
                component.transform(level, row - units.rows.start, plane)?;
            }
        }
        for plane in &mut self.planes {
            plane.extend_edges();
        }
        (units.rows.end < units.n[0] || scan.is_at_end()).then_some(())
    }
}

fn kept<'a>(
    tables: &'a [(CodeClass, CodeTable)],
    class: CodeClass,
    spec: &[u8],
) -> Option<&'a CodeTable> {
    let mut of_class = tables.iter().filter(|(kept, _)| *kept == class);
    of_class
        .find(|(_, table)| table.spec == spec)
        .map(|(_, table)| table)
}

/// Makes a table unless there is one.
fn keep(tables: &mut Vec<(CodeClass, CodeTable)>, class: CodeClass, spec: &[u8]) -> Option<()> {
    if kept(tables, class, spec).is_none() {
        tables.push((class, CodeTable::new(class, spec)?));
    }
    Some(())
}

impl Units {
    /// Those that a window of a picture needs, with the neighbours of its chroma.
    fn of(window: PixelWindow, chroma: Chroma, size: [usize; 2]) -> Option<Self> {
        let [across, down] = chroma.factors();
        let needed = |first: u32, n: u32, factor: usize, size: usize| {
            let (first, n) = (first as usize, n as usize);
            // A sample on each side of those that lie under the window.
            let around = usize::from(factor > 1);
            let n_samples = size.div_ceil(factor);
            // Of two or fewer, libjpeg does not blend neighbours.
            let is_known = factor == 1 || n_samples > 2;
            let last = ((first + n - 1) / factor + around).min(n_samples - 1);
            let units = (first / factor).saturating_sub(around) / 8..last / 8 + 1;
            is_known.then(|| (units, n_samples.div_ceil(8)))
        };
        let (rows, n_down) = needed(window.top, window.height, down, size[0])?;
        let (columns, n_across) = needed(window.left, window.width, across, size[1])?;
        Some(Self {
            rows,
            columns,
            n: [n_down, n_across],
        })
    }
}
