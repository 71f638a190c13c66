//! `gather` line by line, at every level but the scalar one.
//!
//! A line written reads one line of the input, along its rows or its columns.
//! Where that lies inside the window, coordinates run on by one, so a part of
//! the line is a copy, a copy backwards, or a walk with one stride; only what
//! lies left and right of it is brought back sample by sample.
#![expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]

use std::ops::Range;

use super::{Border, Gather, GatherRow};
use crate::body::Body;
use crate::level::Dispatch;
use crate::normalize::Layout;
use crate::vector;

/// The coordinates of an axis of the input, as one of the output runs.
#[derive(Clone, Copy)]
struct Walk {
    /// That of the first step.
    first: isize,
    /// 1 or -1.
    direction: isize,
    /// Where the window begins.
    window: isize,
    /// How many coordinates of it count.
    len: isize,
    /// Bytes from one coordinate to the next.
    pitch: isize,
}

impl Walk {
    /// Bytes into the image after `step` steps, or `None` for the constant.
    fn offset(&self, border: Border, step: usize) -> Option<isize> {
        let at = self.first + step.cast_signed() * self.direction;
        Some(border.place(at, self.window, self.len)? * self.pitch)
    }

    /// Which of `n_steps` steps lie inside the window; they are adjacent.
    fn inside(&self, n_steps: usize) -> Range<usize> {
        let end = self.window + self.len;
        let steps = if self.direction < 0 {
            self.first - end + 1..self.first - self.window + 1
        } else {
            self.window - self.first..end - self.first
        };
        let clamp = |step: isize| step.max(0).unsigned_abs().min(n_steps);
        let start = clamp(steps.start);
        start..clamp(steps.end).max(start)
    }
}

/// How lines are read.
struct Lines<'a> {
    kind: Dispatch,
    border: Border,
    src: &'a [u8],
    right: Walk,
    /// Bytes from one sample of a group to the next.
    sample_pitch: isize,
}

/// One item.
pub(super) fn gather(
    kind: Dispatch,
    gather: &Gather,
    (src, row): (&[u8], &GatherRow),
    dst: &mut [u8],
) {
    let (width, height) = (row.dst_width as usize, row.dst_height as usize);
    if dst.is_empty() {
        return;
    }
    let [down, right] = walks(gather, row);
    let channels = gather.channels();
    let channel_pitch = gather.pitches(row)[2];
    let lines = Lines {
        kind,
        border: gather.border(),
        src,
        right,
        sample_pitch: channel_pitch * channels.step as isize,
    };
    let first = (channels.first as usize).cast_signed() * channel_pitch;
    let fill = gather.fill();
    let n_out = channels.n_out as usize;
    if gather.to() == Layout::Chw || n_out == 1 {
        for (index, line) in dst.chunks_exact_mut(width).enumerate() {
            let (c, y) = (index / height, index % height);
            let at = down.offset(lines.border, y);
            let channel = first + c.cast_signed() * lines.sample_pitch;
            lines.write(at.map(|at| at + channel), [fill[c]], line.as_chunks_mut().0);
        }
        return;
    }
    for (y, line) in dst.chunks_exact_mut(width * n_out).enumerate() {
        let at = down.offset(lines.border, y).map(|at| at + first);
        match n_out {
            2 => lines.write(at, [fill[0], fill[1]], line.as_chunks_mut().0),
            3 => lines.write(at, [fill[0], fill[1], fill[2]], line.as_chunks_mut().0),
            _ => lines.write(at, fill, line.as_chunks_mut().0),
        }
    }
}

/// How coordinates go down and right in the output.
#[expect(clippy::cast_possible_wrap, reason = "sides are below 2^30")]
fn walks(gather: &Gather, row: &GatherRow) -> [Walk; 2] {
    let [row_pitch, col_pitch, _] = gather.pitches(row);
    let rows = Walk {
        first: row.top as isize,
        // One of the two is 0.
        direction: (row.row_down + row.row_right) as isize,
        window: row.window_top as isize,
        len: row.window_height as isize,
        pitch: row_pitch,
    };
    let cols = Walk {
        first: row.left as isize,
        direction: (row.col_down + row.col_right) as isize,
        window: row.window_left as isize,
        len: row.window_width as isize,
        pitch: col_pitch,
    };
    if row.is_turned() {
        [cols, rows]
    } else {
        [rows, cols]
    }
}

