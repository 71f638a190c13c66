//! Windows of images.

use super::ResampleError;

/// The part of an image that is resized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResampleWindow {
    /// Rows and columns of the image.
    pub sides: [u32; 2],
    /// Top, left, height and width of the part.
    pub window: [u32; 4],
}

impl ResampleWindow {
    /// All of an image of these rows and columns.
    #[must_use]
    pub fn whole([height, width]: [u32; 2]) -> Self {
        Self {
            sides: [height, width],
            window: [0, 0, height, width],
        }
    }

    /// The window, if it lies within the image and is not empty.
    pub(super) fn checked(&self) -> Result<[u32; 4], ResampleError> {
        let [height, width] = self.sides;
        let [top, left, rows, cols] = self.window;
        let fits = |start: u32, len: u32, whole: u32| {
            len > 0 && u64::from(start) + u64::from(len) <= whole.into()
        };
        if fits(top, rows, height) && fits(left, cols, width) {
            return Ok(self.window);
        }
        Err(ResampleError::Window {
            height,
            width,
            window: self.window,
        })
    }
}
