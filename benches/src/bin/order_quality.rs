//! How well rows are mixed, and what that costs: `cargo run --release --bin
//! order_quality` prints a table for the ways of shuffling.
//!
//! The datasets are only numbers: rows lie sorted by label, the worst case for
//! an order that keeps reads local. Of each batch are measured the blocks it
//! touches and the entropy of its labels; of the epoch, how far rows stay near
//! where they lie, and how much more the mean label of a batch varies than by
//! chance (1 is chance; its root is how much noisier a gradient is that
//! depends on the label).
#![expect(
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a table of statistics"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use fuelrail::feed::{Extent, Order, Shuffle};

const BATCH: u64 = 256;

/// A dataset whose rows lie sorted by label, each label as often.
struct Sorted {
    name: &'static str,
    n_rows: u64,
    row_bytes: u64,
    n_labels: u64,
}

const DATASETS: [Sorted; 3] = [
    Sorted {
        name: "tokens, 4 KiB",
        n_rows: 4_000_000,
        row_bytes: 4096,
        n_labels: 100,
    },
    Sorted {
        name: "images, 147 KiB",
        n_rows: 1_281_167,
        row_bytes: 150_528,
        n_labels: 1000,
    },
    Sorted {
        name: "records, 200 B",
        n_rows: 20_000_000,
        row_bytes: 200,
        n_labels: 100,
    },
];

/// What was measured of one order.
#[derive(Debug, Default)]
struct Quality {
    blocks: f64,
    entropy: f64,
    least_entropy: f64,
    rank_correlation: f64,
    neighbours: f64,
    variance: f64,
    ns_a_row: f64,
}

fn main() {
    println!(
        "| dataset | shuffle | rows a block | blocks a batch | label entropy, bits: mean (least) | \
         rank correlation | same block as the row before | variance of the mean label | ns a row |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for dataset in &DATASETS {
        let extent = Extent::new(dataset.n_rows, dataset.n_rows * dataset.row_bytes);
        for shuffle in [Shuffle::Off, Shuffle::Blocks, Shuffle::Rows] {
            let quality = measure(dataset, shuffle, extent);
            println!(
                "| {} | {} | {} | {:.1} | {:.2} ({:.2}) | {:+.4} | {:.1} % | {:.1} | {:.1} |",
                dataset.name,
                shuffle.as_str(),
                extent.block_rows,
                quality.blocks,
                quality.entropy,
                quality.least_entropy,
                quality.rank_correlation,
                100.0 * quality.neighbours,
                quality.variance,
                quality.ns_a_row
            );
        }
    }
}

/// Measures a whole epoch.
fn measure(dataset: &Sorted, shuffle: Shuffle, extent: Extent) -> Quality {
    let order = Order::new(shuffle, 0, 0, extent);
    let n_batches = dataset.n_rows / BATCH;
    let n = (n_batches * BATCH) as f64;
    let mut quality = Quality {
        least_entropy: f64::INFINITY,
        ..Quality::default()
    };
    let mut rows = Vec::new();
    let (mut squares, mut means) = (0.0, 0.0);
    for batch in 0..n_batches {
        rows.clear();
        order.rows(batch * BATCH..(batch + 1) * BATCH, &mut rows);
        let labels: Vec<u64> = (rows.iter())
            .map(|row| row * dataset.n_labels / dataset.n_rows)
            .collect();
        let entropy = entropy(&labels);
        quality.entropy += entropy / n_batches as f64;
        quality.least_entropy = quality.least_entropy.min(entropy);
        let blocks: Vec<u64> = rows.iter().map(|row| row / extent.block_rows).collect();
        let near = blocks.windows(2).filter(|pair| pair[0] == pair[1]).count();
        quality.neighbours += near as f64 / n;
        quality.blocks += counts(&blocks).len() as f64 / n_batches as f64;
        for (at, row) in (batch * BATCH..).zip(&rows) {
            squares += (at as f64 - *row as f64).powi(2);
        }
        let middle = (dataset.n_labels - 1) as f64 / 2.0;
        let mean = labels.iter().sum::<u64>() as f64 / BATCH as f64;
        means += (mean - middle).powi(2) / n_batches as f64;
    }
    quality.rank_correlation = 1.0 - 6.0 * squares / n.powi(3);
    let of_a_label = ((dataset.n_labels * dataset.n_labels - 1) as f64) / 12.0;
    quality.variance = means / (of_a_label / BATCH as f64);
    quality.ns_a_row = speed(&order, n_batches);
    quality
}

/// The entropy of labels, in bits.
fn entropy(labels: &[u64]) -> f64 {
    let share = |count: &u64| *count as f64 / labels.len() as f64;
    let counts = counts(labels);
    -counts
        .values()
        .map(|n| share(n) * share(n).log2())
        .sum::<f64>()
}

fn counts(all: &[u64]) -> HashMap<u64, u64> {
    let mut counts = HashMap::new();
    for one in all {
        *counts.entry(*one).or_insert(0) += 1;
    }
    counts
}

/// Nanoseconds for a row of a batch, the best of some rounds.
fn speed(order: &Order, n_batches: u64) -> f64 {
    let mut rows = Vec::new();
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let begun = Instant::now();
        for batch in 0..n_batches.min(2000) {
            rows.clear();
            order.rows(batch * BATCH..(batch + 1) * BATCH, &mut rows);
            black_box(&rows);
        }
        let n = n_batches.min(2000) * BATCH;
        best = best.min(begun.elapsed().as_secs_f64() * 1e9 / n as f64);
    }
    best
}
