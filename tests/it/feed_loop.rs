//! Loaders over shards on disk: every row once whatever changes, exact resume,
//! damage, and memory that does not grow.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy takes for library code"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt16Array, UInt64Array};
use fuelrail::ErrorKind;
use fuelrail::feed::{
    Batch, BatchSize, Feed, FeedOptions, Last, OnDamage, Order, Shards, Shuffle, State, World,
};
use fuelrail_tests::output::write_batches;
use fuelrail_tests::prose::Random;
use proptest::prelude::*;

/// A dataset whose rows hold their own number, in several shards.
fn numbered(root: &Path, n_rows: u64) -> Arc<Shards> {
    let numbers: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..n_rows));
    let small = (0..n_rows).map(|row| u16::try_from(row % 65_521).unwrap());
    let small: ArrayRef = Arc::new(UInt16Array::from_iter_values(small));
    let batch = RecordBatch::try_from_iter([("number", numbers), ("small", small)]).unwrap();
    write_batches(root, 40_000, &[batch]).unwrap();
    let shards = Arc::new(Shards::open(root).unwrap());
    assert_eq!(shards.n_rows(), n_rows);
    shards
}

/// The valid rows of a batch, its tensors checked to be theirs.
fn valid_rows(batch: &Batch) -> Vec<u64> {
    let numbers = batch.tensor("number").unwrap();
    let small = batch.tensor("small").unwrap();
    assert_eq!(numbers.as_ptr().align_offset(4096), 0);
    assert_eq!(numbers.shape(), [batch.rows().len() as u64]);
    let numbers = numbers.bytes().unwrap().into_owned();
    let small = small.bytes().unwrap().into_owned();
    let numbers = numbers.as_chunks::<8>().0.iter().copied();
    let small = small.as_chunks::<2>().0.iter().copied();
    let mut rows = Vec::new();
    for ((number, small), (row, valid)) in (numbers.map(u64::from_le_bytes))
        .zip(small.map(u16::from_le_bytes))
        .zip(batch.rows().iter().zip(batch.valid()))
    {
        if *valid == 1 {
            assert_eq!((number, u64::from(small)), (*row, row % 65_521));
            rows.push(number);
        } else {
            assert_eq!((number, small, *row), (0, 0, u64::MAX));
        }
    }
    assert_eq!(rows.len(), batch.n_valid());
    rows
}

fn rest(feed: &mut Feed) -> Vec<u64> {
    let mut rows = Vec::new();
    while let Some(batch) = feed.next_batch().unwrap() {
        rows.extend(valid_rows(&batch));
    }
    rows
}

/// The rows of an epoch in their order.
fn order(shards: &Shards, shuffle: Shuffle, seed: u64, epoch: u32) -> Vec<u64> {
    let mut rows = Vec::new();
    let order = Order::new(shuffle, seed, epoch, shards.extent());
    order.rows(0..shards.n_rows(), &mut rows);
    rows
}

/// What a run is changed to at a random batch.
#[derive(Debug, Clone)]
struct Leg {
    size: u32,
    batch_size: BatchSize,
    n_batches: usize,
    threads: usize,
    last: Last,
}

fn leg() -> impl Strategy<Value = Leg> {
    let size = prop::sample::select(vec![1u32, 2, 3, 5, 7, 8, 64]);
    let batch_size = prop_oneof![
        (1u64..400).prop_map(BatchSize::Global),
        (1u64..60).prop_map(BatchSize::PerRank),
    ];
    let last = prop::sample::select(vec![Last::Pad, Last::Short]);
    (size, batch_size, 1usize..6, 0usize..3, last).prop_map(
        |(size, batch_size, n_batches, threads, last)| Leg {
            size,
            batch_size,
            n_batches,
            // Threads for each of 64 ranks would only be slow.
            threads: if size > 8 { 0 } else { threads },
            last,
        },
    )
}

