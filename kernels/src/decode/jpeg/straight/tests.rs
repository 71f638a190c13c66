//! The same pixels as by the decoder of all kinds, which is compared with Pillow, or
//! none.

use libjpeg_turbo_rs::{Decoder, Encoder, PixelFormat, Subsampling};
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::{prop_assert, proptest};

use crate::level::Level;

use super::super::super::window::PixelWindow;
use super::super::frame::JpegFrame;
use super::Straight;

/// What a picture is made of.
#[derive(Debug, Clone)]
struct Picture {
    size: [u32; 2],
    texture: Texture,
    seed: u64,
    quality: u8,
    sampling: Option<Subsampling>,
    is_optimized: bool,
    restart: Restart,
    /// Steps of quantization in place of those of the quality.
    steps: Option<u16>,
}

#[derive(Debug, Clone, Copy)]
enum Texture {
    Noise,
    BlackAndWhite,
    Slope,
    Plain,
}

#[derive(Debug, Clone, Copy)]
enum Restart {
    Never,
    Units(u16),
    Rows(u16),
}

fn pictures() -> impl Strategy<Value = Picture> {
    let texture = prop_oneof![
        proptest::strategy::Just(Texture::Noise),
        proptest::strategy::Just(Texture::BlackAndWhite),
        proptest::strategy::Just(Texture::Slope),
        proptest::strategy::Just(Texture::Plain),
    ];
    let sampling = proptest::sample::select(vec![
        None,
        Some(Subsampling::S444),
        Some(Subsampling::S422),
        Some(Subsampling::S420),
        Some(Subsampling::S440),
    ]);
    let restart = prop_oneof![
        2 => proptest::strategy::Just(Restart::Never),
        1 => (1..9u16).prop_map(Restart::Units),
        1 => (1..3u16).prop_map(Restart::Rows),
    ];
    // Steps that are too large for the picture make numbers that leave 16 bits.
    let steps = prop_oneof![
        4 => proptest::strategy::Just(None),
        1 => (1..=255u16).prop_map(Some),
        1 => any::<u16>().prop_map(|step| Some(step.max(1))),
    ];
    let kind = (sampling, any::<bool>(), restart, steps);
    let content = ([1..150u32, 1..300u32], texture, any::<u64>(), 1..=100u8);
    (content, kind).prop_map(|(content, kind)| Picture {
        size: content.0,
        texture: content.1,
        seed: content.2,
        quality: content.3,
        sampling: kind.0,
        is_optimized: kind.1,
        restart: kind.2,
        steps: kind.3,
    })
}

impl Picture {
    fn encoded(&self) -> Vec<u8> {
        let [height, width] = self.size.map(|n| n as usize);
        let channels = if self.sampling.is_some() { 3 } else { 1 };
        let mut state = self.seed | 1;
        let mut noise = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        let sample = |at: usize| match self.texture {
            Texture::Noise => noise(),
            Texture::BlackAndWhite => 255 * (noise() & 1),
            Texture::Slope => (at / (channels * 3)) as u8 ^ (noise() & 7),
            Texture::Plain => self.seed as u8,
        };
        let pixels: Vec<u8> = (0..height * width * channels).map(sample).collect();
        let format = match channels {
            1 => PixelFormat::Grayscale,
            _ => PixelFormat::Rgb,
        };
        let mut encoder = Encoder::new(&pixels, width, height, format)
            .quality(self.quality)
            .optimize_huffman(self.is_optimized);
        encoder = match self.restart {
            Restart::Never => encoder,
            Restart::Units(n) => encoder.restart_blocks(n),
            Restart::Rows(n) => encoder.restart_rows(n),
        };
        if let Some(sampling) = self.sampling {
            encoder = encoder.subsampling(sampling);
        }
        let mut bytes = encoder.encode().unwrap();
        if let Some(step) = self.steps {
            requantize(&mut bytes, step);
        }
        bytes
    }

