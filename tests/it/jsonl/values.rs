//! Random tables are read by the types proposed for them, each value exactly.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, UInt64Type};
use fuelrail::batch::Batch;
use fuelrail::plan::{Format, Found, NotFinite, Place};
use fuelrail::source::{Observer, Selection};
use fuelrail_tests::source::Reading;
use proptest::collection::vec;
use proptest::prelude::*;

use super::model::{Json, Member, json, number, text, write};
use super::tree::Tree;

/// Rows of a generated table.
const N_ROWS: usize = 6;

/// The values of one key, mostly of one kind.
fn column() -> impl Strategy<Value = Vec<Json>> {
    let whole = any::<i64>().prop_map(|n| Json::Number(n.to_string()));
    let small = (-1000..1000_i64).prop_map(|n| Json::Number(n.to_string()));
    let float = number().prop_map(Json::Number).boxed();
    let natural = any::<u64>().prop_map(|n| Json::Number(n.to_string()));
    let list = vec((-9..9_i32).prop_map(|n| Json::Number(n.to_string())), 0..5);
    let texts = vec(text().prop_map(Json::Text), 0..3);
    let member = |key: char, value| (vec![(key, key == 'y')], value);
    let pair = (number(), text())
        .prop_map(move |(number, text)| {
            Json::Object(vec![
                member('x', Json::Number(number)),
                member('y', Json::Text(text)),
            ])
        })
        .boxed();
    let kinds = prop_oneof![
        Just(whole.boxed()),
        Just(prop_oneof![small.clone(), float.clone()].boxed()),
        Just(small.boxed()),
        Just(float),
        Just(natural.boxed()),
        Just(any::<bool>().prop_map(Json::Bool).boxed()),
        Just(text().prop_map(Json::Text).boxed()),
        Just(list.prop_map(Json::List).boxed()),
        Just(texts.prop_map(Json::List).boxed()),
        Just(pair.clone()),
        Just(vec(pair, 0..3).prop_map(Json::List).boxed()),
        Just(json().boxed()),
    ];
    kinds.prop_flat_map(|kind| {
        let value = prop_oneof![9 => kind, 1 => Just(Json::Null)];
        vec(value, N_ROWS)
    })
}

/// The characters of a text.
fn plain(text: &[(char, bool)]) -> String {
    text.iter().map(|(character, _)| character).collect()
}

/// Whether row `row` of `array` is exactly `value`.
fn holds(array: &ArrayRef, row: usize, value: &Json) -> bool {
    if array.is_null(row) {
        return matches!(value, Json::Null);
    }
    match (array.data_type(), value) {
        (DataType::Boolean, Json::Bool(value)) => array.as_boolean().value(row) == *value,
        (DataType::Int64, Json::Number(text)) => {
            text.parse() == Ok(array.as_primitive::<Int64Type>().value(row))
        }
        // As a whole number `-0` is 0, which `u64` does not parse.
        (DataType::UInt64, Json::Number(text)) => {
            text.parse() == Ok(i128::from(array.as_primitive::<UInt64Type>().value(row)))
        }
        (DataType::Float64, Json::Number(text)) => {
            let number: f64 = text.parse().unwrap();
            number.to_bits() == array.as_primitive::<Float64Type>().value(row).to_bits()
        }
        (DataType::Utf8, Json::Text(text)) => array.as_string::<i32>().value(row) == plain(text),
        (DataType::List(_), Json::List(items)) => {
            let list = array.as_list::<i32>().value(row);
            let same = |(at, item)| holds(&list, at, item);
            list.len() == items.len() && items.iter().enumerate().all(same)
        }
        (DataType::Struct(fields), Json::Object(members)) => {
            let object = array.as_struct();
            let known = |(key, value): &Member| {
                let column = object.column_by_name(&plain(key));
                column.is_some_and(|column| holds(column, row, value))
            };
            let missing = |field: &Arc<Field>| {
                let is_there = members.iter().any(|(key, _)| plain(key) == *field.name());
                is_there
                    || object
                        .column_by_name(field.name())
                        .is_some_and(|c| c.is_null(row))
            };
            members.iter().all(known) && fields.iter().all(missing)
        }
        _ => false,
    }
}

