//! What happened to the rows of a part, counted up to any place in it.

use std::collections::VecDeque;

use crate::batch::{Checkpoint, Position, QuarantineUnit, Quarantined, RowEvent, Stats};

/// Takes note of rows in source order and settles them up to a position, so
/// that a checkpoint counts exactly the rows before it.
#[derive(Debug)]
pub(super) struct Ledger {
    settled: Stats,
    /// Ascending by position.
    pending: VecDeque<Entry>,
    /// Settled and not yet taken.
    quarantined: Vec<Quarantined>,
}

/// Small, because a window waits for many: what is rare is boxed, and rows
/// dropped between two documents are counted together.
#[derive(Debug)]
enum Entry {
    Document {
        at: Position,
        n_tokens: u64,
    },
    Dropped {
        /// The first of them.
        at: Position,
        step: u32,
        n_rows: u64,
    },
    SetAside(Box<Quarantined>),
}

impl Entry {
    fn at(&self) -> Position {
        match self {
            Self::Document { at, .. } | Self::Dropped { at, .. } => *at,
            Self::SetAside(unit) => unit.at,
        }
    }
}

impl Ledger {
    /// A ledger that goes on from `stats`, with `n_steps` steps.
    pub(super) fn new(stats: Stats, n_steps: usize) -> Self {
        let mut settled = stats;
        settled.dropped.resize(n_steps, 0);
        Self {
            settled,
            pending: VecDeque::new(),
            quarantined: Vec::new(),
        }
    }

    /// A document of `n_tokens` goes on to the sink.
    pub(super) fn document(&mut self, at: Position, n_tokens: u64) {
        self.pending.push_back(Entry::Document { at, n_tokens });
    }

    /// Something else happened to a row.
    pub(super) fn event(&mut self, event: RowEvent) {
        match event {
            RowEvent::Filtered { at, step } => self.dropped(at, step),
            RowEvent::Quarantined(unit) => {
                self.pending.push_back(Entry::SetAside(Box::new(unit)));
            }
        }
    }

    /// Counts a dropped row with those of its step behind the last document.
    fn dropped(&mut self, at: Position, step: u32) {
        for entry in self.pending.iter_mut().rev() {
            match entry {
                Entry::Dropped {
                    step: other,
                    n_rows,
                    ..
                } if *other == step => {
                    *n_rows += 1;
                    return;
                }
                Entry::Dropped { .. } => {}
                Entry::Document { .. } | Entry::SetAside(_) => break,
            }
        }
        self.pending.push_back(Entry::Dropped {
            at,
            step,
            n_rows: 1,
        });
    }

    /// Entries that wait to be settled.
    #[cfg(test)]
    pub(super) fn n_pending(&self) -> usize {
        self.pending.len()
    }

    /// Settles everything before `position`: a document, the place behind one,
    /// or a place behind all that was noted. No run of dropped rows holds such
    /// a place, so it is before it or behind it as a whole.
    pub(super) fn settle(&mut self, position: Position) {
        while let Some(entry) = self.pending.pop_front_if(|entry| entry.at() < position) {
            self.count(entry);
        }
    }

    /// Settles everything and gives the counts of the whole part, with the
    /// units set aside that were not taken yet.
    pub(super) fn finish(mut self) -> (Stats, Vec<Quarantined>) {
        while let Some(entry) = self.pending.pop_front() {
            self.count(entry);
        }
        (self.settled, self.quarantined)
    }

    /// A checkpoint at `position`, up to which everything is settled.
    pub(super) fn checkpoint(&self, position: Position) -> Checkpoint {
        Checkpoint {
            position,
            skip_tokens: 0,
            skip_rows: 0,
            stats: self.settled.clone(),
        }
    }

    /// The units set aside that were settled since this was last asked.
    pub(super) fn take_quarantined(&mut self) -> Vec<Quarantined> {
        std::mem::take(&mut self.quarantined)
    }

    /// Puts back units that no rows could carry.
    pub(super) fn untake_quarantined(&mut self, units: Vec<Quarantined>) {
        self.quarantined.splice(..0, units);
    }

    fn count(&mut self, entry: Entry) {
        let stats = &mut self.settled;
        match entry {
            Entry::Document { n_tokens, .. } => {
                stats.rows_read += 1;
                stats.documents += 1;
                stats.tokens += n_tokens;
            }
            Entry::Dropped { step, n_rows, .. } => {
                stats.rows_read += n_rows;
                if let Some(dropped) = stats.dropped.get_mut(step as usize) {
                    *dropped += n_rows;
                }
            }
            Entry::SetAside(unit) => {
                stats.rows_read += u64::from(unit.unit == QuarantineUnit::Value);
                stats.quarantined += 1;
                self.quarantined.push(*unit);
            }
        }
    }
}
