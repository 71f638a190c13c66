//! Times shard writing and verification for the scripts under `peers/`.
//!
//! - `shard_speed write DIR N`: writes N batches of 4 MiB to a new dataset and
//!   prints the seconds it took, syncs included.
//! - `shard_speed verify DIR ROUNDS`: verifies the dataset on one thread and
//!   on two, interleaved with xxh3-64 over the same files read in the plain
//!   way (as `xxhsum` does) and over as many bytes in memory, and prints the
//!   best seconds of each as JSON.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::hash::Hasher as _;
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use fuelrail::format::{VerifyOptions, verify};
use fuelrail_benches::shards::{tokens, write};
use twox_hash::XxHash3_64;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "expected `write DIR N` or `verify DIR ROUNDS`";
    let [verb, dir, n] = arguments.as_slice() else {
        return Err(usage.into());
    };
    match verb.as_str() {
        "write" => {
            let batch = tokens()?;
            let start = Instant::now();
            write(Path::new(dir), &batch, n.parse()?, 1 << 40)?;
            println!("{}", start.elapsed().as_secs_f64());
        }
        "verify" => compare(Path::new(dir), n.parse()?)?,
        _ => return Err(usage.into()),
    }
    Ok(())
}

fn compare(dir: &Path, rounds: usize) -> Result<(), Box<dyn Error>> {
    let [mut one, mut two, mut file, mut alone] = [f64::INFINITY; 4];
    let mut data = Vec::new();
    for _ in 0..rounds {
        for (threads, best) in [(1, &mut one), (2, &mut two)] {
            let start = Instant::now();
            let report = verify(dir, &VerifyOptions { threads }, &|_| {})?;
            *best = best.min(start.elapsed().as_secs_f64());
            if !report.is_sound() {
                return Err("expected a sound dataset".into());
            }
            data.resize(usize::try_from(report.len_bytes)?, 7u8);
        }
        let start = Instant::now();
        black_box(hash_files(&dir.join("shards"))?);
        file = file.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let blocks = black_box(&data).chunks(65_536);
        black_box(blocks.fold(0, |sum, block| sum ^ XxHash3_64::oneshot(block)));
        alone = alone.min(start.elapsed().as_secs_f64());
    }
    let report = serde_json::json!({
        "bytes": data.len(), "verify_1": one, "verify_2": two, "xxh3_file": file, "xxh3_memory": alone,
        "file_ratio_1": file / one, "file_ratio_2": file / two,
        "memory_ratio_1": alone / one, "memory_ratio_2": alone / two,
    });
    println!("{report}");
    Ok(())
}

/// xxh3-64 of every file in a directory, read 64 KiB at a time.
fn hash_files(dir: &Path) -> Result<u64, Box<dyn Error>> {
    let mut sum = 0;
    let mut buf = vec![0; 65_536];
    for entry in std::fs::read_dir(dir)? {
        let mut file = std::fs::File::open(entry?.path())?;
        let mut hasher = XxHash3_64::new();
        loop {
            match file.read(&mut buf)? {
                0 => break,
                n => hasher.write(&buf[..n]),
            }
        }
        sum ^= hasher.finish();
    }
    Ok(sum)
}
