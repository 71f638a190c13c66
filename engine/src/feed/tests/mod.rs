//! The loop without shards: what fills batches here writes the rows' numbers,
//! and slows down, fails or panics where it is told to.

#![expect(clippy::cast_possible_truncation, reason = "small numbers of tests")]

mod elastic;
mod passes;
mod resume;
mod slots;
mod threads;
mod trouble;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::fill::{BatchSlot, Damage, Fill, Filled, Placed, TensorPlace, Wanted};
use super::loader::Facts;
use super::sequence::Fed;
use super::{BatchSize, Extent, Feed, FeedOptions, Last, Shuffle, World};
use crate::error::{Error, Result};
use crate::plan::{Digest, Dtype};

/// What is to go wrong with a batch that holds a row, and how many times.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Error,
    Panic,
    Damage,
}

/// Fills batches with the numbers of their rows.
#[derive(Debug, Default)]
struct Numbers {
    pause: Duration,
    troubles: Mutex<HashMap<u64, (Trouble, u32)>>,
    n_fills: AtomicU64,
    /// Bytes of the largest slot seen.
    slot_bytes: AtomicU64,
}

impl Numbers {
    fn slow(pause: Duration) -> Arc<Self> {
        Arc::new(Self {
            pause,
            ..Self::default()
        })
    }

    fn with(row: u64, trouble: Trouble, times: u32) -> Arc<Self> {
        let numbers = Self::default();
        numbers
            .troubles
            .lock()
            .unwrap()
            .insert(row, (trouble, times));
        Arc::new(numbers)
    }

    fn n_fills(&self) -> u64 {
        self.n_fills.load(Ordering::SeqCst)
    }

    /// What is to go wrong with these rows now.
    fn trouble(&self, rows: &[u64]) -> Option<(u64, Trouble)> {
        let mut troubles = self.troubles.lock().unwrap();
        rows.iter().find_map(|row| {
            let (trouble, left) = troubles.get_mut(row)?;
            *left = left.checked_sub(1)?;
            Some((*row, *trouble))
        })
    }
}

impl Fill for Numbers {
    fn fill(&self, wanted: Wanted<'_>, slot: &mut BatchSlot) -> Result<()> {
        let Wanted { rows, n_rows, .. } = wanted;
        self.n_fills.fetch_add(1, Ordering::SeqCst);
        if !self.pause.is_zero() {
            std::thread::sleep(self.pause);
        }
        let mut filled = Filled::default();
        let trouble = self.trouble(rows);
        match trouble {
            Some((row, Trouble::Error)) => return Err(Error::data("told to").with_row(row)),
            Some((row, Trouble::Panic)) => panic!("row {row}"),
            Some((row, Trouble::Damage)) => filled.damage.push(Damage {
                shard: "shard".to_owned(),
                block: Some(0),
                row,
                message: "told to".to_owned(),
            }),
            None => {}
        }
        let skipped = filled.damage.first().map(|damage| damage.row);
        let bytes = slot.buffers.buffer(0).room(n_rows * 8)?;
        bytes.fill(0);
        for (at, row) in rows.iter().enumerate() {
            bytes[at * 8..][..8].copy_from_slice(&row.to_le_bytes());
            filled.valid.push(u8::from(Some(*row) != skipped));
        }
        filled.rows.extend(rows);
        filled.rows.resize(n_rows, u64::MAX);
        filled.valid.resize(n_rows, 0);
        filled.tensors.push(Placed {
            name: "number".into(),
            dtype: Dtype::U64,
            shape: vec![n_rows as u64],
            place: TensorPlace::Slot(0),
        });
        self.slot_bytes
            .fetch_max(slot.buffers.len_bytes() as u64, Ordering::SeqCst);
        slot.filled = filled;
        Ok(())
    }
}

/// A dataset of `n_rows` rows.
fn facts(n_rows: u64) -> Facts {
    Facts {
        fed: Fed::Dataset(Extent {
            n_rows,
            block_rows: 4,
        }),
        dataset: Digest(1),
        plan: Digest(2),
    }
}

/// Options that read on the calling thread.
fn inline(batch_size: u64) -> FeedOptions {
    FeedOptions {
        threads: 0,
        patience: Duration::from_millis(50),
        ..FeedOptions::new(batch_size)
    }
}

fn feed(fill: &Arc<Numbers>, n_rows: u64, options: &FeedOptions) -> Feed {
    Feed::with_fill(fill.clone(), facts(n_rows), options.clone()).unwrap()
}

/// The valid rows of the rest of an epoch, each batch checked to hold what it
/// says.
fn rest(feed: &mut Feed) -> Vec<u64> {
    let mut rows = Vec::new();
    while let Some(batch) = feed.next_batch().unwrap() {
        rows.extend(valid_rows(&batch));
    }
    rows
}

/// The valid rows of a batch, which its tensor holds too.
fn valid_rows(batch: &super::Batch) -> Vec<u64> {
    let tensor = batch.tensor("number").unwrap();
    let bytes = tensor.bytes().unwrap();
    assert_eq!(tensor.shape(), [batch.rows().len() as u64]);
    let numbers = bytes.as_chunks::<8>().0.iter().copied();
    let rows: Vec<u64> = (numbers.map(u64::from_le_bytes))
        .zip(batch.rows())
        .zip(batch.valid())
        .filter(|(_, valid)| **valid == 1)
        .map(|((number, row), _)| {
            assert_eq!(number, *row);
            number
        })
        .collect();
    assert_eq!(rows.len(), batch.n_valid());
    rows
}

/// The rows of an epoch in their order.
fn order(shuffle: Shuffle, seed: u64, epoch: u32, n_rows: u64) -> Vec<u64> {
    let mut rows = Vec::new();
    super::Order::new(shuffle, seed, epoch, facts(n_rows).fed.extent()).rows(0..n_rows, &mut rows);
    rows
}

/// One rank of a world.
fn ranked(options: FeedOptions, rank: u32, size: u32) -> FeedOptions {
    FeedOptions {
        world: World { rank, size },
        ..options
    }
}

/// Numbers that look random, the same in each run.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 += 1;
        let bits = fuelrail_kernels::philox4x32([self.0 as u32, 0, 0, 0], [17, 4]);
        u64::from(bits[0]) % n
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// Options with a global batch.
fn global(n: u64, last: Last) -> FeedOptions {
    FeedOptions {
        batch_size: BatchSize::Global(n),
        last,
        ..inline(1)
    }
}
