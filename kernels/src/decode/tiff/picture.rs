//! What the tags of a TIFF say of its picture.

use super::super::error::DecodeError;
use super::super::format::ImageFormat;
use super::super::orientation::Orientation;
use super::directory::{Directory, TagNumbers};

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const MEANING: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const ORIENTATION: u16 = 274;
const N_SAMPLES: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_BYTES: u16 = 279;
const PLANES: u16 = 284;
const PREDICTOR: u16 = 317;
const COLOURS: u16 = 320;
const EXTRA: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const PROFILE: u16 = 34675;

/// What the samples of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PixelMeaning {
    /// 0 is black, or white.
    Grey {
        zero_is_white: bool,
    },
    GreyAlpha,
    Rgb,
    /// Red, green, blue and something else.
    RgbAndMore,
    Rgba,
    Palette,
    Cmyk,
}

/// How strips are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Lzw,
    Deflate,
}

/// What the tags say.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the file")]
pub(super) struct Picture<'a> {
    pub height: u32,
    pub width: u32,
    pub n_samples: u32,
    pub bits: u8,
    pub meaning: PixelMeaning,
    pub packing: Packing,
    /// Whether each sample is stored as what it differs from the one before.
    pub is_differences: bool,
    pub is_big_endian: bool,
    pub rows_per_strip: u32,
    pub offsets: TagNumbers<'a>,
    pub lengths: TagNumbers<'a>,
    pub colours: Option<TagNumbers<'a>>,
    pub orientation: Orientation,
    pub has_icc: bool,
    pub has_another: bool,
}

fn damaged(what: &'static str) -> DecodeError {
    DecodeError::damaged(ImageFormat::Tiff, what)
}

fn unsupported(what: &'static str) -> DecodeError {
    DecodeError::unsupported(ImageFormat::Tiff, what)
}

impl<'a> Picture<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let tags = Directory::read(bytes)?;
        let n_samples = tags.one(N_SAMPLES, 1)?;
        let bits = bits(&tags, n_samples)?;
        refuse_odd(&tags)?;
        let packing = packing(tags.one(COMPRESSION, 1)?)?;
        let meaning = meaning(&tags, n_samples, bits)?;
        let (height, width) = (tags.one(HEIGHT, 0)?, tags.one(WIDTH, 0)?);
        if height == 0 || width == 0 {
            return Err(damaged("a side of 0"));
        }
        let is_differences = match (packing, tags.one(PREDICTOR, 1)?) {
            (Packing::None, _) | (_, 1) => false,
            (_, 2) if bits >= 8 => true,
            _ => return Err(unsupported("a predictor of its own")),
        };
        let strips = |tag| {
            let numbers = tags.numbers(tag)?;
            numbers.ok_or_else(|| unsupported("its pixels are not in strips"))
        };
        Ok(Self {
            height,
            width,
            n_samples,
            bits,
            meaning,
            packing,
            is_differences,
            is_big_endian: tags.is_big_endian(),
            rows_per_strip: tags.one(ROWS_PER_STRIP, u32::MAX)?.clamp(1, height),
            offsets: strips(STRIP_OFFSETS)?,
            lengths: strips(STRIP_BYTES)?,
            colours: tags.numbers(COLOURS)?,
            orientation: u16::try_from(tags.one(ORIENTATION, 1)?)
                .ok()
                .and_then(Orientation::of_tag)
                .unwrap_or(Orientation::IDENTITY),
            // Its numbers are of a kind that is not read.
            has_icc: !matches!(tags.numbers(PROFILE), Ok(None)),
            has_another: tags.has_another(),
        })
    }

    /// Bytes of a stored row.
    pub(super) fn line_bytes(&self) -> u64 {
        let bits = u64::from(self.bits) * u64::from(self.n_samples);
        (u64::from(self.width) * bits).div_ceil(8)
    }
}

/// Bits of each sample, which all samples share.
fn bits(tags: &Directory<'_>, n_samples: u32) -> Result<u8, DecodeError> {
    let Some(numbers) = tags.numbers(BITS)? else {
        return if n_samples == 1 {
            Ok(1)
        } else {
            Err(damaged("it does not say how many bits a sample has"))
        };
    };
    let bits = numbers.get(0).unwrap_or(0);
    let is_shared = numbers.iter().all(|other| other == bits);
    if !is_shared || numbers.len() != n_samples as usize {
        return Err(unsupported("samples of several depths"));
    }
    match bits {
        1 | 2 | 4 | 8 | 16 => Ok(bits as u8),
        _ => Err(unsupported("samples of neither 1, 2, 4, 8 nor 16 bits")),
    }
}

/// Refuses what few files are and other readers disagree on.
fn refuse_odd(tags: &Directory<'_>) -> Result<(), DecodeError> {
    if tags.one(FILL_ORDER, 1)? != 1 {
        return Err(unsupported("bits from the low end of each byte on"));
    }
    if tags.one(PLANES, 1)? != 1 {
        return Err(unsupported("a plane for each sample"));
    }
    let formats = tags.numbers(SAMPLE_FORMAT)?;
    if formats.is_some_and(|formats| formats.iter().any(|format| format != 1)) {
        return Err(unsupported("samples that are not unsigned integers"));
    }
    Ok(())
}

fn packing(code: u32) -> Result<Packing, DecodeError> {
    match code {
        1 => Ok(Packing::None),
        5 => Ok(Packing::Lzw),
        8 | 32946 => Ok(Packing::Deflate),
        _ => Err(unsupported("a compression other than LZW and deflate")),
    }
}

fn meaning(tags: &Directory<'_>, n_samples: u32, bits: u8) -> Result<PixelMeaning, DecodeError> {
    let extra = tags.numbers(EXTRA)?;
    let extra = match extra.map(|extra| (extra.len(), extra.get(0))) {
        None | Some((0, _)) => None,
        Some((1, first)) => first,
        Some(_) => return Err(unsupported("several samples besides the colour")),
    };
    let code = tags.one(MEANING, 0)?;
    match (code, n_samples, extra, bits) {
        (0, 1, None, 1..=8) => Ok(PixelMeaning::Grey {
            zero_is_white: true,
        }),
        (1, 1, None, _) => Ok(PixelMeaning::Grey {
            zero_is_white: false,
        }),
        (1, 2, Some(2), 8) => Ok(PixelMeaning::GreyAlpha),
        (2, 3, None, 8 | 16) => Ok(PixelMeaning::Rgb),
        (2, 4, Some(0), 8 | 16) => Ok(PixelMeaning::RgbAndMore),
        (2, 4, None | Some(2), 8 | 16) => Ok(PixelMeaning::Rgba),
        (2, 4, Some(1), _) => Err(unsupported("colours multiplied by their opacity")),
        (3, 1, None, 1..=8) => Ok(PixelMeaning::Palette),
        (5, 4, None, 8) => Ok(PixelMeaning::Cmyk),
        (6, ..) => Err(unsupported("luma and chroma")),
        _ => Err(unsupported("samples that stand for something else")),
    }
}
