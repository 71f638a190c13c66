//! Rows of a dataset in any order, as the few runs that hold them.

use std::ops::Range;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;

use super::{BLOCK_BYTES, Dataset, to_usize};
use crate::error::{Error, ErrorKind, Result};

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
                    "expected rows within the {} of the dataset, got {row}",
                    self.n_rows()
                ),
            ));
        }
        let runs = runs(rows, self.rows_of_a_block());
        if runs.is_empty() {
            return self.rows(0..0);
        }
        let batches = runs
            .iter()
            .map(|run| self.rows(run.clone()))
            .collect::<Result<Vec<_>>>()?;
        let place = |row: &u64| {
            let run = runs.partition_point(|run| run.end <= *row);
            Ok((run, to_usize(row - runs[run].start)?))
        };
        let places = rows.iter().map(place).collect::<Result<Vec<_>>>()?;
        interleave_record_batch(&batches.iter().collect::<Vec<_>>(), &places)
            .map_err(|e| Error::internal("cannot put rows together").with_source(e))
    }

    /// How many rows a block holds, roughly: rows nearer than this share the
    /// blocks that are read and checked for them.
    fn rows_of_a_block(&self) -> u64 {
        let shards = &self.manifest().shards;
        let len_bytes = shards.iter().map(|shard| shard.len_bytes).sum::<u64>();
        let row_bytes = len_bytes.checked_div(self.n_rows()).unwrap_or(0).max(1);
        BLOCK_BYTES / row_bytes
    }
}

/// The runs of consecutive rows that hold all of `rows`, ascending; rows that
/// are at most `gap` apart share one.
fn runs(rows: &[u64], gap: u64) -> Vec<Range<u64>> {
    let mut sorted = rows.to_vec();
    sorted.sort_unstable();
    let mut runs: Vec<Range<u64>> = Vec::new();
    for row in sorted {
        match runs.last_mut() {
            Some(run) if row <= run.end.saturating_add(gap) => run.end = run.end.max(row + 1),
            _ => runs.push(row..row + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn rows_near_one_another_share_a_run() {
        assert_eq!(runs(&[], 4), []);
        assert_eq!(runs(&[9, 3, 3, 4], 0), [3..5, 9..10]);
        assert_eq!(runs(&[9, 3, 3, 4], 3), [3..5, 9..10]);
        assert_eq!(runs(&[9, 3, 3, 4], 4), vec![3..10; 1]);
        assert_eq!(runs(&[u64::MAX - 1, 0], u64::MAX), vec![0..u64::MAX; 1]);
    }
}
