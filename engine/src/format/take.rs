//! Rows of a dataset in any order, as the few runs that hold them.

use std::ops::Range;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::{interleave_record_batch, take_record_batch};

use super::{BLOCK_BYTES, Dataset};
use crate::error::{Error, ErrorKind, Result};

/// Blocks that are read at a time, roughly: what is read and not asked for
/// takes no more memory than this.
const RUN_BLOCKS: u64 = 64;

impl Dataset {
    /// The rows with these numbers, in this order; a number may come twice.
    ///
    /// # Errors
    /// As [`Dataset::rows`].
    pub fn take(&self, rows: &[u64]) -> Result<RecordBatch> {
        if let Some(row) = rows.iter().find(|row| **row >= self.n_rows()) {
            return Err(Error::new(
                ErrorKind::Usage,
                format!(
                    "row {row} is out of range: the dataset has {} rows",
                    self.n_rows()
                ),
            ));
        }
        if rows.is_empty() {
            return self.rows(0..0);
        }
        let mut wanted = rows.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let row_bytes = self.manifest().len_bytes() / self.n_rows();
        let block_rows = BLOCK_BYTES / row_bytes.max(1);
        let runs = runs(&wanted, block_rows, (block_rows * RUN_BLOCKS).max(1));
        let picked = |run: &Range<usize>| self.pick(&wanted[run.clone()]);
        let batches = runs.iter().map(picked).collect::<Result<Vec<_>>>()?;
        let place = |row: &u64| {
            let at = wanted.partition_point(|other| other < row);
            let run = runs.partition_point(|run| run.end <= at);
            (run, at - runs[run].start)
        };
        let places: Vec<_> = rows.iter().map(place).collect();
        interleave_record_batch(&batches.iter().collect::<Vec<_>>(), &places)
            .map_err(|e| Error::internal("cannot put rows together").with_source(e))
    }

    /// Some rows that lie near one another, ascending.
    fn pick(&self, rows: &[u64]) -> Result<RecordBatch> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return self.rows(0..0);
        };
        let run = self.rows(*first..last + 1)?;
        if run.num_rows() == rows.len() {
            return Ok(run);
        }
        let at = UInt64Array::from_iter_values(rows.iter().map(|row| row - first));
        take_record_batch(&run, &at).map_err(|e| Error::internal("cannot pick rows").with_source(e))
    }
}

/// Cuts `rows`, ascending, where neighbours are more than `gap` apart, and so
/// that none spans more than `most`; gives the indices of each run.
fn runs(rows: &[u64], gap: u64, most: u64) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if row - rows[index - 1] <= gap.max(1) && row - rows[run.start] < most => {
                run.end += 1;
            }
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn rows_near_one_another_share_a_run() {
        assert!(runs(&[], 4, 100).is_empty());
        assert_eq!(runs(&[3, 4, 9], 0, 100), [0..2, 2..3]);
        assert_eq!(runs(&[3, 4, 9], 4, 100), [0..2, 2..3]);
        assert_eq!(runs(&[3, 4, 9], 5, 100), vec![0..3; 1]);
        assert_eq!(runs(&[0, u64::MAX - 1], u64::MAX, u64::MAX), vec![0..2; 1]);
    }

    #[test]
    fn no_run_spans_more_than_may_be_read_at_a_time() {
        let rows: Vec<u64> = (0..100).map(|n| n * 4).collect();
        let cut = runs(&rows, 4, 41);
        assert!(cut.iter().take(9).all(|run| run.len() == 11));
        assert_eq!(cut.last(), Some(&(99..100)));
        assert_eq!(runs(&[5, 6, 7], 1, 1), [0..1, 1..2, 2..3]);
    }
}
