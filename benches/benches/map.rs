//! Counting edges below numbers, in cache, at every level.
#![expect(clippy::unwrap_used, reason = "edges are made up here")]
#![expect(
    clippy::cast_precision_loss,
    reason = "numbers to compute with are made up"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fuelrail_kernels::map::{Edge, Map, Side};
use fuelrail_kernels::{Element, Kernel, Level, philox4x32};

const N: usize = 1 << 20;

/// Numbers are below this.
const MOST: u32 = 1_000_000;

/// Numbers by chance, as a type holds them.
fn numbers(from: Element) -> Vec<u8> {
    let chance =
        (0..N / 4).flat_map(|it| philox4x32([u32::try_from(it).unwrap(), 0, 0, 0], [7, 7]));
    let numbers = chance.map(|bits| bits % MOST);
    match from {
        Element::F32 => numbers.flat_map(|it| (it as f32).to_le_bytes()).collect(),
        _ => numbers.flat_map(|it| i64::from(it).to_le_bytes()).collect(),
    }
}

fn search(criterion: &mut Criterion) {
    for from in [Element::F32, Element::I64] {
        let src = numbers(from);
        for n_edges in [10, 100, 1000] {
            let edges = (0..n_edges).map(|edge| Edge::Whole(i128::from(MOST / n_edges * edge)));
            let edges: Vec<Edge> = edges.collect();
            let map = Map::read(from).search(&edges, Side::Right).unwrap();
            let kernel = Kernel::Map(map.write(Element::I64).unwrap().into());
            run(criterion, &format!("map/{from}-{n_edges}"), &kernel, &src);
        }
    }
}

fn run(criterion: &mut Criterion, name: &str, kernel: &Kernel, src: &[u8]) {
    let mut want = vec![0; N * kernel.dst_item_bytes()];
    kernel.run(Level::SCALAR, src, &mut want).unwrap();
    let mut dst = vec![0; want.len()];
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(N as u64));
    // The reference compares every edge, one by one.
    for level in Level::available().into_iter().skip(1) {
        group.bench_function(level.name(), |bencher| {
            bencher.iter(|| kernel.run(level, black_box(src), &mut dst));
        });
        assert!(dst == want, "expected the same bits at {level}");
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
