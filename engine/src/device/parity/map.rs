//! Maps put together at random: every instruction on every register, edges that are
//! odd in every type, tables of every kind.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "bits are cut on purpose, and a power of two has a small exponent"
)]

use std::sync::Arc;

use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::map::{Edge, Entries, Map, MapBuilder, MapError, Side};
use fuelrail_kernels::normalize::Numbers;
use fuelrail_kernels::{Element, Kernel};

use super::sample::next;
use super::trial::Trial;
use crate::device::Chain;

/// Maps tried of every pair of types.
const N_EACH: u64 = 2;

/// Instructions at most, but for the longest map.
const MOST: u64 = 6;

/// Constants at which results are tiny, huge, exact and everyday.
const CONSTANTS: [f64; 12] = [
    0.0, 1.0, -1.0, 0.1, -2.5, 127.5, 1e-30, -1e-30, 1e30, -3e38, 1.5e-38, 65_504.0,
];

/// Every pair of types with maps of its own, side by side at many lengths; then
/// chains of maps and other kernels, and the largest maps there are.
pub(super) fn trials() -> Vec<Trial> {
    let pairs = Element::ALL
        .into_iter()
        .flat_map(|from| Element::ALL.map(|to| (from, to)));
    let all: Vec<Chain> = pairs
        .zip(0..)
        .flat_map(|(types, pair)| (0..N_EACH).filter_map(move |nth| random(types, pair * 10 + nth)))
        .filter_map(|map| chain(vec![map]))
        .collect();
    // The first is tried whenever a device is opened, so it has a few of each kind.
    let few = all.iter().cloned().step_by(7);
    let longer = all.iter().cloned().enumerate();
    let mut trials = vec![
        Trial::new(few.map(|chain| (chain, 300))),
        Trial::new(longer.map(|(index, chain)| (chain, 400 + index))),
    ];
    for n in [0, 1, 3, 255, 257] {
        trials.push(Trial::new(all.iter().cloned().map(|chain| (chain, n))));
    }
    trials.push(Trial::new(mixed().into_iter().map(|chain| (chain, 700))));
    trials.push(Trial::new(large().into_iter().map(|chain| (chain, 3000))));
    trials
}

fn chain(kernels: Vec<Kernel>) -> Option<Chain> {
    Chain::new(kernels).ok()
}

/// A map by chance; `None` where its table would be too large.
fn random((from, to): (Element, Element), seed: u64) -> Option<Kernel> {
    let mut state = seed;
    let n = next(&mut state) % (MOST + 1);
    let mut map = Map::read(from);
    for _ in 0..n {
        // What the register does not take leaves the map as it is.
        map = instruction(map.clone(), &mut state).unwrap_or(map);
    }
    let map = map.write(to).ok()?;
    Some(Kernel::Map(Arc::new(map)))
}

fn instruction(map: MapBuilder, state: &mut u64) -> Result<MapBuilder, MapError> {
    let constant = constant(state);
    match next(state) % 8 {
        0 => Ok(map.to_float()),
        1 => map.to_float().subtract(constant),
        2 => map.to_float().multiply(constant),
        3 => map.to_float().clamp(bounds(state)),
        4 => map.search(&edges(state), side(state)),
        5 => {
            let edges = edges(state);
            let entries = table(edges.len() + 1, state);
            map.search(&edges, side(state))?.lookup(entries)
        }
        // The table of a byte, or of 16 bits.
        6 => map.lookup(table(65_536, state)),
        _ => {
            let few = 1 + next(state) % 4;
            let edges: Vec<Edge> = (0..few)
                .map(|it| Edge::Whole(i128::from(it) * 50))
                .collect();
            map.search(&edges, side(state))
        }
    }
}

fn constant(state: &mut u64) -> f64 {
    CONSTANTS[(next(state) % CONSTANTS.len() as u64) as usize]
}

fn side(state: &mut u64) -> Side {
    match next(state) % 2 {
        0 => Side::Left,
        _ => Side::Right,
    }
}

fn bounds(state: &mut u64) -> [f64; 2] {
    let (a, b) = (constant(state), constant(state));
    match next(state) % 4 {
        0 => [f64::NEG_INFINITY, a],
        1 => [a, f64::INFINITY],
        _ => [a.min(b), a.max(b)],
    }
}

