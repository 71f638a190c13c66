//! Reads a file with one thread and prints rate and peak memory:
//! `cargo run --release -p fuelrail-benches --example read -- FILE [BATCH_MIB [quarantine] [KEY…]]`,
//! all columns, or those named.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it prints what it measures, rounded"
)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::Array;
use arrow::datatypes::{Schema, SchemaRef};
use fuelrail::plan::{Document, Fingerprint, Format, JsonShape, OnError};
use fuelrail::source::{DiscoverSpec, LookSpec, Meter, ReadRequest, discover, for_format};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("expected a file")?;
    let batch_mib: usize = args.next().map_or(Ok(8), |mib| mib.parse())?;
    let mut keys: Vec<String> = args.collect();
    let on_error = if keys.first().is_some_and(|key| key == "quarantine") {
        keys.remove(0);
        OnError::Quarantine
    } else {
        OnError::Fail
    };
    let document = Document::Line;
    let catalog = discover(&spec(file, &document, on_error))?;
    let source = for_format(catalog.format);
    for file in &catalog.files {
        let schema = match catalog.format {
            Format::Jsonl => source.describe(&file.input.path)?.schema,
            _ => file.schema.clone(),
        };
        let projection = wanted(&schema, &keys);
        let start = Instant::now();
        let (mut n_rows, mut len_bytes, mut n_batches) = (0, 0, 0);
        let request = ReadRequest {
            input: &file.input,
            file: 0,
            row_groups: None,
            start_row: 0,
            projection: &projection,
            document: &document,
            json: &JsonShape::default(),
            batch_bytes: batch_mib << 20,
            row_bytes: 0,
            on_error,
            page_checksums: true,
            meter: Meter::default(),
        };
        for batch in source.read(&request)? {
            let batch = batch?;
            n_rows += batch.rows.len();
            n_batches += 1;
            let columns = batch.columns.columns().iter();
            len_bytes += columns
                .map(|c| c.to_data().get_slice_memory_size().unwrap_or(0))
                .sum::<usize>();
        }
        let seconds = start.elapsed().as_secs_f64();
        let [mb, file_mb] = [len_bytes as u64, file.input.len_bytes].map(|n| n as f64 / 1e6);
        println!(
            "{}: {n_rows} rows, {n_batches} batches, {mb:.0} MB of columns, {file_mb:.0} MB of file, {seconds:.3} s, {:.0} MB/s of file; {}",
            file.input.name,
            file_mb / seconds,
            peak()?
        );
    }
    Ok(())
}

fn spec(file: String, document: &Document, on_error: OnError) -> DiscoverSpec<'static> {
    DiscoverSpec {
        uris: vec![file],
        base: Path::new("."),
        sink: None,
        format: None,
        document: document.clone(),
        threads: 1,
        fingerprint: Fingerprint::Sampled,
        on_error,
        lines: LookSpec::default(),
    }
}

/// The columns called `keys`, or all.
fn wanted(schema: &Schema, keys: &[String]) -> SchemaRef {
    let is_wanted = |name: &str| keys.is_empty() || keys.iter().any(|key| key == name);
    let fields = schema.fields().iter().cloned();
    let fields: Vec<_> = fields.filter(|field| is_wanted(field.name())).collect();
    Arc::new(Schema::new(fields))
}

/// The most memory this process has held, as Linux tells.
fn peak() -> std::io::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    Ok(line.unwrap_or("VmHWM unknown").replace('\t', " "))
}
