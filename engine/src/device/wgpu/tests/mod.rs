//! The backend on every adapter of this machine, against the scalar reference.

mod kernels;
mod lanes;
mod rows;
mod text;
mod turns;

use std::sync::LazyLock;

use fuelrail_kernels::{Element, Kernel, Level, cast, normalize};

use super::adapters::{Software, WgpuBackend, backends};
use crate::device::items::fixed;
use crate::device::{Backend, Chain, Lane, Program};

/// Every adapter, software included, opened once for all tests.
///
/// Where there is none, the tests say so and pass, unless
/// `FUELRAIL_REQUIRE_DEVICES` names wgpu.
#[expect(clippy::print_stdout, reason = "what was not tested is said")]
fn adapters() -> &'static [WgpuBackend] {
    static ALL: LazyLock<Vec<WgpuBackend>> = LazyLock::new(|| backends(Software::With));
    if ALL.is_empty() {
        let required = std::env::var("FUELRAIL_REQUIRE_DEVICES").unwrap_or_default();
        assert!(
            !required.split(',').any(|name| name.trim() == "wgpu"),
            "FUELRAIL_REQUIRE_DEVICES names wgpu, and no adapter is there"
        );
        println!("no Vulkan driver is there: nothing was tested on wgpu");
    }
    &ALL
}

fn program(chains: Vec<Vec<Kernel>>) -> Program {
    let chains = chains.into_iter().map(|chain| Chain::new(chain).unwrap());
    Program {
        row_chains: Vec::new(),
        chains: chains.collect(),
    }
}

fn cast_of(from: Element, to: Element) -> Kernel {
    Kernel::Cast(cast::Cast { from, to })
}

fn numbers(from: Element, to: Element, constants: (f64, f64), clip: Option<[f64; 2]>) -> Kernel {
    Kernel::NormalizeNumbers(normalize::Numbers::new((from, to), constants, clip).unwrap())
}

/// The elements that wgpu has.
fn narrow() -> Vec<Element> {
    let all = Element::ALL.into_iter();
    all.filter(|element| !element.is_wide()).collect()
}

/// What the reference makes of `src`, and whether a number did not fit.
fn expected(program: &Program, src: &[Vec<u8>]) -> Vec<(Vec<u8>, bool)> {
    let chains = program.chains.iter().zip(src);
    chains
        .map(|(chain, src)| {
            let n_items = src.len() / chain.src_item_bytes();
            let mut dst = vec![0; n_items * chain.dst_item_bytes()];
            let overflowed = chain.run(Level::SCALAR, src, &mut dst).unwrap();
            (dst, overflowed)
        })
        .collect()
}

/// One batch through a lane.
fn through(lane: &dyn Lane, program: &Program, src: &[Vec<u8>]) -> Vec<(Vec<u8>, bool)> {
    let items = program.chains.iter().zip(src);
    let n_items: Vec<usize> = items
        .map(|(chain, src)| src.len() / chain.src_item_bytes())
        .collect();
    let mut slot = lane.acquire(&fixed(&n_items)).unwrap();
    for (chain, src) in src.iter().enumerate() {
        slot.write(chain, src).unwrap();
    }
    let outputs = slot.submit().unwrap().wait().unwrap();
    (0..src.len())
        .map(|chain| (outputs.dst(chain).to_vec(), outputs.overflowed(chain)))
        .collect()
}

/// Fails with the first place where a chain differs.
fn assert_same(program: &Program, found: &[(Vec<u8>, bool)], expected: &[(Vec<u8>, bool)]) {
    let both = found.iter().zip(expected).zip(&program.chains);
    for ((found, expected), chain) in both {
        assert_eq!(found.0.len(), expected.0.len(), "{chain:?}");
        let differs = found.0.iter().zip(&expected.0).position(|(a, b)| a != b);
        if let Some(at) = differs {
            let from = at / 4 * 4;
            let near = from..(from + 4).min(found.0.len());
            panic!(
                "byte {at}: expected {:02x?}, got {:02x?} from {chain:?}",
                &expected.0[near.clone()],
                &found.0[near],
            );
        }
        assert_eq!(found.1, expected.1, "misfits of {chain:?}");
    }
    assert_eq!(found.len(), expected.len());
}

/// Runs a batch on every adapter and compares.
fn check(program: &Program, src: &[Vec<u8>]) {
    for backend in adapters() {
        let lane = backend.lane(program).unwrap();
        let found = through(&*lane, program, src);
        assert_same(program, &found, &expected(program, src));
    }
}

/// A small generator, so that every run tests the same.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 32) as u32
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.word().to_le_bytes()[3]).collect()
    }
}
