//! Writes the datasets that the Python tests read: `sample_datasets DIR`.
//!
//! Beside each is a `rows.jsonl` with what its rows are, by Arrow's own JSON
//! writer.

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow_json::{LineDelimitedWriter, WriterBuilder, writer::LineDelimited};
use fuelrail::format::Dataset;
use fuelrail::sink::{LocalFs, OnExisting};
use fuelrail_tests::columns::all_types;
use fuelrail_tests::fault::MemFs;
use fuelrail_tests::output::{Job, Rows, write_batches};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args_os().nth(1).ok_or("expected a directory")?;
    let dir = PathBuf::from(dir);

    let rows: Vec<Option<u32>> = (0..700).map(|n| (n % 9 != 4).then_some(n * 37)).collect();
    let batch = all_types(&rows, 0);
    let root = dir.join("all_types");
    write_batches(&root, 200_000, std::slice::from_ref(&batch))?;
    // Arrow's JSON has no floats of 16 bits, and no named time zones as built
    // here.
    let left_out = ["bf16", "bf16_rows", "f16", "time"];
    let kept: Vec<usize> = (0..batch.num_columns())
        .filter(|i| !left_out.contains(&batch.schema().field(*i).name().as_str()))
        .collect();
    write_rows(&root, &batch.project(&kept)?)?;

    for (name, rows) in [("documents", Rows::Documents), ("packed", Rows::Packed)] {
        let root = dir.join(name);
        let job = Job {
            rows,
            shard_size: 60_000,
            ..Job::new(&root)
        };
        job.run(Arc::new(LocalFs), 8, OnExisting::Refuse)?;
        let dataset = Dataset::open(&root)?;
        write_rows(&root, &dataset.rows(0..dataset.n_rows())?)?;
    }

    let fs = MemFs::default();
    let root = dir.join("many");
    let job = Job {
        parts: vec![1200],
        shard_size: 1,
        ..Job::new(&root)
    };
    job.run(Arc::new(fs.clone()), 100, OnExisting::Refuse)?;
    fs.dump(&root, &root)?;
    Ok(())
}

fn write_rows(root: &Path, batch: &RecordBatch) -> Result<(), Box<dyn Error>> {
    let file = File::create(root.join("rows.jsonl"))?;
    let builder = WriterBuilder::new().with_explicit_nulls(true);
    let mut writer: LineDelimitedWriter<File> = builder.build::<_, LineDelimited>(file);
    writer.write(batch)?;
    writer.finish()?;
    Ok(())
}
