//! Casting columns and normalizing them, in cache, at every level.
#![expect(clippy::unwrap_used, reason = "shapes and constants are made up here")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::normalize::Numbers;
use fuelrail_kernels::{Element, Kernel, Level};

/// Numbers of a column that stays in the second level of caches.
const N: usize = 32_768;

fn run(criterion: &mut Criterion, name: &str, kernel: &Kernel) {
    let src = vec![0x3f; N * kernel.src_item_bytes()];
    let mut want = vec![0; N * kernel.dst_item_bytes()];
    kernel.run(Level::SCALAR, &src, &mut want).unwrap();
    let mut dst = vec![0; want.len()];
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes((src.len() + dst.len()) as u64));
    for level in Level::available() {
        group.bench_function(level.name(), |bencher| {
            bencher.iter(|| kernel.run(level, black_box(&src), &mut dst));
        });
        assert!(dst == want, "expected the same bits at {level}");
    }
    group.finish();
}

fn columns(criterion: &mut Criterion) {
    for (from, to) in [
        (Element::U16, Element::I32),
        (Element::U16, Element::I64),
        (Element::F32, Element::F16),
        (Element::F32, Element::BF16),
        (Element::F32, Element::I32),
    ] {
        let cast = Kernel::Cast(Cast { from, to });
        run(criterion, &format!("cast/{from}-{to}"), &cast);
    }
    for to in [Element::F32, Element::F16] {
        let numbers = Numbers::new((Element::F32, to), (0.5, 0.25), None).unwrap();
        let name = format!("normalize/float32-{to}");
        run(criterion, &name, &Kernel::NormalizeNumbers(numbers));
    }
}

criterion_group!(benches, columns);
criterion_main!(benches);
