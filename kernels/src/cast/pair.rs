//! What `cast` is told: the types read and written.

use super::CastJob;
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

    /// What a device needs to know, for `n` numbers at these offsets in words
    /// of 32 bits, with the word of the flags that tells of misfits.
    #[must_use]
    pub fn job(&self, n: u32, [src, dst, flag]: [u32; 3]) -> CastJob {
        CastJob {
            src,
            dst,
            n,
            from: self.from.code(),
            to: self.to.code(),
            flag,
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
