//! Tables of Huffman codes, as the segments of a JPEG define them.

/// Codes of a table at most.
const MAX_CODES: usize = 256;

/// The tables that are defined so far, by class (of means, of what is behind them) and
/// place. Each is 16 counts by length, and the symbols.
#[derive(Debug, Default)]
pub(super) struct CodeSpecs<'a>([[Option<&'a [u8]>; 4]; 2]);

impl<'a> CodeSpecs<'a> {
    /// Notes the tables of a segment; `None` where they are malformed.
    pub(super) fn note(&mut self, mut segment: &'a [u8]) -> Option<()> {
        while let Some((kind, rest)) = segment.split_first() {
            let counts = rest.get(..16)?.iter();
            let n_codes: usize = counts.map(|n| usize::from(*n)).sum();
            let (spec, rest) = rest.split_at_checked(16 + n_codes)?;
            let class = self.0.get_mut(usize::from(kind >> 4))?;
            let table = class.get_mut(usize::from(kind & 15))?;
            *table = (n_codes <= MAX_CODES).then_some(spec);
            (*table)?;
            segment = rest;
        }
        Some(())
    }

    pub(super) fn get(&self, class: usize, place: u8) -> Option<&'a [u8]> {
        *self.0.get(class)?.get(usize::from(place))?
    }
}

/// Whether the codes of a table can be told apart and none is all ones, which is
/// reserved (ITU-T T.81, C.2).
pub(super) fn are_codes(spec: &[u8]) -> bool {
    let mut next = 0u32;
    (1u32..).zip(spec.iter().take(16)).all(|(len, count)| {
        next = 2 * next + u32::from(*count);
        *count == 0 || next < 1 << len
    })
}
