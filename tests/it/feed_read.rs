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
    Access, ColumnOptions, Feed, FeedOptions, Last, OnDamage, OverlongRow, Ragged, ReadOptions,
    Reader, Rows, RowsTensor, Shards, Shuffle, Verify,
};
use fuelrail::format::{Column, ColumnLayout, Dataset, Dtype};
use fuelrail_tests::columns::all_types;
use fuelrail_tests::feed::{token, token_bytes, write_tokens};
use fuelrail_tests::output::write_batches;
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
    if is_there {
        (row_bytes(array.as_ref()), true)
    } else {
        (zeros(), false)
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

/// A small dataset with a column of every type, and its shards.
fn all_types_dataset() -> (tempfile::TempDir, Arc<Shards>) {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Option<u32>> = (0..60).map(|n| (n % 9 != 4).then_some(n * 31)).collect();
    write_batches(dir.path(), 150_000, &[all_types(&rows, 0)]).unwrap();
    let shards = open(dir.path());
    (dir, shards)
}

/// Options that give one column another dtype.
fn with_dtype(name: &str, dtype: Dtype) -> ReadOptions {
    ReadOptions {
        columns: Some(vec![name.to_owned()]),
        options: vec![(
            name.to_owned(),
            ColumnOptions {
                dtype: Some(dtype),
                ..ColumnOptions::default()
            },
        )],
        ..ReadOptions::default()
    }
}

#[test]
fn numbers_change_their_type_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 300, 33, 30_000).unwrap();
    let shards = open(dir.path());
    let rows: Vec<u64> = (0..300).map(|n| n * 7 % 300).collect();
    let numbers = || {
        rows.iter()
            .flat_map(|row| (0..33).map(|index| token(*row, index)))
    };
    let expected: [(Dtype, Vec<u8>); 4] = [
        (
            Dtype::I64,
            numbers().flat_map(|n| i64::from(n).to_le_bytes()).collect(),
        ),
        (
            Dtype::I32,
            numbers().flat_map(|n| i32::from(n).to_le_bytes()).collect(),
        ),
        (
            Dtype::U32,
            numbers().flat_map(|n| u32::from(n).to_le_bytes()).collect(),
        ),
        (
            Dtype::F32,
            numbers().flat_map(|n| f32::from(n).to_le_bytes()).collect(),
        ),
    ];
    for (dtype, bytes) in expected {
        let reader = Reader::new(shards.clone(), &with_dtype("tokens", dtype)).unwrap();
        let read = reader.read(&rows).unwrap();
        let tensor = read.tensor("tokens").unwrap();
        assert_eq!((tensor.dtype, tensor.shape), (dtype, &[300, 33][..]));
        assert!(tensor.bytes == bytes, "{dtype:?}");
    }
    // Every row's label fits 16 bits, and not all fit 8.
    let reader = Reader::new(shards.clone(), &with_dtype("label", Dtype::I16)).unwrap();
    let read = reader.read(&rows).unwrap();
    let labels = rows
        .iter()
        .flat_map(|row| i16::try_from(*row).unwrap().to_le_bytes());
    assert_eq!(
        read.tensor("label").unwrap().bytes,
        labels.collect::<Vec<_>>()
    );
    let reader = Reader::new(shards.clone(), &with_dtype("label", Dtype::U8)).unwrap();
    let error = reader.read(&[3, 255, 299, 2]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert_eq!(error.message(), "expected numbers that fit uint8, got 299");
    let place = error.location();
    assert_eq!(place.column.as_deref(), Some("label"));
    let entry = shards.dataset().manifest().shards.last().unwrap();
    assert_eq!(place.row, Some(299 - entry.first_row));
    assert!(place.path.as_ref().unwrap().ends_with(entry.name()));
    assert!(reader.read(&[3, 255, 2]).is_ok());
}

