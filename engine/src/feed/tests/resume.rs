//! States: saved and loaded at any batch, whatever has been read ahead.

use super::*;
use crate::error::ErrorKind;
use crate::feed::State;

/// The rows from `state` to the end of the next epoch, in a new feed.
fn from(state: &State, n_rows: u64, options: &FeedOptions) -> Vec<u64> {
    let mut feed = feed(&Arc::new(Numbers::default()), n_rows, options);
    feed.load(state).unwrap();
    let mut rows = rest(&mut feed);
    rows.extend(rest(&mut feed));
    rows
}

fn two_epochs(n_rows: u64) -> Vec<u64> {
    let mut rows = order(Shuffle::Rows, 0, 0, n_rows);
    rows.extend(order(Shuffle::Rows, 0, 1, n_rows));
    rows
}

#[test]
fn a_state_of_any_batch_goes_on_behind_it() {
    let n_rows = 100;
    for threads in [0, 1, 3] {
        let options = FeedOptions {
            threads,
            prefetch: 4,
            ..inline(16)
        };
        let mut feed = feed(&Arc::new(Numbers::default()), n_rows, &options);
        let mut served = 0;
        while let Some(batch) = feed.next_batch().unwrap() {
            served += batch.n_valid();
            // What is read ahead by now does not show.
            assert_eq!(*batch.state(), feed.state());
            let text = batch.state().to_string();
            let state = State::from_json(&text).unwrap();
            let mut all = two_epochs(n_rows);
            // A state at an epoch's end is one at the next one's beginning.
            all.extend(order(Shuffle::Rows, 0, 2, n_rows));
            let expected = all[served..].to_vec();
            let rows = from(&state, n_rows, &inline(7));
            assert_eq!(rows, expected[..rows.len()]);
            assert!(rows.len() >= 100);
        }
        assert_eq!(served, 100);
    }
}

#[test]
fn loading_twice_is_loading_once() {
    let options = inline(10);
    let mut one = feed(&Arc::new(Numbers::default()), 95, &options);
    for _ in 0..3 {
        one.next_batch().unwrap();
    }
    let state = one.state();
    let mut other = feed(&Arc::new(Numbers::default()), 95, &options);
    other.load(&state).unwrap();
    other.load(&state).unwrap();
    assert_eq!(other.state(), state);
    other.next_batch().unwrap();
    other.load(&state).unwrap();
    assert_eq!(rest(&mut other), two_epochs(95)[30..95]);
}

#[test]
fn loading_where_one_stands_keeps_what_was_read_ahead() {
    let fill = Arc::new(Numbers::default());
    let options = FeedOptions {
        threads: 1,
        prefetch: 3,
        ..inline(10)
    };
    let mut feed = feed(&fill, 1000, &options);
    let first = feed.next_batch().unwrap();
    // A thread sleeps once two are ready, until half of them are taken.
    while fill.n_fills() < 3 {
        std::thread::yield_now();
    }
    let state = feed.state();
    feed.load(&state).unwrap();
    feed.set_epoch(0).unwrap();
    drop(first);
    assert_eq!(rest(&mut feed), order(Shuffle::Rows, 0, 0, 1000)[10..]);
    assert!(fill.n_fills() <= 103, "{}", fill.n_fills());
}

#[test]
fn an_epoch_ends_once_and_the_next_one_follows() {
    for threads in [0, 2] {
        let options = FeedOptions {
            threads,
            ..inline(10)
        };
        let mut feed = feed(&Arc::new(Numbers::default()), 25, &options);
        for epoch in 0..5 {
            assert_eq!(feed.epoch(), epoch);
            assert_eq!(feed.n_batches_left(), 3);
            assert_eq!(rest(&mut feed), order(Shuffle::Rows, 0, epoch, 25));
        }
        // Who counts batches and asks for none too many begins the next epoch.
        for _ in 0..3 {
            assert_eq!(feed.epoch(), 5);
            assert!(feed.next_batch().unwrap().is_some());
        }
        assert_eq!((feed.epoch(), feed.n_batches_left()), (6, 0));
        feed.begin();
        assert_eq!(feed.n_batches_left(), 3);
        assert_eq!(rest(&mut feed), order(Shuffle::Rows, 0, 6, 25));
    }
}

#[test]
fn set_epoch_jumps_but_never_back_within_the_epoch() {
    let mut feed = feed(&Arc::new(Numbers::default()), 25, &inline(10));
    feed.next_batch().unwrap();
    feed.set_epoch(0).unwrap();
    assert_eq!(rest(&mut feed), order(Shuffle::Rows, 0, 0, 25)[10..]);
    feed.set_epoch(9).unwrap();
    assert_eq!(rest(&mut feed), order(Shuffle::Rows, 0, 9, 25));
    feed.set_epoch(0).unwrap();
    assert_eq!(rest(&mut feed), order(Shuffle::Rows, 0, 0, 25));
}

