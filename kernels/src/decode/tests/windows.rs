//! A window has the bytes of the whole picture, cut.

use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, TestRunner};

use super::super::{DecodeError, DecodeOptions, Exif, ImageDecoder, PixelMode, PixelWindow};
use super::files::{all, options};

/// A window out of decoded pixels.
fn cut(pixels: &[u8], width: u32, channels: usize, window: PixelWindow) -> Vec<u8> {
    let line = width as usize * channels;
    let begin = window.left as usize * channels;
    let end = begin + window.width as usize * channels;
    pixels
        .chunks_exact(line)
        .skip(window.top as usize)
        .take(window.height as usize)
        .flat_map(|line| line[begin..end].iter().copied())
        .collect()
}

/// A window within a picture, from four fractions.
fn within([height, width]: [u32; 2], parts: [u8; 4]) -> PixelWindow {
    let of = |n: u32, part: u8| (u64::from(n) * u64::from(part) / 256) as u32;
    let (top, left) = (of(height, parts[0]), of(width, parts[1]));
    PixelWindow {
        top,
        left,
        height: 1 + of(height - top - 1, parts[2]),
        width: 1 + of(width - left - 1, parts[3]),
    }
}

fn check(bytes: &[u8], options: &DecodeOptions, parts: &[[u8; 4]], name: &str) {
    let mut decoder = ImageDecoder::new();
    let (mut whole, mut part) = (Vec::new(), Vec::new());
    let Ok(image) = decoder.decode(bytes, options, None, &mut whole) else {
        return;
    };
    let channels = options.mode.channels();
    for &parts in parts {
        let window = within([image.height, image.width], parts);
        let got = decoder
            .decode(bytes, options, Some(window), &mut part)
            .unwrap();
        assert_eq!([got.height, got.width], [window.height, window.width]);
        let expected = cut(&whole, image.width, channels, window);
        assert!(part == expected, "{name}: {window:?} of {image:?}");
    }
}

#[test]
fn a_window_has_the_bytes_of_the_whole_picture() {
    let strategy = proptest::collection::vec(any::<[u8; 4]>(), 6);
    let mut runner = TestRunner::new(Config::with_cases(1));
    for sample in all() {
        for (mode, exif) in [
            (PixelMode::Rgb, Exif::Apply),
            (PixelMode::Grey, Exif::Ignore),
            (PixelMode::Rgba, Exif::Apply),
        ] {
            let mut options = options(mode);
            options.exif = exif;
            let tree = strategy.new_tree(&mut runner).unwrap();
            let parts = proptest::strategy::ValueTree::current(&tree);
            check(&sample.bytes, &options, &parts, &sample.name);
        }
    }
}

#[test]
fn a_window_beyond_the_picture_is_refused() {
    let bytes = super::files::named("420.jpg");
    let mut decoder = ImageDecoder::new();
    let mut dst = Vec::new();
    for window in [
        [0, 0, 0, 1],
        [0, 0, 1, 0],
        [0, 0, 1000, 1],
        [1000, 0, 1, 1],
        [0, u32::MAX, 1, u32::MAX],
    ] {
        let [top, left, height, width] = window;
        let window = PixelWindow {
            top,
            left,
            height,
            width,
        };
        let refused = decoder.decode(&bytes, &options(PixelMode::Rgb), Some(window), &mut dst);
        assert!(
            matches!(refused, Err(DecodeError::Window { .. })),
            "{window:?}"
        );
    }
}
