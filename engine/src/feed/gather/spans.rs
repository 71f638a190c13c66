//! Where the elements of a ragged column's rows lie, and where they go.

use std::ops::Range;

use super::super::columns::Form;
use super::rows::RowRun;

/// Offsets of the rows of a run, checked.
#[derive(Debug)]
pub(super) struct Offsets<'a> {
    /// One more than rows; they never fall.
    bytes: &'a [u8],
}

impl<'a> Offsets<'a> {
    /// The offsets of a run, if they are some.
    pub(super) fn new(bytes: &'a [u8], run: RowRun) -> Option<Self> {
        let offsets = Self { bytes };
        let mut last = 0;
        let ascend = (0..=run.n_rows).all(|index| {
            let offset = offsets.get(index);
            let ascends = last <= offset && i64::try_from(offset).is_ok();
            last = offset;
            ascends
        });
        (ascend && (run.row > 0 || offsets.get(0) == 0)).then_some(offsets)
    }

    fn get(&self, index: usize) -> u64 {
        let mut raw = [0; 8];
        raw.copy_from_slice(&self.bytes[index * 8..index * 8 + 8]);
        u64::from_le_bytes(raw)
    }

    /// The elements of all rows.
    pub(super) fn elements(&self) -> Range<u64> {
        self.get(0)..self.get(self.bytes.len() / 8 - 1)
    }
}

/// Where the elements of a batch's rows lie, and where they go.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// For each row of the batch, the first element in its shard, and how many
    /// there are.
    pub(super) rows: Vec<(u64, u64)>,
    /// For each row of the batch, its first element in the batch, and behind
    /// them the number of all.
    pub(super) starts: Vec<usize>,
}

impl Spans {
    /// Ready for another batch of `n_rows`.
    pub(super) fn start(&mut self, n_rows: usize) {
        self.rows.clear();
        self.rows.resize(n_rows, (0, 0));
        self.starts.clear();
    }

    /// Notes the offsets of a run.
    pub(super) fn note(&mut self, run: RowRun, offsets: &Offsets<'_>) {
        let rows = self.rows.iter_mut().skip(run.at).take(run.n_rows);
        for (index, span) in rows.enumerate() {
            let first = offsets.get(index);
            *span = (first, offsets.get(index + 1) - first);
        }
    }

    /// Elements of the batch.
    pub(super) fn n_elements(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The row of the batch that has this element of the batch.
    pub(super) fn row_of(&self, element: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= element)
            .saturating_sub(1)
    }

    /// The elements of a part of a run in their shard, and where the first goes
    /// among those of the batch: all of them, or a row of a tensor that is
    /// filled up.
    #[inline]
    pub(super) fn part(&self, run: &RowRun, part: usize, form: Form) -> (Range<u64>, usize) {
        match form {
            Form::Flat(_) => (self.of(run), self.starts[run.at]),
            Form::Pad { length, .. } => {
                let at = run.at + part;
                let (first, len) = self.rows[at];
                (first..first + len.min(length as u64), at * length)
            }
        }
    }

    /// Elements of all rows of a run in their shard.
    #[inline]
    fn of(&self, run: &RowRun) -> Range<u64> {
        let (first, _) = self.rows[run.at];
        let (last, len) = self.rows[run.at + run.n_rows - 1];
        first..last + len
    }
}
