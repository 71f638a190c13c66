//! Lines of JSON: observed, then read by the types that were proposed.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use fuelrail::batch::{QuarantineUnit, RowEvent};
use fuelrail::plan::{
    Digest, Document, EXTRA, Format, Found, Input, JsonShape, OnError, Place, UnknownKeys,
    json_field,
};
use fuelrail::source::{Meter, Observer, ReadRequest, Selection, for_format};

/// JSON lines; where the first byte is `!`, with numbers that are not finite.
///
/// # Panics
/// If a line that is not JSON is taken for a row, a row that was observed is
/// not read, or one is dropped without a reason.
pub fn jsonl(data: &[u8]) {
    let (allow_nan, text) = match data.split_first() {
        Some((b'!', rest)) => (true, rest),
        _ => (false, data),
    };
    let mut observer = Observer::new(&Selection::All, allow_nan.into());
    for (line, bytes) in (0..).zip(text.split(|b| *b == b'\n')) {
        let before = observer.n_rows();
        observer.line(bytes, Place { file: 0, line });
        assert!(allow_nan || observer.n_rows() == before || is_json(bytes));
    }
    let Ok(proposed) = observer.propose() else {
        return;
    };
    let mut fields = Vec::new();
    let mut may_misfit = false;
    for one in proposed {
        may_misfit |= one.misfit.is_some() || one.name == EXTRA;
        if let Found::Type(data_type) = one.found
            && one.name != EXTRA
        {
            fields.push(Field::new(one.name, data_type, true));
        }
    }
    fields.push(json_field(EXTRA));
    let json = JsonShape {
        columns: Vec::new(),
        unknown_keys: UnknownKeys::Keep,
        allow_nan,
    };
    if let Some(n_rows) = read(text, &Arc::new(Schema::new(fields)), &json) {
        assert!(may_misfit || n_rows >= observer.n_rows());
    }
}

/// Whether another parser takes a line, or has a limit that we have not.
fn is_json(line: &[u8]) -> bool {
    match serde_json::from_slice::<serde_json::Value>(line) {
        Ok(value) => value.is_object(),
        Err(error) => {
            let text = error.to_string();
            text.starts_with("number out of range") || text.starts_with("recursion limit")
        }
    }
}

/// How many rows there are; the other lines are set aside or blank. `None` where
/// the file is set aside whole.
fn read(text: &[u8], schema: &SchemaRef, json: &JsonShape) -> Option<u64> {
    let file = tempfile::NamedTempFile::new().ok()?;
    std::fs::write(file.path(), text).ok()?;
    let request = ReadRequest {
        input: &input(file.path(), text.len()),
        file: 0,
        row_groups: None,
        start_row: 0,
        projection: schema,
        document: &Document::File,
        json,
        batch_bytes: 64,
        row_bytes: 0,
        on_error: OnError::Quarantine,
        page_checksums: true,
        meter: Meter::default(),
    };
    let mut n_rows = 0;
    for batch in for_format(Format::Jsonl).read(&request).ok()? {
        let batch = batch.ok()?;
        assert_eq!(batch.rows.len(), batch.columns.num_rows());
        n_rows += batch.rows.len() as u64;
        for event in batch.events {
            match event {
                RowEvent::Quarantined(unit) => {
                    assert!(!unit.reason.is_empty());
                    // What is no file of lines at all, whatever its lines are.
                    if unit.unit != QuarantineUnit::Line {
                        return None;
                    }
                }
                event => {
                    // A source drops no row of its own.
                    assert!(matches!(event, RowEvent::Noted { .. }), "{event:?}");
                }
            }
        }
    }
    Some(n_rows)
}

fn input(path: &Path, len_bytes: usize) -> Input {
    Input {
        path: path.to_owned(),
        name: "x.jsonl".to_owned(),
        len_bytes: len_bytes as u64,
        digest: Digest(0),
        row_groups: Vec::new(),
        table: None,
        listing: None,
    }
}