#[test]
fn changes_that_would_lose_something_are_refused() {
    let (_dir, shards) = all_types_dataset();
    for (name, dtype) in [
        ("i64", Dtype::F64),
        ("f64", Dtype::I64),
        ("i64", Dtype::Bool),
    ] {
        let error = Reader::new(shards.clone(), &with_dtype(name, dtype)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
        assert_eq!(error.location().column.as_deref(), Some(name));
    }
    for (name, dtype) in [
        ("bool", Dtype::U8),
        ("bool", Dtype::F32),
        ("f16", Dtype::F32),
        ("bf16", Dtype::F64),
        // Floats are rounded.
        ("f64", Dtype::F32),
        ("f16", Dtype::BF16),
        ("bf16", Dtype::F16),
        ("list", Dtype::I64),
        ("utf8", Dtype::I32),
    ] {
        let reader = Reader::new(shards.clone(), &with_dtype(name, dtype)).unwrap();
        let read = reader.read(&[5, 1, 59]).unwrap();
        assert_eq!(read.tensor(name).unwrap().dtype, dtype);
    }
}

#[test]
fn columns_that_cannot_be_read_so_are_refused_with_a_hint() {
    let (_dir, shards) = all_types_dataset();
    let refused = |options: &ReadOptions| {
        let error = Reader::new(shards.clone(), options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
        (
            error.to_string(),
            error.hint().unwrap_or_default().to_owned(),
        )
    };
    let columns = |names: &[&str]| ReadOptions {
        columns: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..ReadOptions::default()
    };
    let (_, hint) = refused(&columns(&["i64", "fixd"]));
    assert_eq!(hint, "did you mean `fixed`?");
    refused(&columns(&["i64", "i64"]));
    refused(&columns(&[]));
    let (text, hint) = refused(&with_dtype("unknown_column", Dtype::I8));
    assert!(
        text.contains("unknown_column") && hint.contains("`i64`"),
        "{text} {hint}"
    );
    let mut stray = columns(&["i64"]);
    stray.options = with_dtype("list", Dtype::I64).options;
    refused(&stray);
    let padded = |name: &str, length| ReadOptions {
        columns: Some(vec![name.to_owned()]),
        options: vec![(
            name.to_owned(),
            ColumnOptions {
                dtype: None,
                ragged: Ragged::Pad {
                    length,
                    overlong: OverlongRow::Raise,
                },
            },
        )],
        ..ReadOptions::default()
    };
    refused(&padded("i64", 4));
    refused(&padded("list", 0));
    refused(&padded("list", 1 << 31));
}

/// The elements of a row of a tensor that was filled up, and those behind.
fn row_of<'a>(tensor: &RowsTensor<'a>, row: usize, n: usize) -> (&'a [u8], &'a [u8]) {
    let width = tensor.dtype.len_bytes() as usize;
    let row_bytes = tensor.shape[1] as usize * width;
    tensor.bytes[row * row_bytes..(row + 1) * row_bytes].split_at(n * width)
}

/// Numbers of 32 bits as numbers of 64.
fn widened(bytes: &[u8]) -> Vec<u8> {
    let numbers = bytes.chunks_exact(4);
    let numbers = numbers.map(|raw| i32::from_le_bytes(raw.try_into().unwrap()));
    numbers.flat_map(|n| i64::from(n).to_le_bytes()).collect()
}

#[test]
fn ragged_rows_are_filled_up() {
    let (_dir, shards) = all_types_dataset();
    let padded = |overlong, length| {
        let of = |name: &str| {
            let ragged = Ragged::Pad { length, overlong };
            let dtype = (name == "list").then_some(Dtype::I64);
            (name.to_owned(), ColumnOptions { dtype, ragged })
        };
        ReadOptions {
            options: vec![of("list"), of("utf8"), of("bytes")],
            ..ReadOptions::default()
        }
    };
    let rows: Vec<u64> = (0..60).rev().collect();
    for length in [1, 3, 40] {
        let options = padded(OverlongRow::Truncate, length);
        let reader = Reader::new(shards.clone(), &options).unwrap();
        let read = reader.read(&rows).unwrap();
        let schema = &shards.dataset().manifest().schema;
        for name in ["utf8", "bytes", "list"] {
            let index = schema
                .iter()
                .position(|column| column.name == name)
                .unwrap();
            let tensor = read.tensor(name).unwrap();
            assert_eq!(tensor.shape, [60, length]);
            let lengths = i32s(read.tensor(&format!("{name}.lengths")).unwrap().bytes);
            for (at, row) in rows.iter().enumerate() {
                let (mut stored, _) = expected(shards.dataset(), index, *row);
                if name == "list" {
                    stored = widened(&stored);
                }
                let width = tensor.dtype.len_bytes() as usize;
                let n = (stored.len() / width).min(length as usize);
                assert_eq!(lengths[at], n, "{name}, row {row}");
                let (elements, rest) = row_of(&tensor, at, n);
                assert_eq!(elements, &stored[..n * width], "{name}, row {row}");
                assert!(rest.iter().all(|byte| *byte == 0), "{name}, row {row}");
            }
        }
    }
    let reader = Reader::new(shards.clone(), &padded(OverlongRow::Raise, 3)).unwrap();
    let error = reader.read(&rows).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data, "{error}");
    assert!(error.location().column.is_some() && error.location().row.is_some());
}

