//! Files that are cut off, damaged or no images at all.

use proptest::prelude::{any, proptest};
use proptest::sample::Index;

use super::super::{DecodeError, ImageDecoder, PixelMode, PixelWindow, read_header};
use super::files::{ImageFile, all, named, options};

/// Small images of every format, the same in each run.
fn committed() -> Vec<ImageFile> {
    all()
        .into_iter()
        .filter(|sample| sample.bytes.len() < 3000)
        .collect()
}

/// Decodes a file, which may be refused but not otherwise fail.
fn decode(decoder: &mut ImageDecoder, bytes: &[u8], name: &str) -> Option<usize> {
    let mut dst = Vec::new();
    let options = options(PixelMode::Rgba);
    match decoder.decode(bytes, &options, None, &mut dst) {
        Ok(image) => {
            assert_eq!(
                dst.len(),
                (image.height * image.width * image.channels) as usize
            );
            Some(dst.len())
        }
        Err(DecodeError::Failed { message, .. }) => panic!("{name}: {message}"),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_is_an_error_or_whole() {
    let mut decoder = ImageDecoder::new();
    for sample in committed() {
        if decode(&mut decoder, &sample.bytes, &sample.name).is_none() {
            continue;
        }
        for len in 0..sample.bytes.len() {
            decode(&mut decoder, &sample.bytes[..len], &sample.name);
        }
    }
}

#[test]
fn a_jpeg_cut_off_anywhere_is_an_error() {
    let mut decoder = ImageDecoder::new();
    for name in ["420.jpg", "progressive-2.jpg", "restart-2.jpg", "grey.jpg"] {
        let bytes = named(name);
        for len in 0..bytes.len() {
            let decoded = decode(&mut decoder, &bytes[..len], name);
            assert_eq!(decoded, None, "{name} cut off at {len}");
        }
    }
}

#[test]
fn what_fuzzing_found_is_refused() {
    let mut decoder = ImageDecoder::new();
    for name in [
        "inks-of-several-resolutions.jpg",
        "hidden-inks.jpg",
        "other-pixels.webp",
    ] {
        let decoded = decode(&mut decoder, &named(&format!("found/{name}")), name);
        assert_eq!(decoded, None, "{name}");
    }
    let bytes = named("found/hidden-segments.jpg");
    let options = options(PixelMode::Rgb);
    let window = PixelWindow {
        top: 2735,
        left: 0,
        height: 2736,
        width: 1,
    };
    let mut dst = Vec::new();
    let image = decoder
        .decode(&bytes, &options, Some(window), &mut dst)
        .unwrap();
    assert!(image.flaws.has_stray_bytes);
}

#[test]
fn what_pillow_refuses_is_refused() {
    let mut decoder = ImageDecoder::new();
    for name in [
        "allones-ac.jpg",
        "allones-dc.jpg",
        "cut-then-second-jpeg.jpg",
        "dht-297-codes.jpg",
        "dht-unused-300.jpg",
        "dri-3bytes.jpg",
        "dup-ids-0-nojfif.jpg",
        "noEOI-then-second-jpeg.jpg",
        "png-adler.png",
        "sof-length-plus1.jpg",
        "sos-length-plus1.jpg",
    ] {
        let decoded = decode(&mut decoder, &named(&format!("found/{name}")), name);
        assert_eq!(decoded, None, "{name}");
    }
}

#[test]
fn a_restart_that_is_lost_or_renamed_is_damage() {
    let mut decoder = ImageDecoder::new();
    for name in ["rst3-renamed-rst1.jpg", "segment-of-rst1-lost.jpg"] {
        let bytes = named(&format!("found/{name}"));
        for top in 0..64 {
            let window = PixelWindow {
                top,
                left: 0,
                height: 1,
                width: 64,
            };
            let options = options(PixelMode::Grey);
            let mut dst = Vec::new();
            let image = decoder.decode(&bytes, &options, Some(window), &mut dst);
            assert!(image.unwrap().flaws.has_damage, "{name}, row {top}");
        }
    }
}

#[test]
fn a_side_that_libjpeg_does_not_take_is_refused() {
    let mut bytes = named("plain-420.jpg");
    let at = bytes
        .windows(2)
        .position(|pair| pair == b"\xff\xc0")
        .unwrap();
    for (side, is_taken) in [(65_500u16, true), (65_501, false)] {
        bytes[at + 5..at + 7].copy_from_slice(&side.to_be_bytes());
        let header = read_header(&bytes, &super::super::DecodeLimits::default());
        assert_eq!(header.is_ok(), is_taken, "{side}");
    }
}

#[test]
fn what_is_no_image_is_refused() {
    let limits = super::super::DecodeLimits::default();
    assert!(matches!(read_header(b"", &limits), Err(DecodeError::Empty)));
    for bytes in [&b"a"[..], b"%PDF-1.7", b"RIFF\0\0\0\0WAVE", b"\xff\xd8"] {
        let refused = read_header(bytes, &limits);
        assert!(
            matches!(refused, Err(DecodeError::Unknown { .. })),
            "{bytes:?}"
        );
    }
}

#[test]
fn damaged_pixels_of_a_jpeg_are_decoded_and_said_so() {
    let bytes = named("restart-2.jpg");
    let mut decoder = ImageDecoder::new();
    let mut dst = Vec::new();
    let options = options(PixelMode::Rgb);
    let whole = decoder.decode(&bytes, &options, None, &mut dst).unwrap();
    assert!(!whole.flaws.any());
    // A restart marker in the middle of an interval ends it early.
    let mut damaged = bytes.clone();
    let end = damaged.len() - 2;
    let scan = damaged
        .windows(2)
        .rposition(|pair| pair == [0xff, 0xda])
        .unwrap();
    let middle = usize::midpoint(scan + 14, end);
    damaged.splice(middle..middle, [0xff, 0xd0]);
    let image = decoder.decode(&damaged, &options, None, &mut dst).unwrap();
    assert!(image.flaws.has_damage);
}

proptest! {
    #[test]
    fn a_damaged_file_is_refused_or_decoded(
        which in any::<Index>(),
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..8),
    ) {
        let samples = committed();
        let sample = which.get(&samples);
        let mut bytes = sample.bytes.clone();
        for (at, value) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        decode(&mut ImageDecoder::new(), &bytes, &sample.name);
    }

    #[test]
    fn bytes_behind_a_signature_are_refused_or_decoded(
        which in 0..7usize,
        rest in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let begin: &[u8] = [
            &b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"RIFF\xff\0\0\0WEBP", b"BM",
            b"II*\0", b"MM\0*", b"GIF89a",
        ][which];
        decode(&mut ImageDecoder::new(), &[begin, &rest].concat(), "noise");
    }
}
