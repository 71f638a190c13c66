//! Packing: laying out alone, and with the copy of the tokens.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fuelrail_benches::log_normal_lengths;
use fuelrail_kernels::pack::{CutRule, Padding, PaddingExtent, best_fit, cut, gather};

const LENGTH: u32 = 2048;

fn pack(criterion: &mut Criterion) {
    let lens = log_normal_lengths(20_000, 5.8, 1.0, LENGTH);
    let n_tokens: u64 = lens.iter().map(|&len| u64::from(len)).sum();
    let tokens: Vec<u32> = (0..LENGTH).collect();
    let mut group = criterion.benchmark_group("pack");
    group.throughput(Throughput::Elements(n_tokens));
    group.bench_function("best_fit", |bencher| {
        bencher.iter(|| best_fit(&cut(black_box(&lens), LENGTH, CutRule::Split), LENGTH));
    });
    group.bench_function("best_fit_and_gather", |bencher| {
        bencher.iter(|| {
            let rows = best_fit(&cut(black_box(&lens), LENGTH, CutRule::Split), LENGTH);
            gather(
                (0..rows.n_rows()).map(|row| rows.row(row)),
                LENGTH,
                Padding {
                    token: 0,
                    extent: PaddingExtent::Behind,
                },
                |doc| &tokens[..lens[doc as usize] as usize],
            )
        });
    });
    group.finish();
}

criterion_group!(benches, pack);
criterion_main!(benches);
