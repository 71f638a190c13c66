//! What a scan needs to be decoded: tables, components, and where its data lie.

use super::super::frame::{Coding, JpegFrame, next_marker, segment};
use super::super::tables::CodeSpecs;

const DHT: u8 = 0xc4;
const SOS: u8 = 0xda;
const DQT: u8 = 0xdb;
const DRI: u8 = 0xdd;
const APP0: u8 = 0xe0;
const APP14: u8 = 0xee;

/// How the components of a picture are brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chroma {
    /// There is one component.
    None,
    /// Two components beside the first, of which each sample stands for as many
    /// columns and rows of it: each 1 or 2.
    Of([u32; 2]),
}

impl Chroma {
    /// Columns and rows of the first component for each sample of the others.
    pub(super) fn factors(self) -> [usize; 2] {
        match self {
            Self::None => [1, 1],
            Self::Of(factors) => factors.map(|factor| factor as usize),
        }
    }
}

/// One component.
#[derive(Debug, Clone, Copy)]
pub(super) struct ComponentSetup<'a> {
    /// Blocks across and down in each coded unit.
    pub n_blocks: [u32; 2],
    /// In the order of the file.
    pub quantization: [u16; 64],
    /// Counts by length, and symbols: of means, and of the coefficients behind them.
    pub codes: [&'a [u8]; 2],
}

/// A picture in one scan, as nearly all are.
#[derive(Debug)]
pub(super) struct Setup<'a> {
    pub chroma: Chroma,
    pub components: Vec<ComponentSetup<'a>>,
    /// Coded units between restarts; 0 for none.
    pub restart_interval: u32,
    /// The coded data, and what comes behind them.
    pub coded: &'a [u8],
}

/// What the segments say so far.
#[derive(Default)]
struct Seen<'a> {
    quantization: [Option<[u16; 64]>; 4],
    codes: CodeSpecs<'a>,
    restart_interval: u32,
    is_jfif: bool,
    adobe_transform: Option<u8>,
}

impl<'a> Setup<'a> {
    /// What a file says; `None` unless it is of the plain kind: sequential Huffman
    /// codes, one scan of grey or `YCbCr`, chroma at full or half resolution.
    pub(super) fn read(bytes: &'a [u8], frame: &JpegFrame) -> Option<Self> {
        let is_plain = frame.coding == Coding::Sequential
            && !frame.is_arithmetic
            && frame.is_tidy
            && frame.is_one_scan();
        if !is_plain || !matches!(frame.n_components, 1 | 3) {
            return None;
        }
        let mut seen = Seen::default();
        let mut at = 2;
        let scan = loop {
            let (code, body) = next_marker(bytes, at).ok()?;
            let segment = segment(bytes, body).ok()?;
            if code == SOS {
                break segment;
            }
            seen.note(code, segment)?;
            at = body + 2 + segment.len();
        };
        let n = usize::from(frame.n_components);
        let (frame_parts, _) = bytes.get(frame.height_at + 5..)?.as_chunks::<3>();
        let parts = frame_parts.get(..n)?;
        let (scan_parts, rest) = scan.get(1..)?.split_at_checked(2 * n)?;
        // All coefficients, to their last bit.
        if *rest != [0, 63, 0] {
            return None;
        }
        let components = parts.iter().zip(scan_parts.as_chunks::<2>().0);
        let components = components.map(|(part, scanned)| seen.component(*part, *scanned));
        let mut components: Vec<_> = components.collect::<Option<_>>()?;
        let chroma = seen.chroma(parts)?;
        if chroma == Chroma::None {
            // A component alone is coded block by block.
            components[0].n_blocks = [1, 1];
        }
        Some(Self {
            chroma,
            components,
            restart_interval: seen.restart_interval,
            coded: bytes.get(frame.data_at..)?,
        })
    }
}

impl<'a> Seen<'a> {
    fn note(&mut self, code: u8, segment: &'a [u8]) -> Option<()> {
        match code {
            DQT => self.note_quantization(segment),
            DHT => self.codes.note(segment),
            DRI => {
                let interval = <[u8; 2]>::try_from(segment).ok()?;
                self.restart_interval = u32::from(u16::from_be_bytes(interval));
                Some(())
            }
            APP0 => {
                self.is_jfif |= segment.starts_with(b"JFIF\0") && segment.len() >= 14;
                Some(())
            }
            APP14 => {
                if segment.starts_with(b"Adobe") && segment.len() >= 12 {
                    self.adobe_transform = Some(segment[11]);
                }
                Some(())
            }
            _ => Some(()),
        }
    }

    fn note_quantization(&mut self, mut rest: &'a [u8]) -> Option<()> {
        while let Some((kind, tail)) = rest.split_first() {
            let mut table = [0; 64];
            let len = 64 << (kind >> 4).min(2);
            let (steps, tail) = tail.split_at_checked(len)?;
            match kind >> 4 {
                0 => {
                    for (to, by) in table.iter_mut().zip(steps) {
                        *to = u16::from(*by);
                    }
                }
                1 => {
                    for (to, by) in table.iter_mut().zip(steps.as_chunks::<2>().0) {
                        *to = u16::from_be_bytes(*by);
                    }
                }
                _ => return None,
            }
            *self.quantization.get_mut(usize::from(kind & 15))? = Some(table);
            rest = tail;
        }
        Some(())
    }

    /// A component, of what its frame and its scan say.
    fn component(&self, part: [u8; 3], scanned: [u8; 2]) -> Option<ComponentSetup<'a>> {
        let [id, sampling, quantization] = part;
        let [scanned_id, tables] = scanned;
        if scanned_id != id {
            return None;
        }
        Some(ComponentSetup {
            n_blocks: [sampling >> 4, sampling & 15].map(u32::from),
            quantization: (*self.quantization.get(usize::from(quantization))?)?,
            codes: [
                self.codes.get(0, tables >> 4)?,
                self.codes.get(1, tables & 15)?,
            ],
        })
    }

    /// How the components are brought together: those of red, green and blue and
    /// other resolutions are not.
    fn chroma(&self, parts: &[[u8; 3]]) -> Option<Chroma> {
        let [first, second, third] = parts else {
            return Some(Chroma::None);
        };
        let is_ycc = match (self.is_jfif, self.adobe_transform) {
            (true, _) | (false, Some(1)) => true,
            (false, None) => [first[0], second[0], third[0]] == [1, 2, 3],
            (false, Some(_)) => false,
        };
        let [across, down] = [first[1] >> 4, first[1] & 15].map(u32::from);
        let is_known = second[1] == 0x11 && third[1] == 0x11 && across <= 2 && down <= 2;
        (is_ycc && is_known).then_some(Chroma::Of([across, down]))
    }
}
