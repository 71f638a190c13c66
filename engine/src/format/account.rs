//! What became of every row of the inputs: kept, dropped by which step and
//! why, or set aside. The manifest keeps it, and it adds up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::batch::{DroppedRows, Stats, Tally, Truncated, WhyDropped};
use crate::error::{Error, Result};
use crate::plan::{Plan, Step, counted};

/// The account of a dataset. `rows_read` is the sum of `rows_kept`,
/// `rows_dropped`, and the rows of `set_aside`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Rows of the inputs that were looked at. Rows beyond a limit, blank lines,
    /// and the rows of units that do not know how many they hold are not among
    /// them.
    pub rows_read: u64,
    /// Rows that went on to the dataset; packed rows hold several of them.
    pub rows_kept: u64,
    /// Rows that were dropped, all reasons together.
    pub rows_dropped: u64,
    /// Why they were, in the order of the steps, the split first.
    pub dropped: Vec<Dropped>,
    /// What could not be read or used.
    pub set_aside: SetAside,
    /// Whether reading ended because the pipeline's limit was reached.
    pub limit_reached: bool,
    /// Documents that `pack` cut to one row.
    pub truncated: Truncated,
    /// Values that were changed to fit their column.
    pub converted: Vec<Converted>,
    /// Rows with a key that no column holds, by key, where such keys are
    /// ignored.
    pub ignored_keys: BTreeMap<String, u64>,
    /// The same for all keys beyond the first thousand.
    pub other_ignored_keys: u64,
    /// Lines that are blank, and so no rows.
    #[serde(default)]
    pub blank_lines: u64,
    /// Rows whose split key is null, on whichever side they are: all on one.
    #[serde(default)]
    pub null_split_keys: u64,
    /// Keys whose types the pipeline declares and of which no row had a value,
    /// though rows were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub valueless_keys: Vec<String>,
    /// Tokens kept, padding not counted; 0 without `tokenize`.
    pub tokens: u64,
    /// Rows of the dataset.
    pub rows_written: u64,
}

/// Rows that were dropped for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// How many.
    pub rows: u64,
    /// The step, from 1; nothing for the split.
    pub step: Option<u32>,
    /// The step's operator, or `split`.
    pub op: String,
    /// The column that was looked at.
    pub column: String,
    /// `null`, `too_short`, `too_long`, `empty` or `other_side`.
    pub why: String,
}

/// What was set aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Units: lines, row groups, record batches, files, or ends of files.
    pub units: u64,
    /// The rows in those that know how many they hold.
    pub rows: u64,
    /// Units that do not know, such as the rest of a broken file.
    pub units_of_unknown_rows: u64,
}

/// Values of one column that were changed in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Converted {
    /// The column.
    pub column: String,
    /// What was done.
    pub what: String,
    /// How many values.
    pub values: u64,
}

impl Account {
    /// The account of a run of `plan` that wrote `rows_written` rows; nothing
    /// where a version that kept no account did part of the work.
    ///
    /// # Errors
    /// `Internal` if it does not add up.
    pub(crate) fn of(plan: &Plan, stats: &Stats, rows_written: u64) -> Result<Option<Self>> {
        let Some(tally) = &stats.tally else {
            return Ok(None);
        };
        let dropped = dropped(plan, tally);
        let account = Self {
            // What the steps were given, and what never came to them.
            rows_read: [tally.other_side, tally.unread_rows]
                .iter()
                .fold(stats.rows_read, |sum, n| sum.saturating_add(*n)),
            rows_kept: stats.documents,
            rows_dropped: dropped.iter().map(|dropped| dropped.rows).sum(),
            dropped,
            set_aside: SetAside {
                units: stats.quarantined,
                rows: tally.unread_rows.saturating_add(tally.unusable_rows),
                units_of_unknown_rows: tally.units_of_unknown_rows,
            },
            limit_reached: plan.source.limit == Some(stats.rows_read),
            truncated: tally.truncated,
            converted: converted(tally),
            ignored_keys: tally.ignored_keys.clone(),
            other_ignored_keys: tally.other_ignored_keys,
            blank_lines: tally.blank_lines,
            null_split_keys: tally.null_split_keys,
            valueless_keys: valueless(plan, stats, tally),
            tokens: stats.tokens,
            rows_written,
        };
        let is_cut = plan.steps.last().is_some_and(Step::is_last);
        if !account.adds_up() || !(is_cut || account.rows_kept == rows_written) {
            return Err(Error::internal(format!(
                "expected an account that adds up, got {account:?}"
            )));
        }
        Ok(Some(account))
    }

