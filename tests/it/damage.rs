//! The conformance suite of sources under damage: planted bad units,
//! truncation, flipped bytes.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use fuelrail::ErrorKind;
use fuelrail::batch::QuarantineUnit;
use fuelrail::plan::Format;
use fuelrail_tests::source::{Case, Dice, Layout, Outcome, Row, gzip, jsonl, layouts, zstd};

use super::source::{BATCH_BYTES, ROWS, find, suffix};

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
    out.extend(damaged_tar());
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

/// A text that is no longer UTF-8, and a header that is none: then the sample before
/// it may lack a file, and is set aside with the rest.
fn damaged_tar() -> [Damaged; 3] {
    let layout = find("tar");
    let sound = layout.bytes(&layout.rows(ROWS));
    let mut text = sound.clone();
    let at = memmem_all(&text, "日本語".as_bytes())[1];
    text[at + 1] = b'x';
    let mut header = sound;
    let at = memmem_all(&header, b"a/000020.text")[0];
    header[at] = b'b';
    let value = (QuarantineUnit::Value, 14, Some(1));
    let of = |name: &str, bytes, n_rows, unit| Damaged {
        layout: find(name),
        bytes,
        n_rows,
        units: vec![unit],
    };
    [
        of("tar gz", gzip(&text), ROWS - 1, value),
        of("tar", text, ROWS - 1, value),
        of("tar", header, 19, (QuarantineUnit::Tail, 19, None)),
    ]
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
fn damage_is_found_before_the_parquet_crate_panics() {
    for name in ["parquet", "parquet v2 delta zstd", "parquet dictionary"] {
        let layout = find(name);
        let sound = layout.bytes(&layout.rows(ROWS));
        let case = Case::new(&layout, &sound, &sound).quarantine();
        for seed in 1000..1500 {
            let outcome = flipped(&case, &sound, seed).unwrap();
            let panicked = outcome.events.iter().find(|event| {
                let by_panic = "the content contradicts itself or its schema";
                event.reason.contains(by_panic)
            });
            assert!(panicked.is_none(), "{name} seed {seed}: {panicked:?}");
        }
    }
}
