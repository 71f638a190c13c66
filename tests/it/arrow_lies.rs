//! Arrow streams whose messages state what cannot be: each is refused, and none
//! is read as other values.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int64Array, RecordBatch};
use arrow::datatypes::Int32Type;
use arrow::ipc::writer::StreamWriter;
use fuelrail::format::Manifest;
use fuelrail_tests::runs;

const ROWS: i64 = 37;
const NULLS: i64 = 9;

fn numbers() -> ArrayRef {
    let numbers = (0..ROWS).map(|row| (row % 4 != 3).then_some(row));
    Arc::new(numbers.collect::<Int64Array>())
}

fn names() -> ArrayRef {
    let names = (0..ROWS).map(|row| match row % 3 {
        0 => "a",
        1 => "bc",
        _ => "def",
    });
    Arc::new(names.collect::<DictionaryArray<Int32Type>>())
}

fn stream(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
    let columns = columns.iter().map(|(name, column)| (*name, column.clone()));
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn run(bytes: &[u8]) -> fuelrail::Result<Manifest> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.arrows"), bytes).unwrap();
    let text = "[source]\nuri = \"a.arrows\"\nformat = \"arrow\"\n[sink]\nuri = \"out\"\n";
    runs::shard(dir.path(), text, &dir.path().join("out"))
}

/// The only place of two numbers of 64 bits, one behind the other.
fn find(bytes: &[u8], two: [i64; 2]) -> usize {
    let two = two.map(i64::to_le_bytes).concat();
    let all = bytes.windows(two.len()).enumerate();
    let mut places = all.filter(|(_, here)| *here == two).map(|(at, _)| at);
    let place = places.next().unwrap();
    assert_eq!(places.next(), None, "found once");
    place
}

fn with(bytes: &[u8], at: usize, number: i64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
    bytes
}

#[test]
fn counts_of_nulls_that_cannot_be_are_refused() {
    let sound = stream(&[("n", numbers())]);
    run(&sound).unwrap();
    let at = find(&sound, [ROWS, NULLS]) + 8;
    for n_nulls in [-1, -NULLS, i64::MIN, ROWS + 1, i64::MAX] {
        let error = run(&with(&sound, at, n_nulls)).unwrap_err().to_string();
        let wanted = format!("a column states {n_nulls} nulls in {ROWS} values");
        assert!(error.contains(&wanted), "{error}");
    }
}

#[test]
fn buffers_begin_where_they_may() {
    let whole: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS));
    let sound = stream(&[("m", whole.clone()), ("n", whole)]);
    run(&sound).unwrap();
    let len = 8 * ROWS;
    let mut offsets = (0..1024).filter(|offset| {
        let two = [*offset, len].map(i64::to_le_bytes).concat();
        sound.windows(16).any(|here| here == two)
    });
    let last = offsets.next_back().unwrap();
    let at = find(&sound, [last, len]);
    for by in 1..8 {
        let error = run(&with(&sound, at, last - by)).unwrap_err().to_string();
        assert!(error.contains("no multiple of 8"), "{error}");
    }
}

#[test]
fn a_stream_cut_behind_a_dictionary_is_not_an_empty_one() {
    let sound = stream(&[("name", names())]);
    run(&sound).unwrap();
    // Messages begin with a mark and their length.
    let marks: Vec<usize> = (0..sound.len())
        .step_by(8)
        .filter(|at| sound[*at..].starts_with(&[0xff; 4]))
        .collect();
    let [schema, dictionary, batch, end] = marks[..] else {
        panic!("expected a schema, a dictionary, a batch and an end, got {marks:?}");
    };
    assert_eq!(schema, 0);
    let error = run(&sound[..batch]).unwrap_err().to_string();
    assert!(
        error.contains("the stream ends behind a dictionary"),
        "{error}"
    );
    for cut in [dictionary + 4, batch + 4, end - 8] {
        run(&sound[..cut]).unwrap_err();
    }
}
