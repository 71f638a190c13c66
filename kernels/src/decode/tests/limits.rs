//! What a file asks for is compared with the limits before it is made room for.

use std::time::{Duration, Instant};

use super::super::{DecodeError, DecodeLimits, DecodedImage, ImageDecoder, PixelMode, read_header};
use super::files::{named, options};

/// A PNG whose header says that it has these sides.
fn bomb(height: u32, width: u32) -> Vec<u8> {
    let mut bytes = named("6-8.png");
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    bytes
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let mut decoder = ImageDecoder::new();
    let mut dst = Vec::new();
    let begin = Instant::now();
    for [height, width] in [[65_500, 65_500], [u32::MAX >> 1; 2], [1, u32::MAX >> 1]] {
        let bytes = bomb(height, width);
        let refused = decoder.decode(&bytes, &options(PixelMode::Rgb), None, &mut dst);
        assert!(
            matches!(refused, Err(DecodeError::Pixels { .. })),
            "{refused:?}"
        );
        let refused = read_header(&bytes, &DecodeLimits::default());
        assert!(
            matches!(refused, Err(DecodeError::Pixels { .. })),
            "{refused:?}"
        );
    }
    assert!(begin.elapsed() < Duration::from_millis(100));
    assert_eq!(dst.capacity(), 0);
}

#[test]
fn memory_has_a_limit_of_its_own() {
    let mut decoder = ImageDecoder::new();
    let mut dst = Vec::new();
    for name in [
        "420.jpg",
        "progressive-0.jpg",
        "cmyk.jpg",
        "6-8.png",
        "3-4.png",
        "lossy.webp",
        "plain-24.bmp",
        "pillow-RGB-tiff_lzw.tif",
        "local-whole.gif",
    ] {
        let bytes = named(name);
        let mut options = options(PixelMode::Rgb);
        decoder.decode(&bytes, &options, None, &mut dst).unwrap();
        options.limits.max_bytes = 16;
        let refused = decoder.decode(&bytes, &options, None, &mut dst);
        assert!(
            matches!(refused, Err(DecodeError::Memory { .. })),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn a_file_too_short_for_its_header_is_cut_off() {
    let mut decoder = ImageDecoder::new();
    // Sides that the limits allow, and far more than the file holds.
    let refused = decode(&mut decoder, &bomb(10_000, 10_000));
    assert!(
        matches!(refused, Err(DecodeError::Truncated { .. })),
        "{refused:?}"
    );
    let mut jpeg = named("420.jpg");
    let mark = b"\xff\xc0\0\x11\x08";
    let at = jpeg.windows(5).position(|at| at == mark).unwrap() + 5;
    jpeg[at..at + 4].copy_from_slice(&[0x20, 0, 0x20, 0]);
    let refused = decode(&mut decoder, &jpeg);
    assert!(
        matches!(refused, Err(DecodeError::Truncated { .. })),
        "{refused:?}"
    );
}

fn decode(decoder: &mut ImageDecoder, bytes: &[u8]) -> Result<DecodedImage, DecodeError> {
    decoder.decode(bytes, &options(PixelMode::Rgb), None, &mut Vec::new())
}
