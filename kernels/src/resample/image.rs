//! Both axes at once on the host.

use super::axis::Axis;
use super::pass::AxisPass;
use super::planes::Planes;
use super::simd::Bands;
use super::{ResampleError, ResampleFilter, ResampleWindow, Weights, WeightsCache};
use crate::level::{Dispatch, Level};
use crate::normalize::Layout;

/// Images that are resized along both axes: what the kernels of both make of them,
/// the horizontal one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResampleImages {
    channels: u32,
    layout: Layout,
    filter: ResampleFilter,
}

/// What one image after another is resized with. Nothing is allocated for an image
/// of the same sides as one before it.
#[derive(Debug, Clone, Default)]
pub struct ResampleScratch {
    weights: WeightsCache,
    between: Vec<u8>,
    bands: Bands,
}

/// The two axes of one image.
struct BothAxes<'a> {
    kind: Dispatch,
    planes: Planes,
    across: &'a Weights,
    down: &'a Weights,
    /// The first and the second axis.
    order: [Axis; 2],
}

impl ResampleImages {
    /// Images of this many channels.
    ///
    /// # Errors
    /// Where there are no such images.
    pub fn new(
        channels: u32,
        layout: Layout,
        filter: ResampleFilter,
    ) -> Result<Self, ResampleError> {
        if !(1..=4).contains(&channels) {
            return Err(ResampleError::Channels { got: channels });
        }
        Ok(Self {
            channels,
            layout,
            filter,
        })
    }

    /// Resizes the window of the image `src` to the rows and columns of `dst`, at
    /// `level`.
    ///
    /// # Errors
    /// Where the window is empty or reaches beyond the image, sides are none or too
    /// many, or `src` or `dst` have other bytes. Nothing is written then.
    pub fn run(
        &self,
        level: Level,
        (src, window): (&[u8], &ResampleWindow),
        (dst, to): (&mut [u8], [u32; 2]),
        scratch: &mut ResampleScratch,
    ) -> Result<(), ResampleError> {
        let [top, left, rows, cols] = window.checked()?;
        let weights = &mut scratch.weights;
        let down = weights.get(rows, to[0], self.filter)?;
        let across = weights.get(cols, to[1], self.filter)?;
        self.check_len(window.sides, src.len())?;
        self.check_len(to, dst.len())?;
        let axes = BothAxes {
            kind: level.kind(),
            planes: Planes::of(self.channels, self.layout),
            across: &across,
            down: &down,
            order: Axis::in_order([rows, cols], to[0]),
        };
        let reads = [down.reads(), across.reads()];
        let read = [
            top + reads[0].start,
            left + reads[1].start,
            reads[0].end - reads[0].start,
            reads[1].end - reads[1].start,
        ];
        let len = dst.len() / axes.planes.n;
        for (plane, dst) in dst.chunks_exact_mut(len).enumerate() {
            axes.run((src, window.sides), (plane, read), scratch, dst);
        }
        Ok(())
    }

    fn check_len(self, [height, width]: [u32; 2], got: usize) -> Result<(), ResampleError> {
        let pixels = u64::from(height) * u64::from(width);
        let expected = pixels.saturating_mul(u64::from(self.channels));
        if expected == got as u64 {
            return Ok(());
        }
        Err(ResampleError::Length { expected, got })
    }
}

impl BothAxes<'_> {
    /// Resizes what is read of a plane. Only what the second axis reads is made by the
    /// first, and an axis that stays takes no pass.
    fn run(
        &self,
        image: (&[u8], [u32; 2]),
        (plane, read): (usize, [u32; 4]),
        scratch: &mut ResampleScratch,
        dst: &mut [u8],
    ) {
        let lines = self.planes.lines(image, plane, read);
        let ResampleScratch { between, bands, .. } = scratch;
        let [first, second] = self.order.map(|axis| self.pass(axis));
        if self.weights(second.axis).is_identity() {
            first.run(self.kind, lines, (bands, dst));
        } else if self.weights(first.axis).is_identity() {
            second.run(self.kind, lines, (bands, dst));
        } else if let Some(rows) = self.copied_rows() {
            let per_row = dst.chunks_exact_mut(self.across.to() as usize * self.planes.per_col);
            for (row, dst) in rows.iter().zip(per_row) {
                let line = lines.only(*row as usize);
                self.pass(Axis::Horizontal)
                    .run(self.kind, line, (bands, dst));
            }
        } else {
            let to = self.weights(first.axis).to();
            let sides = match first.axis {
                Axis::Horizontal => [read[2], to],
                Axis::Vertical => [to, read[3]],
            };
            let [height, width] = sides.map(|n| n as usize);
            let len = height * width * self.planes.per_col;
            between.resize(len.max(between.len()), 0);
            let between = &mut between[..len];
            first.run(self.kind, lines, (bands, between));
            let window = [0, 0, sides[0], sides[1]];
            let lines = self.planes.lines((between, sides), 0, window);
            second.run(self.kind, lines, (bands, dst));
        }
    }

    /// The rows that are read where both axes are copies: those between need not be
    /// made then.
    fn copied_rows(&self) -> Option<&[u32]> {
        let copied = [self.across, self.down].map(|weights| weights.taps().copied());
        copied[0].and(copied[1])
    }

    fn weights(&self, axis: Axis) -> &Weights {
        match axis {
            Axis::Horizontal => self.across,
            Axis::Vertical => self.down,
        }
    }

    fn pass(&self, axis: Axis) -> AxisPass<'_> {
        let weights = self.weights(axis);
        AxisPass {
            axis,
            taps: weights.taps(),
            pairs: weights.pairs(),
            per_col: self.planes.per_col,
        }
    }
}