    /// What to say of a run that kept no row of those it met, if it did so.
    #[must_use]
    pub fn nothing_kept(&self) -> Option<String> {
        let SetAside {
            units,
            rows,
            units_of_unknown_rows,
        } = self.set_aside;
        if self.rows_kept > 0 || (self.rows_read == 0 && units == 0) {
            return None;
        }
        let mut said = vec![format!("of {} read", counted(self.rows_read, "row"))];
        if self.rows_dropped > 0 {
            said.push(format!("{} dropped", counted(self.rows_dropped, "row")));
        }
        if rows > 0 {
            said.push(format!("{} set aside", counted(rows, "row")));
        }
        if units_of_unknown_rows > 0 {
            let units = counted(units_of_unknown_rows, "unit");
            said.push(format!("{units} of unknown rows set aside"));
        }
        Some(format!("no row was kept: {}", said.join(", ")))
    }

    /// Whether every row that was read is kept, dropped or set aside.
    pub(crate) fn adds_up(&self) -> bool {
        let by_reason = self.dropped.iter().map(|dropped| dropped.rows);
        let by_reason = by_reason.fold(0, u64::saturating_add);
        let parts = [self.rows_kept, self.rows_dropped, self.set_aside.rows];
        let sum = parts.into_iter().fold(0, u64::saturating_add);
        sum == self.rows_read && by_reason == self.rows_dropped
    }
}

impl Dropped {
    fn of(plan: &Plan, rows: &DroppedRows) -> Self {
        let step = plan.steps.get(rows.step as usize);
        let column = match step {
            Some(Step::Filter(step)) => step.column.as_str(),
            Some(Step::Pack(step)) => text_column(plan, &step.column),
            Some(Step::Chunk(step)) => text_column(plan, step.first()),
            Some(Step::Select(_) | Step::Tokenize(_) | Step::Chat(_) | Step::Map(_)) | None => "",
        };
        let why = match rows.why {
            WhyDropped::Null => "null",
            WhyDropped::TooShort => "too_short",
            WhyDropped::TooLong => "too_long",
            WhyDropped::Empty => "empty",
        };
        Self {
            rows: rows.n_rows,
            step: Some(rows.step.saturating_add(1)),
            op: step.map_or("", Step::op).to_owned(),
            column: column.to_owned(),
            why: why.to_owned(),
        }
    }

    /// Why, in words that follow a number of rows: `text` is null.
    #[must_use]
    pub fn reason(&self) -> String {
        let column = crate::error::name_in_backticks(&self.column);
        let why = match self.why.as_str() {
            "null" => "is null",
            "too_short" => "is shorter than the least length",
            "too_long" => "is longer than the greatest length",
            "empty" => "has no tokens",
            "other_side" => "is on the other side of the split",
            other => other,
        };
        match self.step {
            Some(step) => format!("{column} {why} (step {step}, {})", self.op),
            None => format!("{column} {why}"),
        }
    }
}

/// The reasons in the order of the account.
fn dropped(plan: &Plan, tally: &Tally) -> Vec<Dropped> {
    let split = plan.source.split.as_ref().map(|split| Dropped {
        rows: tally.other_side,
        step: None,
        op: "split".to_owned(),
        column: split.key.clone(),
        why: "other_side".to_owned(),
    });
    let steps = tally.dropped.iter().map(|rows| Dropped::of(plan, rows));
    let all = split.into_iter().chain(steps);
    all.filter(|dropped| dropped.rows > 0).collect()
}

/// The declared keys that no row had a value of; none where no row was good.
fn valueless(plan: &Plan, stats: &Stats, tally: &Tally) -> Vec<String> {
    let has_rows = stats.rows_read > 0 || tally.other_side > 0;
    let Some(valued) = tally.valued.as_ref().filter(|_| has_rows) else {
        return Vec::new();
    };
    let declared = plan.source.json.columns.iter().filter(|key| key.declared);
    let names = declared.map(|key| &key.name);
    names
        .filter(|name| !valued.contains(*name))
        .cloned()
        .collect()
}

fn converted(tally: &Tally) -> Vec<Converted> {
    let of_column = |(column, kinds): (&String, &BTreeMap<String, u64>)| {
        let converted = kinds.iter().map(|(what, values)| Converted {
            column: column.clone(),
            what: what.clone(),
            values: *values,
        });
        converted.collect::<Vec<_>>()
    };
    tally.converted.iter().flat_map(of_column).collect()
}

/// The column that the tokens in `column` were made of.
fn text_column<'a>(plan: &'a Plan, column: &'a str) -> &'a str {
    let made = plan.made_tokens(column);
    made.map_or(column, |made| made.made_of)
}
