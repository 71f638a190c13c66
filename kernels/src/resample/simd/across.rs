//! The horizontal axis with vectors: as many lines side by side as a vector has
//! bytes.
//!
//! A band of lines is turned so that the bytes of one column of all its lines follow
//! one another. What is a sum along lines is then one of vectors, whatever the
//! number of channels, as for the vertical axis; and what comes of it is turned back.
#![expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]

use std::arch::x86_64::__m128i;
use std::ops::Range;

use super::pairs::Pairs;
use super::sums::Sums;
use super::x86::{LANE, VectorWork, Vectors, run};
use crate::level::Dispatch;
use crate::resample::lines::ImageLines;

/// Columns of bytes that are turned at a time, unless a position reads more: with
/// the lines of a band they stay in the nearest cache.
const COLUMNS: usize = 768;

/// The most lines of a band: longer vectors are slower here, because they move bytes
/// in one unit of the processor where shorter ones have two.
const MAX_LINES: usize = 2 * LANE;

/// Turned bands, kept for the next image.
#[derive(Debug, Clone, Default)]
pub(in crate::resample) struct Bands {
    read: Vec<BandColumn>,
    written: Vec<BandColumn>,
}

/// The bytes of one column in all lines of a band, within one cache line.
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(32))]
struct BandColumn([u8; MAX_LINES]);

/// Resizes each line of pixels of so many channels; false without doing it where
/// there are no vectors.
pub(in crate::resample) fn across(
    kind: Dispatch,
    (pairs, channels): (&Pairs, usize),
    lines: ImageLines<'_>,
    (bands, dst): (&mut Bands, &mut [u8]),
) -> bool {
    let work = Across {
        pairs,
        channels,
        lines,
        bands,
        dst,
    };
    // More lanes than it takes for the lines would be work for nothing.
    let longest = if lines.n().min(lines.len()) > LANE {
        MAX_LINES
    } else {
        LANE
    };
    run(kind, longest, work)
}

struct Across<'a> {
    pairs: &'a Pairs,
    channels: usize,
    lines: ImageLines<'a>,
    bands: &'a mut Bands,
    dst: &'a mut [u8],
}

impl VectorWork for Across<'_> {
    fn run(self, vectors: impl Vectors) {
        vectors.vectorize(
            #[inline(always)]
            || self.each_band(vectors),
        );
    }
}

impl Across<'_> {
    #[inline(always)]
    fn each_band<V: Vectors>(mut self, vectors: V) {
        let n_positions = self.pairs.positions().len();
        let all = self.pairs.reads(&(0..n_positions));
        let widest = all.len().max(n_positions) * self.channels;
        let n_runs = widest.div_ceil(COLUMNS);
        let each = n_positions.div_ceil(n_runs);
        let n_lines = self.lines.n();
        for first in (0..n_lines).step_by(V::LEN) {
            for from in (0..n_positions).step_by(each) {
                let run = from..n_positions.min(from + each);
                let bytes = self.bytes::<V>(&run);
                self.turn(vectors, first, &bytes);
                self.sum(vectors, &run, bytes.start);
                self.turn_back(vectors, first, &run);
            }
        }
    }

    /// The bytes of a line that a run of positions reads; at least as many as a vector
    /// has, if a line has them.
    #[inline(always)]
    fn bytes<V: Vectors>(&self, run: &Range<usize>) -> Range<usize> {
        let reads = self.pairs.reads(run);
        let start = reads.start * self.channels;
        let start = start.min(self.lines.len().saturating_sub(V::LEN));
        let end = (reads.end * self.channels).max(start + V::LEN);
        start..end.min(self.lines.len())
    }

    /// Turns these bytes of the lines from `first` on; where there are too few lines,
    /// the last again.
    #[inline(always)]
    fn turn<V: Vectors>(&mut self, vectors: V, first: usize, bytes: &Range<usize>) {
        let last = self.lines.n() - 1;
        let room = bytes.len().max(V::LEN);
        self.bands
            .read
            .resize(room.max(self.bands.read.len()), ZERO);
        for square in (0..V::LEN).step_by(LANE) {
            let mut lines: [&[u8]; LANE] = [&[]; LANE];
            for (index, line) in lines.iter_mut().enumerate() {
                let index = (first + square + index).min(last);
                *line = &self.lines.line(index)[bytes.clone()];
            }
            turn_lines(vectors, lines, (&mut self.bands.read, square));
        }
    }

    /// Sums what is turned, the bytes from `begin` on.
    #[inline(always)]
    fn sum<V: Vectors>(&mut self, vectors: V, run: &Range<usize>, begin: usize) {
        let channels = self.channels;
        let n = run.len() * channels;
        let room = n.next_multiple_of(LANE);
        let written = &mut self.bands.written;
        written.resize(room.max(written.len()), ZERO);
        let positions = self.pairs.positions()[run.clone()].iter();
        for (position, written) in positions.zip(written.chunks_exact_mut(channels)) {
            let pairs = self.pairs.of(*position);
            let first = position.start as usize * channels - begin;
            let len = position.len as usize;
            let columns = &self.bands.read[first..first + len * channels];
            for (channel, column) in written.iter_mut().enumerate() {
                let sums = Sums::of(
                    (vectors, pairs, len),
                    #[inline(always)]
                    |index| vectors.read(&columns[index * channels + channel].0),
                );
                vectors.write(sums, &mut column.0);
            }
        }
    }

    /// Turns sums back into lines from `first` on.
    #[inline(always)]
    fn turn_back<V: Vectors>(&mut self, vectors: V, first: usize, run: &Range<usize>) {
        let pitch = self.pairs.positions().len() * self.channels;
        let n = run.len() * self.channels;
        let end = self.lines.n().min(first + V::LEN);
        let dst = &mut self.dst[first * pitch..end * pitch];
        let mut at = 0;
        while at < n {
            let begin = at.min(n.saturating_sub(LANE));
            let columns = &self.bands.written[begin..begin + LANE];
            let rows = rows(
                #[inline(always)]
                |row| vectors.read(&columns[row].0),
            );
            let to = (
                pitch,
                run.start * self.channels + begin,
                LANE.min(n - begin),
            );
            write_lines(vectors, turned(vectors, rows), to, dst);
            at += LANE;
        }
    }
}

