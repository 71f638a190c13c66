//! Lines to columns: what each type holds, and what is said of the rest.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, UInt64Type};

use super::super::lines::{Decode, Line, Lines};
use super::decode::LineDecoder;
use crate::arrays::show;
use crate::plan::{EXTRA, JsonColumn, JsonShape, UnknownKeys, json_field};

fn schema(fields: &[(&str, DataType)]) -> Schema {
    let field = |(name, data_type): &(&str, DataType)| Field::new(*name, data_type.clone(), true);
    Schema::new(fields.iter().map(field).collect::<Vec<_>>())
}

fn read(schema: &Schema, json: &JsonShape, lines: &[&str]) -> Lines {
    let mut decoder = LineDecoder::new(&Arc::new(schema.clone()), json).unwrap();
    let lines: Vec<_> = (0..)
        .zip(lines)
        .map(|(row, line)| Line {
            row,
            bytes: line.as_bytes(),
        })
        .collect();
    // Lines do not depend on those before them.
    decoder.decode(&lines).unwrap();
    decoder.decode(&lines).unwrap()
}

fn column(data_type: DataType, values: &[&str]) -> Lines {
    let lines: Vec<_> = values.iter().map(|v| format!("{{\"a\":{v}}}")).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    read(&schema(&[("a", data_type)]), &JsonShape::default(), &lines)
}

fn declared(data_type: DataType, values: &[&str]) -> Lines {
    let lines: Vec<_> = values.iter().map(|v| format!("{{\"a\":{v}}}")).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let json = JsonShape {
        columns: vec![JsonColumn {
            name: "a".to_owned(),
            path: vec!["a".to_owned()],
            declared: true,
        }],
        ..JsonShape::default()
    };
    read(&schema(&[("a", data_type)]), &json, &lines)
}

/// Each bad line: its number, column, reason and hint.
fn said(lines: &Lines) -> Vec<String> {
    let one = |bad: &super::super::context::Bad| {
        let column = bad.column.as_deref().unwrap_or("-");
        let hint = bad.hint.as_deref().unwrap_or("-");
        format!("{} {column}: {} ({hint})", bad.row, bad.reason)
    };
    lines.bad.iter().map(one).collect()
}

fn texts(columns: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = columns.column_by_name(name).unwrap().as_string::<i32>();
    column.iter().map(|v| v.map(str::to_owned)).collect()
}

#[test]
fn whole_numbers_are_exact_or_refused() {
    let lines = column(
        DataType::Int64,
        &[
            "1",
            "null",
            "2.5",
            "-9223372036854775808",
            "9223372036854775808",
            "1.0",
            "true",
            "-0",
            "\"1\"",
            "18446744073709551616",
            "1e400",
        ],
    );
    assert_eq!(lines.rows, [0, 1, 3, 7]);
    let numbers: Vec<_> = lines
        .columns
        .column(0)
        .as_primitive::<Int64Type>()
        .iter()
        .collect();
    assert_eq!(numbers, [Some(1), None, Some(i64::MIN), Some(0)]);
    let all = "under `[source.schema]`; `fuelrail plan --scan` finds the types of all lines";
    assert_eq!(
        said(&lines),
        [
            format!("2 a: expected int64, got 2.5 (write `a = \"float64\"` {all})"),
            format!("4 a: expected int64, got 9223372036854775808 (write `a = \"uint64\"` {all})"),
            format!("5 a: expected int64, got 1.0 (write `a = \"float64\"` {all})"),
            format!("6 a: expected int64, got true (write `a = \"json\"` {all})"),
            format!("8 a: expected int64, got \"1\" (write `a = \"json\"` {all})"),
            format!("9 a: expected int64, got 18446744073709551616 (write `a = \"json\"` {all})"),
            format!("10 a: expected int64, got 1e400 (write `a = \"json\"` {all})"),
        ]
    );
}

