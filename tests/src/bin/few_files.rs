//! A process for tests of reading where few files may be open:
//! `few_files MODE DATASET [OTHER]`, under a limit that is less than the shards
//! of a dataset.
//!
//! - `view`: two epochs as views of the shards;
//! - `threads`: an epoch with many threads, each batch from many shards;
//! - `two`: reads all of a dataset and keeps it, then all of the other one
//!   twice; prints how many shards of that are open.
#![expect(clippy::print_stdout, reason = "it prints what it finds")]

use std::error::Error;
use std::sync::Arc;

use fuelrail::feed::{Access, Feed, FeedOptions, ReadOptions, Reader, Shards, Shuffle};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let mode = args.next().ok_or("expected a mode")?;
    let root = args.next().ok_or("expected a dataset")?;
    let shards = Arc::new(Shards::open(&root)?);
    match mode.as_str() {
        "view" => {
            let read = ReadOptions {
                access: Access::View,
                ..ReadOptions::default()
            };
            let options = FeedOptions {
                read,
                shuffle: Shuffle::Off,
                ..FeedOptions::new(2)
            };
            println!("{}", feed(shards, options, 2)?);
        }
        "threads" => {
            let options = FeedOptions {
                threads: 16,
                prefetch: 16,
                ..FeedOptions::new(256)
            };
            println!("{}", feed(shards, options, 4)?);
        }
        "two" => {
            let other = args.next().ok_or("expected another dataset")?;
            let other = Arc::new(Shards::open(&other)?);
            read_all(&shards)?;
            read_all(&other)?;
            read_all(&other)?;
            println!("{} {}", shards.n_open(), other.n_open());
        }
        unknown => return Err(format!("expected a mode, got {unknown}").into()),
    }
    Ok(())
}

/// Runs epochs; the rows that came.
fn feed(shards: Arc<Shards>, options: FeedOptions, n_epochs: usize) -> Outcome<usize> {
    let mut feed = Feed::open(shards, options)?;
    let mut n_rows = 0;
    for _ in 0..n_epochs {
        while let Some(batch) = feed.next_batch()? {
            n_rows += batch.n_valid();
        }
    }
    Ok(n_rows)
}

fn read_all(shards: &Arc<Shards>) -> Outcome<()> {
    let reader = Reader::new(shards.clone(), &ReadOptions::default())?;
    let rows: Vec<u64> = (0..shards.n_rows()).collect();
    for rows in rows.chunks(2) {
        reader.read(rows)?;
    }
    Ok(())
}
