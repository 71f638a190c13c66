//! Arrow files with metadata of version V4, as Arrow before 1.0 wrote them: a
//! column never gets the bytes of another.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, RunArray, StringArray,
    StructArray, UnionArray,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Field, Int32Type, UnionFields, UnionMode};
use arrow::ipc::MetadataVersion;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use fuelrail::format::{Dataset, Manifest};
use fuelrail_tests::runs;

const ROWS: i32 = 16;

fn numbers() -> ArrayRef {
    Arc::new(Int64Array::from_iter_values((0..ROWS).map(i64::from)))
}

fn flags() -> ArrayRef {
    Arc::new(
        (0..ROWS)
            .map(|row| (row % 3 != 1).then_some(row % 2 == 0))
            .collect::<BooleanArray>(),
    )
}

fn texts() -> ArrayRef {
    Arc::new(StringArray::from_iter_values(
        (0..ROWS).map(|row| format!("text {row}")),
    ))
}

fn runs_of_numbers() -> ArrayRef {
    let ends = Int32Array::from(vec![4, ROWS]);
    let values = Int64Array::from(vec![7, 8]);
    Arc::new(RunArray::<Int32Type>::try_new(&ends, &values).unwrap())
}

/// Numbers and texts by turns.
fn union(mode: UnionMode) -> ArrayRef {
    let fields = [
        (0, Arc::new(Field::new("n", DataType::Int64, true))),
        (1, Arc::new(Field::new("t", DataType::Utf8, true))),
    ];
    let types: ScalarBuffer<i8> = (0..ROWS).map(|row| i8::from(row % 2 == 1)).collect();
    let offsets = (mode == UnionMode::Dense).then(|| (0..ROWS).collect::<ScalarBuffer<i32>>());
    let fields = fields.into_iter().collect::<UnionFields>();
    Arc::new(UnionArray::try_new(fields, types, offsets, vec![numbers(), texts()]).unwrap())
}

/// A column and two that stand behind it.
fn before(column: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([
        ("odd", column, true),
        ("flags", flags(), true),
        ("numbers", numbers(), true),
    ])
    .unwrap()
}

/// A file and a stream of `batch`.
fn files(batch: &RecordBatch, version: MetadataVersion) -> [Vec<u8>; 2] {
    let options = || IpcWriteOptions::try_new(8, false, version).unwrap();
    let mut file =
        FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options()).unwrap();
    file.write(batch).unwrap();
    let mut stream =
        StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options()).unwrap();
    stream.write(batch).unwrap();
    [file.into_inner().unwrap(), stream.into_inner().unwrap()]
}

/// A run that keeps the columns behind the first.
fn run(dir: &Path, bytes: &[u8], on_error: &str) -> fuelrail::Result<Manifest> {
    let out = dir.join("out");
    let _ = std::fs::remove_dir_all(&out);
    std::fs::write(dir.join("a.arrow"), bytes).unwrap();
    let text = format!(
        "[source]\nuri = \"a.arrow\"\non_error = \"{on_error}\"\n\
         [[step]]\nop = \"select\"\ncolumns = [\"flags\", \"numbers\"]\n\
         [sink]\nuri = \"out\"\n"
    );
    runs::shard(dir, &text, &out)
}

#[test]
fn runs_of_version_4_are_refused_by_what_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let within = StructArray::from(vec![(
        Arc::new(Field::new(
            "runs",
            runs_of_numbers().data_type().clone(),
            true,
        )),
        runs_of_numbers(),
    )]);
    for odd in [runs_of_numbers(), Arc::new(within)] {
        for bytes in files(&before(odd.clone()), MetadataVersion::V4) {
            let error = run(dir.path(), &bytes, "fail").unwrap_err().to_string();
            assert!(error.contains("a.arrow"), "{error}");
            assert!(
                error.contains(
                    "column \"odd\" is run-end encoded, for which metadata of version V4"
                ),
                "{error}"
            );
            assert!(error.contains("write the file with version V5"), "{error}");
        }
        for bytes in files(&before(odd.clone()), MetadataVersion::V5) {
            run(dir.path(), &bytes, "fail").unwrap();
            same(dir.path());
        }
    }
}

/// The columns behind the first came through as they are.
fn same(dir: &Path) {
    let dataset = Dataset::open(dir.join("out")).unwrap();
    let rows = dataset.rows(0..dataset.n_rows()).unwrap();
    assert_eq!(rows.column_by_name("numbers").unwrap(), &numbers());
    assert_eq!(rows.column_by_name("flags").unwrap(), &flags());
}

#[test]
fn columns_behind_a_union_are_their_own_in_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    for mode in [UnionMode::Sparse, UnionMode::Dense] {
        for version in [MetadataVersion::V4, MetadataVersion::V5] {
            for bytes in files(&before(union(mode)), version) {
                run(dir.path(), &bytes, "fail").unwrap();
                same(dir.path());
            }
        }
    }
}

/// `bytes` with the first place where `from` stands changed to `to`.
fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|there| there == from);
    let at = at.unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// A field node: its rows and its nulls.
fn node(n_nulls: i64) -> Vec<u8> {
    [i64::from(ROWS).to_le_bytes(), n_nulls.to_le_bytes()].concat()
}

#[test]
fn nulls_of_a_union_itself_are_not_lost() {
    let dir = tempfile::tempdir().unwrap();
    for bytes in files(&before(union(UnionMode::Dense)), MetadataVersion::V4) {
        let bytes = patched(&bytes, &node(0), &node(2));
        let error = run(dir.path(), &bytes, "fail").unwrap_err().to_string();
        assert!(
            error.contains("column \"odd\" is a union with nulls of its own"),
            "{error}"
        );
    }
}

/// The messages of a stream: its schema, and what follows.
fn cut(stream: &[u8]) -> (&[u8], &[u8]) {
    let len = u32::from_le_bytes(stream[4..8].try_into().unwrap());
    stream.split_at(8 + usize::try_from(len).unwrap())
}

#[test]
fn a_batch_with_other_buffers_than_its_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    // Text has a buffer more than numbers, a struct a field node more.
    let inner = Arc::new(Field::new("t", DataType::Utf8, true));
    let nested: ArrayRef = Arc::new(StructArray::from(vec![(inner, texts())]));
    let odd = [numbers(), texts(), nested];
    for version in [MetadataVersion::V4, MetadataVersion::V5] {
        let streams = odd.each_ref().map(|odd| {
            let [_, stream] = files(&before(odd.clone()), version);
            stream
        });
        for (schema, batches) in [(0, 1), (1, 0), (1, 2), (2, 1)] {
            let (schema, _) = cut(&streams[schema]);
            let (_, batches) = cut(&streams[batches]);
            let bytes = [schema, batches].concat();
            let error = run(dir.path(), &bytes, "fail").unwrap_err().to_string();
            assert!(
                error.contains("for the columns of the schema, got"),
                "{error}"
            );
        }
    }
}
