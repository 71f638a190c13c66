//! Weights against what is known of them, and every level against the scalar
//! reference, one axis and both.

use proptest::prelude::*;

use super::{
    Axis, Resample, ResampleError, ResampleFilter, ResampleImages, ResampleRow, ResampleScratch,
    ResampleTables, ResampleWindow, Weights, WeightsCache,
};
use crate::Level;
use crate::normalize::Layout::{self, Chw, Hwc};

const LAYOUTS: [Layout; 2] = [Hwc, Chw];

fn bytes(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Extremes are frequent, so that sums reach beyond 0 and 255.
        match state >> 30 {
            0 => 0,
            1 => 255,
            _ => state.to_be_bytes()[1],
        }
    };
    (0..len).map(next).collect()
}

/// The weights of each position, as pairs of a sample and its weight.
fn table(weights: &Weights) -> Vec<Vec<(u32, i32)>> {
    let words = weights.words();
    let each = words[0] as usize;
    let to = weights.to() as usize;
    let (starts, all) = words[1..].split_at(to);
    assert_eq!(all.len(), to * each);
    let position = |(start, weights): (&u32, &[u32])| {
        let weights = weights.iter().map(|word| word.cast_signed());
        let samples = (*start..).zip(weights).filter(|(_, weight)| *weight != 0);
        samples.collect()
    };
    starts.iter().zip(all.chunks(each)).map(position).collect()
}

#[test]
fn a_bilinear_table_is_known() {
    let one = 1 << 22;
    // Half as many: the triangle is four samples wide.
    let half = Weights::new(4, 2, ResampleFilter::Bilinear).unwrap();
    let [a, b, c] = [3, 3, 1].map(|n| (f64::from(n * one) / 7.0).round());
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^22")]
    let [a, b, c] = [a as i32, b as i32, c as i32];
    assert_eq!(
        table(&half),
        [vec![(0, a), (1, b), (2, c)], vec![(1, c), (2, b), (3, a)]]
    );
    assert_eq!(half.reads(), 0..4);
    // Twice as many: two samples each, but at the ends.
    let twice = Weights::new(2, 4, ResampleFilter::Bilinear).unwrap();
    let [near, far] = [one / 4 * 3, one / 4];
    assert_eq!(
        table(&twice),
        [
            vec![(0, one)],
            vec![(0, near), (1, far)],
            vec![(0, far), (1, near)],
            vec![(1, one)]
        ]
    );
}

#[test]
fn tables_read_within_the_samples_and_sum_to_one() {
    for filter in ResampleFilter::ALL {
        for (from, to) in [
            (1, 1),
            (1, 9),
            (9, 1),
            (500, 224),
            (7, 300),
            (3000, 2),
            (2, 3),
        ] {
            let weights = Weights::new(from, to, filter).unwrap();
            let reads = weights.reads();
            assert!(reads.end <= from && !reads.is_empty());
            let len = reads.end - reads.start;
            for position in table(&weights) {
                assert!(position.iter().all(|(sample, _)| *sample < len));
                let sum: i32 = position.iter().map(|(_, weight)| weight).sum();
                let n = i32::try_from(position.len()).unwrap();
                let rest = (sum - (1 << 22)).abs();
                assert!(rest <= n + 2, "{filter:?} {from} {to}: {rest} of {n}");
            }
        }
    }
}

#[test]
fn an_axis_that_stays_is_copied() {
    for filter in ResampleFilter::ALL {
        let weights = Weights::new(5, 5, filter).unwrap();
        assert!(weights.is_identity());
        let copies: Vec<_> = (0..5).map(|at| vec![(at, 1 << 22)]).collect();
        assert_eq!(table(&weights), copies);
    }
}

#[test]
fn nearest_neighbours_are_those_at_the_centers() {
    let of = |from, to| {
        let weights = Weights::new(from, to, ResampleFilter::Nearest).unwrap();
        let begin = weights.reads().start;
        let samples = table(&weights).into_iter().map(move |one| begin + one[0].0);
        samples.collect::<Vec<_>>()
    };
    assert_eq!(of(4, 2), [1, 3]);
    assert_eq!(of(2, 4), [0, 0, 1, 1]);
    assert_eq!(of(5, 3), [0, 2, 4]);
    assert_eq!(of(9, 1), [4]);
}

#[test]
fn a_window_is_what_cropping_first_gives() {
    let (sides, window) = ([9, 11], [2, 3, 5, 7]);
    let src = bytes(9 * 11 * 3, 7);
    let line = |row: usize| &src[(row * 11 + 3) * 3..(row * 11 + 10) * 3];
    let cropped: Vec<u8> = (2..7).flat_map(line).copied().collect();
    for filter in ResampleFilter::ALL {
        let images = ResampleImages::new(3, Hwc, filter).unwrap();
        let resize = |src: &[u8], window: ResampleWindow| {
            let mut dst = vec![0; 4 * 13 * 3];
            let scratch = &mut ResampleScratch::default();
            let read = (src, &window);
            images
                .run(Level::best(), read, (&mut dst, [4, 13]), scratch)
                .unwrap();
            dst
        };
        let whole = ResampleWindow::whole([5, 7]);
        assert_eq!(
            resize(&src, ResampleWindow { sides, window }),
            resize(&cropped, whole)
        );
    }
}

