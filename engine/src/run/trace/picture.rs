//! Samples of an image as a picture of 8 bits that a person can look at, and their
//! numbers.

use fuelrail_kernels::Element;
use fuelrail_kernels::normalize::Layout;
use half::{bf16, f16};
use serde::{Serialize, Serializer};

use crate::plan::operators::Image;

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct TracePicture {
    /// The name of its file, where it is written to one.
    pub file: String,
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// What a pixel is.
    pub colour: PictureColour,
    /// `[height, width, samples of a pixel]`.
    pub pixels: Vec<u8>,
    /// How it came out of the samples.
    pub shown: PictureShown,
}

/// What the samples of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureColour {
    /// One, its brightness.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, opacity.
    Rgba,
}

/// How a picture comes out of samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PictureShown {
    /// Its bytes are the samples.
    Bytes,
    /// Floats are scaled: the first of these is 0, the second 255.
    Scaled([f32; 2]),
    /// The samples are no colours: each channel is a picture in grey, from left to
    /// right, scaled where they are floats.
    Channels(Option<[f32; 2]>),
}

/// What the samples of an image are as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SampleNumbers {
    /// The least.
    pub min: f32,
    /// The greatest.
    pub max: f32,
    /// Their mean.
    pub mean: f64,
    /// How many are NaN or infinite, and left out of the others.
    pub n_not_finite: u64,
}

impl Serialize for TracePicture {
    /// As the name of its file.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.file)
    }
}

impl PictureColour {
    /// Samples of a pixel.
    #[must_use]
    pub fn n_samples(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

impl SampleNumbers {
    /// Those of some bytes; none where there are none.
    #[expect(clippy::cast_precision_loss, reason = "a mean for people to read")]
    fn of_bytes(samples: &[u8]) -> Option<Self> {
        let sum: u64 = samples.iter().copied().map(u64::from).sum();
        Some(Self {
            min: samples.iter().min().copied()?.into(),
            max: samples.iter().max().copied()?.into(),
            mean: sum as f64 / samples.len() as f64,
            n_not_finite: 0,
        })
    }

    /// Those of some floats; none where no sample is finite.
    #[expect(clippy::cast_precision_loss, reason = "a mean for people to read")]
    fn of_floats(samples: &[f32]) -> Option<Self> {
        let finite = || samples.iter().copied().filter(|sample| sample.is_finite());
        let n_finite = finite().count();
        let sum: f64 = finite().map(f64::from).sum();
        Some(Self {
            min: finite().reduce(f32::min)?,
            max: finite().reduce(f32::max)?,
            mean: sum / n_finite as f64,
            n_not_finite: (samples.len() - n_finite) as u64,
        })
    }
}

/// The picture of an image in a file of this name, and its numbers; none for an image
/// whose bytes are not as many as it has, or have no numbers.
#[must_use]
pub(super) fn picture(
    image: &Image,
    bytes: &[u8],
    file: String,
) -> Option<(TracePicture, SampleNumbers)> {
    if image.len_bytes() != bytes.len() as u64 {
        return None;
    }
    let is_float = image.element != Element::U8;
    let (pixels, numbers) = if is_float {
        let samples = floats(image.element, bytes)?;
        let numbers = SampleNumbers::of_floats(&samples)?;
        let scale = [numbers.min, numbers.max];
        let scaled: Vec<u8> = samples.iter().map(|it| scaled(*it, scale)).collect();
        (in_pixels(image, &scaled), numbers)
    } else {
        (in_pixels(image, bytes), SampleNumbers::of_bytes(bytes)?)
    };
    let scale = is_float.then_some([numbers.min, numbers.max]);
    let colour = match (image.channels, is_float) {
        (1, _) => Some(PictureColour::Grey),
        (3, _) => Some(PictureColour::Rgb),
        // Opacity that was scaled would be none.
        (4, false) => Some(PictureColour::Rgba),
        _ => None,
    };
    let [height, width] = image.sides();
    let picture = match colour {
        Some(colour) => TracePicture {
            file,
            height,
            width,
            colour,
            pixels,
            shown: scale.map_or(PictureShown::Bytes, PictureShown::Scaled),
        },
        None => TracePicture {
            file,
            height,
            width: width.checked_mul(image.channels)?,
            colour: PictureColour::Grey,
            pixels: side_by_side(image, &pixels),
            shown: PictureShown::Channels(scale),
        },
    };
    Some((picture, numbers))
}

/// Samples as numbers; none of a type that images of floats do not have.
fn floats(element: Element, bytes: &[u8]) -> Option<Vec<f32>> {
    let pairs = || bytes.as_chunks::<2>().0.iter().copied();
    Some(match element {
        Element::F16 => pairs().map(|it| f16::from_le_bytes(it).to_f32()).collect(),
        Element::BF16 => pairs().map(|it| bf16::from_le_bytes(it).to_f32()).collect(),
        Element::F32 => {
            let numbers = bytes.as_chunks::<4>().0.iter().copied();
            numbers.map(f32::from_le_bytes).collect()
        }
        Element::U8
        | Element::I8
        | Element::U16
        | Element::I16
        | Element::U32
        | Element::I32
        | Element::U64
        | Element::I64
        | Element::F64 => return None,
    })
}

/// A number as a byte: the least is 0, the greatest 255; so are infinities, and NaN is 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a byte"
)]
fn scaled(sample: f32, [black, white]: [f32; 2]) -> u8 {
    let span = f64::from(white) - f64::from(black);
    let part = (f64::from(sample) - f64::from(black)) / span;
    (part * 255.0).round().clamp(0.0, 255.0) as u8
}

