//! Threads: any number of them, any speed on either side, and always an end.

use super::*;

#[test]
fn any_number_of_threads_gives_the_same_batches() {
    let all = order(Shuffle::Rows, 0, 0, 1001);
    for threads in [0, 1, 2, 5] {
        for prefetch in [0, 1, 2, 9] {
            for pause in [0, 50] {
                let fill = Numbers::slow(Duration::from_micros(pause));
                let options = FeedOptions {
                    threads,
                    prefetch,
                    ..inline(13)
                };
                let mut feed = feed(&fill, 1001, &options);
                assert_eq!(rest(&mut feed), all, "{threads} {prefetch} {pause}");
                assert_eq!(feed.counts().rows, 1001);
            }
        }
    }
}

#[test]
fn callers_of_any_speed_get_every_batch() {
    for pause in [0, 20, 200] {
        let options = FeedOptions {
            threads: 2,
            prefetch: 3,
            ..inline(5)
        };
        let mut feed = feed(&Numbers::slow(Duration::from_micros(100)), 500, &options);
        let mut rows = Vec::new();
        while let Some(batch) = feed.next_batch().unwrap() {
            rows.extend(valid_rows(&batch));
            std::thread::sleep(Duration::from_micros(pause));
        }
        assert_eq!(rows, order(Shuffle::Rows, 0, 0, 500));
    }
}

#[test]
fn the_next_epoch_is_read_ahead() {
    let fill = Arc::new(Numbers::default());
    let options = FeedOptions {
        threads: 1,
        prefetch: 3,
        ..inline(10)
    };
    let mut feed = feed(&fill, 20, &options);
    assert_eq!(rest(&mut feed).len(), 20);
    // Two batches have been had; the others are of the next epoch.
    while fill.n_fills() < 4 {
        std::thread::yield_now();
    }
    assert_eq!(rest(&mut feed), order(Shuffle::Rows, 0, 1, 20));
}

#[test]
fn jumps_drop_what_is_under_way() {
    let fill = Numbers::slow(Duration::from_micros(300));
    let options = FeedOptions {
        threads: 3,
        prefetch: 5,
        patience: Duration::from_mins(1),
        ..inline(7)
    };
    let mut feed = feed(&fill, 700, &options);
    let mut dice = Dice(1);
    for _ in 0..200 {
        let epoch = dice.below(5) as u32;
        let position = dice.below(700);
        let state = crate::feed::State {
            epoch,
            position,
            ..feed.state()
        };
        feed.load(&state).unwrap();
        for step in 0..dice.below(4) {
            let Some(batch) = feed.next_batch().unwrap() else {
                break;
            };
            let from = (position + step * 7) as usize;
            let all = order(Shuffle::Rows, 0, epoch, 700);
            assert_eq!(valid_rows(&batch), all[from..700.min(from + 7)]);
        }
    }
}

#[test]
fn dropping_ends_whatever_is_in_flight() {
    let mut dice = Dice(2);
    for _ in 0..300 {
        let fill = Numbers::slow(Duration::from_micros(dice.below(400)));
        let options = FeedOptions {
            threads: 1 + dice.below(4) as usize,
            prefetch: dice.below(5) as usize,
            ..inline(3)
        };
        let mut feed = feed(&fill, 100, &options);
        let mut kept = Vec::new();
        for _ in 0..dice.below(4) {
            kept.push(feed.next_batch().unwrap());
            kept.truncate(1);
        }
        if dice.below(2) == 0 {
            drop(kept);
            drop(feed);
        } else {
            drop(feed);
            drop(kept);
        }
        // All threads are gone: nobody else holds what fills.
        assert_eq!(Arc::strong_count(&fill), 1);
    }
}

#[test]
fn a_feed_that_is_not_used_has_no_thread() {
    let fill = Arc::new(Numbers::default());
    let options = FeedOptions {
        threads: 4,
        ..inline(3)
    };
    let mut feed = feed(&fill, 100, &options);
    let state = feed.state();
    feed.load(&state).unwrap();
    feed.batch_at(3).unwrap();
    assert_eq!(Arc::strong_count(&fill), 2);
    feed.next_batch().unwrap();
    assert_eq!(Arc::strong_count(&fill), 6);
}

#[test]
fn feeds_and_batches_go_between_threads() {
    fn is_sendable<T: Send + Sync>() {}
    is_sendable::<Feed>();
    is_sendable::<crate::feed::Batch>();
    is_sendable::<crate::feed::Tensor>();
}

#[test]
fn a_feed_that_is_stopped_at_any_time_loses_nothing() {
    use std::sync::atomic::AtomicBool;
    for threads in [0, 1, 3] {
        let options = FeedOptions {
            threads,
            prefetch: 3,
            patience: Duration::from_mins(1),
            ..inline(7)
        };
        let mut feed = feed(&Numbers::slow(Duration::from_micros(50)), 2000, &options);
        let (stop, over) = (feed.stop(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    stop.now();
                    std::thread::sleep(Duration::from_micros(170));
                }
            });
            let rows = rest(&mut feed);
            over.store(true, Ordering::Relaxed);
            assert_eq!(rows, order(Shuffle::Rows, 0, 0, 2000));
        });
        assert_eq!(feed.counts().rows, 2000);
    }
}