/// Whether a value is a float beyond all doubles, or has one in it.
fn is_huge(value: &Json) -> bool {
    match value {
        Json::Number(text) => {
            text.contains(['.', 'e', 'E']) && text.parse().is_ok_and(f64::is_infinite)
        }
        Json::List(items) => items.iter().any(is_huge),
        Json::Object(members) => members.iter().any(|(_, value)| is_huge(value)),
        Json::Null | Json::Bool(_) | Json::Text(_) => false,
    }
}

/// The lines of a table.
fn lines(columns: &[Vec<Json>]) -> Vec<String> {
    let member = |row: usize, (at, column): (usize, &Vec<Json>)| {
        let key = format!("k{at}").chars().map(|c| (c, false)).collect();
        (key, column[row].clone())
    };
    let line = |row| {
        let members = columns.iter().enumerate().map(|column| member(row, column));
        let mut line = String::new();
        write(&Json::Object(members.collect()), " ", &mut line);
        line
    };
    (0..N_ROWS).map(line).collect()
}

/// The columns proposed for lines, as far as there are types for them.
fn proposed(lines: &[String]) -> Arc<Schema> {
    let mut observer = Observer::new(&Selection::All, NotFinite::Refused);
    for (line, text) in (0..).zip(lines) {
        observer.line(text.as_bytes(), Place { file: 0, line });
    }
    let proposed = observer.propose().unwrap().into_iter();
    let typed = proposed.filter_map(|one| match one.found {
        Found::Type(data_type) => Some(Field::new(one.name, data_type, true)),
        _ => None,
    });
    Arc::new(Schema::new(typed.collect::<Vec<_>>()))
}

/// Reads lines; bad ones are set aside.
fn read(lines: &[String], schema: &Arc<Schema>) -> Vec<Batch> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.jsonl");
    std::fs::write(&path, lines.join("\n")).unwrap();
    let reading = Reading {
        batch_bytes: 100,
        ..Reading::new(Format::Jsonl, schema).quarantine()
    };
    reading.batches(&path).unwrap()
}

/// Each row of a table is read as it was written, or has a reason to be set
/// aside.
fn table_is_read(columns: &[Vec<Json>]) {
    let lines = lines(columns);
    let schema = proposed(&lines);
    let mut seen = HashSet::new();
    for batch in read(&lines, &schema) {
        for (at, row) in batch.rows.iter().enumerate() {
            let row = usize::try_from(*row).unwrap();
            seen.insert(row);
            for (field, column) in schema.fields().iter().zip(batch.columns.columns()) {
                let key: usize = field.name().trim_start_matches('k').parse().unwrap();
                let value = &columns[key][row];
                assert!(holds(column, at, value), "{field} of {}", lines[row]);
            }
        }
    }
    for (row, line) in lines.iter().enumerate() {
        let tree: Result<Tree, _> = serde_json::from_str(line);
        let may_be_bad = tree.is_ok_and(|tree| tree.has_twins())
            || columns.iter().any(|column| is_huge(&column[row]));
        assert!(may_be_bad || seen.contains(&row), "set aside: {line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn values_are_read_exactly(columns in vec(column(), 1..5)) {
        table_is_read(&columns);
    }
}

/// `-0` is 0 among whole numbers of any type, and keeps its sign among floats.
#[test]
fn minus_zero_is_read_exactly() {
    let column = |beside: [&str; N_ROWS - 1]| {
        let texts = ["-0"].into_iter().chain(beside);
        let numbers = texts.map(|text| Json::Number(text.to_owned()));
        numbers.collect::<Vec<_>>()
    };
    let naturals = column(["18446744073709551615", "0", "-0", "1", "2"]);
    let integers = column(["-9223372036854775808", "0", "-0", "1", "2"]);
    let floats = column(["0.5", "-0.0", "0", "-0", "-0e0"]);
    let columns = [naturals, integers, floats];
    let schema = proposed(&lines(&columns));
    let types: Vec<_> = schema.fields().iter().map(|f| f.data_type()).collect();
    let expected = [DataType::UInt64, DataType::Int64, DataType::Float64];
    assert_eq!(types, expected.iter().collect::<Vec<_>>());
    table_is_read(&columns);
}
