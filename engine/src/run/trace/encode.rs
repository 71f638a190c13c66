//! Pictures as PNG files, and bytes as text for a page.

use png::{BitDepth, ColorType, Encoder};

use super::picture::{PictureColour, TracePicture};
use crate::error::{Error, Result};

/// Pixels of a picture that a page holds; larger ones are made smaller for it.
const PAGE_PIXELS: u64 = 1 << 21;

/// A picture as the bytes of a PNG file.
///
/// # Errors
/// `Internal` for a picture that is not what it says.
pub fn png_of(picture: &TracePicture) -> Result<Vec<u8>> {
    let failed =
        |error: png::EncodingError| Error::internal("cannot encode a picture").with_source(error);
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, picture.width, picture.height);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_color(match picture.colour {
        PictureColour::Grey => ColorType::Grayscale,
        PictureColour::Rgb => ColorType::Rgb,
        PictureColour::Rgba => ColorType::Rgba,
    });
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&picture.pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

/// A picture for a page, and how many times smaller it is along each side.
pub(super) fn for_page(picture: &TracePicture) -> (TracePicture, u32) {
    let pixels = u64::from(picture.height) * u64::from(picture.width);
    let mut times = 1u32;
    while pixels / u64::from(times).pow(2) > PAGE_PIXELS {
        times += 1;
    }
    (smaller(picture, times), times)
}

/// A picture so many times smaller along each side: each pixel is the mean of a block.
fn smaller(picture: &TracePicture, times: u32) -> TracePicture {
    if times == 1 {
        return picture.clone();
    }
    let n_samples = picture.colour.n_samples();
    let [height, width] = [picture.height, picture.width].map(|side| side as usize);
    let times = times as usize;
    let mut pixels = Vec::new();
    for top in (0..height).step_by(times) {
        for left in (0..width).step_by(times) {
            let rows = top..(top + times).min(height);
            let cols = left..(left + times).min(width);
            let n = (rows.len() * cols.len()).max(1);
            for sample in 0..n_samples {
                let at = |row: usize, col: usize| (row * width + col) * n_samples + sample;
                let of_row = |row: usize| -> usize {
                    let line = cols.clone().map(|col| picture.pixels[at(row, col)]);
                    line.map(usize::from).sum()
                };
                let sum: usize = rows.clone().map(of_row).sum();
                pixels.push(u8::try_from((sum + n / 2) / n).unwrap_or(u8::MAX));
            }
        }
    }
    let side = |side: usize| u32::try_from(side.div_ceil(times)).unwrap_or(u32::MAX);
    TracePicture {
        file: picture.file.clone(),
        height: side(height),
        width: side(width),
        pixels,
        ..*picture
    }
}

/// Bytes as text, by RFC 4648.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4usize {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(if digit <= group.len() {
                char::from(DIGITS[value as usize])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::picture::PictureShown;
    use super::*;

    /// The vectors of RFC 4648, section 10.
    #[test]
    fn bytes_become_text() {
        let all = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in all {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xef, 0xbe]), "/+++");
    }

    #[test]
    fn large_pictures_are_made_smaller_for_the_page() {
        let of = |height: u32, width: u32| TracePicture {
            file: "a.png".to_owned(),
            height,
            width,
            colour: PictureColour::Grey,
            pixels: (0..height * width).map(|n| n.to_le_bytes()[0]).collect(),
            shown: PictureShown::Bytes,
        };
        let small = of(2, 5);
        assert_eq!(for_page(&small), (small.clone(), 1));
        let half = smaller(&small, 2);
        assert_eq!([half.height, half.width], [1, 3]);
        assert_eq!(half.pixels, [3, 5, 7]);
        let (shown, times) = for_page(&of(3000, 3000));
        assert_eq!((shown.height, shown.width, times), (1000, 1000, 3));
        assert!(png_of(&small).unwrap().starts_with(b"\x89PNG"));
    }
}
