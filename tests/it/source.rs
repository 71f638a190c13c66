//! The conformance suite of sources: one body that every layout passes.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use fuelrail::ErrorKind;
use fuelrail::batch::QuarantineUnit;
use fuelrail::plan::{Format, OnError};
use fuelrail_tests::source::{
    Case, Dice, Layout, Outcome, Row, gzip, jsonl, layouts, repeated, zstd,
};

const ROWS: usize = 35;

const BATCH_BYTES: [usize; 6] = [1, 7, 64, 1000, 1 << 20, usize::MAX];

fn find(name: &str) -> Layout {
    layouts()
        .into_iter()
        .find(|layout| layout.name == name)
        .unwrap()
}

/// What follows `start` of what a whole read gave.
fn suffix(whole: &Outcome, start: u64) -> Outcome {
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
        if layout.format == Format::Jsonl {
            continue;
        }
        for (name, data_type) in [("none", DataType::Utf8), ("text", DataType::Int64)] {
            let mut case = Case::sound(&layout, &layout.rows(ROWS));
            let field = Field::new(name, data_type.clone(), true);
            case.projection = Arc::new(Schema::new(vec![field]));
            let error = case.read(0, 100).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Data, "{}", layout.name);
            let text = error.to_string();
            assert!(
                text.contains(&format!("\"{name}\" of type {data_type}")),
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
                batch_bytes: 100,
                on_error: OnError::Quarantine,
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

/// A damaged file and the units that are to be set aside in it.
struct Damaged {
    layout: Layout,
    bytes: Vec<u8>,
    n_rows: usize,
    units: Vec<(QuarantineUnit, u64, Option<u64>)>,
}

fn damaged() -> Vec<Damaged> {
    let mut out = damaged_json();
    out.extend([damaged_text(), damaged_gzip(), damaged_parquet()]);
    out.extend(["arrow file", "arrow stream"].map(damaged_arrow));
    out
}

fn damaged_json() -> Vec<Damaged> {
    let sound = jsonl(&find("jsonl").rows(ROWS));
    let mut lines: Vec<&[u8]> = sound.split(|b| *b == b'\n').collect();
    lines[3] = b"{\"id\": 1} {\"id\": 2}";
    lines[4] = b"{\"id\":";
    lines[5] = b"2}";
    lines[9] = b"";
    lines[11] = b"{\"id\": \"no number\"}";
    lines[12] = b"{\"text\": \"\xff\"}";
    lines[13] = b"7";
    lines[20] = b"{\"text\": [[1]]}";
    lines[34] = b"{";
    let bytes = lines.join(&b'\n');
    let units = [3, 4, 5, 11, 12, 13, 20, 34].map(|row| (QuarantineUnit::Line, row, Some(1)));
    let of = |name: &str, bytes| Damaged {
        layout: find(name),
        bytes,
        n_rows: ROWS - 9,
        units: units.to_vec(),
    };
    vec![of("jsonl.zst", zstd(&bytes)), of("jsonl", bytes)]
}

fn damaged_text() -> Damaged {
    let layout = find("text lines");
    let mut bytes = layout.bytes(&layout.rows(ROWS));
    bytes[2] = 0xc3;
    Damaged {
        layout,
        bytes,
        n_rows: ROWS - 1,
        units: vec![(QuarantineUnit::Line, 0, Some(1))],
    }
}

fn damaged_gzip() -> Damaged {
    let layout = find("jsonl.gz");
    let mut bytes = gzip(&jsonl(&layout.rows(ROWS)));
    bytes.truncate(bytes.len() - 40);
    let n_rows = kept_lines(&bytes);
    Damaged {
        layout,
        bytes,
        n_rows,
        units: vec![(QuarantineUnit::Tail, n_rows as u64, None)],
    }
}

fn damaged_parquet() -> Damaged {
    let layout = find("parquet");
    let mut bytes = layout.bytes(&layout.rows(ROWS));
    let start = group_start(&bytes, 1);
    bytes[start..start + 3].fill(0xff);
    Damaged {
        layout,
        bytes,
        n_rows: ROWS - 10,
        units: vec![(QuarantineUnit::RowGroup, 10, Some(10))],
    }
}

/// The text of a value in the second batch is no longer UTF-8.
fn damaged_arrow(name: &str) -> Damaged {
    let layout = find(name);
    let mut bytes = layout.bytes(&layout.rows(ROWS));
    let at = memmem_all(&bytes, "日本語".as_bytes())[1];
    bytes[at + 1] = b'x';
    Damaged {
        layout,
        bytes,
        n_rows: ROWS - 10,
        units: vec![(QuarantineUnit::RecordBatch, 10, Some(10))],
    }
}

fn memmem_all(bytes: &[u8], needle: &[u8]) -> Vec<usize> {
    (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(needle))
        .collect()
}

/// Whole lines that gzip itself can still read.
fn kept_lines(bytes: &[u8]) -> usize {
    use std::io::Read;
    let mut text = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(bytes);
    decoder.read_to_end(&mut text).unwrap_err();
    text.split(|b| *b == b'\n').count() - 1
}

/// Where the column `id` of a row group begins.
fn group_start(bytes: &[u8], group: usize) -> usize {
    use parquet::file::metadata::ParquetMetaDataReader;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, bytes).unwrap();
    let file = std::fs::File::open(path).unwrap();
    let metadata = ParquetMetaDataReader::new()
        .parse_and_finish(&file)
        .unwrap();
    usize::try_from(metadata.row_group(group).column(1).byte_range().0).unwrap()
}

#[test]
fn bad_units_are_set_aside_alone_and_in_place() {
    for damaged in damaged() {
        let layout = &damaged.layout;
        let name = layout.name;
        let rows = layout.rows(ROWS);
        let case = Case::new(layout, &damaged.bytes, &layout.bytes(&rows)).quarantine();
        let whole = case.read(0, 1 << 20).unwrap();
        let units: Vec<_> = whole
            .events
            .iter()
            .map(|event| (event.unit, event.at.row, event.n_rows))
            .collect();
        assert_eq!(units, damaged.units, "{name}: {whole:?}");
        assert_eq!(whole.rows.len(), damaged.n_rows, "{name}");
        let expected = layout.expect(&rows);
        for (row, values) in &whole.rows {
            let (_, want) = expected.iter().find(|(n, _)| n == row).unwrap();
            assert_eq!(values, want, "{name} row {row}");
        }
        for event in &whole.events {
            assert!(!event.reason.is_empty());
            assert!(event.excerpt.as_ref().is_none_or(|text| text.len() <= 1024));
        }
        for batch_bytes in BATCH_BYTES {
            assert_eq!(
                case.read(0, batch_bytes).unwrap(),
                whole,
                "{name} {batch_bytes}"
            );
        }
        for start in 0..=ROWS as u64 {
            let outcome = case.read(start, 200).unwrap();
            assert_eq!(outcome, suffix(&whole, start), "{name} from {start}");
        }
    }
}

#[test]
fn without_quarantine_the_first_bad_unit_is_an_error_that_names_it() {
    for damaged in damaged() {
        let layout = &damaged.layout;
        let sound = layout.bytes(&layout.rows(ROWS));
        let case = Case::new(layout, &damaged.bytes, &sound);
        for batch_bytes in BATCH_BYTES {
            let error = case.read(0, batch_bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Data, "{}", layout.name);
            assert_eq!(error.location().row, Some(damaged.units[0].1), "{error}");
            assert_eq!(error.location().path, Some(case.path()));
            assert!(error.hint().unwrap().contains("on_error"));
        }
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
    let case = Case::new(&layout, text.as_bytes(), &sound);
    let row = |n, text: Option<&str>| (n, vec![None, text.map(str::to_owned)]);
    let expected = [
        row(0, Some("a")),
        row(3, None),
        row(4, Some("\u{1f980}")),
        row(5, Some("1.50")),
    ];
    assert_eq!(case.read(0, 1).unwrap().rows, expected);
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

/// Whether `rows` are the first of `all`. Where text ends at a place that
/// says nothing of being cut, its last row may be the beginning of one.
fn is_prefix(layout: &Layout, rows: &Outcome, all: &[Row]) -> bool {
    let expected = layout.expect(all);
    let silent = layout.format == Format::Text && rows.events.is_empty();
    let n = rows.rows.len();
    n <= expected.len()
        && rows
            .rows
            .iter()
            .zip(&expected)
            .enumerate()
            .all(|(i, (came, want))| {
                let cut = silent && i + 1 == n && came.0 == want.0;
                came == want || cut
            })
}

#[test]
fn a_truncated_file_gives_a_prefix_and_says_so() {
    for layout in layouts() {
        let all = layout.rows(ROWS);
        let sound = layout.bytes(&all);
        let step = (sound.len() / 150).max(1);
        for len in (0..sound.len()).step_by(step) {
            let case = Case::new(&layout, &sound[..len], &sound).quarantine();
            let outcome = case.read(0, 1 << 20).unwrap();
            assert!(
                is_prefix(&layout, &outcome, &all),
                "{} cut at {len}: {outcome:?}",
                layout.name
            );
            assert_eq!(
                case.read(0, 50).unwrap(),
                outcome,
                "{} cut at {len}",
                layout.name
            );
            if layout.format == Format::Parquet || layout.name == "arrow file" {
                assert_eq!(outcome.events.len(), 1, "{} cut at {len}", layout.name);
            }
        }
    }
}

/// Reads a file with some bytes changed; whatever comes is fine but a panic.
fn flipped(case: &Case, sound: &[u8], seed: u64) -> fuelrail::Result<Outcome> {
    let mut dice = Dice::new(seed);
    let mut bytes = sound.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len());
        bytes[at] = match dice.below(3) {
            0 => bytes[at] ^ (1 << dice.below(8)),
            1 => 0xff,
            _ => dice.below(256).to_le_bytes()[0],
        };
    }
    case.rewrite(&bytes);
    let name = case.layout.name;
    let whole = case.read(0, 1 << 20)?;
    assert_eq!(case.read(0, 64)?, whole, "{name} seed {seed}");
    let middle = ROWS as u64 / 2;
    assert_eq!(
        case.read(middle, 64)?,
        suffix(&whole, middle),
        "{name} seed {seed}"
    );
    Ok(whole)
}

/// How many damaged files of each layout are read; `FUELRAIL_SEEDS` asks for
/// more.
fn seeds() -> u64 {
    std::env::var("FUELRAIL_SEEDS").map_or(120, |seeds| seeds.parse().unwrap())
}

#[test]
fn flipped_bytes_never_panic_and_never_depend_on_batches() {
    for layout in layouts() {
        let sound = layout.bytes(&layout.rows(ROWS));
        let case = Case::new(&layout, &sound, &sound).quarantine();
        for seed in 0..seeds() {
            if let Err(error) = flipped(&case, &sound, seed) {
                panic!("{} seed {seed}: {error}", layout.name);
            }
        }
    }
}

#[test]
fn a_panic_of_the_parquet_crate_is_one_more_reason() {
    let mut panics = 0;
    for name in ["parquet", "parquet v2 delta zstd", "parquet dictionary"] {
        let layout = find(name);
        let sound = layout.bytes(&layout.rows(ROWS));
        let case = Case::new(&layout, &sound, &sound).quarantine();
        for seed in 1000..1500 {
            let outcome = flipped(&case, &sound, seed).unwrap();
            let panicked = |reason: &str| reason.contains("the decoder panicked");
            panics += outcome
                .events
                .iter()
                .filter(|event| panicked(&event.reason))
                .count();
        }
    }
    assert!(panics > 0, "no file on which the crate panics was found");
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
