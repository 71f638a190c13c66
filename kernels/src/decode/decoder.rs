//! One decoder for all formats, with the buffers it keeps.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::level::Level;

use super::bmp::Bmp;
use super::convert::convert;
use super::error::DecodeError;
use super::format::ImageFormat;
use super::gif::Gif;
use super::header::ImageHeader;
use super::jpeg::Jpeg;
use super::limits::DecodeLimits;
use super::options::{DecodeOptions, Exif, PixelMode};
use super::orientation::Orientation;
use super::pixels::{Codec, DecodedPart, Flaws, Request, Samples};
use super::png::Png;
use super::tiff::Tiff;
use super::webp::Webp;
use super::window::PixelWindow;

/// Reads what a file says of itself.
///
/// Takes microseconds and allocates nothing. That a header is read does not mean
/// that the pixels can be: they may be damaged, or of a kind that is not decoded.
///
/// # Errors
/// If the file is of no known format, its header is cut off or damaged, or the
/// picture has more pixels than the limits allow.
pub fn read_header(bytes: &[u8], limits: &DecodeLimits) -> Result<ImageHeader, DecodeError> {
    let header = with_codec(&mut Codecs::default(), bytes, |codec| codec.header(bytes))?;
    limits.check_pixels([header.height, header.width])?;
    Ok(header)
}

/// A picture that was decoded: `[height, width, channels]`, `u8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodedImage {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// Samples of a pixel.
    pub channels: u32,
    /// What was wrong with the file.
    pub flaws: Flaws,
}

/// Decodes one file after another, and keeps its buffers between them. Each
/// thread has one of its own.
#[derive(Debug)]
pub struct ImageDecoder {
    level: Level,
    codecs: Codecs,
    /// The pixels of a codec.
    part: Vec<u8>,
    /// The window of them, before it is turned.
    window: Vec<u8>,
}

/// What the codecs keep.
#[derive(Debug, Default)]
struct Codecs {
    jpeg: Jpeg,
    png: Png,
    webp: Webp,
    bmp: Bmp,
    tiff: Tiff,
    gif: Gif,
}

fn with_codec<T>(
    codecs: &mut Codecs,
    bytes: &[u8],
    run: impl FnOnce(&mut dyn Codec) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let format = ImageFormat::of(bytes).ok_or_else(|| DecodeError::Unknown {
        begin: bytes[..bytes.len().min(8)].into(),
    })?;
    match format {
        ImageFormat::Jpeg => run(&mut codecs.jpeg),
        ImageFormat::Png => run(&mut codecs.png),
        ImageFormat::Webp => run(&mut codecs.webp),
        ImageFormat::Bmp => run(&mut codecs.bmp),
        ImageFormat::Tiff => run(&mut codecs.tiff),
        ImageFormat::Gif => run(&mut codecs.gif),
    }
}

impl Default for ImageDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl ImageDecoder {
    /// A decoder without buffers, at the best level there is.
    #[must_use]
    pub fn new() -> Self {
        Self::at(Level::best())
    }

    /// A decoder without buffers that uses the vector instructions of a level. All
    /// levels give the same pixels. Outside crates use what the processor has.
    #[must_use]
    pub fn at(level: Level) -> Self {
        Self {
            level,
            codecs: Codecs::default(),
            part: Vec::new(),
            window: Vec::new(),
        }
    }

    /// Uses the vector instructions of a level from now on.
    pub fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Decodes a file, or a window of it, into `dst`.
    ///
    /// `dst` gets the length of the picture; its memory may be exchanged for
    /// another buffer of the decoder's. After an error it holds anything.
    ///
    /// # Errors
    /// If the file is of no known format, cut off, damaged beyond what libjpeg
    /// would decode, or of a kind that is not decoded; if it asks for more than
    /// the limits allow; if the window does not lie within the picture.
    pub fn decode(
        &mut self,
        bytes: &[u8],
        options: &DecodeOptions,
        window: Option<PixelWindow>,
        dst: &mut Vec<u8>,
    ) -> Result<DecodedImage, DecodeError> {
        let header = with_codec(&mut self.codecs, bytes, |codec| codec.header(bytes))?;
        options.limits.check_pixels([header.height, header.width])?;
        let size = header.size(options.exif);
        let seen = window.unwrap_or(PixelWindow::whole(size));
        if !seen.is_within(size) {
            return Err(DecodeError::Window {
                height: size[0],
                width: size[1],
                window: seen,
            });
        }
        let orientation = match options.exif {
            Exif::Apply => header.orientation,
            Exif::Ignore => Orientation::IDENTITY,
        };
        check_indices(&header, options.mode, None)?;
        let n_pixels = u64::from(seen.height) * u64::from(seen.width);
        let n_pictures = 1 + u64::from(orientation != Orientation::IDENTITY);
        let request = Request {
            bytes,
            header,
            window: orientation.stored_window(seen, [header.height, header.width]),
            mode: options.mode,
            limits: options.limits,
            taken: n_pixels.saturating_mul(n_pictures * options.mode.channels() as u64),
            level: self.level,
        };
        let part = self.part_of(&request)?;
        check_indices(&header, options.mode, Some(part.samples))?;
        self.finish(&request, part, orientation, dst);
        Ok(DecodedImage {
            height: seen.height,
            width: seen.width,
            channels: options.mode.channels() as u32,
            flaws: part.flaws,
        })
    }

