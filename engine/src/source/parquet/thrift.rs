//! Thrift's compact protocol, as far as Parquet's metadata is read by hand.
//!
//! Nothing is allocated, and every step takes a byte at least, so a walk ends
//! with its bytes whatever they claim.

/// Structs and lists within each other; Parquet's own nest six deep.
const MAX_DEPTH: u8 = 32;

/// What a field holds, by the number that the protocol has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FieldKind(u8);

impl FieldKind {
    pub(super) const FALSE: Self = Self(2);
    pub(super) const I32: Self = Self(5);
    pub(super) const BINARY: Self = Self(8);
    pub(super) const LIST: Self = Self(9);
    pub(super) const STRUCT: Self = Self(12);
}

/// Reads on from the start of `bytes`. What breaks off is `None`.
#[derive(Debug, Clone)]
pub(super) struct Compact<'a> {
    pub(super) bytes: &'a [u8],
}

impl<'a> Compact<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn int(&mut self) -> Option<i64> {
        let zigzag = self.varint()?;
        Some((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    pub(super) fn binary(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        let (binary, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(binary)
    }

    /// The number of items of a list, and what they are.
    pub(super) fn list(&mut self) -> Option<(u64, FieldKind)> {
        let head = self.byte()?;
        let n_items = match head >> 4 {
            15 => self.varint()?,
            short => u64::from(short),
        };
        Some((n_items, FieldKind(head & 0x0f)))
    }

    /// Gives each field of a struct to `take`, which says whether it has read
    /// it; what it has not is read over.
    pub(super) fn fields(
        &mut self,
        mut take: impl FnMut(&mut Self, i64, FieldKind) -> Option<bool>,
    ) -> Option<()> {
        let mut id = 0_i64;
        loop {
            let head = self.byte()?;
            let kind = FieldKind(head & 0x0f);
            if kind == FieldKind(0) {
                return Some(());
            }
            id = match head >> 4 {
                0 => self.int()?,
                step => id.checked_add(i64::from(step))?,
            };
            if !take(self, id, kind)? {
                self.skip(kind, MAX_DEPTH)?;
            }
        }
    }

    /// Reads over the value of a field.
    fn skip(&mut self, kind: FieldKind, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind.0 {
            // Booleans lie in the head of their field.
            1 | 2 => Some(()),
            3 => self.byte().map(|_| ()),
            4..=6 => self.varint().map(|_| ()),
            7 => self.over(8),
            8 => self.binary().map(|_| ()),
            9 | 10 => {
                let (n_items, kind) = self.list()?;
                (0..n_items).try_for_each(|_| self.skip_item(kind, depth))
            }
            11 => {
                let n_pairs = self.varint()?;
                if n_pairs == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                (0..n_pairs).try_for_each(|_| {
                    self.skip_item(FieldKind(kinds >> 4), depth)?;
                    self.skip_item(FieldKind(kinds & 0x0f), depth)
                })
            }
            12 => loop {
                let head = self.byte()?;
                let kind = FieldKind(head & 0x0f);
                if kind == FieldKind(0) {
                    return Some(());
                }
                if head >> 4 == 0 {
                    self.int()?;
                }
                self.skip(kind, depth)?;
            },
            // Parquet has no other.
            _ => None,
        }
    }

    /// Reads over an item of a list, where booleans take a byte.
    fn skip_item(&mut self, kind: FieldKind, depth: u8) -> Option<()> {
        match kind.0 {
            1 | 2 => self.byte().map(|_| ()),
            _ => self.skip(kind, depth),
        }
    }

    fn over(&mut self, len: usize) -> Option<()> {
        self.bytes = self.bytes.get(len..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_over_whatever_they_hold() {
        // 1: i32 -3, 2: true, 3: list of two binaries, 4: struct {1: double},
        // 5: list of two booleans, 9: map of one, 40: i32 7.
        let mut bytes = vec![0x15, 0x05, 0x11, 0x19, 0x28, 1, b'a', 0, 0x1c, 0x17];
        bytes.extend([0; 8]);
        bytes.extend([0, 0x19, 0x21, 1, 2, 0x4b, 1, 0x58, 2, 1, b'b']);
        bytes.extend([0x05, 80, 14, 0, 99]);
        let mut seen = Vec::new();
        let mut compact = Compact { bytes: &bytes };
        let walked = compact.fields(|fields, id, kind| {
            seen.push(id);
            match (id, kind) {
                (1 | 40, FieldKind::I32) => {
                    seen.push(fields.int()?);
                    Some(true)
                }
                _ => Some(false),
            }
        });
        assert_eq!(walked, Some(()));
        assert_eq!(seen, [1, -3, 2, 3, 4, 5, 9, 40, 7]);
        assert_eq!(compact.bytes, [99]);
        for cut in 0..bytes.len() - 1 {
            let mut compact = Compact {
                bytes: &bytes[..cut],
            };
            assert_eq!(compact.fields(|_, _, _| Some(false)), None, "{cut}");
        }
    }

    #[test]
    fn what_nests_without_end_or_counts_more_than_there_is_breaks_off() {
        let deep = [0x1c; 4096];
        let mut compact = Compact { bytes: &deep };
        assert_eq!(compact.fields(|_, _, _| Some(false)), None);
        let many = [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0];
        let mut compact = Compact { bytes: &many };
        assert_eq!(compact.fields(|_, _, _| Some(false)), None);
    }
}