#[test]
fn whole_numbers_of_a_declared_type_may_be_written_as_floats() {
    let lines = declared(DataType::Int64, &["1.0", "1E2", "2.5", "3", "1e19"]);
    assert_eq!(lines.rows, [0, 1, 3]);
    let numbers: Vec<_> = lines
        .columns
        .column(0)
        .as_primitive::<Int64Type>()
        .iter()
        .collect();
    assert_eq!(numbers, [Some(1), Some(100), Some(3)]);
    let converted: Vec<_> = lines
        .notes
        .iter()
        .map(|(row, notes)| (*row, notes.converted[0].n_values))
        .collect();
    assert_eq!(converted, [(0, 1), (1, 1)]);
    let lines = declared(DataType::UInt64, &["18446744073709551615.0", "-1", "0"]);
    let numbers: Vec<_> = lines
        .columns
        .column(0)
        .as_primitive::<UInt64Type>()
        .iter()
        .collect();
    assert_eq!(numbers, [Some(u64::MAX), Some(0)]);
}

#[test]
fn every_width_holds_its_own_numbers_only() {
    for (data_type, least, most) in [
        (DataType::Int8, "-128", "127"),
        (DataType::Int16, "-32768", "32767"),
        (DataType::Int32, "-2147483648", "2147483647"),
        (
            DataType::Int64,
            "-9223372036854775808",
            "9223372036854775807",
        ),
        (DataType::UInt8, "0", "255"),
        (DataType::UInt16, "0", "65535"),
        (DataType::UInt32, "0", "4294967295"),
        (DataType::UInt64, "0", "18446744073709551615"),
    ] {
        let big: i128 = most.parse().unwrap();
        let small: i128 = least.parse().unwrap();
        let (over, under) = ((big + 1).to_string(), (small - 1).to_string());
        let values = [least, most, &over, &under];
        assert_eq!(
            column(data_type.clone(), &values).rows,
            [0, 1],
            "{data_type}"
        );
        let floats = [
            format!("{least}.0"),
            format!("{most}.00e0"),
            format!("{over}.0"),
        ];
        let floats: Vec<_> = floats.iter().map(String::as_str).collect();
        assert_eq!(declared(data_type, &floats).rows, [0, 1]);
    }
}

#[test]
fn floats_take_whole_numbers_as_far_as_they_are_exact() {
    let lines = column(
        DataType::Float64,
        &[
            "1",
            "0.1",
            "9007199254740992",
            "9007199254740993",
            "1e400",
            "-0",
            "\"1\"",
        ],
    );
    let numbers: Vec<_> = lines
        .columns
        .column(0)
        .as_primitive::<Float64Type>()
        .values()
        .to_vec();
    assert_eq!(numbers, [1.0, 0.1, 9_007_199_254_740_992.0, 0.0]);
    assert!(numbers[3].is_sign_negative());
    let all = "under `[source.schema]`; `fuelrail plan --scan` finds the types of all lines";
    assert_eq!(
        said(&lines)[..2],
        [
            format!(
                "3 a: expected whole numbers within 2^53 in float64, got 9007199254740993 \
                 (write `a = \"json\"` {all})"
            ),
            format!(
                "4 a: expected a number within float64, got 1e400 (write `a = \"json\"` {all})"
            ),
        ]
    );
    let lines = column(DataType::Float32, &["16777216", "16777217", "1e39", "0.1"]);
    assert_eq!(lines.rows, [0, 3]);
    assert!(
        said(&lines)[0].contains("`a = \"float64\"`"),
        "{:?}",
        said(&lines)
    );
}

#[test]
fn text_takes_strings_only_and_resolves_their_escapes() {
    let lines = column(
        DataType::Utf8,
        &[
            r#""plain""#,
            r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
            "12345",
            "true",
            "1.50",
            "{}",
            "null",
            r#""日本""#,
        ],
    );
    assert_eq!(lines.rows, [0, 1, 6, 7]);
    let expected = [
        Some("plain"),
        Some("\"\\/\u{8}\u{c}\n\r\té😀"),
        None,
        Some("日本"),
    ];
    assert_eq!(
        texts(&lines.columns, "a"),
        expected.map(|v| v.map(str::to_owned))
    );
    assert!(said(&lines)[0].starts_with("2 a: expected text, got 12345 (write `a = \"json\"`"));
}