    /// The pixels of a codec. Should it panic, its buffers are thrown away.
    fn part_of(&mut self, request: &Request<'_>) -> Result<DecodedPart, DecodeError> {
        let Self { codecs, part, .. } = self;
        let run = || with_codec(codecs, request.bytes, |codec| codec.decode(request, part));
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(decoded) => decoded,
            Err(panic) => {
                *self = Self::at(request.level);
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                Err(DecodeError::Failed {
                    format: request.header.format,
                    message: text.unwrap_or("no message").into(),
                })
            }
        }
    }

    /// Cuts, converts and turns what a codec has decoded.
    fn finish(
        &mut self,
        request: &Request<'_>,
        part: DecodedPart,
        orientation: Orientation,
        dst: &mut Vec<u8>,
    ) {
        let is_turned = orientation != Orientation::IDENTITY;
        let &Request { window, mode, .. } = request;
        if !is_turned && part.at == window && part.samples.are(mode) {
            std::mem::swap(dst, &mut self.part);
            return;
        }
        let [height, width] = [window.height as usize, window.width as usize];
        let len = height * width * mode.channels();
        let cut = if is_turned {
            &mut self.window
        } else {
            &mut *dst
        };
        cut.resize(len, 0);
        cut_and_convert(part, &self.part, request, cut);
        if is_turned {
            dst.resize(len, 0);
            let size = [height, width];
            match mode {
                PixelMode::Grey | PixelMode::Indices => {
                    orientation.turn::<1>(size, &self.window, dst);
                }
                PixelMode::Rgb => orientation.turn::<3>(size, &self.window, dst),
                PixelMode::Rgba => orientation.turn::<4>(size, &self.window, dst),
            }
        }
    }
}

/// Refuses pixels that are no numbers of colours and no greys of a byte, where such are
/// asked for; `samples` are what a codec has made, if it has.
fn check_indices(
    header: &ImageHeader,
    mode: PixelMode,
    samples: Option<Samples>,
) -> Result<(), DecodeError> {
    if mode != PixelMode::Indices {
        return Ok(());
    }
    let refused = |what: String| DecodeError::Unsupported {
        format: header.format,
        what: what.into(),
    };
    let unpacks = matches!(header.format, ImageFormat::Png | ImageFormat::Gif);
    match (header.bits, samples) {
        (9.., _) => Err(refused(format!("indices of {} bits", header.bits))),
        (..=7, _) if !unpacks => Err(refused(format!(
            "indices of {} bits, but of a PNG or GIF",
            header.bits
        ))),
        (_, None | Some(Samples::Grey)) => Ok(()),
        (_, Some(Samples::GreyAlpha | Samples::Rgb | Samples::Rgba | Samples::Cmyk)) => {
            let what = "indices, for its pixels are colours or have an opacity";
            Err(refused(what.to_owned()))
        }
    }
}

/// Converts the rows and columns of the window out of a part.
fn cut_and_convert(part: DecodedPart, pixels: &[u8], request: &Request<'_>, dst: &mut [u8]) {
    let &Request { window, mode, .. } = request;
    let channels = part.samples.channels();
    let line = part.at.width as usize * channels;
    let first = (window.top - part.at.top) as usize;
    let begin = (window.left - part.at.left) as usize * channels;
    let end = begin + window.width as usize * channels;
    let lines = pixels.chunks_exact(line).skip(first);
    let out = dst.chunks_exact_mut(window.width as usize * mode.channels());
    for (dst, src) in out.zip(lines) {
        convert(part.samples, &src[begin..end], mode, dst);
    }
}
