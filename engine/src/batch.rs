//! Rows on their way through a plan, and where each of them came from.
//!
//! Everything here is in **source order**: inputs in the order of the plan's
//! list, rows by their number in the file. A batch's size never shows in the
//! dataset; positions do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    /// The line of that row, from 1, in a file of lines; filled in when the
    /// list is written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
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
    /// One value that an operator, or the type of its column, could not hold.
    Value,
}

/// Something that happened to rows on their way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowEvent {
    /// A step dropped the row.
    Filtered {
        /// The row.
        at: Position,
        /// Index of the step.
        step: u32,
        /// Why.
        why: WhyDropped,
    },
    /// Rows on the other side of the split, with none that is taken between
    /// them.
    OtherSide {
        /// The first of them.
        at: Position,
        /// How many.
        n_rows: u64,
    },
    /// Something was done to a row that is not dropped by it, or a line is none.
    Noted {
        /// The row, or the line.
        at: Position,
        /// What was done; rows to which the same was done best share it.
        notes: Arc<Notes>,
    },
    /// A step left tokens of the row's document out; the row is not dropped by it.
    Truncated {
        /// The row.
        at: Position,
        /// How many.
        n_tokens: u64,
    },
    /// The unit was set aside.
    Quarantined(Quarantined),
}

impl RowEvent {
    /// The row it happened to.
    #[must_use]
    pub fn at(&self) -> Position {
        match self {
            Self::Filtered { at, .. }
            | Self::OtherSide { at, .. }
            | Self::Noted { at, .. }
            | Self::Truncated { at, .. } => *at,
            Self::Quarantined(unit) => unit.at,
        }
    }
}

/// Why a step drops a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhyDropped {
    /// Its value is null.
    Null,
    /// Its value is shorter than the step's least length.
    TooShort,
    /// Its value is longer than the step's greatest length.
    TooLong,
    /// Its document has no tokens.
    Empty,
}

/// What was done to one row without dropping it, for the account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Keys of the row that no column holds and that are ignored, each once.
    pub ignored_keys: Vec<Arc<str>>,
    /// Values that were changed to fit their column, or by a step for want of a
    /// better one.
    pub converted: Vec<Conversion>,
    /// Declared keys that have a value here, for the first time in this reading.
    pub valued: Vec<Arc<str>>,
    /// What else is known of it.
    pub mark: Mark,
}

/// What a row is noted for beside its values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    #[default]
    None,
    /// It is a blank line, and so no row.
    BlankLine,
    /// The value that its side of the split follows from is null.
    NullSplitKey,
}

impl Notes {
    /// Nothing but a mark.
    #[must_use]
    pub fn marked(mark: Mark) -> Self {
        Self {
            mark,
            ..Self::default()
        }
    }
}

/// Values of one row that were changed in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The column.
    pub column: Arc<str>,
    /// What was done, such as `1.0 to an integer`.
    pub what: Arc<str>,
    /// How many values of the row.
    pub n_values: u64,
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
    /// What happened, ascending. Rows of [`RowEvent::Noted`] may be in `rows`,
    /// those of the others are not.
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

    /// Rows of the file that it accounts for: here, dropped, or set aside, as
    /// far as units that were set aside know their rows.
    #[must_use]
    pub fn n_accounted(&self) -> u64 {
        let events = self.events.iter().map(|event| match event {
            RowEvent::Filtered { .. } => 1,
            RowEvent::OtherSide { n_rows, .. } => *n_rows,
            RowEvent::Noted { .. } | RowEvent::Truncated { .. } => 0,
            RowEvent::Quarantined(unit) => unit.n_rows.unwrap_or(0),
        });
        events.fold(self.rows.len() as u64, u64::saturating_add)
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The rest of the account; nothing where part of the work was done by a
    /// version that did not keep one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tally: Option<Tally>,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            rows_read: 0,
            dropped: Vec::new(),
            quarantined: 0,
            documents: 0,
            tokens: 0,
            tally: Some(Tally {
                valued: Some(BTreeSet::new()),
                ..Tally::default()
            }),
        }
    }
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
        match (&mut self.tally, &other.tally) {
            (Some(sum), Some(other)) => sum.add(other),
            (tally, _) => *tally = None,
        }
    }

    /// Rows of the inputs that were kept, dropped or set aside; nothing where
    /// that is not known.
    #[must_use]
    pub fn n_accounted(&self) -> Option<u64> {
        let tally = self.tally.as_ref()?;
        let set_aside = tally.unread_rows.saturating_add(tally.unusable_rows);
        let counts = [self.documents, tally.other_side, set_aside];
        let all = self.dropped.iter().chain(&counts);
        Some(all.fold(0, |sum: u64, n| sum.saturating_add(*n)))
    }
}

/// Distinct ignored keys that are counted by name; a file whose keys are data
/// has no end of them.
const MAX_KEYS: usize = 1000;

