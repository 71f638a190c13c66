//! One function for each format of images.
//!
//! A target takes any bytes and returns nothing. A file of its format is decoded
//! as a whole and as a window, in a mode and an orientation that its length
//! decides; the window must have the bytes of the whole. The package knows the
//! kernels alone, so that `scripts/fuzz_images.sh` can build it and the outside
//! decoders with coverage and a sanitizer in a minute or two.
#![forbid(unsafe_code)]

use fuelrail_kernels::decode::{
    DecodeError, DecodeLimits, DecodeOptions, Exif, ImageDecoder, ImageFormat, PixelMode,
    PixelWindow, read_header,
};

/// What an input may ask for: little, so that many are tried in a second.
const LIMITS: DecodeLimits = DecodeLimits {
    max_pixels: 1 << 14,
    max_bytes: 64 << 20,
};

/// A Windows bitmap.
///
/// # Panics
/// As [`jpeg`].
pub fn bmp(data: &[u8]) {
    decode(ImageFormat::Bmp, data);
}

/// The first frame of a GIF.
///
/// # Panics
/// As [`jpeg`].
pub fn gif(data: &[u8]) {
    decode(ImageFormat::Gif, data);
}

/// A JPEG.
///
/// # Panics
/// If a decoder panics, gives pixels of another size than it says, or gives a
/// window other bytes than the whole picture has there.
pub fn jpeg(data: &[u8]) {
    decode(ImageFormat::Jpeg, data);
}

/// A PNG.
///
/// # Panics
/// As [`jpeg`].
pub fn png(data: &[u8]) {
    decode(ImageFormat::Png, data);
}

/// The first picture of a TIFF.
///
/// # Panics
/// As [`jpeg`].
pub fn tiff(data: &[u8]) {
    decode(ImageFormat::Tiff, data);
}

/// A WebP.
///
/// # Panics
/// As [`jpeg`].
pub fn webp(data: &[u8]) {
    decode(ImageFormat::Webp, data);
}

fn decode(format: ImageFormat, data: &[u8]) {
    match read_header(data, &LIMITS) {
        Ok(header) if header.format == format => {}
        Ok(_) => return,
        Err(error) => return assert!(!error.to_string().is_empty()),
    }
    let modes = [
        PixelMode::Rgb,
        PixelMode::Grey,
        PixelMode::Rgba,
        PixelMode::Indices,
    ];
    let options = DecodeOptions {
        mode: modes[data.len() % 4],
        exif: [Exif::Apply, Exif::Ignore][data.len() / 4 % 2],
        limits: LIMITS,
    };
    let mut decoder = ImageDecoder::new();
    let (mut whole, mut part) = (Vec::new(), Vec::new());
    let image = match decoder.decode(data, &options, None, &mut whole) {
        Ok(image) => image,
        Err(DecodeError::Failed { message, .. }) => unreachable!("a decoder failed: {message}"),
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let n = image.channels as usize;
    assert_eq!(
        whole.len(),
        image.height as usize * image.width as usize * n
    );
    // Where pixels are made up, how far the damage reaches may differ.
    if image.flaws.has_damage {
        return;
    }
    let window = PixelWindow {
        top: image.height / 3,
        left: image.width / 3,
        height: image.height.div_ceil(3),
        width: image.width.div_ceil(3),
    };
    let Ok(_) = decoder.decode(data, &options, Some(window), &mut part) else {
        unreachable!("a window is refused of a picture that is not");
    };
    let line = image.width as usize * n;
    let begin = window.left as usize * n;
    let end = begin + window.width as usize * n;
    let rows = whole.chunks_exact(line).skip(window.top as usize);
    for (row, part) in rows.zip(part.chunks_exact(window.width as usize * n)) {
        assert_eq!(&row[begin..end], part);
    }
}

#[cfg(test)]
mod tests;
