//! How a picture is turned: the eight orientations of EXIF.

use super::window::PixelWindow;

/// How a stored picture is turned to be seen: the EXIF tag 0x0112.
///
/// The pixel at `(row, col)` of the picture as seen is the stored one at `(row,
/// col)`, or at `(col, row)` where it is transposed, counted from the far side
/// where an axis is flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Orientation {
    tag: u8,
}

impl Orientation {
    /// As stored: tag 1.
    pub const IDENTITY: Self = Self { tag: 1 };

    /// The orientation of an EXIF tag; `None` beyond 1 to 8.
    #[must_use]
    pub fn of_tag(tag: u16) -> Option<Self> {
        let tag = u8::try_from(tag).ok()?;
        (1..=8).contains(&tag).then_some(Self { tag })
    }

    fn is_transposed(self) -> bool {
        self.tag >= 5
    }

    fn flips_rows(self) -> bool {
        matches!(self.tag, 3 | 4 | 6 | 7)
    }

    fn flips_cols(self) -> bool {
        matches!(self.tag, 2 | 3 | 7 | 8)
    }

    /// The EXIF tag, 1 to 8.
    #[must_use]
    pub fn tag(self) -> u8 {
        self.tag
    }

    /// Rows and columns as seen, from those stored.
    #[must_use]
    pub fn size(self, [height, width]: [u32; 2]) -> [u32; 2] {
        if self.is_transposed() {
            [width, height]
        } else {
            [height, width]
        }
    }

    /// The stored window behind one of the picture as seen. `stored` are rows
    /// and columns as stored, and the window lies within the picture.
    pub(super) fn stored_window(self, window: PixelWindow, stored: [u32; 2]) -> PixelWindow {
        let mut at = window;
        if self.is_transposed() {
            at = PixelWindow {
                top: window.left,
                left: window.top,
                height: window.width,
                width: window.height,
            };
        }
        if self.flips_rows() {
            at.top = stored[0] - at.height - at.top;
        }
        if self.flips_cols() {
            at.left = stored[1] - at.width - at.left;
        }
        at
    }

    /// Turns a stored picture of `size` rows and columns of `N` bytes a pixel.
    ///
    /// `src` and `dst` have as many bytes as the picture.
    pub(super) fn turn<const N: usize>(self, size: [usize; 2], src: &[u8], dst: &mut [u8]) {
        let [height, width] = size;
        let (pixels, _) = src.as_chunks::<N>();
        let (turned, _) = dst.as_chunks_mut::<N>();
        let seen_width = if self.is_transposed() { height } else { width };
        for (row, line) in turned.chunks_exact_mut(seen_width).enumerate() {
            for (col, pixel) in line.iter_mut().enumerate() {
                let (mut y, mut x) = if self.is_transposed() {
                    (col, row)
                } else {
                    (row, col)
                };
                if self.flips_rows() {
                    y = height - 1 - y;
                }
                if self.flips_cols() {
                    x = width - 1 - x;
                }
                *pixel = pixels[y * width + x];
            }
        }
    }
}