impl Leg {
    /// The rows of all ranks in the order of the global batches, and the state
    /// after them. Each rank loads the state twice, as wrappers may.
    fn run(&self, shards: &Arc<Shards>, options: &FeedOptions, from: &State) -> (Vec<u64>, State) {
        let mut batches: Vec<Vec<u64>> = Vec::new();
        let mut states = Vec::new();
        for rank in 0..self.size {
            let options = FeedOptions {
                batch_size: self.batch_size,
                last: self.last,
                world: World {
                    rank,
                    size: self.size,
                },
                threads: self.threads,
                ..options.clone()
            };
            let mut feed = Feed::open(shards.clone(), options).unwrap();
            feed.load(from).unwrap();
            feed.load(from).unwrap();
            for at in 0..self.n_batches {
                let Some(batch) = feed.next_batch().unwrap() else {
                    break;
                };
                batches.resize_with(batches.len().max(at + 1), Vec::new);
                batches[at].extend(valid_rows(&batch));
                assert_eq!(*batch.state(), feed.state());
            }
            states.push(feed.state().to_string());
        }
        states.dedup();
        assert_eq!(states.len(), 1, "{states:?}");
        (batches.concat(), State::from_json(&states[0]).unwrap())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_row_comes_once_whatever_the_run_becomes(
        legs in prop::collection::vec(leg(), 60),
        n_rows in 1u64..6000,
        shuffle in prop::sample::select(vec![Shuffle::Off, Shuffle::Rows, Shuffle::Blocks]),
        seed in any::<u64>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let shards = numbered(dir.path(), n_rows);
        let options = FeedOptions { shuffle, seed, ..FeedOptions::new(1) };
        let mut state = Feed::open(shards.clone(), options.clone()).unwrap().state();
        let mut served = Vec::new();
        for leg in legs.iter().cycle() {
            let (rows, after) = leg.run(&shards, &options, &state);
            served.extend(rows);
            state = after;
            if state.epoch == 2 {
                break;
            }
        }
        // Only the first leg of an epoch may be cut off by its end: no leg ever
        // had rows of two epochs.
        let mut expected = order(&shards, shuffle, seed, 0);
        expected.extend(order(&shards, shuffle, seed, 1));
        prop_assert_eq!(served, expected);
    }
}

#[test]
fn skipped_rows_leave_the_others_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let n_rows = 20_000;
    numbered(dir.path(), n_rows);
    let name = std::fs::read_dir(dir.path().join("shards"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .max()
        .unwrap();
    let mut bytes = std::fs::read(&name).unwrap();
    // In the first page of the data of the last shard.
    bytes[4096 + 10] ^= 4;
    std::fs::write(&name, bytes).unwrap();
    let shards = Arc::new(Shards::open(dir.path()).unwrap());
    let all = order(&shards, Shuffle::Rows, 0, 0);
    let mut counts = Vec::new();
    for last in [Last::Pad, Last::Short, Last::Drop] {
        let mut options = FeedOptions {
            last,
            ..FeedOptions::new(100)
        };
        options.read.on_damage = OnDamage::Skip;
        let mut feed = Feed::open(shards.clone(), options).unwrap();
        let mut served = 0;
        while let Some(batch) = feed.next_batch().unwrap() {
            let window = &all[served..served + 100];
            let lost: Vec<u64> = batch.damage().iter().map(|damage| damage.row).collect();
            let there = window.iter().copied().filter(|row| !lost.contains(row));
            assert_eq!(valid_rows(&batch), there.collect::<Vec<_>>());
            assert_eq!(batch.n_valid() + lost.len(), 100);
            let n_rows = if last == Last::Pad {
                100
            } else {
                batch.n_valid()
            };
            assert_eq!(batch.rows().len(), n_rows);
            served += 100;
        }
        let found = feed.counts();
        assert!(found.skipped > 0);
        assert_eq!(found.rows + found.skipped, n_rows);
        counts.push(found);
    }
    assert!(counts.iter().all(|found| *found == counts[0]));
    // Where it is not to be skipped, the batch before it is the last one had,
    // and the state is the one to go on from when the shard has been mended.
    let mut feed = Feed::open(shards, FeedOptions::new(100)).unwrap();
    let error = loop {
        match feed.next_batch() {
            Ok(batch) => assert!(batch.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Damage);
    assert!(error.location().path.is_some());
    assert_eq!(feed.state().position, feed.counts().rows);
    let state = feed.state();
    assert!(feed.next_batch().is_err());
    assert_eq!(feed.state(), state);
}

#[test]
fn what_the_options_cannot_mean_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let shards = numbered(dir.path(), 100);
    let wrong = [
        FeedOptions::new(0),
        FeedOptions {
            world: World { rank: 4, size: 4 },
            ..FeedOptions::new(1)
        },
        FeedOptions {
            last: Last::Drop,
            ..FeedOptions::new(101)
        },
        FeedOptions {
            batch_size: BatchSize::Global(0),
            ..FeedOptions::new(1)
        },
    ];
    for options in wrong {
        let error = Feed::open(shards.clone(), options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
    }
    let mut unknown = FeedOptions::new(10);
    unknown.read.columns = Some(vec!["nothing".to_owned()]);
    assert!(Feed::open(shards, unknown).is_err());
}

#[test]
fn another_dataset_is_refused() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = numbered(one.path(), 100);
    let other = numbered(other.path(), 101);
    let state = Feed::open(one, FeedOptions::new(10)).unwrap().state();
    let mut feed = Feed::open(other, FeedOptions::new(10)).unwrap();
    let error = feed.load(&state).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Changed);
    assert!(error.hint().is_some());
}

/// Resident memory of this process.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() * 1024
}

/// Set where the test below runs as a process of its own, beside which no
/// other test takes memory.
const ALONE: &str = "FUELRAIL_TEST_MEMORY_ALONE";

#[test]
fn memory_does_not_grow() {
    if std::env::var_os(ALONE).is_some() {
        return take_many_steps();
    }
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "feed_loop::memory_does_not_grow"])
        .env(ALONE, "1")
        .status();
    assert!(status.unwrap().success());
}

fn take_many_steps() {
    let dir = tempfile::tempdir().unwrap();
    let shards = numbered(dir.path(), 6400);
    let options = FeedOptions {
        threads: 1,
        ..FeedOptions::new(64)
    };
    let mut feed = Feed::open(shards, options).unwrap();
    let mut random = Random::new(3);
    let mut step = |n| {
        for _ in 0..n {
            feed.next_batch().unwrap();
            if random.below(1000) == 0 {
                let state = feed.state();
                feed.set_epoch(state.epoch + 1).unwrap();
                feed.load(&state).unwrap();
            }
        }
    };
    step(5000);
    let before = resident_bytes();
    step(100_000);
    let after = resident_bytes();
    // A batch is 640 bytes: eight a thousand steps would be seen.
    assert!(after < before + (1 << 19), "{before} {after}");
}

#[test]
fn loaders_share_shards_and_none_disturbs_another() {
    let dir = tempfile::tempdir().unwrap();
    let shards = numbered(dir.path(), 5000);
    let threads: Vec<_> = (0..4)
        .map(|seed| {
            let shards = shards.clone();
            std::thread::spawn(move || {
                let options = FeedOptions {
                    seed,
                    threads: 2,
                    ..FeedOptions::new(37)
                };
                let mut feed = Feed::open(shards.clone(), options).unwrap();
                for epoch in 0..3 {
                    let rows = rest(&mut feed);
                    assert_eq!(rows, order(&shards, Shuffle::Rows, seed, epoch));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
