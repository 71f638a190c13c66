//! Reading rows for training: whatever the type, the layout and the order, it
//! is what the dataset says.

#![expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "small numbers and helpers of tests, which clippy takes for library code"
)]

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use fuelrail::ErrorKind;
use fuelrail::feed::{
    ColumnOptions, OverlongRow, Ragged, ReadOptions, Reader, Rows, RowsTensor, Shards, Verify,
};
use fuelrail::format::{Column, ColumnLayout, Dataset, Dtype};
use fuelrail::sink::{LocalFs, OnExisting};
use fuelrail_tests::columns::all_types;
use fuelrail_tests::output::{Job, write_batches};
use proptest::prelude::*;

/// The bytes of the one row of an array, as a shard has them.
fn row_bytes(array: &dyn Array) -> Vec<u8> {
    assert_eq!(array.len(), 1);
    match array.data_type() {
        DataType::Boolean => vec![u8::from(array.as_boolean().value(0))],
        DataType::LargeUtf8 => array.as_string::<i64>().value(0).as_bytes().to_vec(),
        DataType::LargeBinary => array.as_binary::<i64>().value(0).to_vec(),
        DataType::FixedSizeBinary(_) => array.as_fixed_size_binary().value(0).to_vec(),
        DataType::LargeList(_) => elements(&array.as_list::<i64>().value(0)),
        DataType::FixedSizeList(..) => elements(&array.as_fixed_size_list().value(0)),
        _ => numbers(array),
    }
}

/// The bytes of the elements of an array, nested or not.
fn elements(array: &dyn Array) -> Vec<u8> {
    match array.data_type() {
        DataType::FixedSizeList(..) => {
            let lists = array.as_fixed_size_list();
            (0..lists.len())
                .flat_map(|row| elements(&lists.value(row)))
                .collect()
        }
        _ => numbers(array),
    }
}

fn numbers(array: &dyn Array) -> Vec<u8> {
    let data = array.to_data();
    let width = array.data_type().primitive_width().unwrap();
    data.buffers()[0][data.offset() * width..(data.offset() + data.len()) * width].to_vec()
}

/// What a column of the dataset has in a row, and whether it is there.
fn expected(dataset: &Dataset, column: usize, row: u64) -> (Vec<u8>, bool) {
    let batch = dataset.rows(row..row + 1).unwrap();
    let array = batch.column(column);
    let is_there = array.is_valid(0);
    let zeros = || {
        let column = &dataset.manifest().schema[column];
        let elements: u64 = match column.layout {
            ColumnLayout::Fixed => column.shape.iter().product(),
            ColumnLayout::Ragged => 0,
        };
        vec![0; (elements * column.dtype.len_bytes()) as usize]
    };
    match is_there {
        true => (row_bytes(array.as_ref()), true),
        false => (zeros(), false),
    }
}

pub(crate) fn i32s(bytes: &[u8]) -> Vec<usize> {
    let number = |raw: &[u8]| usize::try_from(i32::from_le_bytes(raw.try_into().unwrap()));
    bytes
        .chunks_exact(4)
        .map(|raw| number(raw).unwrap())
        .collect()
}

/// Holds what was read of one column against the dataset.
fn check_column(dataset: &Dataset, read: &Rows, column: usize, rows: &[u64]) {
    let Column {
        name,
        dtype,
        layout,
        shape,
        nullable,
        ..
    } = &dataset.manifest().schema[column];
    let tensor = read.tensor(name).unwrap();
    assert_eq!(tensor.dtype, *dtype);
    let bounds: Vec<usize> = match layout {
        ColumnLayout::Fixed => {
            assert_eq!(tensor.shape[0], rows.len() as u64);
            assert_eq!(tensor.shape[1..], shape[..]);
            let row_bytes = tensor.bytes.len() / rows.len();
            (0..=rows.len()).map(|row| row * row_bytes).collect()
        }
        ColumnLayout::Ragged => {
            let offsets = read.tensor(&format!("{name}.cu_seqlens")).unwrap();
            assert_eq!(offsets.dtype, Dtype::I32);
            assert_eq!(offsets.shape, [rows.len() as u64 + 1]);
            let width = dtype.len_bytes() as usize;
            let offsets = i32s(offsets.bytes);
            assert_eq!(tensor.shape, [*offsets.last().unwrap() as u64]);
            offsets.iter().map(|offset| offset * width).collect()
        }
    };
    let valid = read.tensor(&format!("{name}.valid"));
    assert_eq!(valid.is_some(), *nullable);
    for (at, row) in rows.iter().enumerate() {
        let (bytes, is_there) = expected(dataset, column, *row);
        assert_eq!(
            tensor.bytes[bounds[at]..bounds[at + 1]],
            bytes,
            "{name}, row {row}"
        );
        let says = valid.is_none_or(|valid| valid.bytes[at] == 1);
        assert_eq!(says, is_there, "{name}, row {row}");
    }
}

fn check_all(dataset: &Dataset, reader: &Reader, rows: &[u64]) {
    let read = reader.read(rows).unwrap();
    assert_eq!(read.rows(), rows);
    assert!(read.damage().is_empty());
    for column in 0..dataset.manifest().schema.len() {
        check_column(dataset, &read, column, rows);
    }
}

fn open(root: &Path) -> Arc<Shards> {
    Arc::new(Shards::open(root).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_type_is_read_as_it_was_written(
        rows in prop::collection::vec(prop::option::weighted(0.8, 0..70_000u32), 1..90),
        shard_size in prop::sample::select(vec![1u64, 120_000, 1 << 30]),
        picks in prop::collection::vec(prop::collection::vec(0u64..90, 1..40), 1..4),
        verify in prop::sample::select(vec![Verify::First, Verify::Every, Verify::Off]),
        max_open in 1usize..9,
    ) {
        let dir = tempfile::tempdir().unwrap();
        write_batches(dir.path(), shard_size, &[all_types(&rows, 0)]).unwrap();
        let shards = Shards::open(dir.path()).unwrap().with_max_open(max_open);
        let shards = Arc::new(shards);
        let options = ReadOptions { verify, ..ReadOptions::default() };
        let reader = Reader::new(shards.clone(), &options).unwrap();
        let dataset = shards.dataset();
        let n_rows = dataset.n_rows();
        check_all(dataset, &reader, &(0..n_rows).collect::<Vec<_>>());
        for pick in picks {
            let pick: Vec<u64> = pick.iter().map(|row| row % n_rows).collect();
            check_all(dataset, &reader, &pick);
        }
        prop_assert!(shards.n_open() <= max_open);
    }
}