/// Bytes with the channels of a pixel beside one another.
fn in_pixels(image: &Image, bytes: &[u8]) -> Vec<u8> {
    let n_channels = image.channels as usize;
    match image.layout {
        Layout::Hwc => bytes.to_vec(),
        Layout::Chw => {
            let plane = bytes.len() / n_channels.max(1);
            let mut pixels = vec![0; bytes.len()];
            for (channel, plane) in bytes.chunks_exact(plane.max(1)).enumerate() {
                let channel = pixels.iter_mut().skip(channel).step_by(n_channels);
                for (pixel, byte) in channel.zip(plane) {
                    *pixel = *byte;
                }
            }
            pixels
        }
    }
}

/// The channels of pixels as pictures side by side.
fn side_by_side(image: &Image, pixels: &[u8]) -> Vec<u8> {
    let n_channels = image.channels as usize;
    let line = image.width as usize * n_channels;
    let mut out = Vec::with_capacity(pixels.len());
    for line in pixels.chunks_exact(line.max(1)) {
        for channel in 0..n_channels {
            out.extend(line.iter().skip(channel).step_by(n_channels));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(sides: [u32; 2], channels: u32, element: Element, layout: Layout) -> Image {
        Image {
            height: sides[0],
            width: sides[1],
            channels,
            layout,
            element,
        }
    }

    #[test]
    fn bytes_are_pixels_in_either_order_of_axes() {
        let bytes: Vec<u8> = (0..12).collect();
        let hwc = image([2, 2], 3, Element::U8, Layout::Hwc);
        let (shown, numbers) = picture(&hwc, &bytes, String::new()).unwrap();
        assert_eq!((&shown.pixels, shown.shown), (&bytes, PictureShown::Bytes));
        assert_eq!((numbers.min, numbers.max, numbers.mean), (0.0, 11.0, 5.5));
        let chw = image([2, 2], 3, Element::U8, Layout::Chw);
        let (shown, _) = picture(&chw, &bytes, String::new()).unwrap();
        assert_eq!(shown.pixels, [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
    }

    #[test]
    fn floats_are_scaled_and_what_is_not_finite_is_said() {
        let floats = [
            -1.0f32,
            0.0,
            1.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
        ];
        let bytes: Vec<u8> = floats.iter().flat_map(|it| it.to_le_bytes()).collect();
        let grey = image([2, 3], 1, Element::F32, Layout::Chw);
        let (shown, numbers) = picture(&grey, &bytes, String::new()).unwrap();
        assert_eq!(shown.pixels, [0, 128, 255, 255, 0, 0]);
        assert_eq!(shown.shown, PictureShown::Scaled([-1.0, 1.0]));
        assert_eq!((numbers.mean, numbers.n_not_finite), (0.0, 3));
        let nothing = [f32::NAN.to_le_bytes(); 6].concat();
        assert_eq!(picture(&grey, &nothing, String::new()), None);
        // One number all over has no scale.
        let (flat, _) = picture(&grey, &[0; 24], String::new()).unwrap();
        assert_eq!(flat.pixels, [0; 6]);
    }

    #[test]
    fn two_channels_stand_side_by_side() {
        let two = image([2, 2], 2, Element::U8, Layout::Hwc);
        let (shown, _) = picture(&two, &[1, 9, 2, 8, 3, 7, 4, 6], String::new()).unwrap();
        assert_eq!([shown.height, shown.width], [2, 4]);
        assert_eq!(shown.pixels, [1, 2, 9, 8, 3, 4, 7, 6]);
        assert_eq!(picture(&two, &[1; 7], String::new()), None);
    }
}
