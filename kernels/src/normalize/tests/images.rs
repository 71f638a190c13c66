//! `normalize` on images.
#![expect(
    clippy::cast_possible_truncation,
    reason = "small numbers, and constants that are rounded"
)]

use std::sync::Arc;

use ndarray::{Array4, ArrayView4, Axis, s};
use proptest::prelude::*;

use crate::normalize::{Flip, Geometry, Images, Layout, NormalizeError, Table};
use crate::{Element, Kernel, Level};

const LAYOUTS: [Layout; 2] = [Layout::Hwc, Layout::Chw];
const FLIPS: [Flip; 4] = [Flip::None, Flip::Horizontal, Flip::Vertical, Flip::Both];
pub(super) const ELEMENTS: [Element; 3] = [Element::F32, Element::F16, Element::BF16];
pub(super) const MEAN: [f64; 4] = [0.485, 0.456, 0.406, 0.5];
pub(super) const STD: [f64; 4] = [0.229, 0.224, 0.225, 0.25];

/// The constants of `ImageNet`, for any number of channels.
pub(super) fn table(element: Element, channels: usize) -> Table {
    Table::new(
        element,
        channels,
        (&MEAN[..channels], &STD[..channels]),
        255.0,
    )
    .unwrap()
}

/// All of an image, from HWC to CHW.
fn whole([height, width, channels]: [u32; 3]) -> Geometry {
    Geometry {
        height,
        width,
        channels,
        from: Layout::Hwc,
        to: Layout::Chw,
        crop: [0, 0, height, width],
        flip: Flip::None,
    }
}

