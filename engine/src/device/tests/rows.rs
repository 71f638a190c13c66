//! Rows that cannot be used: which, why and at which step.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Int32Array, Int64Array, ListArray, StringArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Int32Type, UInt8Type};

use super::pretend::{Manner, Pretend};
use super::table::{batch_of, plan, plan_with};
use super::{ALONE, Ran, run};
use crate::batch::{Batch, Position, QuarantineUnit, RowEvent};
use crate::error::{Error, ErrorKind};

/// The batch on the processor, and on a device; both must come out the same.
fn on_both(on_error: &str, steps: &str, batch: &Batch) -> Result<Batch, Error> {
    let plan = plan_with(on_error, steps, batch);
    let pretend = Pretend::new(Manner::default());
    let on = |device| {
        let Ran { mut batches, lost } =
            run(&plan, &device, ALONE, std::slice::from_ref(batch)).unwrap();
        assert_eq!(lost, None);
        batches.remove(0)
    };
    let host = on(super::Device::cpu());
    let device = on(pretend.device());
    match (&host, &device) {
        (Ok(host), Ok(device)) => {
            super::assert_equal(std::slice::from_ref(host), std::slice::from_ref(device));
        }
        (Err(host), Err(device)) => assert_eq!(host.to_string(), device.to_string()),
        _ => panic!("{host:?} and {device:?}"),
    }
    device
}

/// The rows set aside and why.
fn set_aside(batch: &Batch) -> Vec<(u64, &str)> {
    fn unit(event: &RowEvent) -> Option<(u64, &str)> {
        match event {
            RowEvent::Quarantined(unit) => {
                assert_eq!((unit.unit, unit.n_rows), (QuarantineUnit::Value, Some(1)));
                assert_eq!(unit.at.file, 0);
                Some((unit.at.row, unit.reason.as_str()))
            }
            RowEvent::Filtered { .. }
            | RowEvent::OtherSide { .. }
            | RowEvent::Noted { .. }
            | RowEvent::Truncated { .. } => None,
        }
    }
    batch.events.iter().filter_map(unit).collect()
}

fn cast(columns: &str, dtype: &str, overflow: &str) -> String {
    format!(
        "[[step]]\nop = \"cast\"\ncolumn = {columns}\ndtype = \"{dtype}\"\n\
         overflow = \"{overflow}\"\n"
    )
}

/// Rows 10 to 15 of a file.
fn numbers() -> Batch {
    let n = Int32Array::from(vec![Some(0), Some(256), None, Some(255), Some(-1), Some(7)]);
    let names = StringArray::from(vec!["a", "b", "c", "d", "e", "f"]);
    batch_of(
        (10..16).collect(),
        vec![("name", Arc::new(names) as ArrayRef), ("n", Arc::new(n))],
    )
}

