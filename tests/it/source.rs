//! The conformance suite of sources: one body that every layout passes.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use fuelrail::ErrorKind;
use fuelrail::batch::QuarantineUnit;
use fuelrail::plan::{Format, OnError};
use fuelrail_tests::source::{Case, Layout, Outcome, jsonl, layouts, repeated};

pub(crate) const ROWS: usize = 35;

pub(crate) const BATCH_BYTES: [usize; 6] = [1, 7, 64, 1000, 1 << 20, usize::MAX];

pub(crate) fn find(name: &str) -> Layout {
    layouts()
        .into_iter()
        .find(|layout| layout.name == name)
        .unwrap()
}

/// What follows `start` of what a whole read gave.
pub(crate) fn suffix(whole: &Outcome, start: u64) -> Outcome {
    let mut rest = whole.clone();
    rest.rows.retain(|(row, _)| *row >= start);
    rest.events.retain(|event| event.at.row >= start);
    rest
}

#[test]
fn every_layout_gives_the_same_rows() {
    for layout in layouts() {
        for n in [0, 1, 9, 10, 11, ROWS] {
            let rows = layout.rows(n);
            let outcome = Case::sound(&layout, &rows).read(0, 1 << 20).unwrap();
            assert_eq!(outcome.rows, layout.expect(&rows), "{} of {n}", layout.name);
            assert!(outcome.events.is_empty());
        }
    }
}

#[test]
fn batch_sizes_change_nothing() {
    for layout in layouts() {
        let case = Case::sound(&layout, &layout.rows(ROWS));
        let whole = case.read(0, 1 << 20).unwrap();
        for batch_bytes in BATCH_BYTES {
            let outcome = case.read(0, batch_bytes).unwrap();
            assert_eq!(outcome, whole, "{} at {batch_bytes}", layout.name);
        }
    }
}

#[test]
fn reading_from_any_row_gives_the_rest() {
    for layout in layouts() {
        let case = Case::sound(&layout, &layout.rows(ROWS));
        let whole = case.read(0, 1 << 20).unwrap();
        for start in 0..=ROWS as u64 + 1 {
            for batch_bytes in [1, 1 << 20] {
                let outcome = case.read(start, batch_bytes).unwrap();
                assert_eq!(
                    outcome,
                    suffix(&whole, start),
                    "{} from {start}",
                    layout.name
                );
            }
        }
    }
}

#[test]
fn a_projection_names_the_columns_and_their_order() {
    for layout in layouts().into_iter().filter(|layout| layout.table) {
        let mut case = Case::sound(&layout, &layout.rows(ROWS));
        let whole = case.read(0, 1 << 20).unwrap();
        for columns in [vec![0], vec![1], vec![1, 0]] {
            case.projection = Arc::new(
                Case::sound(&layout, &layout.rows(ROWS))
                    .projection
                    .project(&columns)
                    .unwrap(),
            );
            let outcome = case.read(0, 100).unwrap();
            for ((_, values), (_, all)) in outcome.rows.iter().zip(&whole.rows) {
                let expected: Vec<_> = columns.iter().map(|c| all[*c].clone()).collect();
                assert_eq!(*values, expected, "{} {columns:?}", layout.name);
            }
            assert_eq!(outcome.rows.len(), ROWS);
        }
    }
}

#[test]
fn a_column_that_lacks_or_differs_is_named() {
    for layout in layouts() {
        // What a line or a sample lacks is null.
        if matches!(layout.format, Format::Jsonl | Format::Tar) {
            continue;
        }
        for (name, data_type, shown) in [
            ("none", DataType::Utf8, "utf8"),
            ("text", DataType::Int64, "int64"),
        ] {
            let mut case = Case::sound(&layout, &layout.rows(ROWS));
            let field = Field::new(name, data_type, true);
            case.projection = Arc::new(Schema::new(vec![field]));
            let error = case.read(0, 100).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Data, "{}", layout.name);
            let text = error.to_string();
            assert!(
                text.contains(&format!("\"{name}\" of type {shown}")),
                "{text}"
            );
            assert!(text.contains(layout.file), "{text}");
            assert!(error.hint().is_some());

            case.on_error = OnError::Quarantine;
            let outcome = case.read(0, 100).unwrap();
            assert!(outcome.rows.is_empty());
            let [event] = outcome.events.as_slice() else {
                panic!("{outcome:?}");
            };
            assert_eq!(event.unit, QuarantineUnit::File);
            assert_eq!(case.read(1, 100).unwrap().events, []);
        }
    }
}

