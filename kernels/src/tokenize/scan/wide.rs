//! The characters of a block that are not ASCII: character by character, or
//! all those at once that share all bytes but the last.
//!
//! White space and numbers beyond ASCII are not dealt with: what is known of a
//! block ends before them.

#![expect(clippy::inline_always, reason = "it is compiled for each level")]

use super::class::{ClassTable, LETTER, LOWER, NUMBER, OTHER, SPACE, UPPER, decode};
use super::classes::{BlockClasses, Letters, low_bits};
use super::masks::{BLOCK, Classify, ScalarMasks, Trails};
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512};

/// A way to find the classes of all characters of a block.
pub(super) trait Wide: Classify {
    /// Adds the characters that start at `leads`, those beyond ASCII.
    fn add_wide(
        self,
        classes: &mut BlockClasses,
        leads: u64,
        block: &[u8; BLOCK],
        of: (&ClassTable, Letters),
    );
}

impl Wide for ScalarMasks {
    #[inline]
    fn add_wide(
        self,
        classes: &mut BlockClasses,
        mut leads: u64,
        block: &[u8; BLOCK],
        (table, letters): (&ClassTable, Letters),
    ) {
        while leads != 0 {
            let at = leads.trailing_zeros();
            leads &= leads - 1;
            let Some((class, len)) = wide_class(block, at, classes.known, table) else {
                classes.known = at;
                return;
            };
            let span = low_bits(len) << at;
            let with = |bits: u8| if class & bits == 0 { 0 } else { span };
            match letters {
                Letters::Plain => classes.letter |= with(LETTER),
                Letters::Cased => {
                    classes.letter |= with(UPPER | LOWER);
                    classes.upper |= with(UPPER) & !with(LOWER);
                    classes.lower |= with(LOWER) & !with(UPPER);
                    classes.mark |= with(UPPER | LOWER) & with(OTHER);
                }
            }
        }
    }
}

/// The class and length of the character at `at`, or `None` if it is cut at
/// `end` or not dealt with.
#[inline]
fn wide_class(block: &[u8; BLOCK], at: u32, end: u32, table: &ClassTable) -> Option<(u8, u32)> {
    let len = len_of(block[at as usize % BLOCK]);
    if at + len > end {
        return None;
    }
    let class = table.codepoint(decode(block, at as usize).0);
    (class & (SPACE | NUMBER) == 0).then_some((class, len))
}

/// Bytes of the character that starts with this byte beyond ASCII.
#[inline(always)]
fn len_of(lead: u8) -> u32 {
    match lead {
        ..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

#[cfg(target_arch = "x86_64")]
impl Wide for Avx2 {
    #[inline(always)]
    fn add_wide(
        self,
        classes: &mut BlockClasses,
        leads: u64,
        block: &[u8; BLOCK],
        of: (&ClassTable, Letters),
    ) {
        add_alike(self, classes, leads, block, of);
    }
}

#[cfg(target_arch = "x86_64")]
impl Wide for Avx512 {
    #[inline(always)]
    fn add_wide(
        self,
        classes: &mut BlockClasses,
        leads: u64,
        block: &[u8; BLOCK],
        of: (&ClassTable, Letters),
    ) {
        add_alike(self, classes, leads, block, of);
    }
}

/// Adds the characters that start at `leads`, all those at once that share all
/// bytes but the last.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn add_alike(
    vector: impl Trails,
    classes: &mut BlockClasses,
    mut leads: u64,
    block: &[u8; BLOCK],
    (table, letters): (&ClassTable, Letters),
) {
    // Only the last character may be cut.
    let Some(last) = leads.checked_ilog2() else {
        return;
    };
    if last + len_of(block[last as usize % BLOCK]) > classes.known {
        classes.known = last;
        leads &= !(1 << last);
    }
    let bytes = vector.load(block);
    let trails = vector.trails(bytes);
    let mut aside = 0;
    while leads != 0 {
        let at = leads.trailing_zeros() as usize;
        let byte = |after: usize| block[(at + after) % BLOCK];
        let len = len_of(byte(0));
        let (codepoint, _) = decode(block, at);
        let mut alike = leads & vector.equal(bytes, byte(0));
        if len == 4 {
            alike &= vector.equal(bytes, byte(1)) >> 1 & vector.equal(bytes, byte(2)) >> 2;
        } else if len == 3 && !table.is_alike(codepoint) {
            alike &= vector.equal(bytes, byte(1)) >> 1;
        }
        leads &= !alike;
        let sets = table.trails(codepoint);
        let shift = len - 1;
        let of = |set: u64| alike & vector.within(trails, set) >> shift;
        let spans = |chars: u64| {
            let two = chars | chars << 1;
            match len {
                2 => two,
                3 => two | chars << 2,
                _ => two | two << 2,
            }
        };
        aside |= of(sets.aside);
        match letters {
            Letters::Plain => classes.letter |= spans(of(sets.letter)),
            Letters::Cased => {
                let (upper, lower) = (of(sets.upper), of(sets.lower));
                classes.letter |= spans(upper | lower);
                classes.upper |= spans(upper & !lower);
                classes.lower |= spans(lower & !upper);
                classes.mark |= spans((upper | lower) & of(sets.other));
            }
        }
    }
    if aside != 0 {
        classes.known = classes.known.min(aside.trailing_zeros());
    }
}
