//! Reads a plain file of JSON lines on one thread, beside `serde_json`.
//!
//! `jsonl_speed FILE PASSES [KEY…]`: all keys, or those named, by the types
//! proposed for them. First compares the number of rows and the text of string
//! columns with what `serde_json` reads; then times, pass by pass and one after
//! another, looking at all lines (as `plan --scan` does), reading them into
//! columns, and parsing them into `serde_json`'s values. Prints MB/s of each as
//! JSON.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use fuelrail::plan::{
    Digest, Document, Format, Found, Input, JsonShape, NotFinite, OnError, Place,
};
use fuelrail::source::{Meter, Observer, ReadRequest, Selection, for_format};
use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, passes, names @ ..] = &arguments[..] else {
        return Err("expected `FILE PASSES [KEY…]`".into());
    };
    let selection = match names {
        [] => Selection::All,
        names => Selection::Names(names.to_vec()),
    };
    let bytes = std::fs::read(file)?;
    let schema = schema(&observed(&bytes, &selection))?;
    compare(&bytes, &read(Path::new(file), &schema)?)?;
    for _ in 0..passes.parse()? {
        let observe = timed(|| Ok(observed(&bytes, &selection).n_rows()))?;
        let columns = timed(|| Ok(n_rows(&read(Path::new(file), &schema)?)))?;
        let values = timed(|| Ok(parsed(&bytes).count() as u64))?;
        let speed = |seconds: f64| (len_mb(&bytes) / seconds).round();
        let speeds = serde_json::json!({
            "observe": speed(observe),
            "read": speed(columns),
            "serde_json": speed(values),
        });
        println!("{speeds}");
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "only shown")]
fn len_mb(bytes: &[u8]) -> f64 {
    bytes.len() as f64 / 1e6
}

fn timed(work: impl FnOnce() -> Outcome<u64>) -> Outcome<f64> {
    let begin = Instant::now();
    std::hint::black_box(work()?);
    Ok(begin.elapsed().as_secs_f64())
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let ends = memchr::memchr_iter(b'\n', text).chain([text.len()]);
    ends.scan(0, |begin, end| {
        let line = text.get(*begin..end);
        *begin = end + 1;
        line
    })
}

fn observed(bytes: &[u8], selection: &Selection) -> Observer {
    let mut observer = Observer::new(selection, NotFinite::Refused);
    for (line, bytes) in (0..).zip(lines(bytes)) {
        observer.line(bytes, Place { file: 0, line });
    }
    observer
}

fn parsed(bytes: &[u8]) -> impl Iterator<Item = Value> {
    lines(bytes).filter_map(|line| serde_json::from_slice(line).ok())
}

fn schema(observer: &Observer) -> Outcome<SchemaRef> {
    let field = |one: fuelrail::plan::Proposed| match one.found {
        Found::Type(data_type) => Ok(Field::new(one.name, data_type, true)),
        other => Err(format!("no type for {:?}: {other:?}", one.name)),
    };
    let fields = observer.propose()?.into_iter().map(field);
    Ok(Arc::new(Schema::new(
        fields.collect::<Result<Vec<_>, _>>()?,
    )))
}

fn read(path: &Path, schema: &SchemaRef) -> Outcome<Vec<RecordBatch>> {
    let request = ReadRequest {
        input: &Input {
            path: path.to_owned(),
            name: "x.jsonl".to_owned(),
            len_bytes: std::fs::metadata(path)?.len(),
            digest: Digest(0),
            row_groups: Vec::new(),
            table: None,
            listing: None,
        },
        file: 0,
        row_groups: None,
        start_row: 0,
        projection: schema,
        document: &Document::File,
        json: &JsonShape::default(),
        batch_bytes: 4 << 20,
        row_bytes: 0,
        on_error: OnError::Fail,
        page_checksums: true,
        meter: Meter::default(),
    };
    let batches = for_format(Format::Jsonl).read(&request)?;
    Ok(batches
        .map(|batch| Ok(batch?.columns))
        .collect::<fuelrail::Result<_>>()?)
}

fn n_rows(batches: &[RecordBatch]) -> u64 {
    batches.iter().map(|batch| batch.num_rows() as u64).sum()
}

/// Whether rows and texts are those that `serde_json` reads.
fn compare(bytes: &[u8], batches: &[RecordBatch]) -> Outcome<()> {
    let mut values = parsed(bytes);
    for batch in batches {
        for row in 0..batch.num_rows() {
            let value = values.next().ok_or("more rows than serde_json reads")?;
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                if *field.data_type() != DataType::Utf8 {
                    continue;
                }
                let texts = column.as_string::<i32>();
                let text = texts.is_valid(row).then(|| texts.value(row));
                if text != value.get(field.name()).and_then(Value::as_str) {
                    return Err(format!("another {:?} in row {row}", field.name()).into());
                }
            }
        }
    }
    match values.next() {
        None => Ok(()),
        Some(_) => Err("fewer rows than serde_json reads".into()),
    }
}