#[test]
fn a_missing_file_is_io_and_another_length_is_a_change() {
    for layout in layouts() {
        let case = Case::sound(&layout, &layout.rows(ROWS)).quarantine();
        let source = fuelrail::source::for_format(layout.format);
        let mut input = case.input();
        let read = |input: &fuelrail::plan::Input| {
            let request = fuelrail::source::ReadRequest {
                input,
                file: 0,
                row_groups: None,
                start_row: 0,
                projection: &case.projection,
                document: &layout.document,
                json: &fuelrail::plan::JsonShape::default(),
                batch_bytes: 100,
                row_bytes: 0,
                on_error: OnError::Quarantine,
                page_checksums: true,
                meter: fuelrail::source::Meter::default(),
            };
            source.read(&request).map(|_| ()).unwrap_err().kind()
        };
        input.len_bytes += 1;
        assert_eq!(read(&input), ErrorKind::Changed);
        input.path.set_extension("gone");
        assert_eq!(read(&input), ErrorKind::Io);
    }
}

#[test]
fn rows_before_a_bad_line_come_out_before_its_error() {
    let layout = find("jsonl");
    let rows = layout.rows(3);
    let mut bytes = jsonl(&rows);
    bytes.extend(b"nonsense\n");
    bytes.extend(jsonl(&rows));
    let case = Case::new(&layout, &bytes, &jsonl(&rows));
    for batch_bytes in BATCH_BYTES {
        let batches = case.batches(0, batch_bytes).unwrap();
        let (good, bad): (Vec<_>, Vec<_>) = batches.partition(Result::is_ok);
        let n_rows: usize = good
            .into_iter()
            .map(|batch| batch.unwrap().rows.len())
            .sum();
        assert_eq!(n_rows, 3, "at {batch_bytes}");
        assert_eq!(bad.len(), 1);
    }
}

#[test]
fn json_lines_take_what_json_allows() {
    let layout = find("jsonl");
    let sound = jsonl(&layout.rows(3));
    let text = "\u{feff}{\"text\": \"a\", \"new\": {}}\r\n\n  \n{}\n\
                {\"text\": \"\\ud83e\\udd80\", \"id\": null}\n{\"text\": 1.50}";
    let case = Case::new(&layout, text.as_bytes(), &sound).quarantine();
    let row = |n, text: Option<&str>| (n, vec![None, text.map(str::to_owned)]);
    let expected = [row(0, Some("a")), row(3, None), row(4, Some("\u{1f980}"))];
    let outcome = case.read(0, 1).unwrap();
    assert_eq!(outcome.rows, expected);
    let reason = "column \"text\": expected text, got 1.50; write `text = \"json\"`";
    assert!(outcome.events[0].reason.starts_with(reason), "{outcome:?}");
}

#[test]
fn json_nested_without_end_is_a_bad_line() {
    let layout = find("jsonl");
    let sound = jsonl(&layout.rows(3));
    let deep = format!(
        "{{\"text\": {}1{}}}\n{{\"text\": \"ok\"}}\n",
        "[".repeat(1 << 20),
        "]".repeat(1 << 20)
    );
    let outcome = Case::new(&layout, deep.as_bytes(), &sound)
        .quarantine()
        .read(0, 100)
        .unwrap();
    assert_eq!(outcome.rows.len(), 1);
    assert!(
        outcome.events[0].reason.contains("deep"),
        "{:?}",
        outcome.events[0].reason
    );
    let many = format!(
        "{{\"text\": \"{}\", \"x\": [{}]}}\n",
        "[\\\"{".repeat(2000),
        "[],".repeat(2000)
    );
    let many = many.replace(",]", "]");
    let outcome = Case::new(&layout, many.as_bytes(), &sound)
        .read(0, 100)
        .unwrap();
    assert_eq!(outcome.rows.len(), 1);
}

#[test]
fn a_column_beyond_two_gibibytes_comes_in_batches() {
    const LEN: usize = 1 << 20;
    const ROWS: usize = 2300;
    let layout = find("parquet");
    let mut case = Case::new(&layout, &repeated(LEN, ROWS), &repeated(1, 1));
    let text = Field::new("text", DataType::Utf8, true);
    case.projection = Arc::new(Schema::new(vec![text]));
    let mut n_rows = 0;
    for batch in case.batches(0, 16 * LEN).unwrap() {
        let batch = batch.unwrap();
        assert!(batch.rows.len() <= 16);
        assert_eq!(batch.columns.num_rows(), batch.rows.len());
        n_rows += batch.rows.len();
    }
    assert_eq!(n_rows, ROWS);
}
