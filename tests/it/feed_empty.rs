//! Batches in which no row is one of the dataset: every tensor of them is there
//! and holds zeros, whatever its memory held before.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy takes for library code"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fuelrail::feed::{
    Batch, BatchSize, ColumnOptions, Feed, FeedOptions, OnDamage, OverlongRow, Ragged, ReadOptions,
    Shards, World,
};
use fuelrail_tests::columns::all_types;
use fuelrail_tests::output::write_batches;

const LENGTH: u64 = 5;

fn dataset(root: &Path, shard_size: u64) -> Arc<Shards> {
    let rows: Vec<Option<u32>> = (0..60)
        .map(|n| (n % 9 != 4).then_some(n * 31 + 1))
        .collect();
    write_batches(root, shard_size, &[all_types(&rows, 0)]).unwrap();
    Arc::new(Shards::open(root).unwrap())
}

/// Ragged columns filled up, or one row after another.
fn options(ragged: &Ragged) -> FeedOptions {
    let of = |name: &str| {
        let ragged = ragged.clone();
        let dtype = None;
        (name.to_owned(), ColumnOptions { dtype, ragged })
    };
    FeedOptions {
        read: ReadOptions {
            options: vec![of("list"), of("utf8"), of("bytes")],
            on_damage: OnDamage::Skip,
            ..ReadOptions::default()
        },
        ..FeedOptions::new(1)
    }
}

fn both() -> [Ragged; 2] {
    let length = LENGTH;
    let overlong = OverlongRow::Truncate;
    [Ragged::Pad { length, overlong }, Ragged::Flat]
}

/// Checks a batch of `n_rows` rows that are none.
fn check_empty(batch: &Batch, n_rows: u64) {
    assert_eq!((batch.n_valid(), batch.rows().len() as u64), (0, n_rows));
    for tensor in batch.tensors() {
        let name = tensor.name().to_owned();
        let bytes = tensor.bytes().unwrap();
        assert_eq!(bytes.len(), tensor.len_bytes(), "{name}");
        assert!(bytes.iter().all(|byte| *byte == 0), "{name}");
        if tensor.shape()[0] > 0 && !bytes.is_empty() {
            assert!(tensor.as_ptr().addr() > 1 << 16, "{name}");
        }
    }
}

#[test]
fn ranks_that_have_no_rows_have_batches_of_zeros() {
    let dir = tempfile::tempdir().unwrap();
    let shards = dataset(dir.path(), 150_000);
    for ragged in both() {
        // Of the last global batch, one row, the last of three ranks has it.
        let options = FeedOptions {
            batch_size: BatchSize::Global(59),
            world: World { rank: 0, size: 3 },
            threads: 0,
            ..options(&ragged)
        };
        let mut feed = Feed::open(shards.clone(), options).unwrap();
        check_empty(&feed.batch_at(1).unwrap(), 20);
        // And where a slot was full before.
        for _ in 0..6 {
            assert_eq!(feed.next_batch().unwrap().unwrap().n_valid(), 19);
            check_empty(&feed.next_batch().unwrap().unwrap(), 20);
            assert!(feed.next_batch().unwrap().is_none());
        }
    }
}

#[test]
fn batches_whose_rows_are_all_lost_hold_zeros() {
    for ragged in both() {
        let dir = tempfile::tempdir().unwrap();
        let shards = dataset(dir.path(), 1 << 30);
        let options = FeedOptions {
            batch_size: BatchSize::PerRank(20),
            threads: 0,
            prefetch: 0,
            keep: 1,
            max_damage: Some(1.0),
            ..options(&ragged)
        };
        let mut feed = Feed::open(shards.clone(), options).unwrap();
        assert_eq!(feed.next_batch().unwrap().unwrap().n_valid(), 20);
        for entry in fs::read_dir(dir.path().join("shards")).unwrap() {
            fs::write(entry.unwrap().path(), "cut off").unwrap();
        }
        shards.close_all();
        let batch = feed.next_batch().unwrap().unwrap();
        check_empty(&batch, 20);
        assert_eq!(batch.damage().len(), 20);
    }
}
