//! The segments of a JPEG before its first scan.

use super::super::error::DecodeError;
use super::super::exif;
use super::super::format::ImageFormat;
use super::super::orientation::Orientation;
use super::tables::{CodeSpecs, are_codes};

const SOF_BASELINE: u8 = 0xc0;
const SOF_EXTENDED: u8 = 0xc1;
const SOF_PROGRESSIVE: u8 = 0xc2;
const SOF_ARITHMETIC: u8 = 0xc9;
const SOF_ARITHMETIC_PROGRESSIVE: u8 = 0xca;
const DHT: u8 = 0xc4;
const JPG: u8 = 0xc8;
const DAC: u8 = 0xcc;
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DRI: u8 = 0xdd;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;

/// How the coefficients of a frame are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Baseline or extended: each block at once.
    Sequential,
    /// In several scans, of which each adds to the coefficients.
    Progressive,
}

/// What the segments before the first scan say.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the file")]
pub(super) struct JpegFrame {
    pub coding: Coding,
    pub height: u16,
    pub width: u16,
    /// Where the two bytes of the height stand.
    pub height_at: usize,
    pub n_components: u8,
    /// The sampling factors of each, horizontal and vertical; 0 of those there are not.
    pub factors: [[u8; 2]; 4],
    /// The largest of them.
    pub sampling: [u8; 2],
    /// Samples of all components, in samples of one at full resolution and
    /// sixteenths.
    pub sixteenths: u32,
    /// Whether two components have the same identifier.
    pub has_equal_ids: bool,
    /// Components in the first scan.
    pub n_scanned: u8,
    /// Where the coded data of the first scan begin.
    pub data_at: usize,
    pub orientation: Orientation,
    pub has_icc: bool,
    /// Whether the coefficients are coded by arithmetic, not by Huffman codes.
    pub is_arithmetic: bool,
    /// Whether each segment follows the one before it.
    pub is_tidy: bool,
}

/// The largest side that libjpeg takes.
const MAX_SIDE: u16 = 65_500;

/// What the segments say so far.
#[derive(Default)]
struct Seen<'a> {
    /// Its marker, where it lies, and how long it is.
    frame: Option<(u8, usize, usize)>,
    codes: CodeSpecs<'a>,
    orientation: Option<Orientation>,
    has_icc: bool,
    is_untidy: bool,
}

fn cut_off() -> DecodeError {
    DecodeError::Truncated {
        format: ImageFormat::Jpeg,
    }
}

fn damaged(what: &'static str) -> DecodeError {
    DecodeError::damaged(ImageFormat::Jpeg, what)
}

fn other_length() -> DecodeError {
    damaged("a segment of the wrong length")
}

fn unsupported(what: &'static str) -> DecodeError {
    DecodeError::unsupported(ImageFormat::Jpeg, what)
}

impl JpegFrame {
    /// Reads the segments up to the first scan.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut seen = Seen::default();
        let mut at = 2;
        loop {
            let (code, body) = next_marker(bytes, at)?;
            seen.is_untidy |= body != at + 2;
            match code {
                // These stand alone.
                0x01 | 0xd0..=0xd7 => {
                    seen.is_untidy = true;
                    at = body;
                    continue;
                }
                SOI => return Err(damaged("a second start of image")),
                EOI => return Err(damaged("no pixels before the end of image")),
                _ => {}
            }
            let segment = segment(bytes, body)?;
            let end = body + 2 + segment.len();
            match code {
                SOS => return Self::of(bytes, &seen, segment, end),
                DHT => {
                    let noted = seen.codes.note(segment);
                    noted.ok_or_else(|| damaged("a malformed Huffman table"))?;
                }
                DRI if segment.len() != 2 => return Err(other_length()),
                JPG | DAC => {}
                0xc0..=0xcf if seen.frame.is_some() => return Err(damaged("a second frame")),
                0xc0..=0xcf => seen.frame = Some((code, body + 2, segment.len())),
                APP1 if seen.orientation.is_none() && segment.starts_with(b"Exif\0\0") => {
                    seen.orientation = Some(exif::orientation(segment));
                }
                APP2 if segment.starts_with(b"ICC_PROFILE\0") => seen.has_icc = true,
                _ => {}
            }
            at = end;
        }
    }

    fn of(bytes: &[u8], seen: &Seen<'_>, scan: &[u8], data_at: usize) -> Result<Self, DecodeError> {
        let (code, at, len) = seen
            .frame
            .ok_or_else(|| damaged("a scan without a frame"))?;
        let coding = coding(code)?;
        let &[bits, h1, h0, w1, w0, n_components] = bytes
            .get(at..)
            .and_then(|rest| rest.first_chunk::<6>())
            .ok_or_else(cut_off)?;
        if bits != 8 {
            return Err(unsupported("samples of other than 8 bits"));
        }
        let (height, width) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
        if height == 0 {
            return Err(unsupported("its height stands behind its pixels"));
        }
        if width == 0 {
            return Err(damaged("a width of 0"));
        }
        if !matches!(n_components, 1 | 3 | 4) {
            return Err(unsupported("neither 1, 3 nor 4 components"));
        }
        if height.max(width) > MAX_SIDE {
            return Err(unsupported("a side of more than 65,500"));
        }
        if len != 6 + 3 * usize::from(n_components) {
            return Err(other_length());
        }
        let components = bytes.get(at + 6..at + len).ok_or_else(cut_off)?;
        let is_arithmetic = matches!(code, SOF_ARITHMETIC | SOF_ARITHMETIC_PROGRESSIVE);
        if !is_arithmetic {
            seen.check_codes(scan)?;
        }
        let (sampling, sixteenths) = sampling(components)?;
        Ok(Self {
            coding,
            height,
            width,
            height_at: at + 1,
            n_components,
            factors: factors_of(components),
            sampling,
            sixteenths,
            has_equal_ids: has_equal_ids(components),
            n_scanned: scan.first().copied().unwrap_or(0),
            data_at,
            orientation: seen.orientation.unwrap_or(Orientation::IDENTITY),
            has_icc: seen.has_icc,
            is_arithmetic,
            is_tidy: !seen.is_untidy,
        })
    }

    /// Whether its components have these sampling factors, horizontal and vertical.
    pub(super) fn has_factors(&self, factors: impl Iterator<Item = [u8; 2]>) -> bool {
        let own = &self.factors[..usize::from(self.n_components)];
        own.iter().copied().eq(factors)
    }

    /// Whether all components are in the first scan.
    pub(super) fn is_one_scan(&self) -> bool {
        self.n_scanned == self.n_components
    }

    /// Rows and columns of the smallest unit that is coded on its own.
    pub(super) fn unit(&self) -> [u32; 2] {
        let [h, v] = self.sampling;
        [8 * u32::from(v), 8 * u32::from(h)]
    }
}

