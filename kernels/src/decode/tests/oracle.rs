//! Every image beside what Pillow makes of it.
//!
//! `FUELRAIL_IMAGES=FOLDER cargo test … decode` does it for a folder that
//! `tests/fixtures/images/make.py` has made.

use std::collections::{BTreeMap, BTreeSet};

use twox_hash::XxHash3_64;

use super::super::{DecodeError, Exif, ImageDecoder, PixelMode};
use super::files::{ImageFile, all, options};

const MODES: [(&str, PixelMode, Exif); 4] = [
    ("L", PixelMode::Grey, Exif::Ignore),
    ("RGB", PixelMode::Rgb, Exif::Ignore),
    ("RGBA", PixelMode::Rgba, Exif::Ignore),
    ("exif", PixelMode::Rgb, Exif::Apply),
];

/// What became of an image in a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Equal,
    /// Neither Pillow nor we have pixels.
    BothRefuse,
    /// We refuse it by name, and Pillow has pixels.
    WeRefuse,
}

/// Compares an image in a mode; an error says how the pixels differ.
fn compare(
    decoder: &mut ImageDecoder,
    sample: &ImageFile,
    (name, mode, exif): (&str, PixelMode, Exif),
    dst: &mut Vec<u8>,
) -> Result<Outcome, String> {
    let mut options = options(mode);
    options.exif = exif;
    // Pillow turns a TIFF whenever it opens it.
    if sample.ending() == "tif" {
        options.exif = Exif::Apply;
    }
    let expected = &sample.expected[name];
    let decoded = decoder.decode(&sample.bytes, &options, None, dst);
    match (decoded, expected["error"].as_str()) {
        (Ok(image), None) => {
            let size = serde_json::json!([image.height, image.width]);
            let digest = format!("{:016x}", XxHash3_64::oneshot(dst));
            if size == expected["size"] && digest == expected["xxh3"].as_str().unwrap() {
                Ok(Outcome::Equal)
            } else {
                Err(format!(
                    "other pixels: {size}, expected {}",
                    expected["size"]
                ))
            }
        }
        (Ok(_), Some(error)) => Err(format!("pixels where Pillow says {error}")),
        (Err(_), Some(_)) => Ok(Outcome::BothRefuse),
        (Err(DecodeError::Unsupported { .. }), None) => Ok(Outcome::WeRefuse),
        (Err(error), None) => Err(format!("{error} where Pillow has pixels")),
    }
}

#[test]
fn every_image_has_the_pixels_that_pillow_gives_it() {
    let mut decoder = ImageDecoder::new();
    let mut dst = Vec::new();
    let mut counts: BTreeMap<(String, Outcome), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for sample in all() {
        for mode in MODES {
            match compare(&mut decoder, &sample, mode, &mut dst) {
                Ok(outcome) => {
                    *counts
                        .entry((sample.ending().to_owned(), outcome))
                        .or_default() += 1;
                }
                Err(how) => wrong.push(format!("{} as {}: {how}", sample.name, mode.0)),
            }
        }
    }
    // Most files of each format that is there have pixels.
    let endings: BTreeSet<_> = counts.keys().map(|(ending, _)| ending.clone()).collect();
    for ending in endings {
        let n = |outcome| counts.get(&(ending.clone(), outcome)).copied();
        let n_equal = n(Outcome::Equal).unwrap_or(0);
        assert!(
            n_equal > 2 * n(Outcome::WeRefuse).unwrap_or(0),
            "{counts:?}"
        );
    }
    assert!(
        wrong.is_empty(),
        "{} of {counts:?}\n{}",
        wrong.len(),
        wrong
            .iter()
            .take(60)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
}
