//! The boxes or keypoints of a batch's rows, and how they are moved.

use std::ops::Range;

use super::fill::NO_ROW;
use crate::error::Result;
use crate::plan::operators::{
    ColumnSteps, CoordinateKind, Coordinates, Draw, PixelMove, moved_box, moved_point,
};

/// Coordinates are below this; images are smaller by far.
const LIMIT: f64 = 1_073_741_824.0;

/// The coordinates of a batch as they are stored.
#[derive(Debug)]
pub(super) struct CoordinateRows {
    /// Those of all rows.
    pub(super) numbers: Vec<f64>,
    /// Where each row has its own.
    pub(super) rows: Vec<Range<usize>>,
    /// Height and width of each row's image; none where there is none.
    pub(super) sides: Vec<Option<[u32; 2]>>,
    /// Rows in which they are bad.
    pub(super) bad: Vec<usize>,
}

impl CoordinateRows {
    /// The numbers of a row.
    pub(super) fn row(&self, at: usize) -> &[f64] {
        self.numbers.get(self.rows[at].clone()).unwrap_or_default()
    }
}

/// Says what is wrong with the coordinates of a row, if anything is.
pub(super) fn finite(coordinates: &Coordinates, numbers: &[f64]) -> Result<(), String> {
    let (size, name) = (coordinates.kind.size(), coordinates.kind.name());
    if !numbers.len().is_multiple_of(size) {
        let n = numbers.len();
        return Err(format!(
            "expected {size} numbers for each {name}, got {n} for all"
        ));
    }
    let is_bad = |number: &f64| !(number.is_finite() && number.abs() < LIMIT);
    match numbers.iter().position(is_bad) {
        None => Ok(()),
        Some(at) => Err(format!(
            "expected finite numbers below 2^30, got {} in {name} {}",
            numbers[at],
            at / size
        )),
    }
}

/// How the coordinates of a column move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moving<'a> {
    pub(super) kind: CoordinateKind,
    /// The steps of their images.
    pub(super) steps: &'a ColumnSteps,
    pub(super) draw: Draw,
}

impl Moving<'_> {
    /// Moves those of all rows into `values`, and says in `kept` which are left; those
    /// of a row without an image are zeros, none of them kept. Row `i` begins at
    /// `places[i]`.
    ///
    /// # Errors
    /// Those of the steps.
    pub(super) fn run(
        &self,
        (read, rows): (&CoordinateRows, &[u64]),
        places: &[usize],
        (values, kept): (&mut [u8], &mut [u8]),
    ) -> Result<()> {
        let size = self.kind.size();
        values.fill(0);
        kept.fill(0);
        let (values, _) = values.as_chunks_mut::<4>();
        let mut moves: Vec<PixelMove> = Vec::new();
        for (at, (row, place)) in rows.iter().zip(places).enumerate() {
            let numbers = read.row(at);
            let Some(sides) = read.sides[at] else {
                continue;
            };
            if numbers.is_empty() || *row == NO_ROW || read.bad.contains(&at) {
                continue;
            }
            let sides = self
                .steps
                .pixel_moves(self.draw, (*row, sides), &mut moves)?;
            for (index, numbers) in numbers.chunks_exact(size).enumerate() {
                let (moved, is_kept) = self.one(numbers, &moves, sides);
                let to = place + index;
                for (value, number) in values[to * size..][..size].iter_mut().zip(moved) {
                    *value = number.to_le_bytes();
                }
                kept[to] = u8::from(is_kept);
            }
        }
        Ok(())
    }

    /// One box or point; the numbers that it has not are zeros.
    fn one(&self, numbers: &[f64], moves: &[PixelMove], sides: [u32; 2]) -> ([f32; 4], bool) {
        match (self.kind, numbers) {
            (CoordinateKind::Boxes { format, min_size }, &[a, b, c, d]) => {
                moved_box((format, min_size), [a, b, c, d], moves, sides)
            }
            (CoordinateKind::Points { .. }, &[x, y]) => {
                let ([x, y], is_kept) = moved_point([x, y], moves, sides);
                ([x, y, 0.0, 0.0], is_kept)
            }
            (CoordinateKind::Points { .. }, &[x, y, visibility]) if visibility > 0.0 => {
                let ([x, y], is_kept) = moved_point([x, y], moves, sides);
                let visibility = moved_visibility(visibility);
                let point = if is_kept {
                    [x, y, visibility, 0.0]
                } else {
                    [0.0; 4]
                };
                (point, is_kept)
            }
            (CoordinateKind::Boxes { .. } | CoordinateKind::Points { .. }, _) => ([0.0; 4], false),
        }
    }
}

/// A visibility as it is put into a batch.
#[expect(
    clippy::cast_possible_truncation,
    reason = "below 2^30, and 0, 1 or 2 for COCO"
)]
fn moved_visibility(visibility: f64) -> f32 {
    visibility as f32
}
