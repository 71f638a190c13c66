//! The samples of one component.

/// Bytes before the first sample of a line: a cache line, in whose last byte lies
/// the neighbour of the first sample.
pub(super) const MARGIN: usize = 64;

/// Bytes behind the last line that may be read as well.
const SLACK: usize = 256;

/// The samples of a part of a component: whole blocks, in lines with room before
/// and behind them.
#[derive(Debug, Default)]
pub(super) struct Plane {
    samples: Vec<u8>,
    stride: usize,
    /// The first row and column of the part.
    at: [usize; 2],
    /// Rows and columns of the whole component.
    size: [usize; 2],
}

impl Plane {
    /// Makes room for lines of samples from `at` on, of which `n` down and across
    /// hold whole groups of blocks; the whole component has so many rows and columns.
    pub(super) fn reshape(&mut self, at: [usize; 2], n: [usize; 2], size: [usize; 2]) {
        self.stride = n[1] + 2 * MARGIN;
        self.at = at;
        self.size = size;
        self.samples.resize(n[0] * self.stride + SLACK, 0);
    }

    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// The eight lines of a row of blocks, counted from the first of the part.
    pub(super) fn block_row(&mut self, row: usize) -> &mut [u8] {
        &mut self.samples[8 * row * self.stride..][..8 * self.stride]
    }

    /// Gives the outermost samples of the component themselves as neighbours.
    pub(super) fn extend_edges(&mut self) {
        let [_, left] = self.at;
        let [_, width] = self.size;
        let end = MARGIN + width.saturating_sub(left);
        for line in self.samples.chunks_exact_mut(self.stride) {
            if left == 0 {
                line[MARGIN - 1] = line[MARGIN];
            }
            if end < line.len() {
                line[end] = line[end - 1];
            }
        }
    }

    /// `N` samples from a column on; below the last row that is there, of the last.
    #[inline(always)]
    pub(super) fn samples<const N: usize>(&self, row: usize, column: usize) -> [u8; N] {
        self.from(row, MARGIN + column)
    }

    /// The same from the sample before a column on.
    #[inline(always)]
    pub(super) fn around<const N: usize>(&self, row: usize, column: usize) -> [u8; N] {
        self.from(row, MARGIN + column - 1)
    }

    #[inline(always)]
    fn from<const N: usize>(&self, row: usize, column: usize) -> [u8; N] {
        let [top, left] = self.at;
        let row = row.min(self.size[0] - 1) - top;
        let first = row * self.stride + column - left;
        let mut samples = [0; N];
        samples.copy_from_slice(&self.samples[first..first + N]);
        samples
    }
}