#[test]
fn a_batch_that_is_picked_moves_nothing() {
    let fill = Arc::new(Numbers::default());
    let mut feed = feed(&fill, 95, &inline(10));
    feed.next_batch().unwrap();
    let state = feed.state();
    let all = order(Shuffle::Rows, 0, 0, 95);
    for index in [9, 0, 3] {
        let batch = feed.batch_at(index).unwrap();
        let rows = &all[index as usize * 10..95.min(index as usize * 10 + 10)];
        assert_eq!(valid_rows(&batch), rows);
        assert_eq!((batch.index(), batch.epoch()), (index, 0));
    }
    assert_eq!(feed.batch_at(9).unwrap().state().epoch, 1);
    assert_eq!(feed.batch_at(10).unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(feed.state(), state);
    assert_eq!(feed.counts().batches, 1);
    assert_eq!(rest(&mut feed), all[10..]);
}

#[test]
fn what_cannot_be_loaded_changes_nothing() {
    let mut feed = feed(&Arc::new(Numbers::default()), 100, &inline(10));
    feed.next_batch().unwrap();
    let state = feed.state();
    let other = |change: fn(&mut State)| {
        let mut state = state;
        change(&mut state);
        state
    };
    let refused = [
        (other(|s| s.dataset.0 = 9), ErrorKind::Changed),
        (other(|s| s.plan.0 = 9), ErrorKind::Changed),
        (other(|s| s.shuffle = Shuffle::Off), ErrorKind::Usage),
        (other(|s| s.position = 101), ErrorKind::Usage),
    ];
    for (wrong, kind) in refused {
        let error = feed.load(&wrong).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.hint().is_some());
        assert_eq!(feed.state(), state);
    }
    // The seed is the state's.
    feed.load(&other(|s| s.seed = 77)).unwrap();
    assert_eq!(rest(&mut feed), order(Shuffle::Rows, 77, 0, 100)[10..]);
    assert_eq!(rest(&mut feed), order(Shuffle::Rows, 77, 1, 100));
}

#[test]
fn a_state_behind_the_last_batch_has_an_end_and_then_the_next_epoch() {
    // At the very end, and with too few rows left for another batch.
    for (position, last) in [(100, Last::Pad), (91, Last::Drop)] {
        let options = FeedOptions { last, ..inline(10) };
        let mut feed = feed(&Arc::new(Numbers::default()), 100, &options);
        let state = State {
            position,
            ..feed.state()
        };
        feed.load(&state).unwrap();
        assert_eq!(feed.n_batches_left(), 0);
        assert!(rest(&mut feed).is_empty());
        assert_eq!((feed.epoch(), feed.n_batches_left()), (1, 10));
        // A loop over epochs trains on each of them once.
        feed.set_epoch(1).unwrap();
        assert_eq!(rest(&mut feed), order(Shuffle::Rows, 0, 1, 100));
        assert_eq!(feed.epoch(), 2);
    }
}

#[test]
fn the_last_epoch_is_an_error_and_not_the_first_again() {
    let mut feed = feed(&Arc::new(Numbers::default()), 10, &inline(10));
    feed.set_epoch(u32::MAX - 1).unwrap();
    assert_eq!(rest(&mut feed).len(), 10);
    assert_eq!(feed.epoch(), u32::MAX);
    assert_eq!(feed.next_batch().unwrap_err().kind(), ErrorKind::Usage);
    let behind = feed.state();
    feed.set_epoch(3).unwrap();
    feed.load(&behind).unwrap();
    assert_eq!(feed.next_batch().unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn a_dataset_without_rows_has_epochs_without_batches() {
    let mut feed = feed(&Arc::new(Numbers::default()), 0, &inline(10));
    assert_eq!(feed.n_batches(), 0);
    assert!(feed.next_batch().unwrap().is_none());
    assert!(feed.next_batch().unwrap().is_none());
    assert_eq!(feed.state().epoch, 2);
    assert!(feed.batch_at(0).is_err());
}

#[test]
fn resuming_costs_nothing_however_many_rows_there_are() {
    // Tests never assert on time: counted are the rows that are filled.
    for n_rows in [1_000_000, 1_000_000_000, 1 << 61] {
        let fill = Arc::new(Numbers::default());
        let mut feed = feed(&fill, n_rows, &inline(64));
        let state = State {
            position: n_rows / 2,
            ..feed.state()
        };
        feed.load(&state).unwrap();
        let batch = feed.next_batch().unwrap().unwrap();
        let mut rows = Vec::new();
        crate::feed::Order::new(Shuffle::Rows, 0, 0, facts(n_rows).fed.extent())
            .rows(n_rows / 2..n_rows / 2 + 64, &mut rows);
        assert_eq!(valid_rows(&batch), rows);
        assert_eq!(fill.n_fills(), 1);
    }
}
