//! What devices are told of a map, the same for every batch: [`MapConstants`], a
//! [`MapInstruction`] for each instruction, then the keys of edges and the entries
//! of tables, in words; what has 64 bits lies at an even word, its low half first.

use bytemuck::cast_slice;

use super::{Entries, Instruction, Map, Search};
use crate::element::Element;
use crate::twin::twin;

twin! {
    /// A map; its instructions lie behind it.
    pub struct MapConstants: 16 {
        /// [`crate::Element::code`] of the numbers read.
        pub from: u32,
        /// [`crate::Element::code`] of the register in front of the first instruction.
        pub held: u32,
        /// [`crate::Element::code`] of the numbers written.
        pub to: u32,
        /// How many instructions there are.
        pub n_instructions: u32,
    }
}

twin! {
    /// One instruction of a map. An operand is a constant in the register's type, of
    /// which one of 64 bits takes two words.
    pub struct MapInstruction: 28 {
        /// Which it is: 0 `ToF32`, 1 `ToF64`, 2 `Subtract`, 3 `Multiply`, 4 `Clamp`,
        /// 5 `Search`, 6 `Lookup`.
        pub operation: u32,
        /// [`crate::Element::code`] of the register in front of it.
        pub before: u32,
        /// [`crate::Element::code`] of the register behind it.
        pub behind: u32,
        /// The constant, the lower bound, or the word of the map's constants where
        /// keys or entries begin.
        pub first: u32,
        /// The high half of the first operand.
        pub first_high: u32,
        /// The upper bound, or how many keys or entries there are.
        pub second: u32,
        /// The high half of the second operand.
        pub second_high: u32,
    }
}

impl Map {
    /// What a device needs to know.
    #[must_use]
    pub fn constants(&self) -> Vec<u32> {
        let n_instructions = self.instructions.len();
        let words_of_one = size_of::<MapInstruction>() / 4;
        let begin = size_of::<MapConstants>() / 4 + n_instructions * words_of_one;
        let mut behind: Vec<u32> = Vec::new();
        let registers: Vec<Element> = self.registers().collect();
        let pairs = registers.windows(2).zip(&self.instructions);
        let instructions: Vec<MapInstruction> = pairs
            .map(|(registers, instruction)| {
                let operands = operands(instruction, registers[0], begin, &mut behind);
                encoded(instruction, [registers[0], registers[1]], operands)
            })
            .collect();
        let header = MapConstants {
            from: self.from.code(),
            held: registers[0].code(),
            to: self.to.code(),
            n_instructions: word(n_instructions),
        };
        let instructions = cast_slice(&instructions);
        [cast_slice(&[header]), instructions, &behind].concat()
    }
}

impl Instruction {
    /// The number by which devices know it.
    fn code(&self) -> u32 {
        match self {
            Self::ToF32 => 0,
            Self::ToF64 => 1,
            Self::Subtract(_) => 2,
            Self::Multiply(_) => 3,
            Self::Clamp { .. } => 4,
            Self::Search(_) => 5,
            Self::Lookup(_) => 6,
        }
    }
}

fn encoded(
    instruction: &Instruction,
    [before, behind]: [Element; 2],
    [first, second]: [u64; 2],
) -> MapInstruction {
    let [first, first_high] = halves(first);
    let [second, second_high] = halves(second);
    MapInstruction {
        operation: instruction.code(),
        before: before.code(),
        behind: behind.code(),
        first,
        first_high,
        second,
        second_high,
    }
}

/// The operands; keys and entries are put `behind` the instructions, which end at
/// word `begin`.
fn operands(
    instruction: &Instruction,
    register: Element,
    begin: usize,
    behind: &mut Vec<u32>,
) -> [u64; 2] {
    match instruction {
        Instruction::ToF32 | Instruction::ToF64 => [0, 0],
        Instruction::Subtract(constant) | Instruction::Multiply(constant) => {
            [bits(register, *constant), 0]
        }
        Instruction::Clamp { low, high } => [bits(register, *low), bits(register, *high)],
        Instruction::Search(search) => {
            let at = aligned(begin, behind);
            behind.extend(keys(search));
            [at as u64, search.keys().len() as u64]
        }
        Instruction::Lookup(table) => {
            let at = aligned(begin, behind);
            behind.extend(entries(table));
            [at as u64, table.n_entries() as u64]
        }
    }
}

/// The next even word.
fn aligned(begin: usize, behind: &mut Vec<u32>) -> usize {
    if (begin + behind.len()) % 2 == 1 {
        behind.push(0);
    }
    begin + behind.len()
}

fn keys(search: &Search) -> Vec<u32> {
    let keys = search.keys().iter().map(|key| halves(*key));
    if search.register().is_wide() {
        keys.flatten().collect()
    } else {
        keys.map(|[low, _]| low).collect()
    }
}

fn entries(table: &Entries) -> Vec<u32> {
    let words = table.bytes().as_chunks().0.iter();
    words.map(|word| u32::from_le_bytes(*word)).collect()
}

/// A constant in the register's type.
#[expect(
    clippy::cast_possible_truncation,
    reason = "constants of binary32 are rounded to it already"
)]
fn bits(register: Element, constant: f64) -> u64 {
    match register {
        Element::F64 => constant.to_bits(),
        _ => (constant as f32).to_bits().into(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "halves of a number")]
fn halves(bits: u64) -> [u32; 2] {
    [bits as u32, (bits >> 32) as u32]
}

/// There are few instructions.
fn word(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
