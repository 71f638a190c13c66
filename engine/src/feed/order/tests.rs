//! Orders are permutations, look random, and never change.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "small numbers of tests"
)]

use super::*;

fn order(shuffle: Shuffle, seed: u64, epoch: u32, extent: (u64, u64)) -> Order {
    let (n_rows, block_rows) = extent;
    let extent = Extent { n_rows, block_rows };
    Order::new(shuffle, seed, epoch, extent)
}

fn rows(shuffle: Shuffle, seed: u64, epoch: u32, extent: (u64, u64)) -> Vec<u64> {
    let mut rows = Vec::new();
    order(shuffle, seed, epoch, extent).rows(0..u64::MAX, &mut rows);
    rows
}

fn permuted(n: u64, seed: u64) -> Vec<u64> {
    rows(Shuffle::Rows, seed, 0, (n, 1))
}

/// How many standard deviations a chi-squared statistic is above its mean.
fn excess(counts: &[u64], expected: f64, freedom: u64) -> f64 {
    let chi: f64 = counts
        .iter()
        .map(|n| (*n as f64 - expected).powi(2) / expected)
        .sum();
    (chi - freedom as f64) / (2.0 * freedom as f64).sqrt()
}

#[test]
fn every_order_of_few_rows_is_a_permutation() {
    for n in 0..700 {
        for (shuffle, block_rows) in [
            (Shuffle::Off, 1),
            (Shuffle::Rows, 1),
            (Shuffle::Blocks, 1),
            (Shuffle::Blocks, 2),
            (Shuffle::Blocks, 16),
            (Shuffle::Blocks, 1 << 20),
        ] {
            let mut rows = rows(shuffle, n * 31, 3, (n, block_rows));
            rows.sort_unstable();
            assert!(rows.into_iter().eq(0..n), "{shuffle:?} {n} {block_rows}");
        }
    }
}

#[test]
fn large_permutations_can_be_undone() {
    for n in [
        255,
        256,
        257,
        1_000_003,
        (1 << 32) - 1,
        1 << 32,
        (1 << 32) + 1,
        999_999_999_989,
        (1 << 62) + 5,
    ] {
        let stream = RandomStream {
            seed: 5,
            epoch: 6,
            purpose: ROWS,
            index: 0,
        };
        let permutation = Permutation::new(n, stream);
        for first in [0, n / 2, n - 65] {
            let numbers: Vec<u64> = (first..first + 65).collect();
            let mut places = numbers.clone();
            permutation.map(&mut places);
            let back: Vec<u64> = places.iter().map(|at| permutation.inverse(*at)).collect();
            assert!(places.iter().all(|place| *place < n));
            assert_eq!(back, numbers);
        }
    }
}

/// Blocks of a dataset too large to be listed: each window holds its blocks
/// whole, and windows of all parts of the epoch share none.
#[test]
fn windows_of_blocks_hold_whole_blocks() {
    for (n, block_rows) in [(1_000_000_007, 256), (1 << 40, 1024), ((1 << 33) + 1, 1)] {
        let order = order(Shuffle::Blocks, 9, 2, (n, block_rows));
        let n_windows = n.div_ceil(block_rows).div_ceil(64);
        let mut seen = std::collections::HashSet::new();
        for window in [0, 1, n_windows / 2, n_windows - 1] {
            // Somewhere inside, and two windows' rows around it.
            let middle =
                (u128::from(n) * (2 * u128::from(window) + 1)) / (2 * u128::from(n_windows));
            let middle = u64::try_from(middle).unwrap();
            let span = 64 * block_rows;
            let mut rows = Vec::new();
            order.rows(middle.saturating_sub(span)..middle + span, &mut rows);
            let mut counts = std::collections::BTreeMap::new();
            for row in rows {
                assert!(row < n);
                *counts.entry(row / block_rows).or_insert(0) += 1;
            }
            let whole = |(block, count): (&u64, &u64)| {
                (*count == block_rows.min(n - block * block_rows)).then_some(*block)
            };
            let blocks: Vec<u64> = counts.iter().filter_map(whole).collect();
            assert!(blocks.len() >= 63, "{} of {}", blocks.len(), counts.len());
            if window == 0 || window == n_windows / 2 {
                assert!(blocks.iter().all(|block| seen.insert(*block)));
            }
        }
    }
}

#[test]
fn parts_of_an_order_are_those_of_the_whole() {
    for (shuffle, block_rows) in [(Shuffle::Rows, 1), (Shuffle::Blocks, 8)] {
        let order = order(shuffle, 1, 1, (3001, block_rows));
        let whole = rows(shuffle, 1, 1, (3001, block_rows));
        for len in [1, 3, 64, 65, 500] {
            let mut parts = Vec::new();
            for start in (0..3001).step_by(len) {
                order.rows(start..start + len as u64, &mut parts);
            }
            parts.truncate(3001);
            assert_eq!(parts, whole);
        }
    }
}

#[test]
fn all_orders_of_few_rows_are_equally_likely() {
    for n in [2u64, 3, 4, 5] {
        let n_orders: u64 = (1..=n).product();
        let n_seeds = 1000 * n_orders;
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..n_seeds {
            *counts.entry(permuted(n, seed)).or_insert(0) += 1;
        }
        let counts: Vec<u64> = counts.into_values().collect();
        assert_eq!(counts.len() as u64, n_orders);
        let excess = excess(&counts, 1000.0, n_orders - 1);
        assert!(excess.abs() < 4.0, "{n}: {excess}");
    }
}

