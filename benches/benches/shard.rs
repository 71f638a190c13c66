//! Writing and verifying shards of packed tokens; xxh3 alone for comparison.
//!
//! `cargo bench -p fuelrail-benches --bench shard`; the comparison with numpy
//! is `benches/peers/shard_write.py`.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use fuelrail::format::{VerifyOptions, verify};
use fuelrail_benches::shards::{BATCH_ROWS, LENGTH, tokens, write};
use twox_hash::XxHash3_64;

/// 256 MiB of tokens.
const N_BATCHES: u64 = 64;

fn shard(c: &mut Criterion) {
    let Ok(batch) = tokens() else { return };
    let bytes = N_BATCHES * (BATCH_ROWS * LENGTH * 2) as u64;
    let mut group = c.benchmark_group("shard");
    group.sample_size(10).throughput(Throughput::Bytes(bytes));
    group.bench_function("write", |b| {
        b.iter_batched(
            tempfile::tempdir,
            |dir| dir.map(|dir| write(dir.path(), &batch, N_BATCHES, 1 << 30).is_ok()),
            BatchSize::PerIteration,
        );
    });
    let Ok(dir) = tempfile::tempdir() else { return };
    if write(dir.path(), &batch, N_BATCHES, 1 << 30).is_err() {
        return;
    }
    let options = VerifyOptions { threads: 1 };
    group.bench_function("verify", |b| {
        b.iter(|| verify(dir.path(), &options, &|_| {}).is_ok_and(|report| report.is_sound()));
    });
    let data = vec![7u8; usize::try_from(bytes).unwrap_or(0)];
    group.bench_function("xxh3-64 alone", |b| {
        b.iter(|| {
            data.chunks(65_536)
                .fold(0, |sum, block| sum ^ XxHash3_64::oneshot(black_box(block)))
        });
    });
    group.finish();
}

criterion_group!(benches, shard);
criterion_main!(benches);
