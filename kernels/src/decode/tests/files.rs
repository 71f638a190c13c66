//! The committed images, or those of a folder that `FUELRAIL_IMAGES` names.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::{DecodeOptions, Exif, PixelMode};

/// An image with what Pillow makes of it.
pub(super) struct ImageFile {
    pub name: String,
    pub bytes: Vec<u8>,
    pub expected: Value,
}

impl ImageFile {
    /// The ending of its name, which is its format.
    pub(super) fn ending(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }
}

fn folder() -> PathBuf {
    std::env::var_os("FUELRAIL_IMAGES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/images"),
        PathBuf::from,
    )
}

/// All images.
pub(super) fn all() -> Vec<ImageFile> {
    let folder = folder();
    let text = std::fs::read_to_string(folder.join("expected.jsonl")).unwrap();
    let sample = |line: &str| {
        let expected: Value = serde_json::from_str(line).unwrap();
        let name = expected["file"].as_str().unwrap().to_owned();
        let bytes = std::fs::read(folder.join(&name)).unwrap();
        ImageFile {
            name,
            bytes,
            expected,
        }
    };
    text.lines().map(sample).collect()
}

/// The committed image of a name.
pub(super) fn named(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/images");
    std::fs::read(folder.join(name)).unwrap()
}

/// What most tests ask for.
pub(super) fn options(mode: PixelMode) -> DecodeOptions {
    DecodeOptions {
        mode,
        exif: Exif::Ignore,
        limits: super::super::DecodeLimits::default(),
    }
}