/// Bytes without a pattern that an error could hide behind.
fn bytes(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn run(images: &Images, level: Level, src: &[u8], dst: &mut [u8]) {
    let kernel = Kernel::NormalizeImages(Arc::new(images.clone()));
    assert_eq!(kernel.run(level, src, dst), Ok(None));
}

/// What `images` makes of `n_images` at `level`, in memory that begins `shift`
/// bytes after a line, as does what is read. Fails where anything beside it is
/// written.
fn result(images: &Images, level: Level, n_images: usize, shift: usize) -> Vec<u8> {
    const GUARD: u8 = 0xa5;
    const LINE: usize = 64;
    let src = bytes(n_images * images.src_len_bytes());
    let mut read = vec![0; src.len() + shift + LINE];
    let at = read.as_ptr().align_offset(LINE) + shift;
    read[at..at + src.len()].copy_from_slice(&src);
    let src = &read[at..at + src.len()];
    let len = n_images * images.dst_len_bytes();
    let mut dst = vec![GUARD; len + shift + 2 * LINE];
    let at = dst.as_ptr().align_offset(LINE) + shift;
    run(images, level, src, &mut dst[at..at + len]);
    let is_guard = |bytes: &[u8]| bytes.iter().all(|&byte| byte == GUARD);
    assert!(is_guard(&dst[..at]) && is_guard(&dst[at + len..]));
    dst[at..at + len].to_vec()
}

/// Every level against the scalar reference.
fn assert_levels_agree(images: &Images, n_images: usize, shift: usize) {
    let want = result(images, Level::SCALAR, n_images, shift);
    for level in Level::available() {
        let got = result(images, level, n_images, shift);
        let at = got.iter().zip(&want).position(|(a, b)| a != b);
        let element = images.table().element();
        assert!(
            got == want,
            "{level}, {element}, {:?}: byte {at:?} differs",
            images.geometry()
        );
    }
}

/// One byte through one channel, as the contract has it.
pub(super) fn by_definition(byte: u8, mean: f32, std: f32) -> f32 {
    let scaled = f32::from(byte) * (1.0 / 255.0);
    let shifted = scaled - mean;
    shifted / std
}

#[test]
fn geometries_that_cannot_be_used_are_refused() {
    let refused = |geometry: Geometry, channels| {
        let error = Images::new(geometry, table(Element::F32, channels)).unwrap_err();
        assert!(matches!(error, NormalizeError::Geometry { .. }), "{error}");
    };
    let usual = whole([4, 5, 3]);
    assert!(Images::new(usual, table(Element::F32, 3)).is_ok());
    refused(usual, 1);
    for channels in [0, 4, 5, u32::MAX] {
        refused(Geometry { channels, ..usual }, 3);
    }
    for crop in [
        [0, 0, 0, 5],
        [0, 0, 4, 0],
        [1, 0, 4, 5],
        [0, 1, 4, 5],
        [5, 0, 1, 1],
        [0, 5, 1, 1],
        [u32::MAX, 0, 1, 1],
        [0, u32::MAX, 1, 1],
        [0, 0, u32::MAX, u32::MAX],
        [1, 1, u32::MAX, u32::MAX],
    ] {
        refused(Geometry { crop, ..usual }, 3);
    }
    for shape in [
        [0, 5, 3],
        [4, 0, 3],
        [u32::MAX, u32::MAX, 3],
        [32_768, 65_536, 1],
    ] {
        refused(whole(shape), shape[2] as usize);
    }
    // As bytes it fits, as binary32 it does not; a crop of it does.
    let large = whole([1 << 15, 1 << 15, 1]);
    refused(large, 1);
    let crop = [7, 9, 16, 16];
    assert!(Images::new(Geometry { crop, ..large }, table(Element::F32, 1)).is_ok());
}

#[test]
fn lengths_that_are_not_whole_images_are_refused() {
    let images = Images::new(whole([2, 3, 3]), table(Element::F16, 3)).unwrap();
    let kernel = Kernel::NormalizeImages(Arc::new(images));
    for (src, dst) in [(17, 36), (18, 35), (18, 72), (36, 36), (0, 36), (18, 0)] {
        for level in Level::available() {
            assert!(kernel.run(level, &vec![0; src], &mut vec![0; dst]).is_err());
        }
    }
}

#[test]
fn the_reference_reads_and_writes_where_the_layouts_say() {
    let src = bytes(2 * 5 * 7 * 3);
    let table = table(Element::F32, 3);
    let [top, left, height, width] = [1, 2, 3, 4];
    for ((from, to), flip) in LAYOUTS
        .iter()
        .flat_map(|&from| LAYOUTS.map(|to| (from, to)))
        .flat_map(|layouts| FLIPS.map(|flip| (layouts, flip)))
    {
        let geometry = Geometry {
            from,
            to,
            flip,
            crop: [top, left, height, width].map(|len: usize| len as u32),
            ..whole([5, 7, 3])
        };
        let images = Images::new(geometry, table.clone()).unwrap();
        let mut dst = vec![0; 2 * images.dst_len_bytes()];
        run(&images, Level::SCALAR, &src, &mut dst);
        let got: Vec<u32> = dst
            .as_chunks()
            .0
            .iter()
            .map(|it| u32::from_le_bytes(*it))
            .collect();
        // The same by views: axes in one order, a window, mirrored, values, other axes.
        let read = match from {
            Layout::Hwc => ArrayView4::from_shape((2, 5, 7, 3), &src).unwrap(),
            Layout::Chw => {
                let planes = ArrayView4::from_shape((2, 3, 5, 7), &src).unwrap();
                planes.permuted_axes([0, 2, 3, 1])
            }
        };
        let mut window = read.slice_move(s![.., top..top + height, left..left + width, ..]);
        if matches!(flip, Flip::Vertical | Flip::Both) {
            window.invert_axis(Axis(1));
        }
        if matches!(flip, Flip::Horizontal | Flip::Both) {
            window.invert_axis(Axis(2));
        }
        let want = Array4::from_shape_fn(window.raw_dim(), |at| {
            by_definition(window[at], MEAN[at.3] as f32, STD[at.3] as f32).to_bits()
        });
        let want = match to {
            Layout::Hwc => want,
            Layout::Chw => want.permuted_axes([0, 3, 1, 2]),
        };
        assert!(want.iter().eq(&got), "{geometry:?}");
    }
}

#[test]
fn every_level_makes_every_entry_of_the_table() {
    for element in ELEMENTS {
        for channels in 1..=4 {
            let shape = [256, 1, channels];
            let images = Images::new(whole(shape), table(element, channels as usize)).unwrap();
            let src: Vec<u8> = (0..=u8::MAX)
                .flat_map(|byte| std::iter::repeat_n(byte, channels as usize))
                .collect();
            for level in Level::available() {
                let mut dst = vec![0; images.dst_len_bytes()];
                run(&images, level, &src, &mut dst);
                let len_bytes = element.len_bytes();
                for (number, want) in dst.chunks_exact(len_bytes).zip(images.table().bits()) {
                    assert_eq!(
                        number,
                        &want.to_le_bytes()[..len_bytes],
                        "{level}, {element}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_level_agrees_at_every_width() {
    let widths = [
        1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200,
    ];
    for (index, width) in widths.into_iter().enumerate() {
        for (from, to) in LAYOUTS
            .into_iter()
            .flat_map(|from| LAYOUTS.map(|to| (from, to)))
        {
            for channels in 1..=4 {
                let windows = FLIPS.map(|flip| (flip, [0; 3])).into_iter();
                for (flip, [top, left, beyond]) in
                    windows.chain(FLIPS.map(|flip| (flip, [1, 2, 3])))
                {
                    let element = ELEMENTS[(index + channels as usize) % 3];
                    let geometry = Geometry {
                        from,
                        to,
                        flip,
                        crop: [top, left, 2, width],
                        ..whole([2 + beyond, width + beyond, channels])
                    };
                    let images = Images::new(geometry, table(element, channels as usize)).unwrap();
                    assert_levels_agree(&images, 2, index % 5);
                }
            }
        }
    }
}

#[test]
fn every_level_agrees_on_any_number_of_images() {
    for element in ELEMENTS {
        for n_images in [0, 1, 3] {
            let images = Images::new(whole([65, 67, 3]), table(element, 3)).unwrap();
            assert_levels_agree(&images, n_images, 0);
        }
    }
}

/// Outputs so large go around the caches, in whole lines or not.
#[test]
fn every_level_agrees_on_large_outputs() {
    let cases = [
        (Element::F32, 3, Layout::Chw, 0, 1011),
        (Element::F32, 3, Layout::Chw, 4, 1024),
        (Element::F32, 3, Layout::Chw, 0, 1024),
        (Element::F32, 3, Layout::Hwc, 4, 1011),
        (Element::F16, 4, Layout::Chw, 0, 1024),
        (Element::F16, 3, Layout::Hwc, 2, 1011),
        (Element::BF16, 2, Layout::Chw, 0, 1024),
        (Element::BF16, 4, Layout::Chw, 1, 1011),
        (Element::F16, 2, Layout::Hwc, 3, 1011),
    ];
    for (index, (element, channels, to, shift, width)) in cases.into_iter().enumerate() {
        let geometry = Geometry {
            to,
            crop: [1, 1, 400, width],
            flip: FLIPS[index % 4],
            ..whole([402, width + 2, channels])
        };
        let images = Images::new(geometry, table(element, channels as usize)).unwrap();
        let n_images = (9 << 20) / images.dst_len_bytes() + 1;
        assert_levels_agree(&images, n_images, shift);
    }
}

/// Most values are computed; otherwise no test would reach the arithmetic.
#[cfg(target_arch = "x86_64")]
#[test]
fn usual_values_are_computed_and_odd_ones_looked_up() {
    use crate::normalize::pixels::Values;

    for element in ELEMENTS {
        let values = Values::of(&table(element, 4));
        assert!(matches!(values, Values::Computed(_)), "{element}");
    }
    let odd = Table::new(Element::F32, 1, (&[0.0], &[1e30]), 1e9).unwrap();
    assert_eq!(Values::of(&odd), Values::Table);
}

/// Values that the arithmetic of the twins does not reach are looked up.
#[test]
fn every_level_agrees_on_values_that_are_looked_up() {
    let table = Table::new(
        Element::F32,
        3,
        (&[0.0, 1e-30, 0.5], &[1e30, 1e30, 0.5]),
        1e9,
    )
    .unwrap();
    for to in LAYOUTS {
        let geometry = Geometry {
            to,
            ..whole([9, 131, 3])
        };
        let images = Images::new(geometry, table.clone()).unwrap();
        assert_levels_agree(&images, 2, 1);
    }
}

fn geometries() -> impl Strategy<Value = Geometry> {
    let shape = (1..40u32, 1..300u32, 1..=4u32);
    let layouts = (0..2usize, 0..2usize, 0..4usize);
    let window = (0..1000u32, 0..1000u32, 0..1000u32, 0..1000u32);
    (shape, layouts, window).prop_map(|((height, width, channels), (from, to, flip), window)| {
        let crop_height = window.0 % height + 1;
        let crop_width = window.1 % width + 1;
        Geometry {
            height,
            width,
            channels,
            from: LAYOUTS[from],
            to: LAYOUTS[to],
            crop: [
                window.2 % (height - crop_height + 1),
                window.3 % (width - crop_width + 1),
                crop_height,
                crop_width,
            ],
            flip: FLIPS[flip],
        }
    })
}

proptest! {
    #[test]
    fn every_level_agrees_on_any_image(
        geometry in geometries(),
        element in 0..3usize,
        n_images in 0..3usize,
        shift in 0..65usize,
    ) {
        let table = table(ELEMENTS[element], geometry.channels as usize);
        assert_levels_agree(&Images::new(geometry, table).unwrap(), n_images, shift);
    }

    #[test]
    fn every_level_agrees_on_any_constants(
        mean in -3.0..3.0f64,
        std in 0.001..10.0f64,
        scale in prop_oneof![Just(1.0), Just(255.0), 0.01..1000.0f64],
        element in 0..3usize,
    ) {
        let table = Table::new(ELEMENTS[element], 1, (&[mean], &[std]), scale);
        prop_assume!(table.is_ok());
        let images = Images::new(whole([32, 32, 1]), table.unwrap()).unwrap();
        assert_levels_agree(&images, 1, 0);
    }
}
