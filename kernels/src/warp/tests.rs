//! Every level against the scalar reference, the reference against whole numbers of 128
//! bits, and maps of which it is known what they do.

use proptest::prelude::*;

use super::row::Linear;
use super::{Warp, WarpError, WarpFilter, WarpRow};
use crate::Level;
use crate::normalize::Layout::{self, Chw, Hwc};

const LAYOUTS: [Layout; 2] = [Hwc, Chw];
const FILTERS: [WarpFilter; 2] = [WarpFilter::Nearest, WarpFilter::Bilinear];
const FILL: [u8; 4] = [11, 22, 33, 44];
const IDENTITY: [f64; 9] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];

fn of(channels: u32, layout: Layout, filter: WarpFilter) -> Warp {
    Warp::new(channels, layout, (filter, FILL)).unwrap()
}

fn image(len: usize) -> Vec<u8> {
    let byte = |at: usize| (at * 37 + at / 251 * 101).to_le_bytes()[0];
    (0..len).map(byte).collect()
}

fn run(warp: Warp, level: Level, src: &[u8], row: &WarpRow) -> Vec<u8> {
    let mut dst = vec![0xa5; warp.check(row, src.len()).unwrap()];
    warp.run(level, src, row, &mut dst).unwrap();
    dst
}

/// One channel, at the best level, which must be what the scalar one gives.
fn grey(filter: WarpFilter, src: &[u8], row: &WarpRow) -> Vec<u8> {
    let warp = of(1, Hwc, filter);
    let found = run(warp, Level::best(), src, row);
    assert_eq!(found, run(warp, Level::SCALAR, src, row));
    found
}

/// Maps of images of these sides: next to identity, tilted a little or with horizons.
fn map([height, width]: [u32; 2]) -> impl Strategy<Value = [f64; 9]> {
    let (high, wide) = (f64::from(height), f64::from(width));
    let near_one = || -0.7..0.7_f64;
    let tilt = prop_oneof![Just(0.0), -0.02..0.02_f64, -1.0..1.0_f64, -1e-9..1e-9_f64];
    let depth = prop_oneof![Just(1.0), 0.5..2.0_f64, -1.0..1.0_f64];
    let lines = (
        [near_one(), near_one(), -wide..wide],
        [near_one(), near_one(), -high..high],
        (tilt.clone(), tilt, depth),
    );
    lines.prop_map(|([a, b, c], [d, e, f], (g, h, i))| [1.0 + a, b, c, d, 1.0 + e, f, g, h, i])
}

