//! Decodes a JPEG, as a whole or around a window.

use libjpeg_turbo_rs::{DecodeLimits as CrateLimits, Decoder, JpegError, PixelFormat};

use super::super::error::DecodeError;
use super::super::format::ImageFormat;
use super::super::header::ImageHeader;
use super::super::pixels::{Codec, DecodedPart, Flaws, Request, Samples};
use super::damage::{self, Markers};
use super::frame::{Coding, JpegFrame};
use super::region::JpegRegion;
use super::straight::Straight;

/// Scans of a progressive JPEG; encoders write about ten.
const MAX_SCANS: usize = 500;

/// Blocks of all scans together: some seconds' work.
const MAX_BLOCKS: u64 = 1 << 30;

/// Whether what is wrong in the coded pixels ends the decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    Refused,
    Decoded,
}

/// The decoder of JPEGs.
#[derive(Debug, Default)]
pub(in super::super) struct Jpeg {
    /// A file whose header names fewer rows.
    shortened: Vec<u8>,
    straight: Straight,
}

impl Codec for Jpeg {
    fn header(&self, bytes: &[u8]) -> Result<ImageHeader, DecodeError> {
        let frame = JpegFrame::read(bytes)?;
        Ok(ImageHeader {
            format: ImageFormat::Jpeg,
            height: u32::from(frame.height),
            width: u32::from(frame.width),
            channels: frame.n_components,
            bits: 8,
            orientation: frame.orientation,
            has_icc: frame.has_icc,
            is_animated: false,
        })
    }

    fn decode(
        &mut self,
        request: &Request<'_>,
        into: &mut Vec<u8>,
    ) -> Result<DecodedPart, DecodeError> {
        let bytes = request.bytes;
        let frame = JpegFrame::read(bytes)?;
        let whole = JpegRegion::whole(&frame);
        if !damage::is_whole(bytes, &frame) {
            return Err(truncated());
        }
        check_memory(request, &frame)?;
        let file = (bytes, &frame);
        if let Some(()) = self
            .straight
            .decode(file, request.window, request.level, into)
        {
            return Ok(DecodedPart {
                at: request.window,
                samples: samples(&frame).0,
                flaws: Flaws::default(),
            });
        }
        if frame.has_equal_ids {
            let what = "two components with the same identifier".to_owned();
            return Err(DecodeError::unsupported(ImageFormat::Jpeg, what));
        }
        if frame.is_arithmetic && frame.coding == Coding::Sequential && !frame.is_one_scan() {
            let what = "sequential arithmetic coding in several scans".to_owned();
            return Err(DecodeError::unsupported(ImageFormat::Jpeg, what));
        }
        match Markers::read(bytes, &frame) {
            Markers::InOrder => {}
            Markers::OtherRestart => {
                let mut flaws = pixels(bytes, &frame, whole, Damage::Decoded, into);
                if let Ok(flaws) = &mut flaws {
                    flaws.has_damage = true;
                }
                return Ok(part(&frame, whole, flaws.map_err(damage::error)?));
            }
            Markers::OtherImage => return Err(truncated()),
        }
        let region = JpegRegion::around(request.window, &frame, bytes);
        let source = if region.height < whole.height {
            self.shorten(bytes, &frame, region.height)
        } else {
            bytes
        };
        match pixels(source, &frame, region, Damage::Refused, into) {
            Ok(flaws) => Ok(part(&frame, region, flaws)),
            Err(error) if damage::is_in_pixels(&error) => {
                let flaws = pixels(bytes, &frame, whole, Damage::Decoded, into);
                Ok(part(&frame, whole, flaws.map_err(damage::error)?))
            }
            Err(error) => Err(damage::error(error)),
        }
    }
}

fn truncated() -> DecodeError {
    DecodeError::Truncated {
        format: ImageFormat::Jpeg,
    }
}

impl Jpeg {
    /// The file with fewer rows in its header, for a decoder that stops there.
    fn shorten(&mut self, bytes: &[u8], frame: &JpegFrame, height: u32) -> &[u8] {
        self.shortened.clear();
        self.shortened.extend_from_slice(bytes);
        // Fewer rows than there are fit the field as well.
        let rows = (height as u16).to_be_bytes();
        self.shortened[frame.height_at..frame.height_at + 2].copy_from_slice(&rows);
        &self.shortened
    }
}

