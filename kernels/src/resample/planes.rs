//! Images as planes of lines: one plane of interleaved channels, or one a channel.

use super::lines::ImageLines;
use crate::normalize::Layout;

/// The planes of images of a layout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planes {
    /// Planes of an image.
    pub(super) n: usize,
    /// Bytes of a column in a line.
    pub(super) per_col: usize,
}

impl Planes {
    /// Those of images of so many channels.
    pub(super) fn of(channels: u32, layout: Layout) -> Self {
        let channels = channels as usize;
        match layout {
            Layout::Hwc => Self {
                n: 1,
                per_col: channels,
            },
            Layout::Chw => Self {
                n: channels,
                per_col: 1,
            },
        }
    }

    /// The lines of a window (top, left, height, width) in a plane of an image of
    /// these sides.
    pub(super) fn lines<'a>(
        &self,
        (src, [height, width]): (&'a [u8], [u32; 2]),
        plane: usize,
        window: [u32; 4],
    ) -> ImageLines<'a> {
        let [top, left, rows, cols] = window.map(|n| n as usize);
        let pitch = width as usize * self.per_col;
        let first = (plane * height as usize + top) * pitch + left * self.per_col;
        ImageLines::new(&src[first..], pitch, [rows, cols * self.per_col])
    }
}
