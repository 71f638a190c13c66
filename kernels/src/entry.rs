//! The entry points of shaders and CUDA modules.

use crate::job::Job;
use crate::kernel::Kernel;
use crate::twin::Twin;
use crate::{cast, normalize};

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
}

impl Entry {
    /// Every entry.
    pub const ALL: [Self; 4] = [
        Self::NormalizeImages,
        Self::NormalizeNumbers,
        Self::NormalizeWide,
        Self::Cast,
    ];

    /// Its name in the source.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NormalizeImages => "normalize_images",
            Self::NormalizeNumbers => "normalize_numbers",
            Self::NormalizeWide => "normalize_wide",
            Self::Cast => "cast",
        }
    }

    /// The file that it is in, without its ending, in every language.
    #[must_use]
    pub fn module(self) -> &'static str {
        match self {
            Self::NormalizeImages | Self::NormalizeNumbers | Self::NormalizeWide => "normalize",
            Self::Cast => "cast",
        }
    }

    /// Whether WGSL, which has no numbers of 64 bits, has it.
    #[must_use]
    pub fn is_in_wgsl(self) -> bool {
        match self {
            Self::NormalizeImages | Self::NormalizeNumbers | Self::Cast => true,
            Self::NormalizeWide => false,
        }
    }

    /// The entry that runs a kernel.
    #[must_use]
    pub fn of(kernel: &Kernel) -> Self {
        match kernel {
            Kernel::NormalizeImages(_) => Self::NormalizeImages,
            Kernel::NormalizeNumbers(numbers) if numbers.is_wide() => Self::NormalizeWide,
            Kernel::NormalizeNumbers(_) => Self::NormalizeNumbers,
            Kernel::Cast(_) => Self::Cast,
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
];