/// What an account has beyond the counts of [`Stats`], summed in the same way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Rows on the other side of the split.
    pub other_side: u64,
    /// Rows dropped by each step for each reason, in this order.
    pub dropped: Vec<DroppedRows>,
    /// Rows in the units that the source set aside and that know how many they
    /// hold.
    pub unread_rows: u64,
    /// Rows that a step set aside for a value it cannot use.
    pub unusable_rows: u64,
    /// Units set aside that do not know how many rows they hold.
    pub units_of_unknown_rows: u64,
    /// Documents of which only the beginning was kept, and the tokens left out.
    pub truncated: Truncated,
    /// Values converted, by column and by what was done.
    pub converted: BTreeMap<String, BTreeMap<String, u64>>,
    /// Rows with a key that was ignored, by key.
    pub ignored_keys: BTreeMap<String, u64>,
    /// The same for all keys beyond the first thousand.
    pub other_ignored_keys: u64,
    /// Lines that are blank, and so no rows.
    pub blank_lines: u64,
    /// Rows, on both sides, whose split key is null.
    pub null_split_keys: u64,
    /// Declared keys that had a value in some row, on either side; nothing where
    /// part of the work was done by a version that did not look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valued: Option<BTreeSet<String>>,
}

/// Rows that one step dropped for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedRows {
    /// Index of the step.
    pub step: u32,
    /// Why.
    pub why: WhyDropped,
    /// How many rows.
    pub n_rows: u64,
}

/// Documents that were cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truncated {
    /// How many.
    pub documents: u64,
    /// Their tokens that were left out.
    pub tokens: u64,
}

impl Tally {
    /// Counts rows that a step dropped.
    pub fn drop_rows(&mut self, rows: DroppedRows) {
        let key = |rows: &DroppedRows| (rows.step, rows.why);
        match self.dropped.binary_search_by_key(&key(&rows), key) {
            Ok(index) => self.dropped[index].n_rows += rows.n_rows,
            Err(index) => self.dropped.insert(index, rows),
        }
    }

    /// Counts what was done to each of `n_rows` rows.
    pub fn note(&mut self, notes: &Notes, n_rows: u64) {
        match notes.mark {
            Mark::None => {}
            Mark::BlankLine => self.blank_lines += n_rows,
            Mark::NullSplitKey => self.null_split_keys += n_rows,
        }
        if let Some(valued) = &mut self.valued {
            valued.extend(notes.valued.iter().map(ToString::to_string));
        }
        for key in &notes.ignored_keys {
            self.ignore(key, n_rows);
        }
        for Conversion {
            column,
            what,
            n_values,
        } in &notes.converted
        {
            self.convert(column, what, n_values.saturating_mul(n_rows));
        }
    }

    fn ignore(&mut self, key: &str, n_rows: u64) {
        let is_full = self.ignored_keys.len() >= MAX_KEYS;
        match self.ignored_keys.get_mut(key) {
            Some(n) => *n += n_rows,
            None if is_full => self.other_ignored_keys += n_rows,
            None => _ = self.ignored_keys.insert(key.to_owned(), n_rows),
        }
    }

    fn convert(&mut self, column: &str, what: &str, n_values: u64) {
        let column = match self.converted.get_mut(column) {
            Some(known) => known,
            None => self.converted.entry(column.to_owned()).or_default(),
        };
        match column.get_mut(what) {
            Some(n) => *n += n_values,
            None => _ = column.insert(what.to_owned(), n_values),
        }
    }

    /// Counts a unit that was set aside.
    pub fn set_aside(&mut self, unit: &Quarantined) {
        match (unit.n_rows, unit.unit) {
            (None, _) => self.units_of_unknown_rows += 1,
            (Some(n_rows), QuarantineUnit::Value) => self.unusable_rows += n_rows,
            // Units of damaged files may claim any number.
            (Some(n_rows), _) => self.unread_rows = self.unread_rows.saturating_add(n_rows),
        }
    }

    fn add(&mut self, other: &Self) {
        self.other_side += other.other_side;
        self.unread_rows = self.unread_rows.saturating_add(other.unread_rows);
        self.unusable_rows += other.unusable_rows;
        self.units_of_unknown_rows += other.units_of_unknown_rows;
        self.truncated.documents += other.truncated.documents;
        self.truncated.tokens += other.truncated.tokens;
        self.other_ignored_keys += other.other_ignored_keys;
        self.blank_lines += other.blank_lines;
        self.null_split_keys += other.null_split_keys;
        match (&mut self.valued, &other.valued) {
            (Some(all), Some(valued)) => all.extend(valued.iter().cloned()),
            (valued, _) => *valued = None,
        }
        for rows in &other.dropped {
            self.drop_rows(*rows);
        }
        for (key, n_rows) in &other.ignored_keys {
            self.ignore(key, *n_rows);
        }
        for (column, kinds) in &other.converted {
            for (what, n_values) in kinds {
                self.convert(column, what, *n_values);
            }
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