/// Refuses what would take more memory than allowed: the picture, its components
/// and, where all scans come before the first pixel, their coefficients. Refuses
/// a file that is too short for its blocks, too.
fn check_memory(request: &Request<'_>, frame: &JpegFrame) -> Result<(), DecodeError> {
    let side = |n: u16, factor: u8| {
        let unit = 8 * u64::from(factor);
        u64::from(n).div_ceil(unit) * unit
    };
    let [h, v] = frame.sampling;
    let n_pixels = side(frame.width, h) * side(frame.height, v);
    let n_samples = n_pixels * u64::from(frame.sixteenths) / 16;
    // Two planes more where chroma is brought to full size before the colours.
    let mut need = n_pixels * (u64::from(frame.n_components) + 2) + n_samples;
    if frame.coding == Coding::Progressive {
        need += 2 * n_samples + n_samples / 64;
    }
    if frame.n_components == 4 {
        need += 4 * n_pixels;
    }
    request.check_bytes(need + request.bytes.len() as u64)?;
    if frame.is_arithmetic {
        return Ok(());
    }
    // Each block of the first component takes a bit or more.
    let n_blocks = u64::from(frame.width) * u64::from(frame.height) / 64;
    request.check_ratio(n_blocks, 8)
}

fn samples(frame: &JpegFrame) -> (Samples, PixelFormat) {
    match frame.n_components {
        1 => (Samples::Grey, PixelFormat::Grayscale),
        4 => (Samples::Cmyk, PixelFormat::Cmyk),
        _ => (Samples::Rgb, PixelFormat::Rgb),
    }
}

fn part(frame: &JpegFrame, region: JpegRegion, flaws: Flaws) -> DecodedPart {
    DecodedPart {
        at: region.at(),
        samples: samples(frame).0,
        flaws,
    }
}

/// Decodes a region of a file.
fn pixels(
    bytes: &[u8],
    frame: &JpegFrame,
    region: JpegRegion,
    damage: Damage,
    into: &mut Vec<u8>,
) -> Result<Flaws, JpegError> {
    let limits = CrateLimits {
        max_scans: max_scans(frame),
        ..CrateLimits::default()
    };
    let (samples, format) = samples(frame);
    let mut decoder = Decoder::new_with_limits(bytes, limits)?;
    let header = decoder.header();
    let found = [header.height, header.width].map(u32::from);
    let factors = header.components.iter();
    let factors = factors.map(|part| [part.horizontal_sampling, part.vertical_sampling]);
    if found != [region.height, u32::from(frame.width)] || !frame.has_factors(factors) {
        return Err(JpegError::CorruptData(
            "segments that stray bytes hide".to_owned(),
        ));
    }
    decoder.set_output_format(format);
    decoder.set_block_smoothing(true);
    decoder.set_lenient(damage == Damage::Decoded);
    if region.width < u32::from(frame.width) {
        decoder.set_crop(region.left as usize, region.width as usize);
    }
    let len = region.height as usize * region.width as usize * samples.channels();
    into.resize(len, 0);
    let info = decoder.decode_image_into(into)?;
    if damage::is_blank(&info.warnings) {
        return Err(JpegError::Unsupported(
            "sampling of a kind that is not brought together".to_owned(),
        ));
    }
    if samples == Samples::Cmyk {
        // Full ink is stored as 0, and Pillow takes every file so.
        for ink in into.iter_mut() {
            *ink = 255 - *ink;
        }
    }
    Ok(damage::flaws(&info.warnings))
}

/// How many scans are decoded: fewer of a large picture.
fn max_scans(frame: &JpegFrame) -> usize {
    let n_samples = u64::from(frame.width) * u64::from(frame.height) * u64::from(frame.sixteenths);
    let n_blocks = (n_samples / (16 * 64)).max(1);
    usize::try_from(MAX_BLOCKS / n_blocks).map_or(MAX_SCANS, |n| n.clamp(1, MAX_SCANS))
}
