//! The kernels that work on rows of any length, as data.
//!
//! Such a kernel maps rows of bytes to rows of bytes, one for one, each with a
//! record of its own. What it does to a row depends on that row and its record
//! alone. Most know from these how long the row becomes; some find it only when
//! they run, and then a row never grows.

use std::fmt;
use std::sync::Arc;

use bytemuck::cast_slice;

use crate::blend::{Blend, BlendError, BlendRow};
use crate::color::{Color, ColorError, ColorRow};
use crate::entry::Entry;
use crate::gather::{Gather, GatherError, GatherRow};
use crate::level::Level;
use crate::lut::{Lut, LutError, LutTables};
use crate::normalize::NormalizeError;
use crate::pass::{DeviceKernel, Pass, Role, Spread};
use crate::resample::{Resample, ResampleError, ResampleRow};
use crate::squeeze::{CHUNK, Squeeze, SqueezeError};
use crate::tokenize::{DeviceModelKind, DeviceTokenizer, NoUtf8, TEXT_CHUNK};
use crate::warp::{Warp, WarpError, WarpRow};

/// One kernel with what all rows of a column share.
#[derive(Debug, Clone, PartialEq)]
pub enum RowKernel {
    /// `blend`.
    Blend(Blend),
    /// `color`.
    Color(Color),
    /// `gather`.
    Gather(Gather),
    /// `lut`.
    Lut(Lut),
    /// `resample`.
    Resample(Resample),
    /// `squeeze`.
    Squeeze(Arc<Squeeze>),
    /// `tokenize`.
    Tokenize(DeviceTokenizer),
    /// `warp`.
    Warp(Warp),
}

/// What a kernel is told of one row.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowParams<'a> {
    /// The row's own record, of [`RowKernel::record_bytes`].
    pub record: &'a [u8],
    /// Tables of words that rows share, whose places records name; empty for a kernel
    /// without.
    pub tables: &'a [u32],
}

impl<'a> RowParams<'a> {
    /// A record alone.
    #[must_use]
    pub fn of(record: &'a [u8]) -> Self {
        Self {
            record,
            tables: &[],
        }
    }
}

