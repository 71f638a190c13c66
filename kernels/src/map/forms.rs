//! Maps that other kernels do with the same bits.

use super::{Instruction, Map};
use crate::cast::Cast;
use crate::element::Element;
use crate::normalize::Numbers;

impl Map {
    /// The `cast` that it is, if it only reads and writes.
    #[must_use]
    pub fn as_cast(&self) -> Option<Cast> {
        self.instructions.is_empty().then_some(Cast {
            from: self.from,
            to: self.to,
        })
    }

    /// The `normalize` that it is, if it shifts, scales and perhaps clamps.
    #[must_use]
    pub fn as_normalize(&self) -> Option<Numbers> {
        let (float, instructions) = match self.instructions.as_slice() {
            [Instruction::ToF32, instructions @ ..] => (Element::F32, instructions),
            [Instruction::ToF64, instructions @ ..] => (Element::F64, instructions),
            instructions if self.from.is_float() => {
                (super::build::register_of(self.from), instructions)
            }
            _ => return None,
        };
        let no_bounds = [f64::NEG_INFINITY, f64::INFINITY];
        let (mean, factor, [low, high]) = match instructions {
            [Instruction::Subtract(mean), Instruction::Multiply(factor)] => {
                (*mean, *factor, no_bounds)
            }
            [
                Instruction::Subtract(mean),
                Instruction::Multiply(factor),
                Instruction::Clamp { low, high },
            ] => (*mean, *factor, [*low, *high]),
            _ => return None,
        };
        // `normalize` computes in binary64 where 64 bits are read, and only then.
        let is_alike = (float == Element::F64) == self.from.is_wide();
        let writes = self.to.is_float() && (self.from.is_wide() || !self.to.is_wide());
        (is_alike && writes && factor > 0.0).then_some(Numbers {
            from: self.from,
            to: self.to,
            mean,
            factor,
            low,
            high,
        })
    }
}