    /// Whether it is decoded here, as all are that are not tiny and have no steps but
    /// their own.
    fn is_usual(&self) -> bool {
        self.size.iter().all(|n| *n > 4) && self.steps.is_none()
    }
}

/// Writes other steps into the tables of quantization of a file.
fn requantize(bytes: &mut [u8], step: u16) {
    let mut at = 2;
    while bytes[at + 1] != 0xda {
        let len = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        if bytes[at + 1] == 0xdb && bytes[at + 4] >> 4 == 0 {
            for (k, by) in bytes[at + 5..at + 69].iter_mut().enumerate() {
                *by = (step as usize + k * usize::from(step >> 8)).clamp(1, 255) as u8;
            }
        }
        at += 2 + len;
    }
}

/// The pixels by the decoder of all kinds, where it finds no fault.
fn oracle(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(bytes).ok()?;
    decoder.set_output_format(match decoder.header().components.len() {
        1 => PixelFormat::Grayscale,
        _ => PixelFormat::Rgb,
    });
    decoder.set_block_smoothing(true);
    let image = decoder.decode_image().ok()?;
    image.warnings.is_empty().then_some(image.data)
}

fn decoded(
    straight: &mut Straight,
    bytes: &[u8],
    window: Option<PixelWindow>,
    level: Level,
) -> Option<Vec<u8>> {
    let frame = JpegFrame::read(bytes).ok()?;
    let whole = PixelWindow::whole([frame.height, frame.width].map(u32::from));
    let mut pixels = Vec::new();
    straight.decode((bytes, &frame), window.unwrap_or(whole), level, &mut pixels)?;
    Some(pixels)
}

/// A window within a picture, from four fractions.
fn within(size: [u32; 2], parts: [u8; 4]) -> PixelWindow {
    let of = |n: u32, part: u8| n * u32::from(part) / 256;
    let (top, left) = (of(size[0], parts[0]), of(size[1], parts[1]));
    PixelWindow {
        top,
        left,
        height: 1 + of(size[0] - top - 1, parts[2]),
        width: 1 + of(size[1] - left - 1, parts[3]),
    }
}

fn cut(pixels: &[u8], width: u32, window: PixelWindow, channels: usize) -> Vec<u8> {
    let line = width as usize * channels;
    let begin = window.left as usize * channels;
    let lines = pixels.chunks_exact(line).skip(window.top as usize);
    let lines = lines.take(window.height as usize);
    let part = begin..begin + window.width as usize * channels;
    lines.flat_map(|line| line[part.clone()].to_vec()).collect()
}

proptest! {
    #[test]
    fn pictures_have_the_pixels_of_the_decoder_of_all_kinds(
        picture in pictures(),
        windows in proptest::array::uniform4(any::<[u8; 4]>()),
    ) {
        let bytes = picture.encoded();
        let expected = oracle(&bytes).unwrap();
        let channels = if picture.sampling.is_some() { 3 } else { 1 };
        for level in Level::available() {
            let mut straight = Straight::default();
            let whole = decoded(&mut straight, &bytes, None, level);
            prop_assert!(whole.is_some() || !picture.is_usual());
            if let Some(whole) = whole {
                prop_assert!(whole == expected, "{level}: other pixels");
            }
            for window in windows.map(|parts| within(picture.size, parts)) {
                let part = decoded(&mut straight, &bytes, Some(window), level);
                prop_assert!(part.is_some() || !picture.is_usual());
                if let Some(part) = part {
                    let expected = cut(&expected, picture.size[1], window, channels);
                    prop_assert!(part == expected, "{level}: other pixels in {window:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_damaged_is_left_to_the_decoder_of_all_kinds(
        picture in pictures(),
        changes in proptest::collection::vec((any::<u32>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = picture.encoded();
        for (at, by) in changes {
            let at = 2 + at as usize % (bytes.len() - 2);
            bytes[at] = by;
        }
        if let Some(pixels) = decoded(&mut Straight::default(), &bytes, None, Level::best()) {
            prop_assert!(oracle(&bytes).as_ref() == Some(&pixels));
        }
    }
}
