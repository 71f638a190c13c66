//! Decodes the first frame of a GIF into its canvas.

use weezl::{BitOrder, decode::Decoder};

use super::super::convert::convert;
use super::super::error::DecodeError;
use super::super::format::ImageFormat;
use super::super::header::ImageHeader;
use super::super::lzw;
use super::super::options::PixelMode;
use super::super::orientation::Orientation;
use super::super::palette::Palette;
use super::super::pixels::{Codec, DecodedPart, Flaws, Request, Samples};
use super::super::window::PixelWindow;
use super::blocks::GifFrame;

/// The first row and the step of each pass of an interlaced frame.
const PASSES: [(usize, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];

/// Pixels that a byte makes at most: it holds less than four codes, and each
/// stands for as many pixels as there are codes.
const RATIO: u64 = 4 * 4096;

/// The decoder of GIFs.
#[derive(Debug, Default)]
pub(in super::super) struct Gif {
    /// The coded pixels in one piece.
    data: Vec<u8>,
    /// Numbers of colours in the frame, in the order they are stored.
    indices: Vec<u8>,
    /// Numbers of colours in the canvas.
    canvas: Vec<u8>,
}

impl Codec for Gif {
    fn header(&self, bytes: &[u8]) -> Result<ImageHeader, DecodeError> {
        let frame = GifFrame::read(bytes)?;
        Ok(ImageHeader {
            format: ImageFormat::Gif,
            height: frame.canvas[0],
            width: frame.canvas[1],
            channels: 1,
            bits: 8,
            orientation: Orientation::IDENTITY,
            has_icc: false,
            is_animated: frame.has_another(bytes),
        })
    }

    fn decode(
        &mut self,
        request: &Request<'_>,
        into: &mut Vec<u8>,
    ) -> Result<DecodedPart, DecodeError> {
        let frame = GifFrame::read(request.bytes)?;
        let n_pixels = u64::from(frame.canvas[0]) * u64::from(frame.canvas[1]);
        request.check_bytes(6 * n_pixels + request.bytes.len() as u64)?;
        let n_coded = u64::from(frame.size[0]) * u64::from(frame.size[1]);
        request.check_ratio(n_coded, RATIO)?;
        frame.data(request.bytes, &mut self.data)?;
        self.inflate(&frame)?;
        self.place(&frame);
        let palette = palette(&frame, request.mode);
        let samples = match &palette {
            Some(palette) => palette.samples,
            None => Samples::Grey,
        };
        into.resize(self.canvas.len() * samples.channels(), 0);
        match palette {
            Some(palette) => palette.look_up(&self.canvas, into),
            None => convert(Samples::Grey, &self.canvas, PixelMode::Grey, into),
        }
        Ok(DecodedPart {
            at: PixelWindow::whole(frame.canvas),
            samples,
            flaws: Flaws::default(),
        })
    }
}

impl Gif {
    /// Decodes the numbers of the frame's colours.
    fn inflate(&mut self, frame: &GifFrame<'_>) -> Result<(), DecodeError> {
        let n_pixels = frame.size[0] as usize * frame.size[1] as usize;
        self.indices.resize(n_pixels, 0);
        if n_pixels == 0 {
            return Ok(());
        }
        if !(1..=11).contains(&frame.code_bits) {
            return Err(DecodeError::damaged(
                ImageFormat::Gif,
                "codes of fewer than 1 or more than 11 bits",
            ));
        }
        let decoder = Decoder::new(BitOrder::Lsb, frame.code_bits);
        lzw::fill(decoder, &self.data, &mut self.indices, ImageFormat::Gif)
    }

    /// Puts the rows of the frame where they belong in the canvas.
    fn place(&mut self, frame: &GifFrame<'_>) {
        let [height, width] = frame.canvas.map(|side| side as usize);
        let [rows, cols] = frame.size.map(|side| side as usize);
        let [top, left] = frame.place.map(|side| side as usize);
        self.canvas.clear();
        self.canvas
            .resize(height * width, frame.transparent.unwrap_or(0));
        if cols == 0 {
            return;
        }
        let mut lines = self.indices.chunks_exact(cols);
        let mut put = |row: usize| {
            let begin = (top + row) * width + left;
            if let Some(line) = lines.next() {
                self.canvas[begin..begin + cols].copy_from_slice(line);
            }
        };
        if frame.is_interlaced {
            for (first, step) in PASSES {
                (first..rows).step_by(step).for_each(&mut put);
            }
        } else {
            (0..rows).for_each(put);
        }
    }
}

/// The colours of a frame; none where they are the greys of their numbers, or numbers
/// are asked for.
fn palette(frame: &GifFrame<'_>, mode: PixelMode) -> Option<Palette> {
    let wants_alpha = mode == PixelMode::Rgba && frame.transparent.is_some();
    let is_numbers = mode == PixelMode::Indices;
    if is_numbers || (frame.palette.is_none() && !wants_alpha) {
        return None;
    }
    let mut palette = frame.palette.map_or_else(Palette::greys, |colours| {
        let mut palette = Palette::blank();
        palette.set_colours(colours);
        palette
    });
    if let (true, Some(index)) = (wants_alpha, frame.transparent) {
        palette.set_alpha(usize::from(index), 0);
        palette.samples = Samples::Rgba;
    }
    Some(palette)
}
