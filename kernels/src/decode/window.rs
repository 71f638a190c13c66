//! A part of a picture.

/// A part of a picture: rows `top..top + height`, columns `left..left + width`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PixelWindow {
    /// The first row.
    pub top: u32,
    /// The first column.
    pub left: u32,
    /// Rows, at least 1.
    pub height: u32,
    /// Columns, at least 1.
    pub width: u32,
}

impl PixelWindow {
    /// The whole of a picture of `size` rows and columns.
    #[must_use]
    pub fn whole([height, width]: [u32; 2]) -> Self {
        Self {
            top: 0,
            left: 0,
            height,
            width,
        }
    }

    /// Whether it has pixels, all of them in a picture of `size` rows and columns.
    pub(super) fn is_within(self, [height, width]: [u32; 2]) -> bool {
        let fits = |first: u32, n: u32, limit: u32| {
            n > 0 && first.checked_add(n).is_some_and(|end| end <= limit)
        };
        fits(self.top, self.height, height) && fits(self.left, self.width, width)
    }
}
