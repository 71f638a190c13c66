//! Boxes that move with their image, as torchvision's transforms v2 have it.
//!
//! ```text
//! window   x - left, y - top, then held within the window
//! mirror   x0, x1 = width - x1, width - x0
//! scale    x * (width behind / width before)
//! project  what all four corners become, all around it, then held within the image
//! ```
//!
//! A box becomes two corners first (`x + w`; `cx - w / 2` and that plus `w`), is held
//! within the image behind all moves, and then becomes what it was (`x1 - x0`; the mean
//! of both). All of it is done in binary64, one operation after another, none of them
//! fused, and rounded to binary32 at the end: the bits are the same everywhere.

use super::geometry::{PixelMove, projected};
use super::ties::BoxFormat;

/// A box behind `moves`, in an image of these sides then, and whether it is as wide and
/// high as `min_size` there.
///
/// A box whose corners are out of order keeps them so, as torchvision has it, and is too
/// small for any size.
#[must_use]
pub fn moved_box(
    (format, min_size): (BoxFormat, f64),
    numbers: [f64; 4],
    moves: &[PixelMove],
    sides: [u32; 2],
) -> ([f32; 4], bool) {
    let mut corners = corners_of(format, numbers);
    for step in moves {
        corners = moved(corners, step);
    }
    let corners = within(corners, sides);
    let [left, top, right, bottom] = corners;
    let is_kept = right - left >= min_size && bottom - top >= min_size;
    (box_of(format, corners).map(narrow), is_kept)
}

/// Left, top, right and bottom of a box.
#[must_use]
pub fn corners_of(format: BoxFormat, [a, b, c, d]: [f64; 4]) -> [f64; 4] {
    match format {
        BoxFormat::Xyxy => [a, b, c, d],
        BoxFormat::Xywh => [a, b, a + c, b + d],
        BoxFormat::Cxcywh => {
            let (left, top) = (a - c * 0.5, b - d * 0.5);
            [left, top, left + c, top + d]
        }
    }
}

fn box_of(format: BoxFormat, [left, top, right, bottom]: [f64; 4]) -> [f64; 4] {
    let (width, height) = (right - left, bottom - top);
    match format {
        BoxFormat::Xyxy => [left, top, right, bottom],
        BoxFormat::Xywh => [left, top, width, height],
        BoxFormat::Cxcywh => [(left + right) * 0.5, (top + bottom) * 0.5, width, height],
    }
}

fn moved([x0, y0, x1, y1]: [f64; 4], step: &PixelMove) -> [f64; 4] {
    match *step {
        PixelMove::Window { top, left, sides } => {
            let (top, left) = (f64::from(top), f64::from(left));
            within([x0 - left, y0 - top, x1 - left, y1 - top], sides)
        }
        PixelMove::MirrorHorizontal { width } => {
            let width = f64::from(width);
            [width - x1, y0, width - x0, y1]
        }
        PixelMove::MirrorVertical { height } => {
            let height = f64::from(height);
            [x0, height - y1, x1, height - y0]
        }
        PixelMove::Project { ref map, sides } => {
            let corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
            let corners = corners.map(|corner| projected(corner, map));
            let least = |axis: usize| {
                corners
                    .map(|it| it[axis])
                    .into_iter()
                    .fold(f64::MAX, f64::min)
            };
            let most = |axis: usize| {
                corners
                    .map(|it| it[axis])
                    .into_iter()
                    .fold(f64::MIN, f64::max)
            };
            within([least(0), least(1), most(0), most(1)], sides)
        }
        PixelMove::Scale { before, behind } => {
            let [high, wide] = [0, 1].map(|axis| ratio(before[axis], behind[axis]));
            [x0 * wide, y0 * high, x1 * wide, y1 * high]
        }
    }
}

/// The corners held within an image of these sides.
fn within([x0, y0, x1, y1]: [f64; 4], [height, width]: [u32; 2]) -> [f64; 4] {
    let (high, wide) = (f64::from(height), f64::from(width));
    [
        hold(x0, wide),
        hold(y0, high),
        hold(x1, wide),
        hold(y1, high),
    ]
}

/// A number from 0 to `most`, and never a negative zero.
fn hold(number: f64, most: f64) -> f64 {
    if number > most {
        most
    } else if number > 0.0 {
        number
    } else {
        0.0
    }
}

/// How much longer a side becomes.
pub(super) fn ratio(before: u32, behind: u32) -> f64 {
    f64::from(behind) / f64::from(before)
}

/// A number of binary64 as the nearest of binary32.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounded; coordinates are far below the largest float"
)]
pub(super) fn narrow(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDES: [u32; 2] = [10, 20];
    const BOX: (BoxFormat, f64) = (BoxFormat::Xyxy, 1.0);

    #[test]
    fn a_box_is_held_within_its_image() {
        let moved = |numbers| moved_box(BOX, numbers, &[], SIDES);
        assert_eq!(moved([1.5, 2.0, 7.0, 9.0]), ([1.5, 2.0, 7.0, 9.0], true));
        assert_eq!(
            moved([-3.0, -1.0, 99.0, 5.0]),
            ([0.0, 0.0, 20.0, 5.0], true)
        );
        assert_eq!(moved([7.0, 2.0, 1.5, 9.0]), ([7.0, 2.0, 1.5, 9.0], false));
        assert_eq!(
            moved([30.0, 2.0, 40.0, 9.0]),
            ([20.0, 2.0, 20.0, 9.0], false)
        );
        let (zeros, _) = moved([-0.0, -5.0, 2.0, 2.0]);
        assert!(zeros.iter().all(|number| number.is_sign_positive()));
    }

    #[test]
    fn formats_say_the_same_box() {
        let moves = [
            PixelMove::MirrorHorizontal { width: 20 },
            PixelMove::Window {
                top: 1,
                left: -2,
                sides: [9, 24],
            },
            PixelMove::Scale {
                before: [9, 24],
                behind: [18, 12],
            },
        ];
        let of = |format, numbers| moved_box((format, 1.0), numbers, &moves, [18, 12]);
        assert_eq!(
            of(BoxFormat::Xyxy, [2.0, 3.0, 6.0, 9.0]),
            ([8.0, 4.0, 10.0, 16.0], true)
        );
        assert_eq!(
            of(BoxFormat::Xywh, [2.0, 3.0, 4.0, 6.0]),
            ([8.0, 4.0, 2.0, 12.0], true)
        );
        assert_eq!(
            of(BoxFormat::Cxcywh, [4.0, 6.0, 4.0, 6.0]),
            ([9.0, 10.0, 2.0, 12.0], true)
        );
    }
}
