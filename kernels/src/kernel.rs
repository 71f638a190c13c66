//! The kernels that run on a device, as data.
//!
//! A kernel maps *items* of one buffer to items of another, one for one: an
//! item is an image, or one number of a column. What a kernel does to an item
//! depends on that item alone, so any run of items may be worked on anywhere.
//! Kernels that work on rows of any length are [`crate::RowKernel`]s.

use std::fmt;
use std::sync::Arc;

use bytemuck::cast_slice;

use crate::entry::Entry;
use crate::fixed_row::FixedRow;
use crate::level::Level;
use crate::pass::{DeviceKernel, Pass};
use crate::{cast, map, normalize};

/// One kernel with all its constants.
#[derive(Debug, Clone, PartialEq)]
pub enum Kernel {
    /// `normalize` on images of bytes.
    NormalizeImages(Arc<normalize::Images>),
    /// `normalize` on numbers.
    NormalizeNumbers(normalize::Numbers),
    /// `cast`.
    Cast(cast::Cast),
    /// Numbers by a few instructions.
    Map(Arc<map::Map>),
    /// A kernel on rows, all of one length and with one record; on the host only.
    FixedRow(Arc<FixedRow>),
}

/// Launches of the kernels that write every number by itself.
const NORMALIZE_IMAGES: &[Pass] = &[Pass::only(Entry::NormalizeImages)];
const NORMALIZE_NUMBERS: &[Pass] = &[Pass::only(Entry::NormalizeNumbers)];
const NORMALIZE_WIDE: &[Pass] = &[Pass::only(Entry::NormalizeWide)];
const CAST: &[Pass] = &[Pass::only(Entry::Cast)];
const MAP: &[Pass] = &[Pass::only(Entry::Map)];

impl Kernel {
    /// The operator's one name.
    #[must_use]
    pub fn op(&self) -> &'static str {
        match self {
            Self::NormalizeImages(_) | Self::NormalizeNumbers(_) => "normalize",
            Self::Cast(_) => "cast",
            Self::Map(_) => "map",
            Self::FixedRow(row) => row.kernel().op(),
        }
    }

    /// Bytes of one item read.
    #[must_use]
    pub fn src_item_bytes(&self) -> usize {
        match self {
            Self::NormalizeImages(images) => images.src_len_bytes(),
            Self::NormalizeNumbers(numbers) => numbers.from.len_bytes(),
            Self::Cast(cast) => cast.from.len_bytes(),
            Self::Map(map) => map.from().len_bytes(),
            Self::FixedRow(row) => row.src_len(),
        }
    }

    /// Bytes of one item written.
    #[must_use]
    pub fn dst_item_bytes(&self) -> usize {
        match self {
            Self::NormalizeImages(images) => images.dst_len_bytes(),
            Self::NormalizeNumbers(numbers) => numbers.to.len_bytes(),
            Self::Cast(cast) => cast.to.len_bytes(),
            Self::Map(map) => map.to().len_bytes(),
            Self::FixedRow(row) => row.dst_len(),
        }
    }

    /// Whether it needs numbers of 64 bits, which wgpu does not have.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        match self {
            Self::NormalizeImages(_) | Self::FixedRow(_) => false,
            Self::NormalizeNumbers(numbers) => numbers.from.is_wide() || numbers.to.is_wide(),
            Self::Cast(cast) => cast.from.is_wide() || cast.to.is_wide(),
            Self::Map(map) => map.is_wide(),
        }
    }

    /// Whether only the host runs it.
    #[must_use]
    pub fn is_on_host_only(&self) -> bool {
        match self {
            Self::FixedRow(_) => true,
            Self::NormalizeImages(_) | Self::NormalizeNumbers(_) | Self::Cast(_) | Self::Map(_) => {
                false
            }
        }
    }

    /// Runs it on the host at `level`: whole items of `src` to as many of
    /// `dst`. Gives the index of the first item whose value does not fit its
    /// new type (only `cast` and `map` know such values; they are saturated).
    ///
    /// # Errors
    /// [`crate::ShapeError`] where the lengths are not those of as many items.
    pub fn run(
        &self,
        level: Level,
        src: &[u8],
        dst: &mut [u8],
    ) -> Result<Option<usize>, crate::ShapeError> {
        let items = (self.src_item_bytes(), self.dst_item_bytes());
        crate::ShapeError::check(items, (src.len(), dst.len()))?;
        match self {
            Self::NormalizeImages(images) => images.run(level, src, dst),
            Self::NormalizeNumbers(numbers) => numbers.run(level, src, dst),
            Self::Cast(cast) => return Ok(cast.run(level, src, dst)),
            Self::Map(map) => return Ok(map.run(level, src, dst)),
            Self::FixedRow(row) => row.run(level, src, dst)?,
        }
        Ok(None)
    }
}

impl DeviceKernel for Kernel {
    fn passes(&self) -> &'static [Pass] {
        match self {
            Self::NormalizeImages(_) => NORMALIZE_IMAGES,
            Self::NormalizeNumbers(numbers) if numbers.is_wide() => NORMALIZE_WIDE,
            Self::NormalizeNumbers(_) => NORMALIZE_NUMBERS,
            Self::Cast(_) => CAST,
            Self::Map(_) => MAP,
            Self::FixedRow(row) => row.kernel().passes(),
        }
    }

    fn constants(&self) -> Vec<u32> {
        match self {
            Self::NormalizeImages(images) => {
                let constants = [images.constants()];
                [cast_slice(&constants), images.table().bits()].concat()
            }
            Self::NormalizeNumbers(numbers) if numbers.is_wide() => {
                cast_slice(&[numbers.wide_constants()]).to_vec()
            }
            Self::NormalizeNumbers(numbers) => cast_slice(&[numbers.constants()]).to_vec(),
            Self::Cast(cast) => cast_slice(&[cast.constants()]).to_vec(),
            Self::Map(map) => map.constants(),
            Self::FixedRow(row) => row.kernel().constants(),
        }
    }

    fn dst_number_bytes(&self) -> usize {
        match self {
            Self::NormalizeImages(images) => images.table().element().len_bytes(),
            Self::NormalizeNumbers(numbers) => numbers.to.len_bytes(),
            Self::Cast(cast) => cast.to.len_bytes(),
            Self::Map(map) => map.to().len_bytes(),
            Self::FixedRow(row) => row.kernel().dst_number_bytes(),
        }
    }

    fn scratch_bytes(&self, _: usize, _: usize) -> usize {
        0
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NormalizeImages(images) => {
                let geometry = images.geometry();
                let normalize::Geometry {
                    height,
                    width,
                    channels,
                    from,
                    to,
                    crop: [top, left, rows, cols],
                    flip,
                } = geometry;
                write!(
                    f,
                    "normalize {height}x{width}x{channels} {from:?} [{rows}x{cols} at {top},{left}, \
                     flip {flip:?}] -> {} {to:?}",
                    images.table().element()
                )
            }
            Self::NormalizeNumbers(numbers) => {
                write!(f, "normalize {} -> {}", numbers.from, numbers.to)?;
                if numbers.low > f64::NEG_INFINITY || numbers.high < f64::INFINITY {
                    write!(f, ", clip {} to {}", numbers.low, numbers.high)?;
                }
                Ok(())
            }
            Self::Cast(cast) => write!(f, "cast {} -> {}", cast.from, cast.to),
            Self::Map(map) => map.fmt(f),
            Self::FixedRow(row) => row.kernel().fmt(f),
        }
    }
}