/// Edges that ascend, some twice: bounds of types, fractions, powers of two.
fn edges(state: &mut u64) -> Vec<Edge> {
    let n = 1 + next(state) % 70;
    let mut edges: Vec<f64> = (0..n).map(|_| edge(state)).collect();
    edges.sort_by(f64::total_cmp);
    if n > 3 {
        edges[1] = edges[0];
    }
    edges.into_iter().map(Edge::Real).collect()
}

fn edge(state: &mut u64) -> f64 {
    let kind = next(state) % 4;
    let power = 2f64.powi((next(state) % 70) as i32);
    let sign = if next(state).is_multiple_of(2) {
        1.0
    } else {
        -1.0
    };
    match kind {
        0 => constant(state),
        1 => sign * power,
        2 => sign * (power - 0.5),
        _ => sign * f64::from((next(state) >> 40) as u32) / 1024.0,
    }
}

/// A table of any type, with entries that some types cannot hold.
fn table(n: usize, state: &mut u64) -> Entries {
    let mut bits = || next(state);
    let kind = bits() % 4;
    let numbers: Vec<u64> = (0..n).map(|_| bits()).collect();
    match kind {
        0 => Entries::I32(
            numbers
                .iter()
                .map(|it| (*it as i32) >> (it >> 60))
                .collect(),
        ),
        1 => Entries::I64(
            numbers
                .iter()
                .map(|it| (*it as i64) >> (it >> 59))
                .collect(),
        ),
        2 => Entries::F32(
            numbers
                .iter()
                .map(|it| f32::from_bits(*it as u32))
                .collect(),
        ),
        _ => Entries::F64(numbers.iter().map(|it| f64::from_bits(*it)).collect()),
    }
}

/// Chains in which a map follows or is followed.
fn mixed() -> Vec<Chain> {
    use Element::{F16, F32, F64, I16, I32, I64, U8, U32};
    let edges: Vec<Edge> = (-3..4).map(|it| Edge::Whole(it * 20)).collect();
    let search = |from, to| {
        let map = Map::read(from).search(&edges, Side::Right).ok()?;
        Some(Kernel::Map(Arc::new(map.write(to).ok()?)))
    };
    let scaled = |from, to| {
        let map = Map::read(from).to_float().multiply(-1.5).ok()?;
        Some(Kernel::Map(Arc::new(map.write(to).ok()?)))
    };
    let cast = |from, to| Some(Kernel::Cast(Cast { from, to }));
    let numbers = |from, to| {
        let numbers = Numbers::new((from, to), (0.5, 0.25), None);
        numbers.ok().map(Kernel::NormalizeNumbers)
    };
    [
        vec![search(F32, U32), cast(U32, U8)],
        vec![scaled(I16, F32), cast(F32, I16)],
        vec![numbers(U8, F32), search(F32, U8)],
        vec![numbers(F32, F16), scaled(F16, I32), search(I32, U8)],
        vec![cast(I64, F64), scaled(F64, F64), search(F64, I64)],
        vec![cast(I32, U8), search(U8, F32), scaled(F32, F16)],
    ]
    .into_iter()
    .filter_map(|kernels| chain(kernels.into_iter().collect::<Option<_>>()?))
    .collect()
}

/// Many instructions, and many edges with a table behind them.
fn large() -> Vec<Chain> {
    let long = |from| {
        let mut state = 7;
        let mut map = Map::read(from).to_float();
        for _ in 0..30 {
            map = map.subtract(constant(&mut state)).ok()?;
            map = map.multiply(-0.75).ok()?;
        }
        Some(map)
    };
    let wide = |from| {
        let edges: Vec<Edge> = (0..1000)
            .map(|it| Edge::Real(f64::from(it) / 8.0))
            .collect();
        let map = Map::read(from).search(&edges, Side::Left).ok()?;
        map.lookup(table(1001, &mut 3)).ok()
    };
    let maps = [
        long(Element::I32),
        long(Element::F64),
        wide(Element::F32),
        wide(Element::I16),
        wide(Element::I64),
    ];
    let written = maps.into_iter().flatten().flat_map(|map| {
        let to = [Element::F32, Element::I16, Element::I64];
        to.map(|to| map.clone().write(to).ok())
    });
    let kernels = written.flatten().map(|map| Kernel::Map(Arc::new(map)));
    kernels.filter_map(|kernel| chain(vec![kernel])).collect()
}