#[test]
fn equal_windows_share_their_tables() {
    let mut tables = ResampleTables::default();
    let mut cache = WeightsCache::default();
    let mut rows = |window, to| {
        let window = ResampleWindow {
            sides: [40, 50],
            window,
        };
        let filter = ResampleFilter::Bicubic;
        let rows = tables.rows(&mut cache, (&window, to), filter).unwrap();
        (rows, tables.words().len())
    };
    let (first, len) = rows([0, 0, 30, 20], [7, 8]);
    let (second, same) = rows([5, 9, 30, 20], [7, 8]);
    assert_eq!(
        (first[0].table, first[1].table),
        (second[0].table, second[1].table)
    );
    assert_eq!(len, same);
    let (_, more) = rows([5, 9, 31, 20], [7, 8]);
    assert!(more > len);
}

#[test]
fn tall_windows_become_lower_first() {
    let axes = |rows, to| {
        let window = ResampleWindow::whole([rows, 3]);
        let (mut tables, mut cache) = (ResampleTables::default(), WeightsCache::default());
        let rows = tables.rows(&mut cache, (&window, [to, 7]), ResampleFilter::Bilinear);
        rows.unwrap().map(|row| row.axis())
    };
    assert_eq!(axes(300, 9), [Axis::Horizontal, Axis::Vertical]);
    assert_eq!(axes(301, 9), [Axis::Vertical, Axis::Horizontal]);
    assert_eq!(axes(301, 301), [Axis::Horizontal, Axis::Vertical]);
}

/// What the kernels of both axes make of an image, one after the other.
fn by_kernels(
    level: Level,
    (channels, layout, filter): (u32, Layout, ResampleFilter),
    (src, window): (&[u8], &ResampleWindow),
    to: [u32; 2],
) -> Vec<u8> {
    let mut tables = ResampleTables::default();
    let mut cache = WeightsCache::default();
    let rows = tables.rows(&mut cache, (window, to), filter).unwrap();
    let mut image = src.to_vec();
    let kernel = Resample::new(channels, layout).unwrap();
    for row in &rows {
        let len = kernel.check(row, tables.words(), image.len()).unwrap();
        let mut dst = vec![0xa5; len + 6];
        let read = (&image[..], row, tables.words());
        kernel.run(level, read, &mut dst[3..len + 3]).unwrap();
        assert_eq!([&dst[..3], &dst[len + 3..]].concat(), [0xa5; 6]);
        image = dst[3..len + 3].to_vec();
    }
    image
}

/// Every level has the bits of the scalar one, both as kernels and at once.
fn check_levels(
    (channels, layout, filter): (u32, Layout, ResampleFilter),
    window: &ResampleWindow,
    to: [u32; 2],
    scratch: &mut ResampleScratch,
) {
    let [height, width] = window.sides;
    let src = bytes((height * width * channels) as usize, height * 31 + width);
    let of = (channels, layout, filter);
    let want = by_kernels(Level::SCALAR, of, (&src, window), to);
    let images = ResampleImages::new(channels, layout, filter).unwrap();
    for level in Level::available() {
        let got = by_kernels(level, of, (&src, window), to);
        assert!(got == want, "{of:?} {window:?} {to:?} at {level}");
        let mut dst = vec![0xa5; want.len()];
        images
            .run(level, (&src, window), (&mut dst, to), scratch)
            .unwrap();
        assert!(dst == want, "{of:?} {window:?} {to:?} at once at {level}");
    }
}

#[test]
fn extreme_sides_have_the_bits_of_the_reference() {
    let mut scratch = ResampleScratch::default();
    for filter in ResampleFilter::ALL {
        for (sides, to) in [
            ([1, 1], [1, 1]),
            ([1, 1], [70, 33]),
            ([1, 3000], [3, 2]),
            ([501, 5], [20, 9]),
            ([3000, 1], [2, 3]),
            ([2, 2], [1, 900]),
            ([65, 2100], [65, 1]),
            ([129, 5], [1, 5]),
            ([64, 64], [64, 64]),
        ] {
            for channels in 1..=4 {
                let layout = LAYOUTS[channels as usize % 2];
                let window = ResampleWindow::whole(sides);
                check_levels((channels, layout, filter), &window, to, &mut scratch);
            }
        }
    }
}

