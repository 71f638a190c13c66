//! A batch with a column of every type that a dataset holds, in every layout
//! that Arrow has for it.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "values of tests: any will do, and a wrong array is a wrong test"
)]

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryBuilder, FixedSizeListArray,
    Float16Array, Float64Array, Int32Array, Int64Array, LargeStringArray, ListArray, RecordBatch,
    StringArray, StringViewArray, TimestampMicrosecondArray, UInt16Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Int8Type, Schema};
use arrow_cast::cast;
use half::bf16;

/// One value for each of `rows` from `shift` on; `None` is a null where the
/// column allows one. The metadata of columns of bfloat16 say so.
#[must_use]
pub fn all_types(rows: &[Option<u32>], shift: usize) -> RecordBatch {
    let mut columns = scalars(rows);
    columns.extend(strings(rows));
    columns.extend(lists(rows));
    let fields = columns.iter().map(|(name, array)| {
        let nullable = !matches!(*name, "list" | "nested");
        let field = Field::new(*name, array.data_type().clone(), nullable);
        let meaning = [("meaning".to_owned(), "bfloat16".to_owned())];
        if name.starts_with("bf16") {
            field.with_metadata(HashMap::from(meaning))
        } else {
            field
        }
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(schema, arrays).unwrap();
    let shift = shift.min(rows.len());
    batch.slice(shift, rows.len() - shift)
}

type Columns = Vec<(&'static str, ArrayRef)>;

fn nulls(rows: &[Option<u32>]) -> NullBuffer {
    rows.iter().map(Option::is_some).collect()
}

fn scalars(rows: &[Option<u32>]) -> Columns {
    let bools: BooleanArray = rows.iter().map(|row| row.map(|n| n % 2 == 1)).collect();
    let longs: Int64Array = rows.iter().map(|row| row.map(i64::from)).collect();
    let halves: Float64Array = rows.iter().map(|row| row.map(f64::from)).collect();
    let halves = cast(&halves, &DataType::Float16).unwrap();
    assert!(halves.as_any().is::<Float16Array>());
    // What lies under a null is anything, and must not show.
    let hidden = rows.iter().map(|row| row.map_or(f64::NAN, f64::from));
    let doubles = Float64Array::new(hidden.collect::<Vec<_>>().into(), Some(nulls(rows)));
    let times: TimestampMicrosecondArray = rows.iter().map(|row| row.map(i64::from)).collect();
    let mut binary = FixedSizeBinaryBuilder::new(3);
    for row in rows {
        match row {
            Some(n) => binary.append_value(&n.to_le_bytes()[..3]).unwrap(),
            None => binary.append_null(),
        }
    }
    let bits = |n: &u32| bf16::from_f32(*n as f32).to_bits();
    let uppers: UInt16Array = rows.iter().map(|row| row.as_ref().map(bits)).collect();
    vec![
        ("bf16", Arc::new(uppers)),
        ("bool", Arc::new(bools)),
        ("i64", Arc::new(longs)),
        ("f16", halves),
        ("f64", Arc::new(doubles)),
        ("time", Arc::new(times.with_timezone("UTC"))),
        ("binary", Arc::new(binary.finish())),
    ]
}

fn strings(rows: &[Option<u32>]) -> Columns {
    let text = |row: &Option<u32>| row.map(|n| "aé😀".repeat(n as usize % 5));
    let text: Vec<Option<String>> = rows.iter().map(text).collect();
    let text = || text.iter().map(Option::as_deref);
    vec![
        ("utf8", Arc::new(text().collect::<StringArray>())),
        ("large", Arc::new(text().collect::<LargeStringArray>())),
        ("view", Arc::new(text().collect::<StringViewArray>())),
        (
            "dict",
            Arc::new(text().collect::<DictionaryArray<Int8Type>>()),
        ),
        (
            "bytes",
            cast(&text().collect::<StringArray>(), &DataType::Binary).unwrap(),
        ),
    ]
}

fn lists(rows: &[Option<u32>]) -> Columns {
    let item = |data_type: &DataType| Arc::new(Field::new("item", data_type.clone(), true));
    let lengths: Vec<usize> = rows
        .iter()
        .map(|row| row.unwrap_or(3) as usize % 6)
        .collect();
    // Null rows keep elements, as Arrow allows.
    let list = |nulls| {
        let n_elements: usize = lengths.iter().sum();
        let values = Int32Array::from_iter_values((0..n_elements).map(|n| n as i32));
        let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
        ListArray::new(item(&DataType::Int32), offsets, Arc::new(values), nulls)
    };
    let numbers = |width: u32| {
        let values = rows
            .iter()
            .flat_map(|row| (0..width).map(|n| row.unwrap_or(7) ^ n));
        UInt16Array::from_iter_values(values.map(|n| n as u16))
    };
    let fixed = |len, values: ArrayRef, nulls| {
        FixedSizeListArray::new(item(values.data_type()), len, values, nulls)
    };
    let bits = |n: u16| bf16::from_f32(f32::from(n)).to_bits();
    let uppers: UInt16Array = numbers(4).unary(bits);
    let pairs = fixed(2, Arc::new(numbers(6)), None);
    vec![
        ("list", Arc::new(list(None))),
        ("null_list", Arc::new(list(Some(nulls(rows))))),
        (
            "fixed",
            Arc::new(fixed(5, Arc::new(numbers(5)), Some(nulls(rows)))),
        ),
        (
            "bf16_rows",
            Arc::new(fixed(4, Arc::new(uppers), Some(nulls(rows)))),
        ),
        ("nested", Arc::new(fixed(3, Arc::new(pairs), None))),
    ]
}
