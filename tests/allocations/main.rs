//! What a training step allocates: a program of its own, since it counts every
//! allocation.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy takes for library code"
)]

use std::sync::Arc;

use fuelrail::feed::{ColumnOptions, Feed, FeedOptions, OverlongRow, Ragged, Shards};
use fuelrail::plan::Dtype;
use fuelrail_tests::columns::all_types;
use fuelrail_tests::feed::write_tokens;
use fuelrail_tests::output::write_batches;

/// Runs two epochs on this thread, then counts in the third; allocations for a
/// batch, and bytes of them.
fn count(shards: Arc<Shards>, options: FeedOptions) -> (u64, u64) {
    let mut feed = Feed::open(
        shards,
        FeedOptions {
            threads: 0,
            ..options
        },
    )
    .unwrap();
    for _ in 0..2 {
        while feed.next_batch().unwrap().is_some() {}
    }
    let n_batches = feed.n_batches();
    let counted = allocation_counter::measure(|| while feed.next_batch().unwrap().is_some() {});
    // The order of an epoch is one more, once.
    let n_most = counted.count_total - 1;
    assert_eq!(n_most % n_batches, 0, "{counted:?}");
    (n_most / n_batches, counted.bytes_total / n_batches)
}

#[test]
fn a_step_allocates_nothing_but_the_handle_of_its_batch() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 2000, 512, 300_000).unwrap();
    let shards = Arc::new(Shards::open(dir.path()).unwrap());
    let mut options = FeedOptions::new(32);
    let (n, bytes) = count(shards.clone(), options.clone());
    assert!(n == 1 && bytes < 400, "{n} allocations, {bytes} bytes");
    let wider = ColumnOptions {
        dtype: Some(Dtype::I64),
        ..ColumnOptions::default()
    };
    options.read.options = vec![("tokens".to_owned(), wider)];
    assert_eq!(count(shards, options).0, 1);
}

#[test]
fn ragged_rows_allocate_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Option<u32>> = (0..600).map(|n| (n % 9 != 4).then_some(n * 31)).collect();
    write_batches(dir.path(), 150_000, &[all_types(&rows, 0)]).unwrap();
    let shards = Arc::new(Shards::open(dir.path()).unwrap());
    let padded = |name: &str| {
        let ragged = Ragged::Pad {
            length: 9,
            overlong: OverlongRow::Truncate,
        };
        let dtype = None;
        (name.to_owned(), ColumnOptions { dtype, ragged })
    };
    let mut options = FeedOptions::new(25);
    assert_eq!(count(shards.clone(), options.clone()).0, 1);
    options.read.options = vec![padded("list"), padded("utf8")];
    assert_eq!(count(shards, options).0, 1);
}
