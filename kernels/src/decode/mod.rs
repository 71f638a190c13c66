//! Decodes image files: bytes of a file to pixels of 8 bits.
//!
//! [`read_header`] tells what a file holds from its first bytes, and an
//! [`ImageDecoder`] makes its pixels: `[height, width, channels]`, `u8`, row by
//! row. Nothing is read from a disk here; what comes in is the whole file.
//!
//! # The pixels
//!
//! They are Pillow's: for every file that is decoded, `Image.open(f).convert(mode)`
//! of Pillow 12 gives the same bytes, with `mode` one of `"L"`, `"RGB"` and
//! `"RGBA"`; [`PixelMode::Indices`] has the numbers of a palette instead. A JPEG is decoded as libjpeg-turbo 3.1 does it by default: the slow
//! integer DCT, fancy upsampling. Where a file would come out otherwise it is
//! refused by name; `docs/images.md` has the table.
//!
//! - A profile (ICC) is not applied. [`ImageHeader::has_icc`] says that there is one.
//! - The EXIF orientation is applied or ignored, as [`DecodeOptions::exif`] says.
//! - Of an animation the first frame is decoded.
//!
//! # Windows
//!
//! Asked for a [`PixelWindow`], a decoder gives the same bytes as if the whole
//! picture had been decoded and then cut, and leaves out what the window does not
//! need where the format allows it. A window lies in the picture as the user sees
//! it: after the orientation where that is applied.
//!
//! # Bad input
//!
//! Sizes in a header are compared with [`DecodeLimits`] before anything is
//! allocated. What is cut off is an error. A damaged JPEG that libjpeg would
//! decode with a warning is decoded, and [`Flaws`] say so. A decoder that panics
//! is a fault of ours or of an outside crate: it is caught, reported as an error,
//! and the buffers it left behind are thrown away.

#![expect(
    clippy::cast_possible_truncation,
    reason = "sizes fit the memory that is allowed, and samples a byte"
)]

mod bmp;
mod convert;
mod decoder;
mod error;
mod exif;
mod format;
mod gif;
mod header;
mod jpeg;
mod limits;
mod lzw;
mod options;
mod orientation;
mod palette;
mod pixels;
mod png;
mod small;
mod tiff;
mod webp;
mod window;

#[cfg(test)]
mod tests;

pub use decoder::{DecodedImage, ImageDecoder, read_header};
pub use error::DecodeError;
pub use format::ImageFormat;
pub use header::ImageHeader;
pub use limits::DecodeLimits;
pub use options::{DecodeOptions, Exif, PixelMode};
pub use orientation::Orientation;
pub use pixels::Flaws;
pub use window::PixelWindow;
