//! Maps at the SIMD levels: each instruction is a loop over a tile of numbers in
//! cache, compiled for each level.
#![expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "constants of binary32 are rounded to it already, and so are keys of 32 bits"
)]

use super::edges::{key_f32, key_f64, key_i32, key_i64};
use super::{Entries, Instruction, Map, Search, scalar};
use crate::body::Body;
use crate::cast::convert_tile;
use crate::element::Element;
use crate::level::Kind;
use crate::vector::{self, TILE, Tile, tiles};

/// Room for a tile of any type.
type Room = Tile<{ TILE * 8 }>;

/// Whole numbers; the index of the first that did not fit.
pub(super) fn map(kind: Kind, map: &Map, src: &[u8], dst: &mut [u8]) -> Option<usize> {
    let mut first = None;
    let (mut one, mut other) = (Tile([0; TILE * 8]), Tile([0; TILE * 8]));
    let mut half = Tile([0; TILE * 4]);
    let compiled = Compiled::new(map);
    let lens = (map.from.len_bytes(), map.to.len_bytes());
    tiles((src, dst), lens, |index, src, dst| {
        let rooms = (&mut one, &mut other, &mut half.0[..]);
        if !compiled.tile(kind, (src, dst), rooms) && first.is_none() {
            first = scalar::map(map, src, dst).map(|inside| index + inside);
        }
    });
    first
}

/// The instructions, each with the types of its register, and searches made ready.
struct Compiled<'a> {
    map: &'a Map,
    steps: Vec<CompiledInstruction<'a>>,
}

struct CompiledInstruction<'a> {
    before: Element,
    behind: Element,
    what: What<'a>,
}

enum What<'a> {
    /// Reads a number as what the register is, or rounds it.
    Convert,
    Float(&'a Instruction),
    Narrow(Keys<u32>),
    Wide(Keys<u64>),
    Lookup(&'a Entries),
}

impl<'a> Compiled<'a> {
    fn new(map: &'a Map) -> Self {
        let mut steps = Vec::new();
        let mut before = map.from;
        let read = std::iter::once(None);
        let instructions = read.chain(map.instructions.iter().map(Some));
        for (behind, instruction) in map.registers().zip(instructions) {
            let what = match instruction {
                None | Some(Instruction::ToF32 | Instruction::ToF64) => What::Convert,
                Some(Instruction::Search(search)) if search.register().is_wide() => {
                    What::Wide(Keys::new(search, |key| key))
                }
                Some(Instruction::Search(search)) => {
                    What::Narrow(Keys::new(search, |key| key as u32))
                }
                Some(Instruction::Lookup(table)) => What::Lookup(table),
                Some(
                    float @ (Instruction::Subtract(_)
                    | Instruction::Multiply(_)
                    | Instruction::Clamp { .. }),
                ) => What::Float(float),
            };
            let is_nothing = before == behind && matches!(what, What::Convert);
            if !is_nothing {
                steps.push(CompiledInstruction {
                    before,
                    behind,
                    what,
                });
            }
            before = behind;
        }
        Self { map, steps }
    }

    /// One tile; whether all numbers fit what is written.
    fn tile(
        &self,
        kind: Kind,
        (src, dst): (&[u8], &mut [u8]),
        (mut from, mut to, half): (&mut Room, &mut Room, &mut [u8]),
    ) -> bool {
        let n = src.len() / self.map.from.len_bytes();
        let half = &mut half[..n * 4];
        let mut register = self.map.from;
        for (index, step) in self.steps.iter().enumerate() {
            let read = match index {
                0 => src,
                _ => &from.0[..n * step.before.len_bytes()],
            };
            step.run(kind, read, &mut to.0[..n * step.behind.len_bytes()], half);
            std::mem::swap(&mut from, &mut to);
            register = step.behind;
        }
        let read = if self.steps.is_empty() {
            src
        } else {
            &from.0[..n * register.len_bytes()]
        };
        convert_tile(kind, (register, self.map.to), (read, dst), half)
    }
}

impl CompiledInstruction<'_> {
    fn run(&self, kind: Kind, src: &[u8], dst: &mut [u8], half: &mut [u8]) {
        match &self.what {
            What::Convert => {
                convert_tile(kind, (self.before, self.behind), (src, dst), half);
            }
            What::Float(instruction) if self.before == Element::F64 => {
                float_wide(kind, instruction, src, dst);
            }
            What::Float(instruction) => float(kind, instruction, src, dst),
            What::Narrow(keys) => narrow_keys(kind, keys, self.before, (src, dst)),
            What::Wide(keys) => wide_keys(kind, keys, self.before, (src, dst)),
            What::Lookup(table) => lookup(table, src, dst),
        }
    }
}

/// A loop that makes each number of `SRC` bytes one of `DST` bytes.
struct Each<F, const SRC: usize, const DST: usize>(F);

