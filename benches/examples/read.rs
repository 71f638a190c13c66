//! Reads a file with one thread and prints rate and peak memory:
//! `cargo run --release -p fuelrail-benches --example read -- FILE [BATCH_MIB [quarantine]]`.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it prints what it measures, rounded"
)]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use arrow::array::Array;
use fuelrail::plan::{Document, Fingerprint, Format, JsonShape, OnError};
use fuelrail::source::{DiscoverSpec, LookSpec, Meter, ReadRequest, discover, for_format};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("expected a file")?;
    let batch_mib: usize = args.next().map_or(Ok(8), |mib| mib.parse())?;
    let on_error = args.next().map_or(OnError::Fail, |_| OnError::Quarantine);
    let document = Document::Line;
    let spec = DiscoverSpec {
        uris: vec![file],
        base: Path::new("."),
        sink: None,
        format: None,
        document: document.clone(),
        threads: 1,
        fingerprint: Fingerprint::Sampled,
        on_error,
        lines: LookSpec::default(),
    };
    let catalog = discover(&spec)?;
    let source = for_format(catalog.format);
    for file in &catalog.files {
        let start = Instant::now();
        let projection = match catalog.format {
            Format::Jsonl => source.describe(&file.input.path)?.schema,
            _ => file.schema.clone(),
        };
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
        let mb = len_bytes as f64 / 1e6;
        println!(
            "{}: {n_rows} rows, {n_batches} batches, {mb:.0} MB of columns, {:.0} MB of file, {seconds:.2} s, {:.0} MB/s; {}",
            file.input.name,
            file.input.len_bytes as f64 / 1e6,
            mb / seconds,
            peak()?
        );
    }
    Ok(())
}

/// The most memory this process has held, as Linux tells.
fn peak() -> std::io::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    Ok(line.unwrap_or("VmHWM unknown").replace('\t', " "))
}
