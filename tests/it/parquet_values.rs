//! Parquet files whose values do not fit their own types: no value is wrapped
//! or cut; the row is named.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Field, Schema, TimestampNanosecondType};
use fuelrail::batch::Batch;
use fuelrail::plan::Format;
use fuelrail::source::for_format;
use fuelrail_tests::source::{Reading, set_aside};
use parquet::data_type::{Int32Type, Int96, Int96Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::collection::vec;
use proptest::prelude::*;

/// Values of one column, and their levels.
enum Leaf {
    Int32(Vec<i32>, Vec<i16>, Option<Vec<i16>>),
    Int96(Vec<Int96>, Vec<i16>),
}

/// Writes one row group.
fn write(path: &Path, message: &str, leaves: Vec<Leaf>) {
    let schema = Arc::new(parse_message_type(message).unwrap());
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for leaf in leaves {
        let mut column = group.next_column().unwrap().unwrap();
        match leaf {
            Leaf::Int32(values, def, rep) => {
                let typed = column.typed::<Int32Type>();
                typed
                    .write_batch(&values, Some(&def), rep.as_deref())
                    .unwrap();
            }
            Leaf::Int96(values, def) => {
                let typed = column.typed::<Int96Type>();
                typed.write_batch(&values, Some(&def), None).unwrap();
            }
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

/// Reads one column; rows that do not fit are set aside.
fn read(path: &Path, column: &str) -> Vec<Batch> {
    let file = for_format(Format::Parquet).describe(path).unwrap().schema;
    let mut names = column.split('.');
    let mut field = file.field_with_name(names.next().unwrap()).unwrap().clone();
    for name in names {
        let arrow::datatypes::DataType::Struct(fields) = field.data_type() else {
            unreachable!("{field} is no struct");
        };
        field = Field::clone(fields.find(name).unwrap().1);
    }
    let schema = Arc::new(Schema::new(vec![field.with_name(column)]));
    let reading = Reading::new(Format::Parquet, &schema).quarantine();
    reading.batches(path).unwrap()
}

fn rows(batches: &[Batch]) -> Vec<u64> {
    batches
        .iter()
        .flat_map(|batch| batch.rows.clone())
        .collect()
}

/// `seconds` since 1970, as INT96.
fn moment(seconds: i64) -> Int96 {
    let days = u32::try_from(seconds.div_euclid(86_400) + 2_440_588).unwrap();
    let nanos = u64::try_from(seconds.rem_euclid(86_400) * 1_000_000_000).unwrap();
    let [low, high] = [nanos & 0xffff_ffff, nanos >> 32].map(|n| u32::try_from(n).unwrap());
    let mut moment = Int96::new();
    moment.set_data(low, high, days);
    moment
}

#[test]
fn moments_within_structs_are_held_to_their_range() {
    const BEYOND: i64 = 253_370_764_800;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    let message = "message m { optional group s { optional int32 a; optional int96 t; \
        optional int96 u; optional int32 small (INTEGER(8,true)); } }";
    let leaves = vec![
        Leaf::Int32(vec![1, 2, 3], vec![2, 2, 2, 0], None),
        Leaf::Int96([BEYOND, 7, 8].map(moment).to_vec(), vec![2, 2, 2, 0]),
        Leaf::Int96([5, BEYOND].map(moment).to_vec(), vec![2, 2, 1, 0]),
        Leaf::Int32(vec![1, 2, 300], vec![2, 2, 2, 0], None),
    ];
    write(&path, message, leaves);
    let batches = read(&path, "s.u");
    let aside = set_aside(&batches);
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert_eq!(aside[0].0, 1);
    assert!(aside[0].1.contains("beyond its range"), "{aside:?}");
    assert_eq!(rows(&batches), [0, 2, 3]);
    let moments = batches[0].columns.column(0);
    let moments = moments.as_primitive::<TimestampNanosecondType>();
    assert_eq!(moments.value(0), 5_000_000_000);
    let aside = set_aside(&read(&path, "s.t"));
    assert_eq!(aside.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0]);
    let aside = set_aside(&read(&path, "s.small"));
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert_eq!(aside[0].0, 2);
    let whole = set_aside(&read(&path, "s"));
    assert_eq!(
        whole.iter().map(|(row, _)| *row).collect::<Vec<_>>(),
        [0, 1, 2]
    );
}

#[test]
fn moments_are_read_in_microseconds_where_that_is_asked_for() {
    const BEYOND: i64 = 253_370_764_800;
    let dir = tempfile::tempdir().unwrap();
    let mut finer = moment(7);
    finer.set_data(1_001, 0, 2_440_588);
    let seconds = [BEYOND, -62_135_596_800, 0];
    let moments = seconds.into_iter().map(moment).chain([finer]).collect();
    let leaf = Leaf::Int96(moments, vec![1, 1, 1, 0, 1]);
    let message = "message m { optional int96 t; }";
    write(&dir.path().join("x.parquet"), message, vec![leaf]);
    let run = |int96: &str| {
        let text = format!(
            "[source]\nuri = \"x.parquet\"\non_error = \"quarantine\"\n{int96}[sink]\nuri = \"out\"\n"
        );
        std::fs::write(dir.path().join("p.toml"), text).unwrap();
        let args = ["shard", "p.toml", "--json", "--replace"];
        let ran = fuelrail_tests::cli::fuelrail(dir.path(), &args, b"");
        assert_eq!(ran.code, 0, "{}", ran.err);
        let bytes = std::fs::read(dir.path().join("out/dataset.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let quarantine = std::fs::read_to_string(
            dir.path()
                .join("out")
                .join(manifest["quarantine"]["file"].as_str().unwrap()),
        );
        let rows = quarantine.unwrap();
        let rows = rows.lines().map(|line| {
            let unit: serde_json::Value = serde_json::from_str(line).unwrap();
            unit["at"]["row"].as_u64().unwrap()
        });
        let types = manifest["schema"][0]["type"].to_string();
        (rows.collect::<Vec<_>>(), types)
    };
    let (refused, types) = run("");
    assert_eq!(
        (refused, types.contains("ns")),
        (vec![0, 1], true),
        "{types}"
    );
    let (refused, types) = run("int96 = \"us\"\n");
    assert_eq!((refused, types.contains("us")), (vec![4], true), "{types}");
    let dataset = fuelrail::format::Dataset::open(dir.path().join("out")).unwrap();
    assert_eq!(dataset.manifest().n_rows, 4);
}

/// A number of 32 bits, mostly near the bounds of narrower types.
fn number() -> impl Strategy<Value = i32> {
    prop_oneof![
        -200..400_i32,
        32_700..32_800_i32,
        65_500..65_600_i32,
        -32_800..-32_700_i32,
        any::<i32>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn narrow_integers_are_exact_or_set_aside(
        lists in vec(vec(number(), 0..4), 1..20),
        is_wide in any::<bool>(),
        is_signed in any::<bool>(),
        in_lists in any::<bool>(),
    ) {
        let bits = if is_wide { 16 } else { 8 };
        let range = if is_signed {
            -(1 << (bits - 1))..=(1 << (bits - 1)) - 1
        } else {
            0..=(1 << bits) - 1
        };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parquet");
        let annotation = format!("(INTEGER({bits},{is_signed}))");
        let numbers: Vec<i32> = lists.concat();
        // A row is null where it has no number.
        let rows_of: Vec<Vec<i32>> = if in_lists {
            let message = format!("message m {{ required group n (LIST) {{ repeated group list \
                {{ required int32 element {annotation}; }} }} }}");
            let levels = |items: &Vec<i32>| match items.len() {
                0 => vec![(0, 0)],
                n => (0..n).map(|at| (1, i16::from(at > 0))).collect(),
            };
            let (def, rep) = lists.iter().flat_map(levels).unzip();
            write(&path, &message, vec![Leaf::Int32(numbers, def, Some(rep))]);
            lists
        } else {
            let message = format!("message m {{ optional int32 n {annotation}; }}");
            let firsts: Vec<i32> = lists.iter().filter_map(|items| items.first().copied()).collect();
            let def = lists.iter().map(|items| i16::from(!items.is_empty())).collect();
            write(&path, &message, vec![Leaf::Int32(firsts, def, None)]);
            lists.iter().map(|items| items.iter().take(1).copied().collect()).collect()
        };
        let batches = read(&path, "n");
        let fits = |items: &Vec<i32>| items.iter().all(|n| range.contains(n));
        let (good, bad): (Vec<u64>, Vec<u64>) = (0..rows_of.len() as u64)
            .partition(|row| fits(&rows_of[usize::try_from(*row).unwrap()]));
        prop_assert_eq!(rows(&batches), good);
        let aside: Vec<u64> = set_aside(&batches).into_iter().map(|(row, _)| row).collect();
        prop_assert_eq!(aside, bad);
        for batch in &batches {
            for (at, row) in batch.rows.iter().enumerate() {
                let mut column = batch.columns.column(0).slice(at, 1);
                if in_lists {
                    column = column.as_list::<i32>().value(0);
                }
                let options = arrow_cast::display::FormatOptions::default();
                let shown = arrow_cast::display::ArrayFormatter::try_new(&column, &options).unwrap();
                let items = (0..column.len()).filter(|at| column.is_valid(*at));
                let items: Vec<String> = items.map(|at| shown.value(at).to_string()).collect();
                let want = &rows_of[usize::try_from(*row).unwrap()];
                prop_assert_eq!(items, want.iter().map(i32::to_string).collect::<Vec<_>>());
            }
        }
    }
}