impl<F: Fn([u8; SRC]) -> [u8; DST], const SRC: usize, const DST: usize> Body for Each<F, SRC, DST> {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        let src = src.as_chunks::<SRC>().0;
        let dst = dst.as_chunks_mut::<DST>().0;
        for (x, y) in src.iter().zip(dst) {
            *y = (self.0)(*x);
        }
        true
    }
}

macro_rules! float {
    ($name:ident, $float:ident) => {
        /// An instruction on floats.
        fn $name(kind: Kind, instruction: &Instruction, src: &[u8], dst: &mut [u8]) {
            let flush = |x: $float| {
                if x.abs() <= $float::MIN_POSITIVE {
                    $float::copysign(0.0, x)
                } else {
                    x
                }
            };
            match instruction {
                Instruction::Subtract(constant) => {
                    let c = *constant as $float;
                    let one = |x| flush(flush($float::from_le_bytes(x)) - c).to_le_bytes();
                    vector::at(kind, &Each(one), src, dst);
                }
                Instruction::Multiply(constant) => {
                    let c = *constant as $float;
                    let one = |x| flush(flush($float::from_le_bytes(x)) * c).to_le_bytes();
                    vector::at(kind, &Each(one), src, dst);
                }
                Instruction::Clamp { low, high } => {
                    let (low, high) = (*low as $float, *high as $float);
                    let one = |x| {
                        let x = $float::from_le_bytes(x);
                        let x = if x < low { low } else { x };
                        (if x > high { high } else { x }).to_le_bytes()
                    };
                    vector::at(kind, &Each(one), src, dst);
                }
                // What is no arithmetic has loops of its own.
                Instruction::ToF32
                | Instruction::ToF64
                | Instruction::Search(_)
                | Instruction::Lookup(_) => {}
            }
        }
    };
}

float!(float, f32);
float!(float_wide, f64);

/// Keys filled up with the greatest to one less than a power of two, and one: each
/// halving then looks at one of a known place.
struct Keys<Key> {
    keys: Vec<Key>,
    n: u32,
}

impl<Key: Copy + Ord> Keys<Key> {
    fn new(search: &Search, key: impl Fn(u64) -> Key) -> Self {
        let n = search.keys().len();
        let mut keys: Vec<Key> = search.keys().iter().map(|it| key(*it)).collect();
        keys.resize((n + 1).next_power_of_two(), key(u64::MAX));
        Self { keys, n: n as u32 }
    }

    /// How many keys are at most this one.
    #[inline(always)]
    fn count(&self, key: Key) -> u32 {
        let mask = self.keys.len() - 1;
        let (mut at, mut half) = (0, self.keys.len() / 2);
        while half > 0 {
            let is_reached = self.keys[(at + half - 1) & mask] <= key;
            at += if is_reached { half } else { 0 };
            half /= 2;
        }
        // What it was filled up with is no edge.
        (at as u32).min(self.n)
    }
}

fn narrow_keys(kind: Kind, keys: &Keys<u32>, register: Element, (src, dst): (&[u8], &mut [u8])) {
    let count = |key: u32| keys.count(key).to_le_bytes();
    match register {
        Element::F32 => {
            let one = |x| count(key_f32(f32::from_le_bytes(x)));
            vector::at(kind, &Each(one), src, dst)
        }
        Element::I32 => {
            let one = |x| count(key_i32(i32::from_le_bytes(x)));
            vector::at(kind, &Each(one), src, dst)
        }
        _ => vector::at(kind, &Each(|x| count(u32::from_le_bytes(x))), src, dst),
    };
}

fn wide_keys(kind: Kind, keys: &Keys<u64>, register: Element, (src, dst): (&[u8], &mut [u8])) {
    let count = |key: u64| keys.count(key).to_le_bytes();
    match register {
        Element::F64 => {
            let one = |x| count(key_f64(f64::from_le_bytes(x)));
            vector::at(kind, &Each(one), src, dst)
        }
        Element::I64 => {
            let one = |x| count(key_i64(i64::from_le_bytes(x)));
            vector::at(kind, &Each(one), src, dst)
        }
        _ => vector::at(kind, &Each(|x| count(u64::from_le_bytes(x))), src, dst),
    };
}

/// A load for each number: there is nothing that vectors do better.
fn lookup(table: &Entries, src: &[u8], dst: &mut [u8]) {
    macro_rules! entries {
        ($entries:expr) => {
            for (x, y) in src.as_chunks().0.iter().zip(dst.as_chunks_mut().0) {
                *y = $entries[u32::from_le_bytes(*x) as usize].to_le_bytes();
            }
        };
    }
    match table {
        Entries::I32(entries) => entries!(entries),
        Entries::I64(entries) => entries!(entries),
        Entries::F32(entries) => entries!(entries),
        Entries::F64(entries) => entries!(entries),
    }
}
