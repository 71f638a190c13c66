//! Where the corners of an image go, and the projective maps that follow from that.

use std::fmt;

/// Four corners in pixels, each x and y: those that top left, top right, bottom right and
/// bottom left become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quad([[i32; 2]; 4]);

/// The lines of a map from homogeneous coordinates to others.
type Exact = [[i128; 3]; 3];

impl Quad {
    /// These corners, if they are those of a convex quadrilateral that is not mirrored
    /// and no corner of which lies between its neighbours.
    #[must_use]
    pub fn convex(corners: [[i32; 2]; 4]) -> Option<Self> {
        let at = |index: usize| corners[index % 4].map(i64::from);
        let turns = |index: usize| {
            let ([x0, y0], [x1, y1], [x2, y2]) = (at(index), at(index + 1), at(index + 2));
            (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1) > 0
        };
        (0..4).all(turns).then_some(Self(corners))
    }

    /// The corners.
    #[must_use]
    pub fn corners(&self) -> [[i32; 2]; 4] {
        self.0
    }

    /// Where a point of the image that is written is in the one read, whose corners
    /// are `(0, 0)`, `(width - 1, 0)`, `(width - 1, height - 1)` and `(0, height - 1)`. The
    /// denominator is above 0 within the quadrilateral. `sides`, height and width, are at
    /// least 2.
    ///
    /// The inverse of [`Quad::from_image`], which is its adjugate: whole numbers, below
    /// 2^121 for sides up to 65,535, of which each is rounded to binary64 once.
    #[must_use]
    pub fn to_image(&self, sides: [u32; 2]) -> [f64; 9] {
        let [first, second, third] = self.of_unit_square();
        let [high, wide] = sides.map(|side| i128::from(side) - 1);
        // The columns of the adjugate.
        let columns = [
            cross(second, third),
            cross(third, first),
            cross(first, second),
        ];
        let line = |at: usize, by: i128| columns.map(|column| by * column[at]);
        let map = [line(0, wide), line(1, high), line(2, 1)];
        let [[x, y], ..] = self.0.map(|corner| corner.map(i128::from));
        rounded(map, map[2][0] * x + map[2][1] * y + map[2][2])
    }

    /// Where a point of the image that is read is in the one written.
    #[must_use]
    pub fn from_image(&self, sides: [u32; 2]) -> [f64; 9] {
        let [high, wide] = sides.map(|side| i128::from(side) - 1);
        let by = [high, wide, high * wide];
        let lines = self.of_unit_square();
        let map = lines.map(|line| std::array::from_fn(|at| line[at] * by[at]));
        rounded(map, map[2][2])
    }

    /// The map of the unit square to the corners, all of it times the determinant that
    /// its last two coefficients have below them (Heckbert, Fundamentals of Texture
    /// Mapping and Image Warping, 1989, 2.2.3).
    fn of_unit_square(&self) -> Exact {
        let [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = self.0.map(|corner| corner.map(i128::from));
        let (dx1, dx2, sum_x) = (x1 - x2, x3 - x2, x0 - x1 + x2 - x3);
        let (dy1, dy2, sum_y) = (y1 - y2, y3 - y2, y0 - y1 + y2 - y3);
        let below = dx1 * dy2 - dx2 * dy1;
        let across = sum_x * dy2 - dx2 * sum_y;
        let along = dx1 * sum_y - sum_x * dy1;
        let line = |[from, to_right, down]: [i128; 3]| {
            [
                (to_right - from) * below + across * to_right,
                (down - from) * below + along * down,
                from * below,
            ]
        };
        [
            line([x0, x1, x3]),
            line([y0, y1, y3]),
            [across, along, below],
        ]
    }
}

impl fmt::Display for Quad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, [x, y]) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}({x}, {y})")?;
        }
        Ok(())
    }
}

/// The cross product.
fn cross([x, y, z]: [i128; 3], by: [i128; 3]) -> [i128; 3] {
    [
        y * by[2] - z * by[1],
        z * by[0] - x * by[2],
        x * by[1] - y * by[0],
    ]
}

/// The same map, line by line, with a denominator that is above 0 where `denominator` was
/// found.
fn rounded(map: Exact, denominator: i128) -> [f64; 9] {
    let sign = denominator.signum();
    #[expect(clippy::cast_precision_loss, reason = "rounded to the nearest")]
    std::array::from_fn(|at| (sign * map[at / 3][at % 3]) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(map: [f64; 9], [x, y]: [i32; 2]) -> [f64; 2] {
        let of = |at: usize| map[at] * f64::from(x) + map[at + 1] * f64::from(y) + map[at + 2];
        assert!(of(6) > 0.0, "{map:?}");
        [of(0) / of(6), of(3) / of(6)]
    }

    #[test]
    fn corners_become_one_another() {
        for (sides @ [height, width], quad) in [
            ([11, 21], [[0, 0], [20, 0], [20, 10], [0, 10]]),
            ([11, 21], [[4, 3], [16, 1], [20, 9], [2, 6]]),
            ([2, 2], [[0, 0], [1, 0], [1, 1], [0, 1]]),
            (
                [65_535, 65_535],
                [[30_000, 1], [65_534, 20_000], [40_000, 65_534], [1, 50_000]],
            ),
        ] {
            let [high, wide] = sides.map(|side: i32| side - 1);
            let ends = [[0, 0], [wide, 0], [wide, high], [0, high]];
            let of = Quad::convex(quad).unwrap();
            let sides = [height.cast_unsigned(), width.cast_unsigned()];
            let (to, from) = (of.to_image(sides), of.from_image(sides));
            for (corner, end) in quad.into_iter().zip(ends) {
                let near = |[x, y]: [f64; 2], [to_x, to_y]: [i32; 2]| {
                    (x - f64::from(to_x)).abs() < 1e-7 && (y - f64::from(to_y)).abs() < 1e-7
                };
                assert!(near(through(to, corner), end), "{of} to {end:?}");
                assert!(near(through(from, end), corner), "{of} from {end:?}");
            }
        }
    }

    #[test]
    fn what_is_not_convex_is_none() {
        for corners in [
            [[0, 0], [0, 0], [9, 9], [0, 9]],
            [[0, 0], [4, 0], [8, 0], [0, 9]],
            [[9, 0], [0, 0], [0, 9], [9, 9]],
            [[0, 0], [9, 9], [9, 0], [0, 9]],
            [[5, 5], [9, 0], [9, 9], [0, 9]],
            [[6, 6], [9, 0], [9, 9], [0, 9]],
        ] {
            assert_eq!(Quad::convex(corners), None, "{corners:?}");
        }
        assert!(Quad::convex([[4, 4], [9, 0], [9, 9], [0, 9]]).is_some());
    }
}
