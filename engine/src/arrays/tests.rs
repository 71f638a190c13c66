//! Layouts become one another, and what does not fit is refused.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, DictionaryArray, Float32Array, Int64Array, LargeStringArray,
    ListArray, RunArray, StringArray, StringViewArray, TimestampMicrosecondArray, UInt8Array,
    UInt16Array, UInt32Array,
};
use arrow::datatypes::{DataType, Field, Int8Type, TimeUnit};

use super::{relayout, show};
use crate::error::Result;

fn to(array: impl Array + 'static, to: &DataType) -> Result<ArrayRef> {
    relayout(&(Arc::new(array) as ArrayRef), to)
}

fn shown(array: &ArrayRef) -> Vec<String> {
    (0..array.len()).map(|row| show(array, row)).collect()
}

#[test]
fn every_layout_of_strings_becomes_every_other() {
    let layouts = [
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Binary,
        DataType::LargeBinary,
        DataType::BinaryView,
    ];
    let text = StringArray::from(vec![
        Some("cut off"),
        Some("é"),
        None,
        Some(""),
        Some("a text of more than twelve bytes"),
    ]);
    let text: ArrayRef = Arc::new(text.slice(1, 4));
    for from in &layouts {
        let one = relayout(&text, from).unwrap();
        for into in &layouts {
            let other = relayout(&one, into).unwrap();
            assert_eq!(other.data_type(), into);
            let back = relayout(&other, &DataType::Utf8).unwrap();
            assert_eq!(&back, &text, "{from} to {into}");
        }
    }
}

#[test]
fn dictionaries_and_runs_become_what_they_stand_for() {
    let keys: DictionaryArray<Int8Type> = [Some("b"), None, Some("a"), Some("b")]
        .into_iter()
        .collect();
    let values = to(keys, &DataType::LargeUtf8).unwrap();
    assert_eq!(shown(&values), ["b", "null", "a", "b"]);

    let ends = arrow::array::Int16Array::from(vec![2, 3, 6]);
    let runs = RunArray::try_new(&ends, &UInt8Array::from(vec![Some(7), None, Some(9)])).unwrap();
    let values = to(runs.slice(1, 4), &DataType::UInt32).unwrap();
    assert_eq!(shown(&values), ["7", "null", "9", "9"]);
}

#[test]
fn integers_fit_or_are_refused() {
    let wide = to(
        UInt16Array::from(vec![Some(0), None, Some(65_535)]),
        &DataType::UInt32,
    );
    assert_eq!(shown(&wide.unwrap()), ["0", "null", "65535"]);
    let error = to(Int64Array::from(vec![1, -1]), &DataType::UInt32).unwrap_err();
    assert!(error.to_string().contains("got -1"), "{error}");
    let error = to(UInt32Array::from(vec![256]), &DataType::UInt8).unwrap_err();
    assert!(error.to_string().contains("got 256"), "{error}");
}

#[test]
fn other_kinds_are_refused() {
    let error = to(StringArray::from(vec!["1"]), &DataType::Int64).unwrap_err();
    assert!(
        error.to_string().contains("expected values of type Int64"),
        "{error}"
    );
    let error = to(BinaryArray::from(vec![&b"\xff"[..]]), &DataType::Utf8).unwrap_err();
    assert!(error.to_string().contains("UTF-8"), "{error}");
}

#[test]
fn lists_change_their_offsets_and_their_items() {
    let lists = ListArray::from_iter_primitive::<Int8Type, _, _>(vec![
        Some(vec![Some(9)]),
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
    ]);
    let field = Arc::new(Field::new_list_field(DataType::Int64, true));
    let large = to(lists.slice(1, 3), &DataType::LargeList(field)).unwrap();
    assert_eq!(shown(&large), ["[1, null]", "null", "[]"]);
}

#[test]
fn values_are_shown_as_people_read_them() {
    let show_all = |array: ArrayRef| shown(&array);
    let time = TimestampMicrosecondArray::from(vec![0, -1]);
    assert_eq!(
        show_all(Arc::new(time.clone())),
        ["1970-01-01T00:00:00", "1969-12-31T23:59:59.999999"]
    );
    let zoned = to(
        time,
        &DataType::Timestamp(TimeUnit::Microsecond, Some("Europe/Berlin".into())),
    );
    assert_eq!(shown(&zoned.unwrap())[0], "1970-01-01T00:00:00Z");
    assert_eq!(
        show_all(Arc::new(Float32Array::from(vec![0.1, f32::NAN]))),
        ["0.1", "NaN"]
    );
    assert_eq!(
        show_all(Arc::new(BinaryArray::from(vec![&b"\x01\xff"[..]]))),
        ["01ff"]
    );
    assert_eq!(show_all(Arc::new(LargeStringArray::from(vec!["a"]))), ["a"]);
    assert_eq!(show_all(Arc::new(StringViewArray::from(vec!["b"]))), ["b"]);
}
