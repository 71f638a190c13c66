//! What may become of numbers that do not fit what a map writes.

use super::{Entries, Instruction, Map};
use crate::cast::Cast;
use crate::element::Element;
use crate::level::Level;

/// The least count that binary16 has no finite number for.
const BEYOND_F16: usize = 65_520;

impl Map {
    /// Whether every number fits what is written, so that none is ever reported.
    #[must_use]
    pub fn always_fits(&self) -> bool {
        let cast = self.last_cast();
        if cast.always_fits() {
            return true;
        }
        match self.instructions.last() {
            // The greatest count stands for all of them.
            Some(Instruction::Search(search)) => {
                let most = u32::try_from(search.keys().len()).unwrap_or(u32::MAX);
                cast.count_misfits(&most.to_le_bytes()) == 0
            }
            Some(Instruction::Lookup(table)) => cast.count_misfits(table.bytes()) == 0,
            Some(
                Instruction::ToF32
                | Instruction::ToF64
                | Instruction::Subtract(_)
                | Instruction::Multiply(_)
                | Instruction::Clamp { .. },
            )
            | None => false,
        }
    }

    /// Whether a finite number may be written as an infinite float. What a table
    /// holds that is infinite counts as meant.
    #[must_use]
    pub fn may_be_infinite(&self) -> bool {
        let cast = self.last_cast();
        match self.instructions.last() {
            None => cast.may_be_infinite(),
            Some(Instruction::Search(search)) => {
                cast.may_be_infinite() && search.keys().len() >= BEYOND_F16
            }
            Some(Instruction::Lookup(table)) => cast.may_be_infinite() && grows(table, cast),
            Some(
                Instruction::ToF32
                | Instruction::ToF64
                | Instruction::Subtract(_)
                | Instruction::Multiply(_)
                | Instruction::Clamp { .. },
            ) => self.to.is_float(),
        }
    }

    /// Whether an infinite number may be written as a finite one.
    #[must_use]
    pub fn has_bounds(&self) -> bool {
        self.instructions.iter().any(|it| match it {
            Instruction::Search(_) | Instruction::Lookup(_) => true,
            Instruction::Clamp { low, high } => low.is_finite() || high.is_finite(),
            Instruction::ToF32
            | Instruction::ToF64
            | Instruction::Subtract(_)
            | Instruction::Multiply(_) => false,
        })
    }

    /// What is done to the register in the end; all of it to what was read where
    /// nothing else is.
    fn last_cast(&self) -> Cast {
        let from = match self.instructions.as_slice() {
            [] => self.from,
            _ => self.registers().last().unwrap_or(self.from),
        };
        Cast { from, to: self.to }
    }
}

/// Whether a finite entry is written as an infinite one.
fn grows(table: &Entries, cast: Cast) -> bool {
    let mut written = vec![0; table.n_entries() * cast.to.len_bytes()];
    cast.run(Level::SCALAR, table.bytes(), &mut written);
    let before = table.bytes().chunks_exact(cast.from.len_bytes());
    let after = written.chunks_exact(cast.to.len_bytes());
    let mut pairs = before.zip(after);
    pairs.any(|(before, after)| !is_infinite(cast.from, before) && is_infinite(cast.to, after))
}

fn is_infinite(element: Element, number: &[u8]) -> bool {
    let mut bytes = [0; 8];
    let (low, _) = bytes.split_at_mut(number.len());
    low.copy_from_slice(number);
    let bits = u64::from_le_bytes(bytes);
    match element {
        Element::F16 => bits & 0x7fff == 0x7c00,
        Element::BF16 => bits & 0x7fff == 0x7f80,
        Element::F32 => bits & 0x7fff_ffff == 0x7f80_0000,
        Element::F64 => bits & 0x7fff_ffff_ffff_ffff == 0x7ff0_0000_0000_0000,
        _ => false,
    }
}