fn coding(code: u8) -> Result<Coding, DecodeError> {
    match code {
        SOF_BASELINE | SOF_EXTENDED | SOF_ARITHMETIC => Ok(Coding::Sequential),
        SOF_PROGRESSIVE | SOF_ARITHMETIC_PROGRESSIVE => Ok(Coding::Progressive),
        0xc3 | 0xcb => Err(unsupported("it is lossless")),
        _ => Err(unsupported("it is hierarchical")),
    }
}

impl Seen<'_> {
    /// Refuses a first scan whose length is not that of its components, or whose
    /// tables hold no codes.
    fn check_codes(&self, scan: &[u8]) -> Result<(), DecodeError> {
        let n = usize::from(scan.first().copied().unwrap_or(0));
        let (parts, rest) = scan
            .get(1..)
            .and_then(|scan| scan.split_at_checked(2 * n))
            .ok_or_else(other_length)?;
        let &[first, last, _] = rest else {
            return Err(other_length());
        };
        let used = [first == 0, last > 0];
        for [_, places] in parts.as_chunks::<2>().0 {
            for (class, place) in [places >> 4, places & 15].into_iter().enumerate() {
                let spec = self.codes.get(class, place).filter(|_| used[class]);
                if spec.is_some_and(|spec| !are_codes(spec)) {
                    return Err(damaged("a Huffman code of all ones"));
                }
            }
        }
        Ok(())
    }
}

fn has_equal_ids(components: &[u8]) -> bool {
    let (parts, _) = components.as_chunks::<3>();
    let equal = |at: usize| parts[..at].iter().any(|part| part[0] == parts[at][0]);
    (0..parts.len()).any(equal)
}

/// The sampling factors of components.
fn factors_of(components: &[u8]) -> [[u8; 2]; 4] {
    let mut factors = [[0; 2]; 4];
    for (factors, component) in factors.iter_mut().zip(components.chunks_exact(3)) {
        *factors = [component[1] >> 4, component[1] & 15];
    }
    factors
}

/// The largest sampling factors, and how many samples all components have.
fn sampling(components: &[u8]) -> Result<([u8; 2], u32), DecodeError> {
    let all = factors_of(components);
    let factors = || all.iter().copied().take(components.len() / 3);
    if factors().flatten().any(|factor| !(1..=4).contains(&factor)) {
        return Err(damaged("a sampling factor beyond 1 to 4"));
    }
    let max = factors().fold([1; 2], |max, [h, v]| [h.max(max[0]), v.max(max[1])]);
    if factors().next() != Some(max) && components.len() > 3 {
        return Err(unsupported(
            "its first component has fewer samples than another",
        ));
    }
    if components.len() == 12 && factors().any(|each| each != max) {
        return Err(unsupported("inks of several resolutions"));
    }
    let of = |[h, v]: [u8; 2]| u32::from(h) * u32::from(v);
    let n_samples = factors().map(of).sum::<u32>();
    Ok((max, (16 * n_samples).div_ceil(of(max))))
}

/// The next marker from `at` on, past bytes that belong to none, and where its
/// segment begins.
pub(super) fn next_marker(bytes: &[u8], mut at: usize) -> Result<(u8, usize), DecodeError> {
    loop {
        let rest = bytes.get(at..).ok_or_else(cut_off)?;
        at += memchr::memchr(0xff, rest).ok_or_else(cut_off)?;
        let fill = bytes[at..].iter().take_while(|&&byte| byte == 0xff).count();
        at += fill;
        let code = *bytes.get(at).ok_or_else(cut_off)?;
        at += 1;
        if code != 0 {
            return Ok((code, at));
        }
    }
}

/// What a segment holds behind its length, which stands at `at`.
pub(super) fn segment(bytes: &[u8], at: usize) -> Result<&[u8], DecodeError> {
    let rest = bytes.get(at..).ok_or_else(cut_off)?;
    let len = u16::from_be_bytes(*rest.first_chunk::<2>().ok_or_else(cut_off)?);
    if len < 2 {
        return Err(damaged("a segment shorter than its own length"));
    }
    rest.get(2..usize::from(len)).ok_or_else(cut_off)
}
