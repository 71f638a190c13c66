//! Batches that fail: each at its place, and tried again.

use super::*;
use crate::error::ErrorKind;

#[test]
fn errors_and_panics_come_at_their_batch_and_pass() {
    let all = order(Shuffle::Rows, 0, 0, 200);
    for (trouble, kind) in [
        (Trouble::Error, ErrorKind::Data),
        (Trouble::Panic, ErrorKind::Internal),
    ] {
        for (threads, prefetch) in [(0, 0), (1, 2), (3, 5)] {
            let options = FeedOptions {
                threads,
                prefetch,
                keep: 1,
                ..inline(10)
            };
            // In the third batch, three times.
            let fill = Numbers::with(all[25], trouble, 3);
            let mut feed = feed(&fill, 200, &options);
            let mut rows = Vec::new();
            let mut n_errors = 0;
            loop {
                match feed.next_batch() {
                    Ok(Some(batch)) => rows.extend(valid_rows(&batch)),
                    Ok(None) => break,
                    Err(error) => {
                        assert_eq!(error.kind(), kind, "{error}");
                        assert_eq!(rows.len(), 20);
                        assert_eq!(feed.state().position, 20);
                        n_errors += 1;
                    }
                }
            }
            assert_eq!(n_errors, 3);
            assert_eq!(rows, all);
            assert_eq!(feed.counts().batches, 20);
        }
    }
}

#[test]
fn an_error_that_stays_can_be_passed_over() {
    let all = order(Shuffle::Rows, 0, 0, 200);
    let options = FeedOptions {
        threads: 2,
        ..inline(10)
    };
    let fill = Numbers::with(all[0], Trouble::Error, u32::MAX);
    let mut feed = feed(&fill, 200, &options);
    assert!(feed.next_batch().is_err());
    assert!(feed.next_batch().is_err());
    assert!(feed.batch_at(0).is_err());
    let behind = crate::feed::State {
        position: 10,
        ..feed.state()
    };
    feed.load(&behind).unwrap();
    assert_eq!(rest(&mut feed), all[10..]);
}

#[test]
fn skipped_rows_keep_their_place_and_are_counted() {
    let all = order(Shuffle::Rows, 0, 0, 95);
    let fill = Numbers::with(all[25], Trouble::Damage, u32::MAX);
    let mut feed = feed(&fill, 95, &inline(10));
    let rows = rest(&mut feed);
    let mut expected = all.clone();
    expected.remove(25);
    assert_eq!(rows, expected);
    let counts = feed.counts();
    assert_eq!((counts.rows, counts.skipped, counts.batches), (94, 1, 10));
    assert_eq!(feed.damage()[0].row, all[25]);
    // The list ends somewhere; the count does not.
    for _ in 0..1100 {
        rest(&mut feed);
    }
    assert_eq!(feed.counts().skipped, 1101);
    assert_eq!(feed.damage().len(), 1000);
}

#[test]
fn many_batches_fail_and_all_of_it_ends() {
    let fill = Arc::new(Numbers::default());
    // Not the last batches: the next epoch's are read ahead of those.
    let all = order(Shuffle::Rows, 0, 0, 50);
    for (at, row) in (0u32..30).zip(&all) {
        let trouble = (Trouble::Panic, at % 3);
        fill.troubles.lock().unwrap().insert(*row, trouble);
    }
    let options = FeedOptions {
        threads: 2,
        prefetch: 3,
        ..inline(5)
    };
    let mut feed = feed(&fill, 50, &options);
    let mut rows = Vec::new();
    let mut n_errors = 0;
    loop {
        match feed.next_batch() {
            Ok(Some(batch)) => rows.extend(valid_rows(&batch)),
            Ok(None) => break,
            Err(_) => n_errors += 1,
        }
    }
    assert_eq!(rows, all);
    assert_eq!(n_errors, 10 + 2 * 10);
}