/// An image's sides, those written, and a map.
fn case() -> impl Strategy<Value = ([u32; 2], [u32; 2], [f64; 9])> {
    let sides = ([1..40_u32, 1..90_u32], [0..40_u32, 0..150_u32]);
    sides.prop_flat_map(|(src, dst)| map(src).prop_map(move |map| (src, dst, map)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn levels_have_the_meaning((src, dst, map) in case()) {
        let row = WarpRow::new(src, dst, &map).unwrap();
        for channels in 1..=4 {
            let bytes = image((src[0] * src[1] * channels) as usize);
            for (layout, filter) in LAYOUTS.into_iter().flat_map(|it| FILTERS.map(|of| (it, of))) {
                let warp = of(channels, layout, filter);
                let want = run(warp, Level::SCALAR, &bytes, &row);
                for level in Level::available() {
                    prop_assert_eq!(&run(warp, level, &bytes, &row), &want);
                }
            }
        }
    }

    /// The reference by the formula of the contract, in whole numbers of 128 bits.
    #[test]
    fn the_nearest_is_that_of_the_formula((src, dst, map) in case()) {
        let row = WarpRow::new(src, dst, &map).unwrap();
        let [height, width] = src.map(i128::from);
        let bytes = image(src[0] as usize * src[1] as usize);
        let found = run(of(1, Hwc, WarpFilter::Nearest), Level::SCALAR, &bytes, &row);
        let mut found = found.iter();
        for y in 0..dst[0] {
            for x in 0..dst[1] {
                let [across, down, depth] = row.lines().map(|line| i128::from(line.at(x, y)));
                let mut leading = depth;
                let mut unit = 1;
                while leading >= 1 << 24 {
                    leading /= 2;
                    unit *= 2;
                }
                let part = |sum: i128| (sum * 4096).div_euclid((leading * unit).max(1));
                let (u, v) = (part(across), part(down));
                let is_inside = depth > 0 && u >= 0 && v >= 0 && u < width * 4096 && v < height * 4096;
                let want = if is_inside { bytes[usize::try_from(v / 4096 * width + u / 4096).unwrap()] } else { FILL[0] };
                prop_assert_eq!(found.next(), Some(&want));
            }
        }
    }

    /// Sums that are next to whole multiples of the divisor, of any size: quotients that
    /// a rounded division gets wrong.
    #[test]
    fn quotients_are_exact_at_every_level(
        divisor in prop_oneof![1..1_i64 << 24, 1..1_i64 << 51, Just((1_i64 << 51) - 1), Just(1_i64 << 35)],
        width in 1..65_536_u32,
        parts in prop::collection::vec((0..1_i64 << 28, -2..3_i64), 20),
    ) {
        let n_bits = i64::BITS - divisor.leading_zeros();
        let n_dropped = n_bits.saturating_sub(24);
        let kept = divisor >> n_dropped << n_dropped;
        let bytes = image(width as usize);
        for (part, beside) in parts {
            let sum = i64::try_from(i128::from(part) * i128::from(kept) / 4096);
            let sum = sum.map_or(-1, |sum| sum.saturating_add(beside));
            if !(0..1 << 51).contains(&sum) {
                continue;
            }
            let line = |first| Linear { across: 0, down: 0, first };
            let row = WarpRow::of([1, width], [1, 3], [line(sum), line(0), line(divisor)]);
            for filter in FILTERS {
                grey(filter, &bytes, &row);
            }
        }
    }

    /// A common factor of all coefficients changes nothing if it is a power of two.
    #[test]
    fn maps_are_homogeneous((src, dst, map) in case(), exponent in -300..300_i32) {
        let scaled = map.map(|it| it * 2.0_f64.powi(exponent));
        prop_assert_eq!(WarpRow::new(src, dst, &map), WarpRow::new(src, dst, &scaled));
    }
}

#[test]
fn identity_changes_nothing() {
    for sides @ [height, width] in [[1, 1], [3, 200], [65_535, 1], [1, 65_535], [37, 41], [0, 5]] {
        let row = WarpRow::whole(sides).unwrap();
        assert!(row.is_whole());
        let src = image((height * width) as usize);
        for filter in FILTERS {
            assert!(grey(filter, &src, &row) == src, "{sides:?}");
        }
        // Within other records of 2^50, so that the scale is another.
        let tripled = WarpRow::new(sides, sides, &IDENTITY.map(|it| it * 3.0)).unwrap();
        for filter in FILTERS {
            assert!(grey(filter, &src, &tripled) == src, "{sides:?}");
        }
    }
}

#[test]
fn what_is_shifted_turned_and_mirrored_is_known() {
    let src = [1, 2, 3, 4, 5, 6];
    let by =
        |dst, map: [f64; 9], filter| grey(filter, &src, &WarpRow::new([2, 3], dst, &map).unwrap());
    for filter in FILTERS {
        let shifted = [1.0, 0.0, 1.0, 0.0, 1.0, -1.0, 0.0, 0.0, 1.0];
        assert_eq!(
            by([3, 3], shifted, filter),
            [11, 11, 11, 2, 3, 11, 5, 6, 11]
        );
        let mirrored = [-1.0, 0.0, 3.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(by([2, 3], mirrored, filter), [3, 2, 1, 6, 5, 4]);
        let turned = [0.0, 1.0, 0.0, -1.0, 0.0, 2.0, 0.0, 0.0, 1.0];
        assert_eq!(by([3, 2], turned, filter), [4, 1, 5, 2, 6, 3]);
    }
    let half = [1.0, 0.0, 0.5, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    // Between two samples, halves are rounded up; the last is not mixed with the outside.
    assert_eq!(by([1, 3], half, WarpFilter::Bilinear), [2, 3, 11]);
    assert_eq!(by([1, 3], half, WarpFilter::Nearest), [2, 3, 11]);
    let quarter = [1.0, 0.0, 0.25, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    assert_eq!(by([1, 3], quarter, WarpFilter::Bilinear), [1, 2, 3]);
    let twice = [0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0];
    assert_eq!(by([1, 6], twice, WarpFilter::Nearest), [1, 1, 2, 2, 3, 3]);
    assert_eq!(by([1, 6], twice, WarpFilter::Bilinear), [1, 1, 2, 2, 3, 3]);
}

/// The denominator is 0 in the middle of the third column, and negative behind it.
#[test]
fn what_is_behind_the_horizon_is_outside() {
    let map = [0.0, 0.0, 0.5, 0.0, 1.0, 0.0, -1.0, 0.0, 2.5];
    for filter in FILTERS {
        let row = WarpRow::new([1, 9], [1, 5], &map).unwrap();
        let found = grey(filter, &image(9), &row);
        assert_eq!(found[2..], [11; 3], "{found:?}");
        assert_ne!(found[0], 11);
        let behind = map.map(|it| -it);
        let row = WarpRow::new([1, 9], [1, 5], &behind).unwrap();
        assert_eq!(grey(filter, &image(9), &row)[..3], [11; 3]);
        let nowhere = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        let row = WarpRow::new([1, 9], [1, 5], &nowhere).unwrap();
        assert_eq!(grey(filter, &image(9), &row), [11; 5]);
        let one_point = [0.0, 0.0, 0.5, 0.0, 0.0, 0.5, 0.0, 0.0, 1.0];
        let row = WarpRow::new([1, 1], [2, 2], &one_point).unwrap();
        assert_eq!(grey(filter, &[77], &row), [77; 4]);
        let row = WarpRow::new([0, 4], [2, 2], &one_point).unwrap();
        assert_eq!(grey(filter, &[], &row), [11; 4]);
    }
}

#[test]
fn the_largest_sides_and_coefficients_do_not_overflow() {
    let sides = [1, 65_535];
    let src = image(65_535);
    for map in [
        [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1e-5, 0.0, 0.5],
        [1e300, 0.0, 0.0, 0.0, 1e300, 0.0, 1e300, 0.0, 0.5],
        [1e-140, 0.0, 0.0, 0.0, 1e-140, 0.0, 0.0, 0.0, 1e-140],
        [1e18, 0.0, -5e17, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1e-320, 0.0, 1e-320],
    ] {
        let Ok(row) = WarpRow::new(sides, [2, 65_535], &map) else {
            assert!(map[0] > 1e200);
            continue;
        };
        for filter in FILTERS {
            grey(filter, &src, &row);
        }
    }
    let most = (1 << 52) - 1;
    let line = |first| Linear {
        across: 0,
        down: 0,
        first,
    };
    for numbers in [
        [most, most, most],
        [most, 0, 1],
        [most, most, 1 << 24],
        [-most, 0, most],
    ] {
        let row = WarpRow::of([1, 65_535], [1, 70], numbers.map(line));
        for filter in FILTERS {
            grey(filter, &src, &row);
        }
    }
}

#[test]
fn what_cannot_be_a_map_is_refused() {
    let sides = [3, 5];
    for at in 0..9 {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200, -1e300] {
            let mut map = IDENTITY;
            map[at] = number;
            let refused = WarpRow::new(sides, sides, &map).unwrap_err();
            assert!(
                matches!(refused, WarpError::Coefficients { .. }),
                "{refused}"
            );
        }
    }
    for number in [0.0, -0.0, 1e-300, f64::MIN_POSITIVE, 5e-324] {
        assert!(WarpRow::new(sides, sides, &[number; 9]).is_err());
    }
    let large = WarpError::Size {
        height: 65_536,
        width: 1,
    };
    assert_eq!(WarpRow::whole([65_536, 1]), Err(large));
    assert_eq!(WarpRow::new([1, 1], [65_536, 1], &IDENTITY), Err(large));
}

#[test]
fn records_and_lengths_that_do_not_fit_are_refused() {
    let warp = of(3, Hwc, WarpFilter::Bilinear);
    let row = WarpRow::whole([2, 3]).unwrap();
    assert_eq!(warp.check(&row, 18), Ok(18));
    let of_17 = WarpError::Length {
        expected: 18,
        got: 17,
    };
    assert_eq!(warp.check(&row, 17), Err(of_17));
    let done = warp.run(Level::best(), &[0; 18], &row, &mut [0; 17]);
    assert_eq!(done, Err(of_17));
    let high = WarpRow {
        x_first_high: 1 << 20,
        ..row
    };
    assert!(matches!(
        warp.check(&high, 18),
        Err(WarpError::Record { .. })
    ));
    let negative = WarpRow {
        w_across_high: u32::MAX << 19,
        ..row
    };
    assert!(matches!(
        warp.check(&negative, 18),
        Err(WarpError::Record { .. })
    ));
    let tall = WarpRow {
        src_height: 65_536,
        ..row
    };
    assert!(matches!(warp.check(&tall, 18), Err(WarpError::Size { .. })));
    let huge = WarpRow::new([2, 3], [65_535, 65_535], &IDENTITY).unwrap();
    assert!(matches!(warp.check(&huge, 18), Err(WarpError::Size { .. })));
    for channels in [0, 5] {
        let refused = Warp::new(channels, Hwc, (WarpFilter::Nearest, FILL));
        assert_eq!(refused, Err(WarpError::Channels { got: channels }));
    }
}
