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
use super::search::SearchKeys;
use super::{Entries, Instruction, Map, scalar};
use crate::body::Body;
use crate::cast::convert_tile;
use crate::element::Element;
use crate::level::Dispatch;
use crate::vector::{self, TILE, Tile, tiles};

/// Room for a tile of any type.
type Room = Tile<{ TILE * 8 }>;

/// Whole numbers; the index of the first that did not fit.
pub(super) fn map(kind: Dispatch, map: &Map, src: &[u8], dst: &mut [u8]) -> Option<usize> {
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
    /// Makes a number its key, of as many bytes.
    Key(Element),
    Float(&'a Instruction),
    Narrow(SearchKeys<u32>),
    Wide(SearchKeys<u64>),
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
                    What::Wide(SearchKeys::new(search, |key| key))
                }
                Some(Instruction::Search(search)) => {
                    What::Narrow(SearchKeys::new(search, |key| key as u32))
                }
                Some(Instruction::Lookup(table)) => What::Lookup(table),
                Some(
                    float @ (Instruction::Subtract(_)
                    | Instruction::Multiply(_)
                    | Instruction::Clamp { .. }),
                ) => What::Float(float),
            };
            let is_nothing = match what {
                What::Convert => before == behind,
                What::Wide(_) | What::Narrow(_) => {
                    steps.extend(CompiledInstruction::key(before));
                    false
                }
                What::Key(_) | What::Lookup(_) | What::Float(_) => false,
            };
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
        kind: Dispatch,
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
    /// What comes in front of a search, unless numbers are their own keys.
    fn key(register: Element) -> Option<Self> {
        let is_unsigned = matches!(register, Element::U32 | Element::U64);
        (!is_unsigned).then_some(Self {
            before: register,
            behind: register,
            what: What::Key(register),
        })
    }

    fn run(&self, kind: Dispatch, src: &[u8], dst: &mut [u8], half: &mut [u8]) {
        match &self.what {
            What::Convert => {
                convert_tile(kind, (self.before, self.behind), (src, dst), half);
            }
            What::Float(instruction) if self.before == Element::F64 => {
                float_wide(kind, instruction, src, dst);
            }
            What::Float(instruction) => float(kind, instruction, src, dst),
            What::Key(register) => key(kind, *register, src, dst),
            What::Narrow(keys) => keys.count(kind, src, dst),
            What::Wide(keys) => keys.count(kind, src, dst),
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
        fn $name(kind: Dispatch, instruction: &Instruction, src: &[u8], dst: &mut [u8]) {
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

/// A number's key in the place of the number.
fn key(kind: Dispatch, register: Element, src: &[u8], dst: &mut [u8]) {
    macro_rules! keys {
        ($key:path, $type:ty) => {
            vector::at(
                kind,
                &Each(|x| $key(<$type>::from_le_bytes(x)).to_le_bytes()),
                src,
                dst,
            )
        };
    }
    match register {
        Element::F32 => keys!(key_f32, f32),
        Element::I32 => keys!(key_i32, i32),
        Element::F64 => keys!(key_f64, f64),
        Element::I64 => keys!(key_i64, i64),
        // Unsigned numbers are their own.
        _ => {
            dst.copy_from_slice(src);
            true
        }
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