const ZERO: BandColumn = BandColumn([0; MAX_LINES]);

/// Turns as many lines as a lane has bytes, all as long, to their place in columns.
/// Bytes that follow one another are turned together, so that a cache line is read
/// once though many lines would displace one another.
#[inline(always)]
fn turn_lines<V: Vectors>(
    vectors: V,
    lines: [&[u8]; LANE],
    (columns, place): (&mut [BandColumn], usize),
) {
    let n = lines[0].len();
    let mut at = 0;
    while at < n {
        // The last overlap with those before them.
        let begin = at.min(n.saturating_sub(V::LEN));
        let rows = rows(
            #[inline(always)]
            |row| read_part(vectors, lines[row], begin),
        );
        let columns = &mut columns[begin..begin + V::LEN];
        for (index, turned) in turned(vectors, rows).into_iter().enumerate() {
            vectors.split(
                turned,
                #[inline(always)]
                |lane, bytes| {
                    let column = &mut columns[lane * LANE + index].0;
                    write_lane(bytes, &mut column[place..place + LANE]);
                },
            );
        }
        at += V::LEN;
    }
}

/// Writes `len` bytes of each line to byte `col` of lines that are `pitch` apart, as
/// many as there are.
#[inline(always)]
fn write_lines<V: Vectors>(
    vectors: V,
    rows: [V::Vector; LANE],
    (pitch, col, len): (usize, usize, usize),
    dst: &mut [u8],
) {
    for (row, bytes) in rows.into_iter().enumerate() {
        vectors.split(
            bytes,
            #[inline(always)]
            |lane, bytes| {
                let at = (lane * LANE + row) * pitch + col;
                if let Some(dst) = dst.get_mut(at..at + len) {
                    write_lane(bytes, dst);
                }
            },
        );
    }
}

/// The bytes of `line` from `at` on, zeros behind its end.
#[inline(always)]
fn read_part<V: Vectors>(vectors: V, line: &[u8], at: usize) -> V::Vector {
    if line.len() - at >= V::LEN {
        return vectors.read(&line[at..]);
    }
    let mut bytes = [0; MAX_LINES];
    let line = &line[at..];
    bytes[..line.len()].copy_from_slice(line);
    vectors.read(&bytes)
}

/// The first bytes of a lane, as many as there is room for.
#[inline(always)]
fn write_lane(lane: __m128i, dst: &mut [u8]) {
    let bytes: [u8; LANE] = bytemuck::cast(lane);
    match <&mut [u8; LANE]>::try_from(&mut *dst) {
        Ok(dst) => *dst = bytes,
        Err(_) => dst.copy_from_slice(&bytes[..dst.len()]),
    }
}

/// A vector for each row of a square of bytes.
#[inline(always)]
fn rows<Vector: Copy>(row: impl Fn(usize) -> Vector) -> [Vector; LANE] {
    [
        row(0),
        row(1),
        row(2),
        row(3),
        row(4),
        row(5),
        row(6),
        row(7),
        row(8),
        row(9),
        row(10),
        row(11),
        row(12),
        row(13),
        row(14),
        row(15),
    ]
}

/// The columns of squares of 16 x 16 bytes as rows, one square a lane.
///
/// The place of a byte in a square has eight bits: four of its row, four of its
/// column. Taking bytes of the upper and the lower half of all rows in turn moves the
/// highest bit to the lowest place, so after four times rows are columns.
#[inline(always)]
fn turned<V: Vectors>(vectors: V, rows: [V::Vector; LANE]) -> [V::Vector; LANE] {
    let mut rows = rows;
    for _ in 0..4 {
        rows = taken_in_turn(vectors, rows);
    }
    rows
}

#[inline(always)]
fn taken_in_turn<V: Vectors>(vectors: V, v: [V::Vector; LANE]) -> [V::Vector; LANE] {
    let mut taken = v;
    for at in 0..LANE / 2 {
        taken[2 * at] = vectors.low(v[at], v[at + LANE / 2]);
        taken[2 * at + 1] = vectors.high(v[at], v[at + LANE / 2]);
    }
    taken
}
