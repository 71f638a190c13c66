//! Memory for the work on a batch, used again for the next.

use std::sync::Arc;

use super::super::columns::Columns;
use super::super::known::Known;
use super::super::map;
use super::super::open_shard::Open;
use super::copy_range::CopyRange;
use super::rows::Grouped;
use super::spans::Spans;

/// What is worked with while a batch is filled.
#[derive(Debug, Default)]
pub(super) struct GatherWork {
    pub(super) grouped: Grouped,
    /// The open shards of the groups at hand; `None` where one is lost.
    pub(super) held: Vec<Option<Arc<Open>>>,
    /// What is to be copied for a column.
    pub(super) pieces: Vec<CopyRange>,
    /// Of each ragged column.
    pub(super) spans: Vec<Spans>,
    /// Offsets as they were read.
    pub(super) bytes: Vec<u8>,
    /// Tensors that are not copied, by index.
    pub(super) views: Vec<Option<map::PrivatePages>>,
    /// What was known of each group's shard in the first pass, to notice in
    /// the second that it is another.
    pub(super) known: Vec<Arc<Known>>,
}

impl GatherWork {
    /// Ready for another batch of `n_rows`.
    pub(super) fn start(&mut self, columns: &Columns, n_rows: usize) {
        self.known.clear();
        self.views.clear();
        self.views.resize_with(columns.outputs.len(), || None);
        self.spans
            .resize_with(columns.ragged.len(), Default::default);
        self.spans.iter_mut().for_each(|spans| spans.start(n_rows));
    }

    /// Notes what is known of the shards that are held.
    pub(super) fn note_known(&mut self) {
        let held = self.held.iter().flatten();
        self.known.extend(held.map(|open| open.known.clone()));
    }

    /// Whether a shard that is held is not the one of the first pass.
    pub(super) fn is_other(&self, known: &[Arc<Known>]) -> bool {
        let held = self.held.iter().flatten();
        held.zip(known)
            .any(|(open, known)| !Arc::ptr_eq(&open.known, known))
    }

    /// Elements of a ragged column, by the index of its tensor.
    pub(super) fn n_elements(&self, columns: &Columns, output: usize) -> usize {
        let ragged = columns.ragged.iter().zip(&self.spans);
        let mut found = ragged.filter(|(ragged, _)| ragged.output == output);
        found.next().map_or(0, |(_, spans)| spans.n_elements())
    }
}
