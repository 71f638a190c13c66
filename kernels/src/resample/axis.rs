//! The axes of images, and which of them comes first.

/// The axis along which an image is resized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Along lines: the number of columns changes.
    Horizontal,
    /// From line to line: the number of rows changes.
    Vertical,
}

/// How many times as high as wide a window is that Pillow takes for a tall one.
const TALL: u64 = 100;

impl Axis {
    /// Both in the order in which Pillow 12 resizes a window of these rows and columns
    /// that is to have so many rows.
    pub(super) fn in_order([rows, cols]: [u32; 2], to_rows: u32) -> [Self; 2] {
        if u64::from(rows) > TALL * u64::from(cols) && to_rows < rows {
            [Self::Vertical, Self::Horizontal]
        } else {
            [Self::Horizontal, Self::Vertical]
        }
    }
}