/// Positions, neighbours and fixed points over many seeds, for domains that
/// are just full, just too small, and walked through.
#[test]
fn orders_look_random() {
    let n_seeds = 20_000;
    for n in [32u64, 100, 129, 255, 256, 257] {
        let side = n as usize;
        let mut positions = vec![0; side * side];
        let mut pairs = vec![0; side * side];
        let mut steps = vec![0; side];
        let mut fixed = [0; 5];
        for seed in 0..n_seeds {
            let rows = permuted(n, seed ^ 0x5eed_0000_0000);
            let mut n_fixed = 0;
            for at in 0..side {
                let (row, next) = (rows[at], rows[(at + 1) % side]);
                positions[at * side + row as usize] += 1;
                steps[((next + n - row) % n) as usize] += 1;
                n_fixed += usize::from(row == at as u64);
            }
            pairs[rows[0] as usize * side + rows[1] as usize] += 1;
            fixed[n_fixed.min(4)] += 1;
        }
        let each = n_seeds as f64 / n as f64;
        let positions = excess(&positions, each, (n - 1) * (n - 1));
        // A row is never its own neighbour: those cells are empty.
        let apart: Vec<u64> = (pairs.iter().enumerate())
            .filter(|(at, _)| at / side != at % side)
            .map(|(_, count)| *count)
            .collect();
        let pairs = excess(&apart, each / (n - 1) as f64, n * (n - 1) - 1);
        let steps = excess(&steps[1..], (n_seeds * n) as f64 / (n - 1) as f64, n - 2);
        // Fixed points of a random permutation follow Poisson's law of mean 1.
        let e = std::f64::consts::E;
        let law = [1.0, 1.0, 1.0 / 2.0, 1.0 / 6.0].map(|p| p / e);
        let rest = 1.0 - law.iter().sum::<f64>();
        let fixed: f64 = (fixed.iter().zip(law.into_iter().chain([rest])))
            .map(|(count, p)| {
                (f64::from(*count) - p * n_seeds as f64).powi(2) / (p * n_seeds as f64)
            })
            .sum();
        let found = [positions, pairs, steps, (fixed - 4.0) / 8f64.sqrt()];
        assert!(
            found.iter().all(|excess| excess.abs() < 4.5),
            "{n}: {found:?}"
        );
    }
}

#[test]
fn seeds_and_epochs_have_orders_of_their_own() {
    let n = 1000;
    let first = rows(Shuffle::Rows, 0, 0, (n, 1));
    for (seed, epoch) in [(1, 0), (0, 1), (1 << 32, 0), (u64::MAX, u32::MAX)] {
        let other = rows(Shuffle::Rows, seed, epoch, (n, 1));
        let equal = first.iter().zip(&other).filter(|(a, b)| a == b).count();
        // One on average; ten or more in one case of ten million.
        assert!(equal < 10, "{equal}");
        // Spearman's rank correlation, of standard deviation 1 / sqrt(n - 1).
        let squares: f64 = (first.iter().zip(&other))
            .map(|(a, b)| (*a as f64 - *b as f64).powi(2))
            .sum();
        let rho = 1.0 - 6.0 * squares / (n as f64 * (n * n - 1) as f64);
        assert!(rho.abs() < 5.0 / (n as f64).sqrt(), "{rho}");
    }
}

/// The bits that states of version 1 rely on.
#[test]
fn orders_never_change() {
    let first = |shuffle, n_rows, block_rows| {
        let mut rows = Vec::new();
        order(shuffle, 42, 7, (n_rows, block_rows)).rows(0..8, &mut rows);
        rows
    };
    assert_eq!(first(Shuffle::Off, 10, 1), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(first(Shuffle::Rows, 1, 1), [0]);
    assert_eq!(first(Shuffle::Rows, 5, 1), [3, 2, 4, 1, 0]);
    assert_eq!(
        first(Shuffle::Rows, 1000, 1),
        [213, 453, 356, 713, 636, 701, 624, 905]
    );
    assert_eq!(
        first(Shuffle::Rows, 1_000_000_000_000, 1),
        [
            384_403_717_587,
            260_167_624_412,
            730_675_336_672,
            82_019_394_514,
            682_890_655_245,
            111_238_273_647,
            949_666_332_374,
            541_988_488_140
        ]
    );
    assert_eq!(
        first(Shuffle::Blocks, 1000, 64),
        [832, 719, 347, 120, 568, 715, 709, 276]
    );
    assert_eq!(
        first(Shuffle::Blocks, 1_000_000_000_001, 256),
        [
            729_763_572_015,
            6_962_085_569,
            221_522_862_469,
            152_647_094_516,
            298_635_932_929,
            221_522_862_559,
            571_553_769_414,
            483_969_014_403
        ]
    );
}

#[test]
fn blocks_have_about_a_mebibyte() {
    let block_rows = |n_rows, len_bytes| Extent::new(n_rows, len_bytes).block_rows;
    assert_eq!(block_rows(0, 0), 1 << 20);
    assert_eq!(block_rows(1000, 1000), 1 << 20);
    assert_eq!(block_rows(1000, 4096 * 1000), 256);
    assert_eq!(block_rows(1000, 4100 * 1000), 128);
    assert_eq!(block_rows(1000, 150_528 * 1000), 4);
    assert_eq!(block_rows(3, u64::MAX), 1);
}