fn feed(shards: &Arc<Shards>, batch_size: u64, change: impl FnOnce(&mut FeedOptions)) -> Feed {
    let mut options = FeedOptions::new(batch_size);
    options.shuffle = Shuffle::Off;
    change(&mut options);
    Feed::open(shards.clone(), options).unwrap()
}

#[test]
fn consecutive_rows_are_handed_out_as_views() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 1000, 512, 300_000).unwrap();
    let shards = open(dir.path());
    let mut feed = feed(&shards, 32, |options| {
        options.read.access = Access::View;
        options.last = Last::Short;
    });
    let (mut n_views, mut n_batches) = (0, 0);
    for epoch in 0..3 {
        let mut next = 0;
        while let Some(batch) = feed.next_batch().unwrap() {
            n_batches += 1;
            let tensor = batch.tensor("tokens").unwrap();
            n_views += usize::from(tensor.is_view());
            let bytes = tensor.bytes().unwrap();
            for (bytes, row) in bytes.chunks_exact(1024).zip(batch.rows()) {
                assert_eq!(*row, next);
                assert_eq!(bytes, token_bytes(*row, 512), "epoch {epoch}, row {row}");
                next += 1;
            }
            // What one holder writes, nobody else finds.
            if tensor.is_view() {
                scribble(&tensor);
            }
        }
        assert_eq!(next, 1000);
    }
    // All but those that end with their shard or the epoch.
    let n_shards = shards.dataset().manifest().shards.len();
    assert!(
        n_views >= n_batches - 3 * n_shards,
        "{n_views} of {n_batches}"
    );
}

#[expect(unsafe_code, reason = "trainers write to the tensors they are given")]
fn scribble(tensor: &fuelrail::feed::Tensor) {
    // SAFETY: the tensor is held, and nobody else writes to it.
    unsafe { tensor.as_ptr().write_bytes(0xee, tensor.len_bytes()) };
}

#[test]
fn damaged_rows_are_masked_in_their_place() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 400, 1500, 500_000).unwrap();
    let dataset = Dataset::open(dir.path()).unwrap();
    let second = &dataset.manifest().shards[1];
    let lost = second.first_row..second.first_row + second.n_rows;
    std::fs::remove_file(dir.path().join("shards").join(second.name())).unwrap();
    let shards = open(dir.path());
    for last in [Last::Pad, Last::Short] {
        let mut feed = feed(&shards, 64, |options| {
            options.read.on_damage = OnDamage::Skip;
            options.last = last;
        });
        let (mut next, mut n_lost) = (0, 0);
        while let Some(batch) = feed.next_batch().unwrap() {
            let tokens = batch.tensor("tokens").unwrap();
            let (whole, bytes) = (tokens.shape()[0], tokens.bytes().unwrap());
            assert_eq!(whole, batch.rows().len() as u64);
            assert!(last == Last::Short || whole == 64);
            let rows = bytes.chunks_exact(3000).zip(batch.rows());
            for ((bytes, row), valid) in rows.zip(batch.valid()) {
                assert_eq!(*valid == 1, *row != u64::MAX);
                match valid {
                    1 => assert_eq!(bytes, token_bytes(*row, 1500)),
                    _ => assert!(bytes.iter().all(|byte| *byte == 0)),
                }
            }
            let end = (next + 64).min(400);
            let damaged: Vec<u64> = batch.damage().iter().map(|damage| damage.row).collect();
            let expected: Vec<u64> = (next..end).filter(|row| lost.contains(row)).collect();
            assert_eq!(damaged, expected);
            let valid: Vec<u64> = batch
                .rows()
                .iter()
                .copied()
                .filter(|r| *r != u64::MAX)
                .collect();
            let expected: Vec<u64> = (next..end).filter(|row| !lost.contains(row)).collect();
            assert_eq!(valid, expected);
            n_lost += damaged.len() as u64;
            next = end;
        }
        assert_eq!((next, n_lost), (400, second.n_rows));
    }
}
