//! What `cast` is told: the types read and written.

use super::CastConstants;
use crate::element::Element;

/// `cast`; see the [contract](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cast {
    /// The type read.
    pub from: Element,
    /// The type written.
    pub to: Element,
}

impl Cast {
    /// Whether every number of `from` fits `to`, so that none is ever reported.
    #[must_use]
    pub fn always_fits(&self) -> bool {
        if self.to.is_float() || self.from == self.to {
            return true;
        }
        if self.from.is_float() {
            return false;
        }
        let (from, to) = (self.from, self.to);
        match (is_signed(from), is_signed(to)) {
            (true, false) => false,
            (false, true) => from.len_bytes() < to.len_bytes(),
            _ => from.len_bytes() <= to.len_bytes(),
        }
    }

    /// Whether a finite number of `from` may be too large for `to`, a type of
    /// floats, and become infinite.
    #[must_use]
    pub fn may_be_infinite(&self) -> bool {
        use Element as E;
        matches!(
            (self.from, self.to),
            (E::F64, E::F32 | E::F16 | E::BF16)
                | (E::F32, E::F16 | E::BF16)
                | (E::BF16 | E::U16 | E::U32 | E::I32 | E::U64 | E::I64, E::F16)
        )
    }

    /// Whether every number that fits stays the same number.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        use Element as E;
        // Bits of whole numbers that a type has, and a float's exponents.
        let bits = |element: Element| match element {
            E::U8 | E::I8 | E::BF16 => 8,
            E::F16 => 11,
            E::U16 | E::I16 => 16,
            E::F32 => 24,
            E::U32 | E::I32 => 32,
            E::F64 => 53,
            E::U64 | E::I64 => 64,
        };
        match (self.from, self.to) {
            (from, to) if from == to => true,
            (from, to) if from.is_float() && !to.is_float() => false,
            (E::F16, E::BF16) | (E::BF16, E::F16) => false,
            (_, to) if !to.is_float() => true,
            (from, to) => bits(from) <= bits(to),
        }
    }

    /// What a device needs to know.
    #[must_use]
    pub fn constants(&self) -> CastConstants {
        CastConstants {
            from: self.from.code(),
            to: self.to.code(),
        }
    }
}

/// Whether an integer type has a sign.
fn is_signed(element: Element) -> bool {
    matches!(
        element,
        Element::I8 | Element::I16 | Element::I32 | Element::I64
    )
}
