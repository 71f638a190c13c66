//! Memory: a fixed number of slots, whoever holds them.

use std::time::{Duration, Instant};

use super::*;
use crate::error::ErrorKind;
use crate::feed::Polled;

#[test]
fn slots_are_used_again() {
    let options = FeedOptions {
        threads: 1,
        ..inline(8)
    };
    let fill = Arc::new(Numbers::default());
    let mut feed = feed(&fill, 800, &options);
    let mut seen = std::collections::HashSet::new();
    let mut before = None;
    while let Some(batch) = feed.next_batch().unwrap() {
        seen.insert(batch.tensor("number").unwrap().as_ptr() as usize);
        // As a training loop does: the one before goes when the next is there.
        before = Some(batch);
    }
    drop(before);
    assert!(seen.len() <= options.prefetch + options.keep, "{seen:?}");
}

#[test]
fn memory_stays_as_long_as_anyone_holds_it() {
    let mut feed = feed(&Arc::new(Numbers::default()), 100, &inline(10));
    let batch = feed.next_batch().unwrap().unwrap();
    let tensor = batch.tensor("number").unwrap();
    let bytes = tensor.bytes().unwrap().into_owned();
    drop(batch);
    for _ in 0..5 {
        feed.next_batch().unwrap();
    }
    assert_eq!(*tensor.bytes().unwrap(), bytes[..]);
    drop(feed);
    assert_eq!(*tensor.bytes().unwrap(), bytes[..]);
}

#[test]
fn a_caller_that_keeps_every_batch_is_told_and_may_go_on() {
    for (threads, prefetch, keep) in [(0, 2, 1), (0, 0, 3), (1, 1, 1), (2, 4, 2)] {
        let options = FeedOptions {
            threads,
            prefetch,
            keep,
            ..inline(10)
        };
        let all = order(Shuffle::Rows, 0, 0, 1000);
        let mut feed = feed(&Arc::new(Numbers::default()), 1000, &options);
        let mut kept = Vec::new();
        let error = loop {
            match feed.next_batch() {
                Ok(batch) => kept.push(batch.unwrap()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.hint().unwrap().contains("keep"));
        assert_eq!(kept.len(), prefetch + keep);
        // Told again while nothing changes, and nothing is lost.
        assert!(feed.next_batch().is_err());
        let last = kept.pop().unwrap();
        let mut rows: Vec<u64> = kept.iter().flat_map(valid_rows).collect();
        rows.extend(valid_rows(&last));
        drop(last);
        let next = feed.next_batch().unwrap().unwrap();
        rows.extend(valid_rows(&next));
        drop((next, kept));
        rows.extend(rest(&mut feed));
        assert_eq!(rows, all);
    }
}

#[test]
fn a_slot_that_comes_back_from_another_thread_wakes_the_caller() {
    let options = FeedOptions {
        prefetch: 0,
        keep: 1,
        patience: Duration::from_mins(1),
        ..inline(10)
    };
    let mut feed = feed(&Arc::new(Numbers::default()), 100, &options);
    for _ in 0..5 {
        let batch = feed.next_batch().unwrap().unwrap();
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(5));
            drop(batch);
        });
        drop(feed.next_batch().unwrap().unwrap());
        other.join().unwrap();
    }
}

#[test]
fn patience_adds_up_over_short_waits() {
    let options = FeedOptions {
        prefetch: 0,
        keep: 1,
        ..inline(10)
    };
    let mut feed = feed(&Arc::new(Numbers::default()), 100, &options);
    let batch = feed.next_batch().unwrap();
    let mut n_pending = 0;
    let error = loop {
        match feed.poll_batch(Duration::from_millis(10)) {
            Ok(Polled::Pending) => n_pending += 1,
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(n_pending, 4);
    assert_eq!(error.kind(), ErrorKind::Usage);
    drop(batch);
    assert!(matches!(
        feed.poll_batch(Duration::ZERO),
        Ok(Polled::Batch(_))
    ));
}

#[test]
fn a_slow_caller_bounds_what_is_read() {
    let fill = Arc::new(Numbers::default());
    let options = FeedOptions {
        threads: 3,
        prefetch: 2,
        ..inline(10)
    };
    let mut feed = feed(&fill, 10_000, &options);
    let mut held = None;
    for served in 1..20 {
        held = feed.next_batch().unwrap();
        std::thread::sleep(Duration::from_millis(2));
        // While the caller asks, one more may be begun than is read ahead.
        assert!(fill.n_fills() <= served + 3, "{} {served}", fill.n_fills());
    }
    drop(held);
}

#[test]
fn a_hundred_thousand_steps_take_no_more_slots_than_a_few() {
    let fill = Arc::new(Numbers::default());
    let options = FeedOptions {
        threads: 1,
        ..inline(4)
    };
    let mut feed = feed(&fill, 4096, &options);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..100_000 {
        if let Some(batch) = feed.next_batch().unwrap() {
            seen.insert(batch.tensor("number").unwrap().as_ptr() as usize);
        }
    }
    assert!(seen.len() <= 4, "{}", seen.len());
    assert_eq!(fill.slot_bytes.load(Ordering::SeqCst), 4096);
}

#[test]
fn batches_that_memory_cannot_hold_are_refused() {
    let options = FeedOptions {
        batch_size: BatchSize::PerRank(u64::MAX),
        ..inline(1)
    };
    let refused = |options: FeedOptions| {
        Feed::with_fill(Arc::new(Numbers::default()), facts(10), options).unwrap_err()
    };
    assert_eq!(refused(options).kind(), ErrorKind::Usage);
    for wrong in [
        FeedOptions {
            threads: usize::MAX,
            ..inline(1)
        },
        FeedOptions {
            prefetch: 1 << 40,
            ..inline(1)
        },
        FeedOptions {
            keep: usize::MAX,
            ..inline(1)
        },
    ] {
        assert_eq!(refused(wrong).kind(), ErrorKind::Usage);
    }
}

#[test]
fn what_is_held_over_a_rest_still_counts() {
    for threads in [0, 2] {
        let options = FeedOptions {
            threads,
            prefetch: 1,
            keep: 2,
            ..inline(10)
        };
        let all = order(Shuffle::Rows, 0, 0, 1000);
        let mut feed = feed(&Arc::new(Numbers::default()), 1000, &options);
        let mut held = Vec::new();
        let error = loop {
            match feed.next_batch() {
                Ok(batch) => held.push(batch.unwrap()),
                Err(error) => break error,
            }
            feed.rest();
        };
        assert_eq!((error.kind(), held.len()), (ErrorKind::Usage, 3));
        let mut rows: Vec<u64> = held.iter().flat_map(valid_rows).collect();
        // Given back while it rests, or after.
        feed.rest();
        held.truncate(1);
        rows.extend(rest(&mut feed));
        assert_eq!(rows, all);
        feed.stop().now();
        drop(held);
        assert_eq!(rest(&mut feed), order(Shuffle::Rows, 0, 1, 1000));
        let stop = feed.stop();
        drop(feed);
        // Threads end behind the batch they fill.
        let begun = Instant::now();
        while !stop.is_over() {
            assert!(begun.elapsed() < Duration::from_mins(1));
            std::thread::yield_now();
        }
    }
}