#[test]
fn json_keeps_the_text_of_a_value() {
    let json = Schema::new(vec![json_field("a")]);
    let lines = read(
        &json,
        &JsonShape::default(),
        &[
            r#"{"a" : {"b" :[1, 2.50,"\u0041"]} }"#,
            r#"{"a":1e400}"#,
            r#"{"a":null}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[1,]}"#,
        ],
    );
    let expected = [
        Some(r#"{"b" :[1, 2.50,"\u0041"]}"#),
        Some("1e400"),
        None,
        Some(r#"{"b":1,"b":2}"#),
    ];
    assert_eq!(
        texts(&lines.columns, "a"),
        expected.map(|v| v.map(str::to_owned))
    );
    assert_eq!(lines.rows, [0, 1, 2, 3]);
}

#[test]
fn lists_and_structs_hold_what_their_types_do() {
    let item = Field::new_list_field(DataType::Int64, true);
    let whole = Field::new_list_field(DataType::Int64, false);
    let object = DataType::Struct(
        vec![
            Field::new("x", DataType::Int64, true),
            Field::new("l", DataType::List(Arc::new(item)), true),
        ]
        .into(),
    );
    let objects = DataType::List(Arc::new(Field::new_list_field(object.clone(), true)));
    let schema = schema(&[
        ("o", object),
        ("many", objects),
        ("whole", DataType::List(Arc::new(whole))),
    ]);
    let lines = read(
        &schema,
        &JsonShape::default(),
        &[
            r#"{"o":{"x":1,"l":[1,null]},"many":[{"x":2},null,{}],"whole":[1,2]}"#,
            r#"{"o":null,"whole":[]}"#,
            r#"{"o":{"l":[1,2.5]}}"#,
            r#"{"o":{"x":1,"late":2}}"#,
            r#"{"many":[{"x":1},{"x":1,"x":2}]}"#,
            r#"{"whole":[1,null]}"#,
            r#"{"o":[]}"#,
            r#"{"many":[{"x":3,"l":[4]}],"whole":[3]}"#,
        ],
    );
    assert_eq!(lines.rows, [0, 1, 7]);
    let shown = |row| {
        let columns = lines.columns.columns().iter();
        let cells = columns.map(|c| show(c, row));
        cells.collect::<Vec<_>>().join(" | ")
    };
    assert_eq!(
        shown(0),
        "{x: 1, l: [1, null]} | [{x: 2, l: null}, null, {x: null, l: null}] | [1, 2]"
    );
    assert_eq!(shown(1), "null | null | []");
    assert_eq!(shown(2), "null | [{x: 3, l: [4]}] | [3]");
    let said = said(&lines);
    let begins = [
        "2 o.l[]: expected int64, got 2.5 (write `o = \"struct<x: int64, l: list<float64>>\"`",
        "3 o.late: the column's type has no such key (write `o = \"json\"`",
        "4 many[].x: expected each key once, got \"x\" twice (-)",
        "5 whole[]: expected a value, got null (-)",
        "6 o: expected an object, got [] (write `o = \"json\"`",
    ];
    for (said, begin) in said.iter().zip(begins) {
        assert!(said.starts_with(begin), "{said}");
    }
    assert_eq!(said.len(), begins.len());
}

#[test]
fn paths_lead_through_objects() {
    let json = JsonShape {
        columns: ["meta.url", "meta.n"]
            .map(|name| JsonColumn {
                name: name.to_owned(),
                path: name.split('.').map(str::to_owned).collect(),
                declared: false,
            })
            .to_vec(),
        ..JsonShape::default()
    };
    let schema = Schema::new(vec![
        Field::new("meta.url", DataType::Utf8, true),
        json_field("meta"),
        Field::new("meta.n", DataType::Int64, true),
    ]);
    let lines = read(
        &schema,
        &json,
        &[
            r#"{"meta":{"url":"u","n":1,"other":[1]},"meta.url":5}"#,
            r#"{"meta":{"n":2}}"#,
            r#"{"meta":null}"#,
            "{}",
            r#"{"meta":"text"}"#,
            r#"{"meta":{"n":"x"}}"#,
            r#"{"meta":{"other":1,"other":2}}"#,
        ],
    );
    assert_eq!(lines.rows, [0, 1, 2, 3]);
    assert_eq!(texts(&lines.columns, "meta.url")[0].as_deref(), Some("u"));
    assert_eq!(
        texts(&lines.columns, "meta")[1].as_deref(),
        Some(r#"{"n":2}"#)
    );
    let numbers = lines.columns.column(2).as_primitive::<Int64Type>();
    assert_eq!(
        numbers.iter().collect::<Vec<_>>(),
        [Some(1), Some(2), None, None]
    );
    let said = said(&lines);
    assert!(
        said[0].starts_with("4 meta: expected an object, got \"text\""),
        "{said:?}"
    );
    assert!(
        said[1].contains("write `\"meta.n\" = \"json\"`"),
        "{said:?}"
    );
    assert!(
        said[2].starts_with("6 meta.other: expected each key once"),
        "{said:?}"
    );
}

#[test]
fn keys_that_no_column_holds_are_kept_counted_or_refused() {
    let lines = [
        r#"{"a":1}"#,
        r#"{"late": [9, "\u00e9"] ,"a":2,"b\n":{}}"#,
        r#"{"late":1,"a":1.5}"#,
    ];
    let shape = |unknown_keys| JsonShape {
        unknown_keys,
        ..JsonShape::default()
    };
    let a = schema(&[("a", DataType::Int64)]);
    let skipped = read(&a, &shape(UnknownKeys::Skip), &lines);
    assert_eq!((skipped.rows, skipped.notes.len()), (vec![0, 1], 0));

    let refused = read(&a, &shape(UnknownKeys::Error), &lines);
    assert_eq!(
        said(&refused),
        [
            "1 late: expected only keys that have a column, got another (write `late = \"json\"` \
             under `[source.schema]`, or set `unknown_keys` to \"ignore\" or \"keep\" under `[source]`)",
            "2 late: expected only keys that have a column, got another (write `late = \"int64\"` \
             under `[source.schema]`, or set `unknown_keys` to \"ignore\" or \"keep\" under `[source]`)",
        ]
    );

    let ignored = read(&a, &shape(UnknownKeys::Ignore), &lines);
    let (row, notes) = &ignored.notes[0];
    let keys: Vec<&str> = notes.ignored_keys.iter().map(AsRef::as_ref).collect();
    assert_eq!(
        (*row, keys, ignored.notes.len()),
        (1, vec!["late", "b\n"], 1)
    );

    let both = Schema::new(vec![
        Field::new("a", DataType::Int64, true),
        json_field(EXTRA),
    ]);
    let kept = read(&both, &shape(UnknownKeys::Keep), &lines);
    let expected = [None, Some(r#"{"late": [9, "\u00e9"],"b\n":{}}"#.to_owned())];
    assert_eq!(texts(&kept.columns, EXTRA), expected);
}

#[test]
fn numbers_that_json_lacks_need_an_option() {
    let values = ["NaN", "Infinity", "-Infinity", "1"];
    let refused = column(DataType::Float64, &values);
    assert_eq!(refused.rows, [3]);
    assert_eq!(
        said(&refused)[0],
        "0 a: expected JSON, which has no NaN (set `allow_nan = true` under `[source]` to read it \
         as a float)"
    );
    let json = JsonShape {
        allow_nan: true,
        ..JsonShape::default()
    };
    let lines = [
        r#"{"a":NaN,"skipped":[-Infinity]}"#,
        r#"{"a":-Infinity}"#,
        r#"{"a":Infinite}"#,
    ];
    let read_floats = read(&schema(&[("a", DataType::Float64)]), &json, &lines);
    let numbers = read_floats
        .columns
        .column(0)
        .as_primitive::<Float64Type>()
        .values()
        .to_vec();
    assert!(numbers[0].is_nan() && numbers[1] == f64::NEG_INFINITY);
    assert_eq!(read_floats.rows, [0, 1]);
    let integers = read(&schema(&[("a", DataType::Int64)]), &json, &lines);
    assert!(integers.rows.is_empty());
}

#[test]
fn a_type_that_lines_do_not_hold_is_named() {
    let date = schema(&[("a", DataType::Date32)]);
    let error = LineDecoder::new(&Arc::new(date), &JsonShape::default()).unwrap_err();
    assert!(
        error.starts_with("expected column \"a\" of a type that JSON lines"),
        "{error}"
    );
}
