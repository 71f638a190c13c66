//! What moves a feed and what does not: passes that are left, epochs that are
//! asked for, states that were loaded, and what may be damaged in between.

use super::*;
use crate::error::ErrorKind;
use crate::feed::{Epochs, State};

fn new(n_rows: u64, options: &FeedOptions) -> Feed {
    feed(&Arc::new(Numbers::default()), n_rows, options)
}

/// The rows of the next `n` batches.
fn some(feed: &mut Feed, n: usize) -> Vec<u64> {
    let batches = (0..n).map_while(|_| feed.next_batch().unwrap());
    batches.flat_map(|batch| valid_rows(&batch)).collect()
}

fn at(feed: &Feed) -> (u32, u64) {
    (feed.epoch(), feed.state().position)
}

#[test]
fn repeated_passes_begin_at_the_first_row() {
    for (threads, prefetch) in [(0, 0), (1, 3)] {
        let options = FeedOptions {
            epochs: Epochs::Repeated,
            threads,
            prefetch,
            ..inline(10)
        };
        let mut feed = new(95, &options);
        let all = order(Shuffle::Rows, 0, 0, 95);
        for n in [3, 1, 9, 10, 2] {
            feed.begin_pass().unwrap();
            let expected: Vec<u64> = all.iter().copied().take(n * 10).collect();
            assert_eq!(some(&mut feed, n), expected);
            // No loop that counts its passes changes them.
            feed.set_epoch(7).unwrap();
        }
        // Whole passes, one after another, are all the same epoch too.
        feed.begin_pass().unwrap();
        for _ in 0..3 {
            assert_eq!(rest(&mut feed), all);
            assert_eq!(at(&feed), (0, 0));
        }
        feed.reset(Some(2)).unwrap();
        assert_eq!(rest(&mut feed), order(Shuffle::Rows, 0, 2, 95));
        assert_eq!(at(&feed), (2, 0));
    }
}

#[test]
fn a_state_goes_on_within_a_repeated_pass_once() {
    let options = FeedOptions {
        epochs: Epochs::Repeated,
        ..inline(10)
    };
    let mut feed = new(95, &options);
    let all = order(Shuffle::Rows, 0, 0, 95);
    some(&mut feed, 4);
    let state = feed.state();
    let mut other = new(95, &options);
    other.load(&state).unwrap();
    other.begin_pass().unwrap();
    assert_eq!(rest(&mut other), all[40..]);
    other.begin_pass().unwrap();
    assert_eq!(some(&mut other, 2), all[..20]);
}

#[test]
fn an_epoch_that_is_asked_for_never_leads_back_behind_a_state() {
    let state = State {
        epoch: 2,
        position: 40,
        ..new(95, &inline(10)).state()
    };
    let resumed = || {
        let mut feed = new(95, &inline(10));
        feed.load(&state).unwrap();
        feed
    };
    // Until a batch was had, nothing moves.
    for epoch in [0, 1, 2, 3, 9] {
        let mut feed = resumed();
        feed.set_epoch(epoch).unwrap();
        assert_eq!(at(&feed), (2, 40));
        // After it, only forward.
        some(&mut feed, 1);
        feed.set_epoch(epoch).unwrap();
        let expected = if epoch > 2 { (epoch, 0) } else { (2, 50) };
        assert_eq!(at(&feed), expected);
    }
    // A wrapper that counts its passes from 0.
    let mut feed = resumed();
    for epoch in 0..3 {
        feed.set_epoch(epoch).unwrap();
        let n_rows = rest(&mut feed).len();
        assert_eq!(n_rows, if epoch == 0 { 55 } else { 95 });
        assert_eq!(at(&feed), (epoch + 3, 0));
    }
    // One that counts from the state's epoch.
    let mut feed = resumed();
    for epoch in 2..5 {
        feed.set_epoch(epoch).unwrap();
        rest(&mut feed);
        assert_eq!(at(&feed), (epoch + 1, 0));
    }
    // There is a way back, and then nothing was loaded.
    let mut feed = resumed();
    feed.reset(None).unwrap();
    assert_eq!(at(&feed), (2, 0));
    feed.set_epoch(1).unwrap();
    assert_eq!(at(&feed), (1, 0));
    // Who has read ahead goes back without having loaded anything.
    some(&mut feed, 3);
    let used = feed.state();
    some(&mut feed, 1);
    feed.seek(&used).unwrap();
    assert_eq!(at(&feed), (1, 30));
    feed.set_epoch(0).unwrap();
    assert_eq!(at(&feed), (0, 0));
}

#[test]
fn feeds_that_share_a_position_share_how_they_came_there() {
    let mut one = new(95, &inline(10));
    let mut other = new(95, &inline(7));
    let state = State {
        epoch: 1,
        position: 50,
        ..one.state()
    };
    one.load(&state).unwrap();
    other.stand(one.standing()).unwrap();
    other.set_epoch(0).unwrap();
    assert_eq!(at(&other), (1, 50));
}

/// A feed of which some rows are damaged in every epoch.
fn damaged(rows: &[u64], max_damage: Option<f64>) -> Feed {
    let numbers = Numbers::default();
    for row in rows {
        let trouble = (Trouble::Damage, u32::MAX);
        numbers.troubles.lock().unwrap().insert(*row, trouble);
    }
    let options = FeedOptions {
        max_damage,
        threads: 1,
        ..inline(1)
    };
    feed(&Arc::new(numbers), 200, &options)
}

#[test]
fn more_damage_than_may_be_ends_the_epoch() {
    for (max_damage, n_damaged, is_fine) in [
        // 1 % of 200, or a MiB of them, which is four here.
        (None, 4, true),
        (None, 5, false),
        (Some(0.0), 0, true),
        (Some(0.0), 1, false),
        (Some(0.05), 10, true),
        (Some(0.05), 11, false),
        (Some(1.0), 200, true),
    ] {
        let rows: Vec<u64> = (0..n_damaged).map(|n| n * 7 % 200).collect();
        let mut feed = damaged(&rows, max_damage);
        // Each epoch begins its own count.
        for _ in 0..3 {
            let mut n_rows = 0;
            let error = loop {
                match feed.next_batch() {
                    Ok(Some(batch)) => n_rows += batch.n_valid() as u64,
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            if is_fine {
                assert_eq!((n_rows, error.is_none()), (200 - n_damaged, true));
                continue;
            }
            let error = error.unwrap();
            assert_eq!(error.kind(), ErrorKind::Damage, "{error}");
            assert!(error.message().contains("of the 200 rows"), "{error}");
            assert!(error.hint().unwrap().contains("max_damage"));
            // It stays where it is, and says so again.
            let state = feed.state();
            assert!(feed.next_batch().is_err());
            assert_eq!(feed.state(), state);
            feed.reset(None).unwrap();
        }
    }
    for share in [-0.1, 1.1, f64::NAN] {
        let options = FeedOptions {
            max_damage: Some(share),
            ..inline(1)
        };
        let fill: Arc<Numbers> = Arc::default();
        let error = Feed::with_fill(fill, facts(10), options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
}

#[test]
fn small_datasets_may_have_a_damaged_row() {
    for n_rows in [1, 2, 3, 10] {
        let fill = Numbers::with(0, Trouble::Damage, u32::MAX);
        let mut feed = feed(&fill, n_rows, &inline(1));
        assert_eq!(rest(&mut feed).len() as u64, n_rows - 1);
    }
}