#[test]
fn a_number_that_does_not_fit_is_an_error_with_its_place() {
    let error = on_both("fail", &cast("\"n\"", "uint8", "error"), &numbers()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert_eq!(
        error.message(),
        "expected numbers that fit, got one that does not (cast int32 -> uint8)"
    );
    let place = error.location();
    assert_eq!((place.step, place.op.as_deref()), (Some(1), Some("cast")));
    assert_eq!((place.row, place.column.as_deref()), (Some(11), Some("n")));
    assert!(place.path.as_ref().unwrap().ends_with("a.parquet"));
    assert!(error.hint().unwrap().contains("quarantine"));
}

#[test]
fn rows_with_numbers_that_do_not_fit_are_set_aside_and_counted() {
    let batch = on_both("quarantine", &cast("\"n\"", "uint8", "error"), &numbers()).unwrap();
    let reason = "expected numbers that fit, got one that does not (cast int32 -> uint8)";
    assert_eq!(set_aside(&batch), [(11, reason), (14, reason)]);
    assert_eq!(batch.rows, [10, 12, 13, 15]);
    let kept: Vec<_> = batch
        .columns
        .column(1)
        .as_primitive::<UInt8Type>()
        .iter()
        .collect();
    assert_eq!(kept, [Some(0), None, Some(255), Some(7)]);
    let names: Vec<_> = batch
        .columns
        .column(0)
        .as_string::<i32>()
        .iter()
        .flatten()
        .collect();
    assert_eq!(names, ["a", "c", "d", "f"]);
}

#[test]
fn the_nearest_number_that_fits_is_a_choice() {
    let batch = on_both("fail", &cast("\"n\"", "uint8", "saturate"), &numbers()).unwrap();
    assert_eq!(batch.rows.len(), 6);
    let all: Vec<_> = batch
        .columns
        .column(1)
        .as_primitive::<UInt8Type>()
        .iter()
        .collect();
    assert_eq!(all, [Some(0), Some(255), None, Some(255), Some(0), Some(7)]);
}

#[test]
fn the_first_step_that_cannot_use_a_row_is_named() {
    // `a` fails at step 2 and `b` at step 1, though `a` is looked at first.
    let batch = batch_of(
        vec![3, 4],
        vec![
            ("a", Arc::new(Int32Array::from(vec![300, 1])) as ArrayRef),
            ("b", Arc::new(Int64Array::from(vec![1 << 40, 1]))),
        ],
    );
    let steps = cast("[\"a\", \"b\"]", "int16", "error") + &cast("\"a\"", "uint8", "error");
    let error = on_both("fail", &steps, &batch).unwrap_err();
    let place = error.location();
    assert_eq!((place.step, place.column.as_deref()), (Some(1), Some("b")));
    assert_eq!(place.row, Some(3));
    let batch = on_both("quarantine", &steps, &batch).unwrap();
    let reason = "expected numbers that fit, got one that does not (cast int64 -> int16)";
    assert_eq!(set_aside(&batch), [(3, reason)]);
}

#[test]
fn only_steps_that_refuse_misfits_set_rows_aside() {
    let batch = batch_of(
        vec![0, 1],
        vec![("a", Arc::new(Int32Array::from(vec![70_000, 5])) as ArrayRef)],
    );
    // 70,000 saturates to 65,535, which does not fit a byte: the second step's.
    let steps = cast("\"a\"", "uint16", "saturate") + &cast("\"a\"", "uint8", "error");
    let error = on_both("fail", &steps, &batch).unwrap_err();
    assert_eq!(error.location().step, Some(2));
    // What saturates to a number that fits is no fault.
    let steps = cast("\"a\"", "uint16", "saturate") + &cast("\"a\"", "int32", "error");
    assert_eq!(on_both("fail", &steps, &batch).unwrap().rows, [0, 1]);
}

/// Lists of 32-bit numbers.
fn lists(rows: Vec<Option<Vec<Option<i32>>>>) -> Batch {
    let n = rows.len() as u64;
    let array = ListArray::from_iter_primitive::<Int32Type, _, _>(rows);
    batch_of((0..n).collect(), vec![("ids", Arc::new(array) as ArrayRef)])
}

#[test]
fn a_null_in_a_list_makes_its_row_unusable_unless_filled() {
    let batch = lists(vec![
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(3)]),
    ]);
    let steps = cast("\"ids\"", "float32", "error");
    let aside = on_both("quarantine", &steps, &batch).unwrap();
    let reason = "expected lists without nulls, got a null element";
    assert_eq!(set_aside(&aside), [(0, reason)]);
    assert_eq!(aside.rows, [1, 2, 3]);
    let error = on_both("fail", &steps, &batch).unwrap_err();
    assert_eq!(error.message(), reason);
    assert_eq!(error.location().column.as_deref(), Some("ids"));

    let fill = "[[step]]\nop = \"normalize\"\ncolumn = \"ids\"\nmean = 1.0\nfill = 5.0\n";
    let filled = on_both("fail", fill, &batch).unwrap();
    let column = filled.columns.column(0).as_list::<i32>();
    assert!(column.is_null(1), "a list that is null stays null");
    let first = column.value(0);
    assert_eq!(
        first.as_any().downcast_ref::<Float32Array>().unwrap(),
        &Float32Array::from(vec![0.0, 4.0])
    );
    assert_eq!(column.value(2).len(), 0);
}

#[test]
fn what_a_null_list_hides_is_no_fault() {
    // Row 1 is null and hides a number that does not fit and one that is null.
    let values = Int32Array::from(vec![Some(1), Some(1 << 20), None, Some(2)]);
    let lists = ListArray::new(
        Arc::new(Field::new_list_field(DataType::Int32, true)),
        OffsetBuffer::new(vec![0, 1, 3, 4].into()),
        Arc::new(values),
        Some(NullBuffer::from(vec![true, false, true])),
    );
    let batch = batch_of(vec![0, 1, 2], vec![("ids", Arc::new(lists) as ArrayRef)]);
    let batch = on_both("fail", &cast("\"ids\"", "uint8", "error"), &batch).unwrap();
    assert_eq!(batch.rows, [0, 1, 2]);
    assert!(batch.columns.column(0).is_null(1));
}

#[test]
fn events_of_earlier_steps_stay_in_order() {
    let batch = batch_of(
        (0..6).collect(),
        vec![
            (
                "n",
                Arc::new(Int32Array::from(vec![1, 999, 2, 999, 3, 4])) as ArrayRef,
            ),
            (
                "text",
                Arc::new(StringArray::from(vec!["x", "x", "", "x", "", "x"])),
            ),
        ],
    );
    let filter = "[[step]]\nop = \"filter\"\ncolumn = \"text\"\nmin_length = 1\n";
    let steps = format!("{filter}{}", cast("\"n\"", "int8", "error"));
    let plan = plan(&steps, &batch);
    let device = Pretend::new(Manner::default()).device();
    let done = run(&plan, &device, ALONE, &[batch])
        .unwrap()
        .whole()
        .remove(0);
    assert_eq!(done.rows, [0, 5]);
    let at: Vec<Position> = done.events.iter().map(RowEvent::at).collect();
    let rows: Vec<u64> = at.iter().map(|at| at.row).collect();
    assert_eq!(rows, [1, 2, 3, 4]);
    assert!(matches!(done.events[1], RowEvent::Filtered { step: 0, .. }));
}

#[test]
fn batches_without_rows_pass() {
    let empty = numbers();
    let empty = Batch {
        rows: Vec::new(),
        columns: empty.columns.slice(0, 0),
        ..empty
    };
    let batch = on_both("fail", &cast("\"n\"", "uint8", "error"), &empty).unwrap();
    assert_eq!(batch.columns.num_rows(), 0);
    assert_eq!(*batch.columns.column(1).data_type(), DataType::UInt8);
}
