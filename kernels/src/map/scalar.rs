//! The meaning of a map, plain and slow.

use super::edges::{key_f32, key_f64, key_i32, key_i64};
use super::{Entries, Instruction, Map, Search};
use crate::cast::write_number;
use crate::element::Element;
use crate::number::{Number, flush, flush_wide, within};

/// A number between two instructions.
#[derive(Debug, Clone, Copy)]
enum Register {
    U32(u32),
    I32(i32),
    U64(u64),
    I64(i64),
    F32(f32),
    F64(f64),
}

/// Numbers, one by one; the index of the first that did not fit.
pub(super) fn map(map: &Map, src: &[u8], dst: &mut [u8]) -> Option<usize> {
    let mut first = None;
    let src = src.chunks_exact(map.from.len_bytes());
    let dst = dst.chunks_exact_mut(map.to.len_bytes());
    for (index, (x, y)) in src.zip(dst).enumerate() {
        if !one(map, x, y) && first.is_none() {
            first = Some(index);
        }
    }
    first
}

/// How many numbers do not fit.
pub(super) fn count_misfits(map: &Map, src: &[u8]) -> usize {
    let mut dst = [0; 8];
    let dst = &mut dst[..map.to.len_bytes()];
    let src = src.chunks_exact(map.from.len_bytes());
    src.filter(|x| !one(map, x, dst)).count()
}

/// One number; whether it fits.
fn one(map: &Map, src: &[u8], dst: &mut [u8]) -> bool {
    let mut register = read(map.from, src);
    for instruction in &map.instructions {
        register = step(instruction, register);
    }
    match register {
        Register::U32(x) => write_number((Element::U32, map.to), x, dst),
        Register::I32(x) => write_number((Element::I32, map.to), x, dst),
        Register::U64(x) => write_number((Element::U64, map.to), x, dst),
        Register::I64(x) => write_number((Element::I64, map.to), x, dst),
        Register::F32(x) => write_number((Element::F32, map.to), x, dst),
        Register::F64(x) => write_number((Element::F64, map.to), x, dst),
    }
}

fn read(from: Element, src: &[u8]) -> Register {
    match from {
        Element::U8 => Register::U32(u8::read(src).into()),
        Element::I8 => Register::I32(i8::read(src).into()),
        Element::U16 => Register::U32(u16::read(src).into()),
        Element::I16 => Register::I32(i16::read(src).into()),
        Element::U32 => Register::U32(u32::read(src)),
        Element::I32 => Register::I32(i32::read(src)),
        Element::U64 => Register::U64(u64::read(src)),
        Element::I64 => Register::I64(i64::read(src)),
        Element::F16 => Register::F32(half::f16::read(src).to_f32()),
        Element::BF16 => Register::F32(half::bf16::read(src).to_f32()),
        Element::F32 => Register::F32(f32::read(src)),
        Element::F64 => Register::F64(f64::read(src)),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "constants of binary32 are rounded to it already"
)]
fn step(instruction: &Instruction, register: Register) -> Register {
    match instruction {
        Instruction::ToF32 => Register::F32(register.to_f32()),
        Instruction::ToF64 => Register::F64(register.to_f64()),
        Instruction::Subtract(constant) => register.as_float(
            |x| flush(flush(x) - *constant as f32),
            |x| flush_wide(flush_wide(x) - constant),
        ),
        Instruction::Multiply(constant) => register.as_float(
            |x| flush(flush(x) * *constant as f32),
            |x| flush_wide(flush_wide(x) * constant),
        ),
        Instruction::Clamp { low, high } => register.as_float(
            |x| within(x, *low as f32, *high as f32),
            |x| within(x, *low, *high),
        ),
        Instruction::Search(search) => Register::U32(register.count(search)),
        Instruction::Lookup(table) => register.entry(table),
    }
}

impl Register {
    fn to_f32(self) -> f32 {
        match self {
            Self::U32(x) => x.to_f32(),
            Self::I32(x) => x.to_f32(),
            Self::U64(x) => x.to_f32(),
            Self::I64(x) => x.to_f32(),
            Self::F32(x) => x,
            Self::F64(x) => x.to_f32(),
        }
    }

    fn to_f64(self) -> f64 {
        match self {
            Self::U32(x) => x.to_f64(),
            Self::I32(x) => x.to_f64(),
            Self::U64(x) => x.to_f64(),
            Self::I64(x) => x.to_f64(),
            Self::F32(x) => x.into(),
            Self::F64(x) => x,
        }
    }

    /// What becomes of a float; a builder puts no such instruction behind whole
    /// numbers.
    fn as_float(self, narrow: impl Fn(f32) -> f32, wide: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::F32(x) => Self::F32(narrow(x)),
            Self::F64(x) => Self::F64(wide(x)),
            whole => whole,
        }
    }

    /// How many edges count.
    #[expect(clippy::cast_possible_truncation, reason = "at most 2^20 edges")]
    fn count(self, search: &Search) -> u32 {
        let key = match self {
            Self::U32(x) => x.into(),
            Self::I32(x) => key_i32(x).into(),
            Self::U64(x) => x,
            Self::I64(x) => key_i64(x),
            Self::F32(x) => key_f32(x).into(),
            Self::F64(x) => key_f64(x),
        };
        search.keys().iter().filter(|edge| **edge <= key).count() as u32
    }

    /// The entry of an index; a builder lets no other number come here.
    fn entry(self, table: &Entries) -> Self {
        let index = match self {
            Self::U32(index) => index as usize,
            other => return other,
        };
        match table {
            Entries::I32(entries) => Self::I32(entries[index]),
            Entries::I64(entries) => Self::I64(entries[index]),
            Entries::F32(entries) => Self::F32(entries[index]),
            Entries::F64(entries) => Self::F64(entries[index]),
        }
    }
}
