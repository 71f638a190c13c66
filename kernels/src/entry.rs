//! The entry points of shaders and CUDA modules.

use crate::job::Job;
use crate::twin::Twin;
use crate::{blend, cast, gather, lut, map, normalize};

/// An entry point. All have the same parameters: jobs, records of items, tables,
/// what is read, what passes of a kernel leave for one another, what is written,
/// and flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    /// `normalize` on images of bytes.
    NormalizeImages,
    /// `normalize` on numbers of at most 32 bits.
    NormalizeNumbers,
    /// `normalize` on numbers that are computed in binary64; not in WGSL.
    NormalizeWide,
    /// `cast`.
    Cast,
    /// `map`.
    Map,
    /// `blend`.
    Blend,
    /// `gather`.
    Gather,
    /// `lut`.
    Lut,
    /// `squeeze`: how many bytes each chunk leaves.
    SqueezeCount,
    /// `squeeze`: where each chunk's begin.
    SqueezeScan,
    /// `squeeze`: words that chunks share, and offsets behind the last byte.
    SqueezeEdges,
    /// `squeeze`: the bytes, and the offsets of rows.
    SqueezeWrite,
}

impl Entry {
    /// Every entry.
    pub const ALL: [Self; 12] = [
        Self::NormalizeImages,
        Self::NormalizeNumbers,
        Self::NormalizeWide,
        Self::Cast,
        Self::Map,
        Self::Blend,
        Self::Gather,
        Self::Lut,
        Self::SqueezeCount,
        Self::SqueezeScan,
        Self::SqueezeEdges,
        Self::SqueezeWrite,
    ];

    /// Its name in the source.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NormalizeImages => "normalize_images",
            Self::NormalizeNumbers => "normalize_numbers",
            Self::NormalizeWide => "normalize_wide",
            Self::Cast => "cast",
            Self::Map => "map",
            Self::Blend => "blend",
            Self::Gather => "gather",
            Self::Lut => "lut",
            Self::SqueezeCount => "squeeze_count",
            Self::SqueezeScan => "squeeze_scan",
            Self::SqueezeEdges => "squeeze_edges",
            Self::SqueezeWrite => "squeeze_write",
        }
    }

    /// The file that it is in, without its ending, in every language.
    #[must_use]
    pub fn module(self) -> &'static str {
        match self {
            Self::NormalizeImages | Self::NormalizeNumbers | Self::NormalizeWide => "normalize",
            Self::Cast => "cast",
            Self::Map => "map",
            Self::Blend => "blend",
            Self::Gather => "gather",
            Self::Lut => "lut",
            Self::SqueezeCount | Self::SqueezeScan | Self::SqueezeEdges | Self::SqueezeWrite => {
                "squeeze"
            }
        }
    }

    /// Whether WGSL, which has no numbers of 64 bits, has it.
    #[must_use]
    pub fn is_in_wgsl(self) -> bool {
        match self {
            Self::NormalizeWide => false,
            Self::NormalizeImages
            | Self::NormalizeNumbers
            | Self::Cast
            | Self::Map
            | Self::Blend
            | Self::Gather
            | Self::Lut
            | Self::SqueezeCount
            | Self::SqueezeScan
            | Self::SqueezeEdges
            | Self::SqueezeWrite => true,
        }
    }
}

/// Every struct that devices are handed.
pub const TWINS: &[Twin] = &[
    Job::TWIN,
    normalize::ImagesConstants::TWIN,
    normalize::NumbersConstants::TWIN,
    normalize::WideConstants::TWIN,
    cast::CastConstants::TWIN,
    map::MapConstants::TWIN,
    map::MapInstruction::TWIN,
    blend::BlendConstants::TWIN,
    blend::BlendRow::TWIN,
    gather::GatherConstants::TWIN,
    gather::GatherRow::TWIN,
    lut::LutConstants::TWIN,
];
