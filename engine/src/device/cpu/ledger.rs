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

#[derive(Debug)]
enum Entry {
    Document { at: Position, n_tokens: u64 },
    Event(RowEvent),
}

impl Entry {
    fn at(&self) -> Position {
        match self {
            Self::Document { at, .. } => *at,
            Self::Event(event) => event.at(),
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
        self.pending.push_back(Entry::Event(event));
    }

    /// Settles everything before `position`.
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
            Entry::Event(RowEvent::Filtered { step, .. }) => {
                stats.rows_read += 1;
                if let Some(dropped) = stats.dropped.get_mut(step as usize) {
                    *dropped += 1;
                }
            }
            Entry::Event(RowEvent::Quarantined(unit)) => {
                stats.rows_read += u64::from(unit.unit == QuarantineUnit::Value);
                stats.quarantined += 1;
                self.quarantined.push(unit);
            }
        }
    }
}
