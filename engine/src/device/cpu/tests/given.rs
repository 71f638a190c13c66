//! Rows as the source and the worker give them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, UInt8Array};
use arrow::datatypes::{DataType, Field, Schema, UInt16Type};

use crate::batch::{Batch, Position, QuarantineUnit, Quarantined, RowEvent, WhyDropped};

/// What the source gives for one row of a file.
#[derive(Debug, Clone)]
pub(super) enum Given {
    Tokens(Option<Vec<u16>>),
    Bad,
    Filtered,
}

/// Rows of three files with nulls, empty, overlong and bad ones among them.
pub(super) fn rows() -> Vec<(Position, Given)> {
    let mut state = 1_u32;
    let mut next = |n: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % n
    };
    let mut token = 0_u16;
    let mut rows = Vec::new();
    for file in 0..3 {
        for row in 0..4000 {
            let given = match next(20) {
                0 => Given::Bad,
                1 => Given::Filtered,
                2 => Given::Tokens(None),
                kind => {
                    let longest = if kind == 3 { 60 } else { 14 };
                    let tokens = (0..next(longest)).map(|_| {
                        token = token.wrapping_add(1) % 9000;
                        token
                    });
                    Given::Tokens(Some(tokens.collect()))
                }
            };
            rows.push((Position { file, row }, given));
        }
    }
    rows
}

pub(super) fn batch(rows: &[(Position, Given)]) -> Batch {
    let mut batch_rows = Vec::new();
    let mut lists = Vec::new();
    let mut events = Vec::new();
    for (at, given) in rows {
        match given {
            Given::Tokens(tokens) => {
                batch_rows.push(at.row);
                lists.push(
                    tokens
                        .clone()
                        .map(|ids| ids.into_iter().map(Some).collect::<Vec<_>>()),
                );
            }
            Given::Filtered => events.push(RowEvent::Filtered {
                at: *at,
                step: 0,
                why: WhyDropped::TooShort,
            }),
            Given::Bad => events.push(RowEvent::Quarantined(Quarantined {
                at: *at,
                line: None,
                n_rows: Some(1),
                unit: QuarantineUnit::Line,
                reason: format!("bad {at:?}"),
                excerpt: None,
            })),
        }
    }
    let built = ListArray::from_iter_primitive::<UInt16Type, _, _>(lists);
    let item = Arc::new(Field::new_list_field(DataType::UInt16, false));
    let (_, offsets, values, nulls) = built.into_parts();
    let list: ArrayRef = Arc::new(ListArray::new(item, offsets, values, nulls));
    let mask: ArrayRef = Arc::new(masked(list.as_list()));
    let schema = Schema::new(vec![
        Field::new("tokens", list.data_type().clone(), true),
        Field::new("mask", mask.data_type().clone(), true),
    ]);
    Batch {
        file: rows[0].0.file,
        rows: batch_rows,
        columns: RecordBatch::try_new(Arc::new(schema), vec![list, mask]).unwrap(),
        events,
    }
}

/// A mask in step with tokens: those that are odd.
fn masked(tokens: &ListArray) -> ListArray {
    let ids = tokens.values().as_primitive::<UInt16Type>();
    let odd: UInt8Array = ids.unary(|id| u8::from(id % 2 == 1));
    let item = Arc::new(Field::new_list_field(DataType::UInt8, false));
    let nulls = tokens.nulls().cloned();
    ListArray::new(item, tokens.offsets().clone(), Arc::new(odd), nulls)
}

/// `n` rows of one file, each of `len` tokens that tell their place.
pub(super) fn documents(n: u64, len: u16) -> Vec<(Position, Given)> {
    let document = |row: u64| {
        let tokens = (0..len).map(|token| token % 9000);
        (
            Position { file: 0, row },
            Given::Tokens(Some(tokens.collect())),
        )
    };
    (0..n).map(document).collect()
}
