//! Files on disk and what reading them gives, as plain values to compare.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a set-up that fails is a failed test"
)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use fuelrail::batch::{Batch, Quarantined, RowEvent};
use fuelrail::plan::{Digest, Input, OnError};
use fuelrail::source::{BatchIter, for_format};

use super::layouts::{Layout, Row};
use super::read::Reading;

/// A file on disk, ready to be read.
#[derive(Debug)]
pub struct Case {
    /// Keeps the file.
    dir: tempfile::TempDir,
    /// What it is.
    pub layout: Layout,
    /// The columns read; those of the layout unless set.
    pub projection: SchemaRef,
    /// What happens to bad content.
    pub on_error: OnError,
}

/// All that came out of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Row number and values.
    pub rows: Vec<(u64, Vec<Option<String>>)>,
    /// What was set aside.
    pub events: Vec<Quarantined>,
}

impl Case {
    /// Writes `bytes` as a file of `layout`, whose columns are those that
    /// `sound` has.
    #[must_use]
    pub fn new(layout: &Layout, bytes: &[u8], sound: &[u8]) -> Self {
        quiet();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(layout.file);
        std::fs::write(&path, sound).unwrap();
        let schema = for_format(layout.format).describe(&path).unwrap().schema;
        std::fs::write(&path, bytes).unwrap();
        let names: &[&str] = if layout.table {
            &["id", "text"]
        } else {
            &["text"]
        };
        let fields: Vec<_> = names
            .iter()
            .filter_map(|name| schema.field_with_name(name).ok().map(plain))
            .collect();
        Self {
            dir,
            layout: layout.clone(),
            projection: Arc::new(arrow::datatypes::Schema::new(fields)),
            on_error: OnError::Fail,
        }
    }

    /// Puts other bytes in the file's place.
    pub fn rewrite(&self, bytes: &[u8]) {
        std::fs::write(self.path(), bytes).unwrap();
    }

    /// A sound file of `rows`.
    #[must_use]
    pub fn sound(layout: &Layout, rows: &[Row]) -> Self {
        let bytes = layout.bytes(rows);
        // An empty file has no schema to infer.
        let described = match rows {
            [] => layout.bytes(&layout.rows(3)),
            _ => bytes.clone(),
        };
        Self::new(layout, &bytes, &described)
    }

    /// Where bad content is set aside.
    #[must_use]
    pub fn quarantine(mut self) -> Self {
        self.on_error = OnError::Quarantine;
        self
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path().join(self.layout.file)
    }

    /// As a plan names it.
    #[must_use]
    pub fn input(&self) -> Input {
        input(&self.path())
    }

    /// Opens the file for rows from `start_row` on.
    ///
    /// # Errors
    /// As the source has them.
    pub fn batches(&self, start_row: u64, batch_bytes: usize) -> fuelrail::Result<BatchIter> {
        let reading = Reading {
            document: &self.layout.document,
            on_error: self.on_error,
            start_row,
            batch_bytes,
            ..Reading::new(self.layout.format, &self.projection)
        };
        reading.open(&self.path())
    }

    /// Reads rows from `start_row` on.
    ///
    /// # Errors
    /// As the source has them.
    pub fn read(&self, start_row: u64, batch_bytes: usize) -> fuelrail::Result<Outcome> {
        collect(self.batches(start_row, batch_bytes)?)
    }
}

/// The input at `path` as a plan names it, its digest left out.
#[must_use]
pub fn input(path: &Path) -> Input {
    Input {
        path: path.to_owned(),
        name: path.file_name().unwrap().to_string_lossy().into_owned(),
        len_bytes: File::open(path).unwrap().metadata().unwrap().len(),
        digest: Digest(0),
        row_groups: Vec::new(),
        table: None,
        listing: None,
    }
}

/// Gathers batches, checking what holds for each and for their order.
///
/// # Errors
/// The first that comes.
pub fn collect(
    batches: impl Iterator<Item = fuelrail::Result<Batch>>,
) -> fuelrail::Result<Outcome> {
    let mut out = Outcome {
        rows: Vec::new(),
        events: Vec::new(),
    };
    for batch in batches {
        let batch = batch?;
        assert_eq!(batch.rows.len(), batch.columns.num_rows());
        let values = values(&batch.columns);
        let before = out.rows.last().map(|(row, _)| *row);
        for (row, values) in batch.rows.iter().zip(values) {
            out.rows.push((*row, values));
        }
        for event in batch.events {
            assert!(before.is_none_or(|row| event.at().row > row));
            match event {
                RowEvent::Quarantined(unit) => out.events.push(unit),
                RowEvent::Noted { .. } => {}
                RowEvent::Filtered { .. }
                | RowEvent::OtherSide { .. }
                | RowEvent::Truncated { .. } => {
                    panic!("a source filters nothing")
                }
            }
        }
    }
    assert!(out.rows.is_sorted_by(|a, b| a.0 < b.0), "rows ascend");
    assert!(
        out.events.is_sorted_by_key(|event| event.at),
        "events ascend: {:?}",
        out.events
    );
    for event in &out.events {
        let end = event.n_rows.map_or(u64::MAX, |n| event.at.row + n);
        let inside = out
            .rows
            .iter()
            .find(|(row, _)| (event.at.row..end).contains(row));
        assert_eq!(inside, None, "no row lies within {event:?}");
    }
    Ok(out)
}

/// A field as plans ask for it: without a dictionary.
fn plain(field: &Field) -> Field {
    match field.data_type() {
        DataType::Dictionary(_, values) => field.clone().with_data_type((**values).clone()),
        _ => field.clone(),
    }
}

/// The values of a batch, row by row.
#[must_use]
pub fn values(batch: &RecordBatch) -> Vec<Vec<Option<String>>> {
    let options = FormatOptions::default();
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| {
            let nulls = column.logical_nulls();
            let show = ArrayFormatter::try_new(column.as_ref(), &options).unwrap();
            (0..column.len())
                .map(|row| {
                    let null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
                    (!null).then(|| show.value(row).to_string())
                })
                .collect::<Vec<_>>()
        })
        .collect();
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column[row].clone()).collect())
        .collect()
}

/// A small generator with a fixed sequence for each seed (xorshift64*).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }
}

/// Keeps panics that a source contains out of the test's output.
pub fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !fuelrail::source::is_contained() {
                hook(panic);
            }
        }));
    });
}
