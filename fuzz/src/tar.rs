//! Tar archives: described, then read with and without their contents.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use fuelrail::batch::{QuarantineUnit, RowEvent};
use fuelrail::plan::{Digest, Document, Format, Input, JsonShape, OnError};
use fuelrail::source::{Meter, ReadRequest, for_format};

/// An archive, in which the checksums of headers are put right.
///
/// # Panics
/// If samples are lost without a reason, if what is read depends on which columns
/// are wanted or where reading begins, or if a key leads outside.
pub fn tar(data: &[u8]) {
    let mut bytes = data.to_vec();
    for block in bytes.chunks_exact_mut(512) {
        if block[257..262] == *b"ustar" {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
            let sum = format!("{sum:06o}\0");
            block[148..155].copy_from_slice(sum.as_bytes());
        }
    }
    let Ok(mut file) = tempfile::Builder::new().suffix(".tar").tempfile() else {
        return;
    };
    if file.write_all(&bytes).is_err() {
        return;
    }
    let path = file.path();
    let described = for_format(Format::Tar).describe(path);
    let schema = match &described {
        Ok(described) if !described.schema.fields().is_empty() => Arc::clone(&described.schema),
        _ => columns(),
    };
    let input = input(path, bytes.len());
    let whole = read(&input, &schema, 0);
    let keys = Arc::new(Schema::new(vec![Field::new(
        "__key__",
        DataType::Utf8,
        false,
    )]));
    let rows = read(&input, &keys, 0);
    assert_eq!(whole.tail, rows.tail);
    assert_eq!(whole.end, rows.end);
    for (row, key) in &whole.rows {
        assert!(rows.rows.contains(&(*row, key.clone())));
        assert!(!key.starts_with('/') && key.split('/').all(|part| part != ".."));
    }
    if let Ok(described) = described {
        let n_rows: u64 = described.row_groups.iter().map(|group| group.n_rows).sum();
        assert_eq!((whole.end, whole.tail), (n_rows, None));
    }
    let middle = whole.end / 2;
    let rest = read(&input, &schema, middle);
    let expected = whole.rows.iter().filter(|(row, _)| *row >= middle);
    assert!(expected.eq(&rest.rows));
}

/// What came out of an archive.
struct SeenSamples {
    rows: Vec<(u64, String)>,
    /// Behind the last row, whether it was read or set aside.
    end: u64,
    /// Where nothing can be read any more.
    tail: Option<u64>,
}

fn read(input: &Input, schema: &SchemaRef, start_row: u64) -> SeenSamples {
    let mut seen = SeenSamples {
        rows: Vec::new(),
        end: 0,
        tail: None,
    };
    let request = ReadRequest {
        input,
        file: 0,
        row_groups: None,
        start_row,
        projection: schema,
        document: &Document::File,
        json: &JsonShape::default(),
        batch_bytes: 64,
        row_bytes: 0,
        on_error: OnError::Quarantine,
        page_checksums: true,
        meter: Meter::default(),
    };
    let Ok(batches) = for_format(Format::Tar).read(&request) else {
        return seen;
    };
    for batch in batches {
        let Ok(batch) = batch else {
            return seen;
        };
        assert_eq!(batch.rows.len(), batch.columns.num_rows());
        let keys = batch.columns.column_by_name("__key__");
        let keys = keys.map(AsArray::as_string::<i32>);
        for (index, row) in batch.rows.iter().enumerate() {
            let key = keys.map_or("", |keys| keys.value(index));
            seen.rows.push((*row, key.to_owned()));
            seen.end = seen.end.max(row + 1);
        }
        for event in batch.events {
            let at = event.at().row;
            match event {
                RowEvent::Quarantined(unit) if unit.unit == QuarantineUnit::Tail => {
                    seen.tail = Some(at);
                }
                RowEvent::Quarantined(_) => seen.end = seen.end.max(at + 1),
                // A source drops no row of its own.
                event => assert!(matches!(event, RowEvent::Noted { .. }), "{event:?}"),
            }
        }
    }
    seen
}

/// What samples may have, where an archive is not described.
fn columns() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("__key__", DataType::Utf8, false),
        Field::new("txt", DataType::Utf8, true),
        Field::new("cls", DataType::Int64, true),
        Field::new("jpg", DataType::Binary, true),
    ]))
}

fn input(path: &Path, len_bytes: usize) -> Input {
    Input {
        path: path.to_owned(),
        name: "x.tar".to_owned(),
        len_bytes: len_bytes as u64,
        digest: Digest(0),
        row_groups: Vec::new(),
        table: None,
        listing: None,
    }
}
