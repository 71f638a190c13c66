//! Worlds and batch sizes that change at random steps: every row once.

use super::*;
use crate::feed::State;

const WORLDS: [u32; 7] = [1, 2, 3, 5, 7, 8, 64];

/// One run of all ranks of a world from `state`, `n_batches` batches or to the
/// epoch's end; the rows of each global batch, the state after them, and
/// whether the epoch ended.
fn run(
    n_rows: u64,
    options: &FeedOptions,
    size: u32,
    from: Option<&State>,
    n_batches: u64,
) -> (Vec<Vec<u64>>, State, bool) {
    let fill = Arc::new(Numbers::default());
    let mut batches: Vec<Vec<u64>> = Vec::new();
    let mut ends = Vec::new();
    for rank in 0..size {
        let mut feed = feed(&fill, n_rows, &ranked(options.clone(), rank, size));
        if let Some(state) = from {
            feed.load(state).unwrap();
        }
        let mut state = feed.state();
        let (mut n, mut ended) = (0, false);
        while n < n_batches {
            let Some(batch) = feed.next_batch().unwrap() else {
                ended = true;
                break;
            };
            batches.resize_with(batches.len().max(n as usize + 1), Vec::new);
            batches[n as usize].extend(valid_rows(&batch));
            state = *batch.state();
            assert_eq!(state, feed.state());
            if options.last == Last::Pad {
                let global = match options.batch_size {
                    BatchSize::Global(global) => global.div_ceil(u64::from(size)),
                    BatchSize::PerRank(rows) => rows,
                };
                assert_eq!(batch.rows().len() as u64, global);
            }
            n += 1;
        }
        if n > 0 {
            assert_eq!(state, feed.state());
        }
        ends.push((n, feed.state(), ended));
    }
    // Every rank has equally many batches and the same state.
    ends.dedup();
    assert_eq!(ends.len(), 1, "{ends:?}");
    let (_, state, ended) = ends[0];
    (batches, state, ended)
}

#[test]
fn every_row_comes_once_whatever_world_and_batch_size_become() {
    let mut dice = Dice(0);
    for case in 0..60 {
        let n_rows = dice.of(&[1, 2, 63, 64, 65, 257, 1000]);
        let shuffle = dice.of(&[Shuffle::Off, Shuffle::Rows, Shuffle::Blocks]);
        let seed = dice.below(1 << 30);
        let mut state = None;
        for epoch in 0..2 {
            let mut rows = Vec::new();
            while rows.len() < n_rows as usize {
                let options = FeedOptions {
                    batch_size: match dice.below(2) {
                        0 => BatchSize::Global(1 + dice.below(100)),
                        _ => BatchSize::PerRank(1 + dice.below(20)),
                    },
                    last: dice.of(&[Last::Pad, Last::Short]),
                    shuffle,
                    seed,
                    ..inline(1)
                };
                let n_batches = 1 + dice.below(6);
                let size = dice.of(&WORLDS);
                let (batches, after, ended) =
                    run(n_rows, &options, size, state.as_ref(), n_batches);
                // A run that ends an epoch ends there, with or without asking
                // for a batch too many.
                assert_eq!(ended, (batches.len() as u64) < n_batches);
                rows.extend(batches.concat());
                state = Some(after);
            }
            assert_eq!(rows, order(shuffle, seed, epoch, n_rows), "case {case}");
            let after = state.unwrap();
            assert_eq!((after.epoch, after.position), (epoch + 1, 0));
        }
    }
}

#[test]
fn global_batches_are_the_same_in_every_world() {
    for n_rows in [1, 63, 64, 127, 500] {
        for last in [Last::Pad, Last::Short, Last::Drop] {
            let n_global = if last == Last::Drop { 1 } else { 64 };
            let options = global(n_global, last);
            let (alone, state, _) = run(n_rows, &options, 1, None, u64::MAX);
            for size in WORLDS {
                let all = run(n_rows, &options, size, None, u64::MAX);
                assert_eq!((&all.0, all.1), (&alone, state));
            }
        }
    }
}

#[test]
fn what_is_dropped_is_less_than_a_global_batch() {
    let (batches, state, ended) = run(130, &global(64, Last::Drop), 7, None, u64::MAX);
    assert!(ended);
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [64, 64]);
    assert_eq!((state.epoch, state.position), (1, 0));
    // A state saved with smaller batches leaves less than one of these: nothing
    // is left of its epoch, and then the next one follows.
    let (_, state, _) = run(130, &global(40, Last::Drop), 2, None, 2);
    assert_eq!((state.epoch, state.position), (0, 80));
    let (batches, state, ended) = run(130, &global(64, Last::Drop), 1, Some(&state), 1);
    assert!(batches.is_empty() && ended);
    assert_eq!((state.epoch, state.position), (1, 0));
    let (batches, state, _) = run(130, &global(64, Last::Drop), 1, Some(&state), 1);
    assert_eq!(batches[0], order(Shuffle::Rows, 0, 1, 130)[..64]);
    assert_eq!((state.epoch, state.position), (1, 64));
}

#[test]
fn ranks_without_rows_keep_step() {
    // Three rows for 64 ranks: most have a batch without any.
    let (batches, ..) = run(3, &global(64, Last::Short), 64, None, u64::MAX);
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0], order(Shuffle::Rows, 0, 0, 3));
}
