//! Keypoints that move with their image, as torchvision's transforms v2 have it.
//!
//! ```text
//! window   x - left, y - top
//! mirror   width - 1 - x
//! scale    x * (width behind / width before)
//! project  (a x + b y + c) / (g x + h y + i), likewise y
//! ```
//!
//! A whole number is the middle of a pixel for a mirror, unlike that of a box, which is
//! an edge. All of it is done in binary64 and rounded to binary32 at the end.

use super::boxes::{narrow, ratio};
use super::geometry::{PixelMove, projected};

/// A point behind `moves`, x and y, and whether it lies in the image then, which has
/// these sides: from 0 on and below width and height.
#[must_use]
pub fn moved_point(
    [x, y]: [f64; 2],
    moves: &[PixelMove],
    [height, width]: [u32; 2],
) -> ([f32; 2], bool) {
    let [x, y] = moves.iter().fold([x, y], moved).map(narrow);
    let is_in = |number: f32, side: u32| number >= 0.0 && f64::from(number) < f64::from(side);
    ([x, y], is_in(x, width) && is_in(y, height))
}

fn moved([x, y]: [f64; 2], step: &PixelMove) -> [f64; 2] {
    match *step {
        PixelMove::Window { top, left, .. } => [x - f64::from(left), y - f64::from(top)],
        PixelMove::MirrorHorizontal { width } => [f64::from(width) - 1.0 - x, y],
        PixelMove::MirrorVertical { height } => [x, f64::from(height) - 1.0 - y],
        PixelMove::Project { ref map, .. } => projected([x, y], map),
        PixelMove::Scale { before, behind } => [
            x * ratio(before[1], behind[1]),
            y * ratio(before[0], behind[0]),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_in_the_image_or_not() {
        let mirror = [PixelMove::MirrorHorizontal { width: 20 }];
        assert_eq!(
            moved_point([0.0, 3.0], &mirror, [10, 20]),
            ([19.0, 3.0], true)
        );
        assert_eq!(
            moved_point([-0.5, 3.0], &mirror, [10, 20]),
            ([19.5, 3.0], true)
        );
        assert_eq!(
            moved_point([19.5, 3.0], &mirror, [10, 20]),
            ([-0.5, 3.0], false)
        );
        // Below 20 before it is rounded.
        let nearly = 20.0 - 1e-9;
        assert_eq!(
            moved_point([nearly, 3.0], &[], [10, 20]),
            ([20.0, 3.0], false)
        );
    }
}