impl Lines<'_> {
    /// Writes one line of groups of `N` samples, from the line of the input
    /// that begins at `at`, or all constant.
    fn write<const N: usize>(&self, at: Option<isize>, fill: [u8; N], dst: &mut [[u8; N]]) {
        let Some(at) = at else {
            dst.fill(fill);
            return;
        };
        let inside = self.right.inside(dst.len());
        for step in (0..inside.start).chain(inside.end..dst.len()) {
            dst[step] = match self.right.offset(self.border, step) {
                Some(offset) => self.group(at + offset),
                None => fill,
            };
        }
        if !inside.is_empty() {
            let first = self.right.first + inside.start.cast_signed() * self.right.direction;
            self.copy(at + first * self.right.pitch, &mut dst[inside]);
        }
    }

    /// Writes adjacent groups that lie inside the window, the first at `at`.
    fn copy<const N: usize>(&self, at: isize, dst: &mut [[u8; N]]) {
        let stride = self.right.direction * self.right.pitch;
        let is_packed = N == 1 || self.sample_pitch == 1;
        let (len, group) = (dst.len() * N, N.cast_signed());
        if is_packed && stride == group {
            let start = at.unsigned_abs();
            dst.as_flattened_mut()
                .copy_from_slice(&self.src[start..start + len]);
        } else if is_packed && stride == -group {
            let end = at.unsigned_abs() + N;
            let src = &self.src[end - len..end];
            vector::at(self.kind, &Backwards::<N>, src, dst.as_flattened_mut());
        } else if N == 1 && (2..=4).contains(&stride.abs()) {
            self.apart(at, stride, dst.as_flattened_mut());
        } else if stride == 1 {
            let plane = |c: usize| {
                let at = (at + c.cast_signed() * self.sample_pitch).unsigned_abs();
                &self.src[at..at + dst.len()]
            };
            let planes = Together::<N>(std::array::from_fn(plane));
            let src = planes.0[0];
            vector::at(self.kind, &planes, src, dst.as_flattened_mut());
        } else {
            let mut at = at;
            for group in dst {
                *group = self.group(at);
                at += stride;
            }
        }
    }

    /// Writes samples that lie `stride` apart, 2 to 4 bytes forwards or
    /// backwards, the first at `at`.
    fn apart(&self, at: isize, stride: isize, dst: &mut [u8]) {
        // Nothing needs to lie beyond the last sample.
        let [dst @ .., last] = dst else {
            return;
        };
        let (at, pitch) = (at.unsigned_abs(), stride.unsigned_abs());
        let len = dst.len() * pitch;
        let is_backwards = stride < 0;
        let (src, end) = if is_backwards {
            (at + 1 - len..at + 1, at - len)
        } else {
            (at..at + len, at + len)
        };
        let (kind, src) = (self.kind, &self.src[src]);
        match pitch {
            2 => vector::at(kind, &Every::<2> { is_backwards }, src, dst),
            3 => vector::at(kind, &Every::<3> { is_backwards }, src, dst),
            _ => vector::at(kind, &Every::<4> { is_backwards }, src, dst),
        };
        *last = self.src[end];
    }

    /// The group of samples at `at`.
    #[inline]
    fn group<const N: usize>(&self, mut at: isize) -> [u8; N] {
        let mut group = [0; N];
        for sample in &mut group {
            *sample = self.src[at.unsigned_abs()];
            at += self.sample_pitch;
        }
        group
    }
}

/// One of every `N` bytes: from the first on, or from the last on backwards.
struct Every<const N: usize> {
    is_backwards: bool,
}

impl<const N: usize> Body for Every<N> {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        let src = src.as_chunks::<N>().0;
        if self.is_backwards {
            for (x, y) in src.iter().rev().zip(dst) {
                *y = x[N - 1];
            }
        } else {
            for (x, y) in src.iter().zip(dst) {
                *y = x[0];
            }
        }
        true
    }
}

/// Groups of one sample from each of these planes, all as long.
struct Together<'a, const N: usize>([&'a [u8]; N]);

impl<const N: usize> Body for Together<'_, N> {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        let dst = dst.as_chunks_mut::<N>().0;
        // One length for all, so that one check holds for all.
        let n = src.len().min(dst.len());
        let mut planes = self.0;
        for plane in &mut planes {
            *plane = &plane[..n];
        }
        for (index, group) in dst[..n].iter_mut().enumerate() {
            for c in 0..N {
                group[c] = planes[c][index];
            }
        }
        true
    }
}

/// Groups of `N` bytes in reverse order.
struct Backwards<const N: usize>;

impl<const N: usize> Body for Backwards<N> {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        let (src, dst) = (src.as_chunks::<N>().0, dst.as_chunks_mut::<N>().0);
        for (x, y) in src.iter().rev().zip(dst) {
            *y = *x;
        }
        true
    }
}
