//! Lists of numbers are what their items are one by one, however they are
//! written: columns and proposals take runs of them at once, but never the last
//! item of a list, nor the only one.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Schema};
use fuelrail::plan::{Format, Found, NotFinite, Place};
use fuelrail::source::{Observer, Selection};
use fuelrail_tests::source::Reading;
use proptest::collection::vec;
use proptest::prelude::*;

/// Mostly numbers, as they may stand in a list or may not.
fn item() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "-0",
        "-0.0",
        "0.50",
        "01",
        "-01",
        "1.",
        ".5",
        "-",
        "+1",
        "1e",
        "1e400",
        "--1",
        "1 2",
        "",
        "null",
        "true",
        "\"x\"",
        "[1]",
        "1.e3",
        "1_0",
        "NaN",
        "-Infinity",
        "٣",
    ]);
    prop_oneof![
        30 => "-?(0|[1-9][0-9]{0,5})",
        10 => "-?(0|[1-9][0-9]{0,20})",
        20 => "-?(0|[1-9][0-9]{0,3})\\.[0-9]{1,8}",
        10 => "-?(0|[1-9][0-9]{0,17})\\.[0-9]{1,20}",
        3 => "-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,9})?[eE][+-]?[0-9]{1,3}",
        2 => odd.prop_map(str::to_owned),
    ]
}

fn separator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![",", ",", ", ", " ,", " ,\t"])
}

fn line(items: &str) -> String {
    format!("{{\"a\":[{items}],\"b\":1}}")
}

fn observed(lines: &[String]) -> Observer {
    let mut observer = Observer::new(&Selection::All, NotFinite::Refused);
    for (at, line) in (0..).zip(lines) {
        observer.line(line.as_bytes(), Place { file: 0, line: at });
    }
    observer
}

/// The type proposed for `a`, unless no type holds it.
fn proposed(observer: &Observer) -> Option<DataType> {
    match observer.propose().unwrap().remove(0).found {
        Found::Type(data_type) => Some(data_type),
        _ => None,
    }
}

/// The rows of `a` that are read, each as its items.
fn read(lines: &[String], item: &DataType) -> Vec<(u64, ArrayRef)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.jsonl");
    std::fs::write(&path, lines.join("\n")).unwrap();
    let field = Field::new_list("a", Field::new_list_field(item.clone(), true), true);
    let schema = Arc::new(Schema::new(vec![field]));
    let batches = Reading::new(Format::Jsonl, &schema).quarantine();
    let batches = batches.batches(&path).unwrap();
    let rows = batches.iter().flat_map(|batch| {
        let lists = batch.columns.column(0).as_list::<i32>();
        let values = (0..lists.len()).map(|row| lists.value(row));
        batch.rows.iter().copied().zip(values)
    });
    rows.collect()
}

proptest! {
    #[test]
    fn lists_of_numbers_are_what_their_items_are(
        items in vec((item(), separator()), 1..30),
        of in prop::sample::select(vec![
            DataType::Int64, DataType::Int8, DataType::UInt16, DataType::UInt64,
            DataType::Float32, DataType::Float64,
        ]),
    ) {
        let mut list = String::new();
        for (at, (item, separator)) in items.iter().enumerate() {
            list += if at > 0 { separator } else { "" };
            list += item;
        }
        let whole = [line(&list)];
        let alone: Vec<String> = items.iter().map(|(item, _)| line(item)).collect();
        // Two items without anything between are one that is none.
        let is_empty = items.len() > 1 && items.iter().any(|(item, _)| item.is_empty());

        let (together, each) = (observed(&whole), observed(&alone));
        let any_bad = each.n_bad() > 0 || is_empty;
        prop_assert_eq!(together.n_bad() > 0, any_bad, "{:?}", together.first_bad());
        if !any_bad {
            prop_assert_eq!(proposed(&together), proposed(&each));
        }

        let (together, each) = (read(&whole, &of), read(&alone, &of));
        let any_bad = each.len() < items.len() || is_empty;
        prop_assert_eq!(together.is_empty(), any_bad);
        if let [(_, together)] = together.as_slice() {
            let each: Vec<&dyn Array> = each.iter().map(|(_, items)| items.as_ref()).collect();
            let each = concat(&each).unwrap();
            // Bit by bit, zeros with their signs.
            prop_assert_eq!(format!("{together:?}"), format!("{each:?}"));
            prop_assert_eq!(together.to_data(), each.to_data());
        }
    }
}
