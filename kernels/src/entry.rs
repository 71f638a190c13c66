//! The entry points of shaders and CUDA modules.

use crate::job::Job;
use crate::twin::Twin;
use crate::{blend, cast, color, gather, lut, map, normalize, resample, tokenize, warp};

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
    /// `color`: the mean of the grey of each image.
    ColorMeans,
    /// `color`: all adjustments.
    Color,
    /// `gather`.
    Gather,
    /// `lut`.
    Lut,
    /// `resample`.
    Resample,
    /// `squeeze`: how many bytes each chunk leaves.
    SqueezeCount,
    /// `squeeze`: where each chunk's begin.
    SqueezeScan,
    /// `squeeze`: words that chunks share, and offsets behind the last byte.
    SqueezeEdges,
    /// `squeeze`: the bytes, and the offsets of rows.
    SqueezeWrite,
    /// `tokenize`: what each chunk does to the automata.
    TokenizeMaps,
    /// `tokenize`: the states that each is entered in.
    TokenizeStates,
    /// `tokenize`: where words begin.
    TokenizeWords,
    /// `tokenize`: words that are known.
    TokenizeLookup,
    /// `tokenize`: words that a thread merges.
    TokenizeShort,
    /// `tokenize`: words that a group of threads merges.
    TokenizeLong,
    /// `tokenize`: words that a table of `WordPiece` has.
    TokenizeWhole,
    /// `tokenize`: words that a thread covers with tokens.
    TokenizePieces,
    /// `tokenize`: how many ids each chunk has.
    TokenizeCount,
    /// `tokenize`: where each chunk's go.
    TokenizePlaces,
    /// `tokenize`: the ids, and the offsets of rows.
    TokenizeWrite,
    /// `warp`.
    Warp,
}

impl Entry {
    /// Every entry.
    pub const ALL: [Self; 27] = [
        Self::NormalizeImages,
        Self::NormalizeNumbers,
        Self::NormalizeWide,
        Self::Cast,
        Self::Map,
        Self::Blend,
        Self::ColorMeans,
        Self::Color,
        Self::Gather,
        Self::Lut,
        Self::Resample,
        Self::SqueezeCount,
        Self::SqueezeScan,
        Self::SqueezeEdges,
        Self::SqueezeWrite,
        Self::TokenizeMaps,
        Self::TokenizeStates,
        Self::TokenizeWords,
        Self::TokenizeLookup,
        Self::TokenizeShort,
        Self::TokenizeLong,
        Self::TokenizeWhole,
        Self::TokenizePieces,
        Self::TokenizeCount,
        Self::TokenizePlaces,
        Self::TokenizeWrite,
        Self::Warp,
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
            Self::ColorMeans => "color_means",
            Self::Color => "color",
            Self::Gather => "gather",
            Self::Lut => "lut",
            Self::Resample => "resample",
            Self::SqueezeCount => "squeeze_count",
            Self::SqueezeScan => "squeeze_scan",
            Self::SqueezeEdges => "squeeze_edges",
            Self::SqueezeWrite => "squeeze_write",
            Self::TokenizeMaps => "tokenize_maps",
            Self::TokenizeStates => "tokenize_states",
            Self::TokenizeWords => "tokenize_words",
            Self::TokenizeLookup => "tokenize_lookup",
            Self::TokenizeShort => "tokenize_short",
            Self::TokenizeLong => "tokenize_long",
            Self::TokenizeWhole => "tokenize_whole",
            Self::TokenizePieces => "tokenize_pieces",
            Self::TokenizeCount => "tokenize_count",
            Self::TokenizePlaces => "tokenize_places",
            Self::TokenizeWrite => "tokenize_write",
            Self::Warp => "warp",
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
            Self::ColorMeans | Self::Color => "color",
            Self::Gather => "gather",
            Self::Lut => "lut",
            Self::Resample => "resample",
            Self::SqueezeCount | Self::SqueezeScan | Self::SqueezeEdges | Self::SqueezeWrite => {
                "squeeze"
            }
            Self::TokenizeMaps | Self::TokenizeStates | Self::TokenizeWords => "tokenize_words",
            Self::TokenizeWhole | Self::TokenizePieces => "tokenize_pieces",
            Self::TokenizeLookup
            | Self::TokenizeShort
            | Self::TokenizeLong
            | Self::TokenizeCount
            | Self::TokenizePlaces
            | Self::TokenizeWrite => "tokenize",
            Self::Warp => "warp",
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
            | Self::ColorMeans
            | Self::Color
            | Self::Gather
            | Self::Lut
            | Self::Resample
            | Self::SqueezeCount
            | Self::SqueezeScan
            | Self::SqueezeEdges
            | Self::SqueezeWrite
            | Self::TokenizeMaps
            | Self::TokenizeStates
            | Self::TokenizeWords
            | Self::TokenizeLookup
            | Self::TokenizeShort
            | Self::TokenizeLong
            | Self::TokenizeWhole
            | Self::TokenizePieces
            | Self::TokenizeCount
            | Self::TokenizePlaces
            | Self::TokenizeWrite
            | Self::Warp => true,
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
    color::ColorConstants::TWIN,
    color::ColorRow::TWIN,
    gather::GatherConstants::TWIN,
    gather::GatherRow::TWIN,
    lut::LutConstants::TWIN,
    resample::ResampleConstants::TWIN,
    resample::ResampleRow::TWIN,
    tokenize::CutConstants::TWIN,
    tokenize::PairConstants::TWIN,
    tokenize::PieceConstants::TWIN,
    warp::WarpConstants::TWIN,
    warp::WarpRow::TWIN,
];
