//! The coefficients of blocks that are worked on together, and their inverse
//! transform.
//!
//! The transform is the accurate integer one of the Independent JPEG Group
//! (Loeffler, Ligtenberg, Moschytz, "Practical fast 1-D DCT algorithms with 11
//! multiplications", ICASSP 1989; constants of 13 bits). Each lane is another block.

use crate::body::Body;

/// Blocks that are worked on together.
pub(super) const LANES: usize = 16;

/// The place of what belongs to no coefficient.
pub(super) const DUMP: usize = 64;

/// Numbers of a group: 64 coefficients by row and column, and what belongs to none.
pub(super) const GROUP: usize = (DUMP + 1) * LANES;

/// A group from the first coefficient of a block on; the others of the block follow
/// at distances of [`LANES`].
pub(super) type Block = [i16; BLOCK];

/// Numbers of a group from the first coefficient of a block to the last place of it.
pub(super) const BLOCK: usize = DUMP * LANES + 1;

/// Where the coefficients belong, in the order of the file: along diagonals
/// (ITU-T T.81, figure 5).
pub(super) const NATURAL_ORDER: [u8; 64] = natural_order();

const fn natural_order() -> [u8; 64] {
    let mut order = [0; 64];
    let (mut row, mut column, mut k) = (0u8, 0u8, 0);
    while k < 64 {
        order[k] = 8 * row + column;
        let goes_up = (row + column).is_multiple_of(2);
        if goes_up && column == 7 || !goes_up && row == 7 {
            // Along the edge that was reached.
            if goes_up {
                row += 1;
            } else {
                column += 1;
            }
        } else if goes_up {
            column += 1;
            row = row.saturating_sub(1);
        } else {
            row += 1;
            column = column.saturating_sub(1);
        }
        k += 1;
    }
    order
}

/// The largest number between the two passes, some times what pictures have. Up to it
/// nothing leaves 16 bits; beyond it libjpeg-turbo's vectors wrap here and stop at a
/// limit there.
const LARGEST: i32 = 0x3fff;

/// Bits behind the point of the constants.
const POINT: i32 = 13;
/// Bits that are kept between the two passes.
const KEPT: i32 = 2;

const C0_298: i32 = 2446;
const C0_390: i32 = 3196;
const C0_541: i32 = 4433;
const C0_765: i32 = 6270;
const C0_899: i32 = 7373;
const C1_175: i32 = 9633;
const C1_501: i32 = 12299;
const C1_847: i32 = 15137;
const C1_961: i32 = 16069;
const C2_053: i32 = 16819;
const C2_562: i32 = 20995;
const C3_072: i32 = 25172;

/// One dimension of the transform, of eight numbers; results have 13 bits more.
#[inline(always)]
fn transformed(x: [i32; 8]) -> [i32; 8] {
    let tmp2 = x[2] * C0_541 + x[6] * (C0_541 - C1_847);
    let tmp3 = x[2] * (C0_541 + C0_765) + x[6] * C0_541;
    let tmp0 = (x[0] + x[4]) << POINT;
    let tmp1 = (x[0] - x[4]) << POINT;
    let even = [tmp0 + tmp3, tmp1 + tmp2, tmp1 - tmp2, tmp0 - tmp3];
    let (z3, z4) = (x[7] + x[3], x[5] + x[1]);
    let (z3, z4) = (
        z3 * (C1_175 - C1_961) + z4 * C1_175,
        z3 * C1_175 + z4 * (C1_175 - C0_390),
    );
    let odd = [
        x[7] * -C0_899 + x[1] * (C1_501 - C0_899) + z4,
        x[5] * -C2_562 + x[3] * (C3_072 - C2_562) + z3,
        x[5] * (C2_053 - C2_562) + x[3] * -C2_562 + z4,
        x[7] * (C0_298 - C0_899) + x[1] * -C0_899 + z3,
    ];
    [
        even[0].wrapping_add(odd[0]),
        even[1].wrapping_add(odd[1]),
        even[2].wrapping_add(odd[2]),
        even[3].wrapping_add(odd[3]),
        even[3].wrapping_sub(odd[3]),
        even[2].wrapping_sub(odd[2]),
        even[1].wrapping_sub(odd[1]),
        even[0].wrapping_sub(odd[0]),
    ]
}

#[inline(always)]
fn descaled(x: i32, by: i32) -> i32 {
    x.wrapping_add(1 << (by - 1)) >> by
}

/// The samples of a line of groups, into the eight lines of a plane.
pub(super) struct Transform<'a> {
    /// [`GROUP`] numbers for each 16 blocks.
    pub coefficients: &'a [i16],
    /// Bytes of a line of the plane.
    pub stride: usize,
    /// Where the samples begin in a line.
    pub margin: usize,
}

impl Body for Transform<'_> {
    /// `dst` are the eight lines; `false` where numbers are larger than in pictures.
    #[inline(always)]
    fn run(&self, _: &[u8], dst: &mut [u8]) -> bool {
        let mut are_usual = true;
        for (at, group) in self.coefficients.chunks_exact(GROUP).enumerate() {
            let first = self.margin + at * LANES * 8;
            let (columns, bits) = columns(group);
            are_usual &= bits <= LARGEST;
            for (row, line) in dst.chunks_exact_mut(self.stride).enumerate().take(8) {
                let samples = row_of(&columns, row);
                let Some(line) = line[first..].first_chunk_mut::<{ 8 * LANES }>() else {
                    return false;
                };
                for (eight, samples) in line.as_chunks_mut::<8>().0.iter_mut().zip(samples) {
                    *eight = samples.to_le_bytes();
                }
            }
        }
        are_usual
    }
}

/// The first pass: down the columns; and the bits that its numbers have, the sign
/// apart.
#[inline(always)]
fn columns(group: &[i16]) -> ([[i16; LANES]; 64], i32) {
    let (group, _) = group.as_chunks::<LANES>();
    let mut out = [[0; LANES]; 64];
    let mut bits = [0; LANES];
    for column in 0..8 {
        for lane in 0..LANES {
            let x = std::array::from_fn(|row| i32::from(group[8 * row + column][lane]));
            for (row, x) in transformed(x).into_iter().enumerate() {
                let x = descaled(x, POINT - KEPT);
                bits[lane] |= x ^ (x >> 31);
                out[8 * row + column][lane] = x as i16;
            }
        }
    }
    (out, bits.into_iter().fold(0, |all, bits| all | bits))
}

/// The second pass along one row: eight samples of each block, the first in the
/// lowest byte.
#[inline(always)]
fn row_of(columns: &[[i16; LANES]; 64], row: usize) -> [u64; LANES] {
    let mut out = [0; LANES];
    for (lane, out) in out.iter_mut().enumerate() {
        let x = std::array::from_fn(|column| i32::from(columns[8 * row + column][lane]));
        let sample = |x: i32| (descaled(x, POINT + KEPT + 3).clamp(-128, 127) + 128) as u32;
        let samples = transformed(x).map(sample);
        let four = |at: usize| (0..4).fold(0, |all, next| all | samples[at + next] << (8 * next));
        *out = u64::from(four(0)) | u64::from(four(4)) << 32;
    }
    out
}
