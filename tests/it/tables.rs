//! Tables of numbers, lists and images: every source that can hold them hands
//! them over as they are, and the example's input gives the plan it promises.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, FixedSizeBinaryArray, FixedSizeListArray, Float16Array, Float32Array,
    Int8Array, Int64Array, LargeListArray, ListArray, RecordBatch, UInt8Array, UInt16Array,
    UInt64Array,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};
use arrow::ipc::CompressionType;
use arrow_cast::cast;
use fuelrail::format::Dataset;
use fuelrail::run::{self, ShardOptions};
use fuelrail_tests::columns::all_types;
use fuelrail_tests::output::write_batches;
use fuelrail_tests::runs;
use fuelrail_tests::source::{arrow_file, arrow_stream, parquet_file, properties};
use half::f16;

fn item(data_type: &DataType) -> Arc<Field> {
    Arc::new(Field::new("item", data_type.clone(), true))
}

fn fixed(values: ArrayRef, len: i32, nulls: Option<NullBuffer>) -> ArrayRef {
    let field = item(values.data_type());
    Arc::new(FixedSizeListArray::new(field, len, values, nulls))
}

/// A column of every kind that `normalize` and `cast` take, with nulls, cut
/// out of a larger batch.
fn table(n: u16, from: usize) -> RecordBatch {
    let rows = usize::from(n);
    let nulls = || Some((0..n).map(|row| row % 5 != 2).collect::<NullBuffer>());
    let bytes = |len: u16| (0..n * len).map(|i| i.to_le_bytes()[0]);
    let image = fixed(Arc::new(UInt8Array::from_iter_values(bytes(24))), 2, None);
    let image = fixed(fixed(image, 3, None), 4, nulls());
    let blob = bytes(6).collect::<Buffer>();
    let vector = Float32Array::from_iter_values((0..n * 3).map(|i| f32::from(i) / 7.0));
    let lengths = || OffsetBuffer::from_lengths((0..rows).map(|row| row % 4));
    let n_elements = u16::try_from((0..rows).map(|row| row % 4).sum::<usize>()).unwrap();
    let ids: ArrayRef = Arc::new(UInt16Array::from_iter_values(0..n_elements));
    let far: ArrayRef = Arc::new(Int64Array::from_iter_values((0..n_elements).map(i64::from)));
    let ids = ListArray::new(item(ids.data_type()), lengths(), ids, nulls());
    let offsets = lengths()
        .iter()
        .map(|&offset| i64::from(offset))
        .collect::<Vec<_>>();
    let offsets = OffsetBuffer::new(offsets.into());
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "tiny",
            Arc::new(Int8Array::new(
                (0..n).map(|i| i.to_le_bytes()[0].cast_signed()).collect(),
                nulls(),
            )),
        ),
        (
            "large",
            Arc::new(UInt64Array::from_iter_values(
                (0..n).map(|i| u64::MAX - u64::from(i)),
            )),
        ),
        (
            "half",
            Arc::new(Float16Array::new(
                (0..n).map(|i| f16::from_f32(f32::from(i) / 3.0)).collect(),
                nulls(),
            )),
        ),
        ("vector", fixed(Arc::new(vector), 3, nulls())),
        ("image", image),
        (
            "blob",
            Arc::new(FixedSizeBinaryArray::new(6, blob, nulls())),
        ),
        ("ids", Arc::new(ids)),
        (
            "far",
            Arc::new(LargeListArray::new(
                item(far.data_type()),
                offsets,
                far,
                nulls(),
            )),
        ),
    ];
    let nullable = columns.into_iter().map(|(name, array)| (name, array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(nullable).unwrap();
    batch.slice(from, rows - from)
}

/// The rows of a dataset written from a file without any step.
fn through(dir: &Path, name: &str, bytes: &[u8]) -> RecordBatch {
    std::fs::write(dir.join(name), bytes).unwrap();
    let text = format!("[source]\nuri = \"{name}\"\n[sink]\nuri = \"out\"\n");
    let out = dir.join(format!("{name}-out"));
    let options = ShardOptions {
        batch_bytes: 500,
        ..ShardOptions::new(2)
    };
    runs::shard_with(dir, &text, &out, &options).unwrap();
    let dataset = Dataset::open(&out).unwrap();
    dataset.rows(0..dataset.n_rows()).unwrap()
}

#[test]
fn every_source_hands_over_what_it_holds() {
    let dir = tempfile::tempdir().unwrap();
    for from in [0, 3] {
        let batch = table(70, from);
        let files = [
            ("a.parquet", parquet_file(&batch, &properties().build())),
            ("a.arrow", arrow_file(&batch, None)),
            ("b.arrow", arrow_file(&batch, Some(CompressionType::ZSTD))),
            ("c.arrows", arrow_stream(&batch)),
        ];
        for (name, bytes) in files {
            let read = through(dir.path(), &format!("{from}-{name}"), &bytes);
            let schema = read.schema();
            let columns = batch.columns().iter().zip(schema.fields());
            let expected = columns.map(|(array, field)| cast(array, field.data_type()).unwrap());
            let expected = RecordBatch::try_new(schema.clone(), expected.collect()).unwrap();
            assert_eq!(read, expected, "{name} from {from}");
        }
    }
}

#[test]
fn numbers_of_json_are_of_64_bits() {
    let dir = tempfile::tempdir().unwrap();
    let lines = "{\"n\": 1, \"x\": 0.5, \"ids\": [1, 2], \"v\": [0.5]}\n{\"n\": null, \"x\": 2, \"ids\": []}\n";
    std::fs::write(dir.path().join("rows.jsonl"), lines).unwrap();
    let text = "[source]\nuri = \"rows.jsonl\"\n\
        [[step]]\nop = \"normalize\"\ncolumn = [\"n\", \"x\", \"v\"]\nfill = 0\n\
        [[step]]\nop = \"cast\"\ncolumn = \"ids\"\ndtype = \"int32\"\n[sink]\nuri = \"out\"\n";
    let plan = runs::plan(dir.path(), text, &dir.path().join("out")).unwrap();
    let list = |data_type| DataType::List(Arc::new(Field::new("item", data_type, false)));
    let types: Vec<_> = plan
        .output
        .iter()
        .map(|column| {
            (
                column.name.as_str(),
                column.data_type.clone(),
                column.nullable,
            )
        })
        .collect();
    assert_eq!(
        types,
        [
            ("n", DataType::Float64, false),
            ("x", DataType::Float64, false),
            ("ids", list(DataType::Int32), true),
            ("v", list(DataType::Float64), true),
        ]
    );
}

#[test]
fn the_example_has_its_plan() {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let text = std::fs::read_to_string(base.join("table.toml")).unwrap();
    let plan = runs::plan(&base, &text, Path::new("/out")).unwrap();
    let columns = fuelrail::plan::stored_columns(&plan.output).unwrap();
    let said: Vec<String> = columns
        .iter()
        .map(|column| {
            format!(
                "{} {} {:?}",
                column.name,
                column.dtype.as_str(),
                column.shape
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "id U16 []",
            "price F32 []",
            "distance F64 []",
            "quantity F32 []",
            "visits F64 []",
            "level F16 []",
            "vector BF16 [4]",
            "image F16 [3, 20, 18]",
            "tokens I32 []",
        ]
    );
}

#[test]
fn bfloat16_and_times_of_zones_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    write_batches(
        dir.path(),
        1 << 20,
        &[all_types(&[Some(1000), None, Some(5)], 0)],
    )
    .unwrap();
    let samples = run::samples(&Dataset::open(dir.path()).unwrap(), 0..3).unwrap();
    let value = |row: usize, name: &str| {
        let values = &samples[row].values;
        values
            .iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(value(0, "bf16"), "1000.0");
    assert_eq!(value(0, "bf16_rows"), "[1000.0, 1000.0, 1000.0, 1004.0]");
    assert_eq!(value(0, "time"), "1970-01-01T00:00:00.001Z");
    assert_eq!(value(1, "bf16"), "null");
    assert_eq!(value(1, "bf16_rows"), "null");
    assert_eq!(value(2, "bf16_rows"), "[5.0, 4.0, 7.0, 6.0]");
}
