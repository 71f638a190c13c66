//! The meaning of `gather`, plain and slow.

use super::{Gather, GatherRow};
use crate::normalize::Layout;

/// One item, sample by sample in the order they are written.
#[expect(
    clippy::cast_possible_wrap,
    reason = "sides are below 2^30 and images below 2 GiB"
)]
pub(super) fn gather(gather: &Gather, src: &[u8], row: &GatherRow, dst: &mut [u8]) {
    let [height, width] = [row.dst_height, row.dst_width].map(|side| side as usize);
    let channels = gather.channels();
    let [row_pitch, col_pitch, channel_pitch] = gather.pitches(row);
    let along = |start: i32, [down, right]: [i32; 2], [y, x]: [usize; 2]| {
        start as isize + y.cast_signed() * down as isize + x.cast_signed() * right as isize
    };
    for (index, sample) in dst.iter_mut().enumerate() {
        let [y, x, c] = match gather.to() {
            Layout::Hwc => {
                let (pixel, n_out) = (index / channels.n_out as usize, channels.n_out as usize);
                [pixel / width, pixel % width, index % n_out]
            }
            Layout::Chw => [
                index / width % height,
                index % width,
                index / width / height,
            ],
        };
        let in_row = along(row.top, [row.row_down, row.row_right], [y, x]);
        let in_col = along(row.left, [row.col_down, row.col_right], [y, x]);
        let channel = channels.first as isize + c.cast_signed() * channels.step as isize;
        let border = gather.border();
        let in_row = border.place(in_row, row.window_top as isize, row.window_height as isize);
        let in_col = border.place(in_col, row.window_left as isize, row.window_width as isize);
        *sample = match (in_row, in_col) {
            (Some(in_row), Some(in_col)) => {
                let at = in_row * row_pitch + in_col * col_pitch + channel * channel_pitch;
                src[at.unsigned_abs()]
            }
            _ => gather.fill()[c],
        };
    }
}