/// A row that a kernel cannot take.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// From `blend`.
    #[error(transparent)]
    Blend(#[from] BlendError),
    /// From `color`.
    #[error(transparent)]
    Color(#[from] ColorError),
    /// From `gather`.
    #[error(transparent)]
    Gather(#[from] GatherError),
    /// From `lut`.
    #[error(transparent)]
    Lut(#[from] LutError),
    /// From `normalize`.
    #[error(transparent)]
    Normalize(#[from] NormalizeError),
    /// From `resample`.
    #[error(transparent)]
    Resample(#[from] ResampleError),
    /// From `squeeze`.
    #[error(transparent)]
    Squeeze(#[from] SqueezeError),
    /// From `tokenize`.
    #[error(transparent)]
    Tokenize(#[from] NoUtf8),
    /// From `warp`.
    #[error(transparent)]
    Warp(#[from] WarpError),
    /// A record of another length.
    #[error("expected a record of {expected} bytes, got {got}")]
    Record {
        /// Bytes that the kernel's records have.
        expected: usize,
        /// Bytes that came.
        got: usize,
    },
}

/// Launches of [`RowKernel::Blend`].
const BLEND: &[Pass] = &[Pass::only(Entry::Blend)];

/// Launches of [`RowKernel::Color`]: the mean of each image, and then all is written.
const COLOR: &[Pass] = &[
    Pass {
        entry: Entry::ColorMeans,
        src: Role::Src,
        aux: None,
        dst: Role::Scratch,
        spread: Spread::Items,
    },
    Pass {
        aux: Some(Role::Scratch),
        ..Pass::only(Entry::Color)
    },
];

/// Launches of [`RowKernel::Gather`].
const GATHER: &[Pass] = &[Pass::only(Entry::Gather)];

/// Launches of [`RowKernel::Lut`].
const LUT: &[Pass] = &[Pass::only(Entry::Lut)];

/// Launches of [`RowKernel::Resample`].
const RESAMPLE: &[Pass] = &[Pass::only(Entry::Resample)];

/// Launches of [`RowKernel::Squeeze`]: chunks are counted, the counts scanned,
/// the words that chunks share and offsets at the end prepared, and then all is
/// written.
const SQUEEZE: &[Pass] = &[
    Pass {
        entry: Entry::SqueezeCount,
        src: Role::Src,
        aux: None,
        dst: Role::Scratch,
        spread: Spread::Chunks(CHUNK),
    },
    Pass {
        entry: Entry::SqueezeScan,
        src: Role::Src,
        aux: None,
        dst: Role::Scratch,
        spread: Spread::Once,
    },
    Pass {
        entry: Entry::SqueezeEdges,
        src: Role::Src,
        aux: Some(Role::Scratch),
        dst: Role::Dst,
        spread: Spread::PerChunk(CHUNK),
    },
    Pass {
        entry: Entry::SqueezeWrite,
        src: Role::Src,
        aux: Some(Role::Scratch),
        dst: Role::Dst,
        spread: Spread::Chunks(CHUNK),
    },
];

/// A launch of [`RowKernel::Tokenize`] that leaves something for the next.
const fn of_text(entry: Entry, spread: Spread) -> Pass {
    Pass {
        entry,
        src: Role::Src,
        aux: None,
        dst: Role::Scratch,
        spread,
    }
}

/// The last launch of [`RowKernel::Tokenize`].
const TOKENIZE_WRITE: Pass = Pass {
    entry: Entry::TokenizeWrite,
    src: Role::Src,
    aux: Some(Role::Scratch),
    dst: Role::Dst,
    spread: Spread::Chunks(TEXT_CHUNK),
};

/// Launches of [`RowKernel::Tokenize`] by byte pairs.
const BYTE_PAIRS: &[Pass] = &[
    of_text(Entry::TokenizeMaps, Spread::Chunks(TEXT_CHUNK)),
    of_text(Entry::TokenizeStates, Spread::Once),
    of_text(Entry::TokenizeWords, Spread::Chunks(TEXT_CHUNK)),
    of_text(Entry::TokenizeLookup, Spread::Chunks(TEXT_CHUNK)),
    of_text(Entry::TokenizeShort, Spread::Chunks(TEXT_CHUNK)),
    // A group merges one word after another.
    of_text(Entry::TokenizeLong, Spread::Chunks(TEXT_CHUNK / 8)),
    of_text(Entry::TokenizeCount, Spread::PerChunk(TEXT_CHUNK)),
    of_text(Entry::TokenizePlaces, Spread::Once),
    TOKENIZE_WRITE,
];

/// Launches of [`RowKernel::Tokenize`] by word pieces.
const WORD_PIECE: &[Pass] = &[
    of_text(Entry::TokenizeMaps, Spread::Chunks(TEXT_CHUNK)),
    of_text(Entry::TokenizeStates, Spread::Once),
    of_text(Entry::TokenizeWords, Spread::Chunks(TEXT_CHUNK)),
    of_text(Entry::TokenizeWhole, Spread::Chunks(TEXT_CHUNK)),
    of_text(Entry::TokenizePieces, Spread::Chunks(TEXT_CHUNK)),
    of_text(Entry::TokenizeCount, Spread::PerChunk(TEXT_CHUNK)),
    of_text(Entry::TokenizePlaces, Spread::Once),
    TOKENIZE_WRITE,
];

/// Launches of [`RowKernel::Warp`].
const WARP: &[Pass] = &[Pass::only(Entry::Warp)];

impl RowKernel {
    /// The primitive's one name.
    #[must_use]
    pub fn op(&self) -> &'static str {
        match self {
            Self::Blend(_) => "blend",
            Self::Color(_) => "color",
            Self::Gather(_) => "gather",
            Self::Lut(_) => "lut",
            Self::Resample(_) => "resample",
            Self::Squeeze(_) => "squeeze",
            Self::Tokenize(_) => "tokenize",
            Self::Warp(_) => "warp",
        }
    }

    /// Bytes of the record of a row.
    #[must_use]
    pub fn record_bytes(&self) -> usize {
        match self {
            Self::Blend(_) => size_of::<BlendRow>(),
            Self::Color(_) => size_of::<ColorRow>(),
            Self::Gather(_) => size_of::<GatherRow>(),
            Self::Lut(lut) => lut.record_len(),
            Self::Resample(_) => size_of::<ResampleRow>(),
            Self::Squeeze(_) | Self::Tokenize(_) => 0,
            Self::Warp(_) => size_of::<WarpRow>(),
        }
    }

    /// Whether [`RowKernel::row_bytes`] is what a row becomes; otherwise it is the
    /// most that it may become.
    #[must_use]
    pub fn knows_lengths(&self) -> bool {
        match self {
            Self::Blend(_)
            | Self::Color(_)
            | Self::Gather(_)
            | Self::Lut(_)
            | Self::Resample(_)
            | Self::Warp(_) => true,
            Self::Squeeze(_) | Self::Tokenize(_) => false,
        }
    }

    /// Whether it takes rows of certain lengths only, so that these must be known
    /// before it runs.
    #[must_use]
    pub fn needs_lengths(&self) -> bool {
        match self {
            Self::Blend(_)
            | Self::Color(_)
            | Self::Gather(_)
            | Self::Resample(_)
            | Self::Warp(_) => true,
            Self::Lut(lut) => lut.channels() > 1,
            Self::Squeeze(_) | Self::Tokenize(_) => false,
        }
    }

    /// Bytes that a row of `src_len` bytes with these parameters becomes, at most.
    ///
    /// # Errors
    /// Where it cannot take such a row.
    pub fn row_bytes(&self, src_len: usize, params: RowParams<'_>) -> Result<usize, RowError> {
        let RowParams { record, tables } = params;
        match self {
            Self::Blend(blend) => Ok(blend.check(&self.of_row(record)?, src_len)?),
            Self::Color(color) => Ok(color.check(&self.of_row(record)?, src_len)?),
            Self::Gather(gather) => Ok(gather.check(&self.of_row(record)?, src_len)?),
            Self::Lut(lut) => Ok(lut.check(src_len, record.len())?),
            Self::Resample(resample) => {
                let row = self.of_row(record)?;
                Ok(resample.check(&row, tables, src_len)?)
            }
            Self::Squeeze(_) => Ok(src_len),
            // An id for every byte.
            Self::Tokenize(_) => Ok(4 * src_len),
            Self::Warp(warp) => Ok(warp.check(&self.of_row(record)?, src_len)?),
        }
    }

    /// Bytes of what its passes leave for one another that a row of `src_len` bytes
    /// adds to, at most.
    #[must_use]
    pub fn scratch_of_row(&self, src_len: usize) -> usize {
        match self {
            Self::Blend(_)
            | Self::Gather(_)
            | Self::Lut(_)
            | Self::Resample(_)
            | Self::Squeeze(_)
            | Self::Warp(_) => 0,
            // A mean.
            Self::Color(_) => size_of::<u32>(),
            // An id and three bits a byte, and a little for each chunk.
            Self::Tokenize(_) => 5 * src_len,
        }
    }

    /// Runs it on a row on the host at `level`; `dst` has the bytes that
    /// [`RowKernel::row_bytes`] says. Gives how many were written.
    ///
    /// # Errors
    /// Where it cannot take the row, or `dst` has other bytes.
    pub fn run(
        &self,
        level: Level,
        (src, params): (&[u8], RowParams<'_>),
        dst: &mut [u8],
    ) -> Result<usize, RowError> {
        let RowParams { record, tables } = params;
        match self {
            Self::Blend(blend) => blend.run(level, src, &self.of_row(record)?, dst)?,
            Self::Color(color) => color.run(level, src, &self.of_row(record)?, dst)?,
            Self::Gather(gather) => gather.run(level, src, &self.of_row(record)?, dst)?,
            Self::Lut(lut) => lut.run(level, src, record, dst)?,
            Self::Resample(resample) => {
                let row = self.of_row(record)?;
                resample.run(level, (src, &row, tables), dst)?;
            }
            Self::Squeeze(squeeze) => return Ok(squeeze.run(level, src, dst)?),
            Self::Tokenize(tokenizer) => return Ok(tokenizer.run(src, dst)?),
            Self::Warp(warp) => warp.run(level, src, &self.of_row(record)?, dst)?,
        }
        Ok(dst.len())
    }

    /// The record of a row as a struct.
    fn of_row<Row: bytemuck::Pod>(&self, record: &[u8]) -> Result<Row, RowError> {
        let row = bytemuck::try_pod_read_unaligned(record);
        row.map_err(|_| RowError::Record {
            expected: self.record_bytes(),
            got: record.len(),
        })
    }
}

impl DeviceKernel for RowKernel {
    fn dst_number_bytes(&self) -> usize {
        match self {
            Self::Blend(_)
            | Self::Color(_)
            | Self::Gather(_)
            | Self::Resample(_)
            | Self::Squeeze(_)
            | Self::Warp(_) => 1,
            Self::Tokenize(_) => 4,
            Self::Lut(lut) => lut.to().len_bytes(),
        }
    }

    fn constants(&self) -> Vec<u32> {
        match self {
            Self::Blend(blend) => cast_slice(&[blend.constants()]).to_vec(),
            Self::Color(color) => cast_slice(&[color.constants()]).to_vec(),
            Self::Gather(gather) => cast_slice(&[gather.constants()]).to_vec(),
            Self::Lut(lut) => {
                let mut words: Vec<u32> = cast_slice(&[lut.constants()]).to_vec();
                if let LutTables::Column(tables) = lut.tables() {
                    words.extend_from_slice(tables);
                }
                words
            }
            Self::Resample(resample) => cast_slice(&[resample.constants()]).to_vec(),
            Self::Squeeze(squeeze) => squeeze.constants_words(),
            Self::Tokenize(tokenizer) => tokenizer.tables().to_vec(),
            Self::Warp(warp) => cast_slice(&[warp.constants()]).to_vec(),
        }
    }

    fn passes(&self) -> &'static [Pass] {
        match self {
            Self::Blend(_) => BLEND,
            Self::Color(_) => COLOR,
            Self::Gather(_) => GATHER,
            Self::Lut(_) => LUT,
            Self::Resample(_) => RESAMPLE,
            Self::Squeeze(_) => SQUEEZE,
            Self::Tokenize(tokenizer) => match tokenizer.kind() {
                DeviceModelKind::BytePairs => BYTE_PAIRS,
                DeviceModelKind::WordPiece => WORD_PIECE,
            },
            Self::Warp(_) => WARP,
        }
    }

    fn scratch_bytes(&self, src_len: usize, n_items: usize) -> usize {
        match self {
            Self::Blend(_) | Self::Gather(_) | Self::Lut(_) | Self::Resample(_) | Self::Warp(_) => {
                0
            }
            Self::Color(_) => size_of::<u32>() * n_items,
            // A word a chunk, and one for the end.
            Self::Squeeze(_) => 4 * (src_len.div_ceil(CHUNK as usize) + 1),
            Self::Tokenize(_) => DeviceTokenizer::scratch_bytes(src_len),
        }
    }
}

impl fmt::Display for RowKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blend(blend) => write!(
                f,
                "blend two images of {} channels {:?}",
                blend.channels(),
                blend.layout()
            ),
            Self::Color(color) => write!(
                f,
                "color of {} channels {:?}",
                color.channels(),
                color.layout()
            ),
            Self::Gather(gather) => write!(
                f,
                "gather {:?} -> {:?}, {:?}, {:?}",
                gather.from(),
                gather.to(),
                gather.channels(),
                gather.border()
            ),
            Self::Lut(lut) => {
                let whose = match lut.tables() {
                    LutTables::Column(_) => "column",
                    LutTables::Row => "row",
                };
                write!(
                    f,
                    "lut of {} tables a {whose} for {} channels {:?} -> {}",
                    lut.n_tables(),
                    lut.channels(),
                    lut.layout(),
                    lut.to()
                )
            }
            Self::Resample(resample) => write!(
                f,
                "resample {} channels {:?}",
                resample.channels(),
                resample.layout()
            ),
            Self::Squeeze(squeeze) => {
                write!(f, "squeeze to 0x{:02x}", squeeze.replacement())
            }
            Self::Tokenize(tokenizer) => write!(f, "tokenize by {}", tokenizer.kind()),
            Self::Warp(warp) => write!(
                f,
                "warp {} channels {:?}, {}",
                warp.channels(),
                warp.layout(),
                warp.filter().name()
            ),
        }
    }
}
