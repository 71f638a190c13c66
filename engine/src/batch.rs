//! Rows on their way through a plan, and where each of them came from.
//!
//! Everything here is in **source order**: inputs in the order of the plan's
//! list, rows by their number in the file. A batch's size never shows in the
//! dataset; positions do.

use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};

/// A place in the inputs of a plan: before row `row` of file `file`.
///
/// `file` indexes [`crate::plan::Plan::inputs`]; `row` counts the file's own
/// rows (lines of JSONL, documents of text, rows of Parquet) from 0, bad and
/// unselected ones included, so it never depends on what a step dropped.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position {
    /// Index of the input file.
    pub file: u32,
    /// Row in that file, from 0.
    pub row: u64,
}

/// One unit of content that could not be read and was set aside.
///
/// Rows are set aside whole: one line, one row group, one record batch, or
/// the unreadable tail of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The first row of the unit.
    pub at: Position,
    /// How many rows the unit held, where that is known.
    pub n_rows: Option<u64>,
    /// What kind of unit it is.
    pub unit: QuarantineUnit,
    /// Why it could not be read, in words.
    pub reason: String,
    /// The beginning of the content (invalid UTF-8 replaced), where it has text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub excerpt: Option<String>,
}

/// The units in which content is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuarantineUnit {
    /// One line of JSONL, or one document of a text file.
    Line,
    /// One row group of Parquet.
    RowGroup,
    /// One record batch of Arrow IPC.
    RecordBatch,
    /// From here to the end of the file.
    Tail,
    /// The whole file.
    File,
    /// One value that an operator could not use.
    Value,
}

/// Something that happened to a row instead of its being passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowEvent {
    /// A filter of step `step` (from 0) dropped the row.
    Filtered {
        /// The row.
        at: Position,
        /// Index of the step.
        step: u32,
    },
    /// The unit was set aside.
    Quarantined(Quarantined),
}

impl RowEvent {
    /// The row it happened to.
    #[must_use]
    pub fn at(&self) -> Position {
        match self {
            Self::Filtered { at, .. } => *at,
            Self::Quarantined(unit) => unit.at,
        }
    }
}

/// Rows of one file, in source order, with what happened between them.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Index of the input file all rows come from.
    pub file: u32,
    /// The row number in the file of each row of `columns`; ascending.
    pub rows: Vec<u64>,
    /// The columns, one row per entry of `rows`.
    pub columns: RecordBatch,
    /// Rows that fell out, ascending; none is in `rows`.
    pub events: Vec<RowEvent>,
}

impl Batch {
    /// The position of row `index` of this batch.
    #[must_use]
    pub fn position(&self, index: usize) -> Position {
        Position {
            file: self.file,
            row: self.rows[index],
        }
    }
}

/// Origins of the documents in rows that are ready to be written.
///
/// Without `offsets`, one document per row. With them, row `i` holds the
/// documents `offsets[i]..offsets[i + 1]`, as packed rows do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    /// The input file of each document.
    pub file: Vec<u32>,
    /// The row of each document in its file.
    pub row: Vec<u64>,
    /// For packed rows: the token of the document at which this piece starts.
    pub start: Vec<u32>,
    /// For packed rows: `n_rows + 1` ascending offsets into the three above.
    pub offsets: Option<Vec<u64>>,
}

/// Counts of what a part has done up to a place in its inputs.
///
/// All are sums over rows before that place, so they are the same for any
/// batch size and after any restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Rows that the source gave, after split and limit. What the source set
    /// aside is not among them; a row that an operator set aside is.
    pub rows_read: u64,
    /// Rows dropped by each step, in the order of the plan; `filter` drops by
    /// its condition, `pack` drops overlong or empty documents.
    pub dropped: Vec<u64>,
    /// Units set aside.
    pub quarantined: u64,
    /// Documents that reached the sink.
    pub documents: u64,
    /// Tokens that reached the sink, padding not counted; 0 without `tokenize`.
    pub tokens: u64,
}

impl Stats {
    /// Adds another part's counts.
    pub fn add(&mut self, other: &Self) {
        self.rows_read += other.rows_read;
        self.quarantined += other.quarantined;
        self.documents += other.documents;
        self.tokens += other.tokens;
        if self.dropped.len() < other.dropped.len() {
            self.dropped.resize(other.dropped.len(), 0);
        }
        for (sum, n) in self.dropped.iter_mut().zip(&other.dropped) {
            *sum += n;
        }
    }
}

/// Where a part can be taken up again so that the same rows follow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Read again from here.
    pub position: Position,
    /// Tokens of the first document that earlier rows already hold (only
    /// where documents are cut across rows).
    pub skip_tokens: u64,
    /// Output rows to pass over before the first that is wanted.
    pub skip_rows: u64,
    /// The counts at `position`.
    pub stats: Stats,
}

/// Rows in their final form, for the sink.
#[derive(Debug, Clone)]
pub struct OutputBatch {
    /// The output columns, in the order of [`crate::plan::Plan::output`].
    pub columns: RecordBatch,
    /// Where the documents in them came from.
    pub origins: Origins,
    /// From here this batch, from its first row, can be made again.
    /// `skip_rows` is 0 unless several batches come from one place.
    pub restart: Checkpoint,
    /// Units set aside before `restart.position` and not handed on before.
    pub quarantined: Vec<Quarantined>,
}
