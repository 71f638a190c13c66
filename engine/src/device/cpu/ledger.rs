//! What happened to the rows of a part, counted up to any place in it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::batch::{
    Batch, Checkpoint, DroppedRows, Notes, Position, QuarantineUnit, Quarantined, RowEvent, Stats,
    Truncated, WhyDropped,
};

/// Entries between two documents that a new one may be counted with: as many
/// as there are steps, reasons and kinds of notes in most data.
const MOST_LOOKED_AT: usize = 8;

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
/// between two documents to which the same happened are counted together.
#[derive(Debug)]
enum Entry {
    Document {
        at: Position,
        n_tokens: u64,
    },
    Truncated {
        at: Position,
        n_left_out: u64,
    },
    /// Rows from the first of them on, and what happened to each.
    Rows {
        at: Position,
        n_rows: u64,
        what: What,
    },
    SetAside(Box<Quarantined>),
}

/// What happens to rows that are no documents, or beside that.
#[derive(Debug, PartialEq)]
enum What {
    Dropped(u32, WhyDropped),
    OtherSide,
    Noted(Arc<Notes>),
}

impl Entry {
    fn at(&self) -> Position {
        match self {
            Self::Document { at, .. } | Self::Truncated { at, .. } | Self::Rows { at, .. } => *at,
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

    /// The document at `at` goes on without its last `n_left_out` tokens.
    pub(super) fn truncated(&mut self, at: Position, n_left_out: u64) {
        self.pending.push_back(Entry::Truncated { at, n_left_out });
    }

    /// Something else happened to a row.
    pub(super) fn event(&mut self, event: RowEvent) {
        match event {
            RowEvent::Filtered { at, step, why } => self.rows(at, 1, What::Dropped(step, why)),
            RowEvent::OtherSide { at, n_rows } => self.rows(at, n_rows, What::OtherSide),
            RowEvent::Noted { at, notes } => self.rows(at, 1, What::Noted(notes)),
            RowEvent::Truncated { at, n_tokens } => self.truncated(at, n_tokens),
            RowEvent::Quarantined(unit) => {
                self.pending.push_back(Entry::SetAside(Box::new(unit)));
            }
        }
    }

    /// Settles everything before a batch, and gives the checkpoint there; `None`
    /// where the batch has neither rows nor events.
    pub(super) fn begin(&mut self, batch: &Batch) -> Option<Checkpoint> {
        let first_row = batch.rows.first().map(|_| batch.position(0));
        let first_event = batch.events.first().map(RowEvent::at);
        let start = first_row.into_iter().chain(first_event).min()?;
        self.settle(start);
        Some(self.checkpoint(start))
    }

    /// Notes the rows of a batch, each as `row` does, and its events, in source order.
    pub(super) fn note(&mut self, batch: &Batch, mut row: impl FnMut(&mut Self, usize, Position)) {
        let mut events = batch.events.iter().peekable();
        for index in 0..batch.rows.len() {
            let at = batch.position(index);
            while let Some(event) = events.next_if(|event| event.at() < at) {
                self.event(event.clone());
            }
            row(self, index, at);
            // What was done to the row itself goes with it.
            while let Some(event) = events.next_if(|event| event.at() == at) {
                self.event(event.clone());
            }
        }
        for event in events {
            self.event(event.clone());
        }
    }

    /// Counts rows with those behind the last document to which the same
    /// happened.
    fn rows(&mut self, at: Position, n_rows: u64, what: What) {
        for entry in self.pending.iter_mut().rev().take(MOST_LOOKED_AT) {
            match entry {
                Entry::Rows {
                    n_rows: sum,
                    what: other,
                    ..
                } if *other == what => {
                    *sum += n_rows;
                    return;
                }
                Entry::Rows { .. } => {}
                Entry::Document { .. } | Entry::Truncated { .. } | Entry::SetAside(_) => break,
            }
        }
        self.pending.push_back(Entry::Rows { at, n_rows, what });
    }

    /// Entries that wait to be settled.
    #[cfg(test)]
    pub(super) fn n_pending(&self) -> usize {
        self.pending.len()
    }

    /// Settles everything before `position`: a document, the place behind one,
    /// or a place behind all that was noted. No run of other rows holds such a
    /// place, so it is before it or behind it as a whole.
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
            Entry::Truncated { n_left_out, .. } => {
                if let Some(tally) = &mut stats.tally {
                    let Truncated { documents, tokens } = &mut tally.truncated;
                    *documents += 1;
                    *tokens += n_left_out;
                }
            }
            Entry::Rows { n_rows, what, .. } => count_rows(stats, n_rows, &what),
            Entry::SetAside(unit) => {
                stats.rows_read += u64::from(unit.unit == QuarantineUnit::Value);
                stats.quarantined += 1;
                if let Some(tally) = &mut stats.tally {
                    tally.set_aside(&unit);
                }
                self.quarantined.push(*unit);
            }
        }
    }
}

fn count_rows(stats: &mut Stats, n_rows: u64, what: &What) {
    let tally = stats.tally.as_mut();
    match (what, tally) {
        (What::Dropped(step, why), tally) => {
            stats.rows_read += n_rows;
            if let Some(dropped) = stats.dropped.get_mut(*step as usize) {
                *dropped += n_rows;
            }
            if let Some(tally) = tally {
                tally.drop_rows(DroppedRows {
                    step: *step,
                    why: *why,
                    n_rows,
                });
            }
        }
        (What::OtherSide, Some(tally)) => tally.other_side += n_rows,
        (What::Noted(notes), Some(tally)) => tally.note(notes, n_rows),
        (What::OtherSide | What::Noted(_), None) => {}
    }
}