#[test]
fn what_cannot_be_resized_is_refused() {
    for got in [0, 5, u32::MAX] {
        let error = Some(ResampleError::Channels { got });
        assert_eq!(Resample::new(got, Hwc).err(), error);
        assert_eq!(
            ResampleImages::new(got, Hwc, ResampleFilter::Box).err(),
            error
        );
    }
    for (from, to) in [(0, 1), (1, 0), (1 << 24, 1), (1, u32::MAX)] {
        let error = Weights::new(from, to, ResampleFilter::Lanczos);
        assert_eq!(error, Err(ResampleError::Sides { from, to }));
    }
    let images = ResampleImages::new(3, Hwc, ResampleFilter::Box).unwrap();
    let mut scratch = ResampleScratch::default();
    let mut run = |sides, window, len, to: [u32; 2], room| {
        let src = vec![0; len];
        let window = ResampleWindow { sides, window };
        let dst = (&mut vec![0; room][..], to);
        images.run(Level::best(), (&src, &window), dst, &mut scratch)
    };
    assert_eq!(run([4, 5], [0, 0, 4, 5], 60, [1, 1], 3), Ok(()));
    for window in [
        [0, 0, 5, 5],
        [0, 0, 0, 5],
        [4, 0, 1, 1],
        [u32::MAX, 0, 2, 1],
    ] {
        let error = run([4, 5], window, 60, [1, 1], 3);
        assert!(matches!(error, Err(ResampleError::Window { .. })));
    }
    for (len, room) in [(59, 3), (61, 3), (60, 2), (60, 4), (0, 3), (60, 0)] {
        let error = run([4, 5], [0, 0, 4, 5], len, [1, 1], room);
        assert!(matches!(error, Err(ResampleError::Length { .. })));
    }
    let error = run([u32::MAX; 2], [0, 0, 1, 1], 60, [1, 1], 3);
    assert!(matches!(error, Err(ResampleError::Length { .. })));
}

#[test]
fn records_and_tables_that_do_not_go_together_are_refused() {
    let kernel = Resample::new(1, Hwc).unwrap();
    let row = ResampleRow {
        height: 2,
        width: 4,
        top: 0,
        left: 1,
        rows: 2,
        cols: 3,
        to: 2,
        table: 1,
        is_vertical: 0,
    };
    // Behind a word: two positions of two weights each.
    let words = [9, 2, 0, 1, 1, 2, 3, 4];
    assert_eq!(kernel.check(&row, &words, 8), Ok(4));
    let refused = |row: ResampleRow, words: &[u32]| {
        let error = kernel.check(&row, words, 8);
        matches!(error, Err(ResampleError::Table { .. }))
    };
    assert!(refused(row, &words[..7]));
    assert!(refused(row, &[]));
    for table in [0, 2, 8, u32::MAX] {
        assert!(refused(ResampleRow { table, ..row }, &words), "{table}");
    }
    for to in [0, 3, u32::MAX] {
        assert!(refused(ResampleRow { to, ..row }, &words), "{to}");
    }
    assert!(refused(ResampleRow { cols: 2, ..row }, &words));
    assert!(refused(row, &[9, 0, 0, 1, 1, 2, 3, 4]));
    assert!(refused(row, &[9, u32::MAX, 0, 1, 1, 2, 3, 4]));
    assert!(refused(row, &[9, 2, 0, 2, 1, 2, 3, 4]));
    assert!(refused(row, &[9, 2, 0, 1, 1, 2, 3, 1 << 25]));
    assert!(refused(row, &[9, 2, 0, 1, 1, 2, 3, 1 << 31]));
    let beyond = ResampleRow { left: 2, ..row };
    let error = kernel.check(&beyond, &words, 8);
    assert!(matches!(error, Err(ResampleError::Window { .. })));
    let large = ResampleRow {
        height: u32::MAX,
        width: u32::MAX,
        ..row
    };
    let error = kernel.check(&large, &words, 8);
    assert!(matches!(error, Err(ResampleError::Size { .. })));
}

/// A window of an axis: its samples, where it begins, and how many it has.
fn axis(longest: u32) -> impl Strategy<Value = [u32; 3]> {
    (1..=longest)
        .prop_flat_map(|side| (Just(side), 0..side))
        .prop_flat_map(|(side, begin)| (Just(side), Just(begin), 1..=side - begin))
        .prop_map(|(side, begin, len)| [side, begin, len])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_level_has_the_bits_of_the_reference(
        rows in prop_oneof![axis(12), axis(150)],
        cols in prop_oneof![axis(40), axis(400)],
        to in [1..60_u32, 1..300_u32],
        channels in 1..=4_u32,
        filter in prop::sample::select(&ResampleFilter::ALL[..]),
        is_chw in any::<bool>(),
    ) {
        let window = ResampleWindow {
            sides: [rows[0], cols[0]],
            window: [rows[1], cols[1], rows[2], cols[2]],
        };
        let layout = LAYOUTS[usize::from(is_chw)];
        let scratch = &mut ResampleScratch::default();
        check_levels((channels, layout, filter), &window, to, scratch);
    }
}
