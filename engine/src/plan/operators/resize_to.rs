//! The size that images become.

use std::fmt;

use super::image::SIDE_MAX;

/// The size that images become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResizeTo {
    /// This height and width.
    Sides([u32; 2]),
    /// The shorter side becomes so long; the shape stays.
    Shorter(u32),
}

impl ResizeTo {
    /// What an image of these sides becomes; none for one that becomes too large.
    pub(super) fn of(self, [height, width]: [u32; 2]) -> Option<[u32; 2]> {
        let shorter = match self {
            Self::Sides(sides) => return Some(sides),
            Self::Shorter(shorter) => u64::from(shorter),
        };
        let (short, long) = (height.min(width), height.max(width));
        let longer = (shorter * u64::from(long)).checked_div(short.into())?;
        let longer = u32::try_from(longer).ok().filter(|n| *n <= SIDE_MAX)?;
        let shorter = u32::try_from(shorter).ok()?;
        Some(if height <= width {
            [shorter, longer]
        } else {
            [longer, shorter]
        })
    }
}

impl fmt::Display for ResizeTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sides([height, width]) => write!(f, "to {height}x{width}"),
            Self::Shorter(shorter) => write!(f, "so that the shorter side is {shorter}"),
        }
    }
}
