//! A set of characters, looked up in constant time.

const PAGE_BITS: u32 = 8;
const N_PAGES: usize = 0x11_0000 >> PAGE_BITS;
/// A bit for each of 256 characters.
type Page = [u64; 4];

/// A set of characters: pages of bits, equal ones stored once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CharSet {
    ascii: u128,
    page_of: Vec<u16>,
    pages: Vec<Page>,
}

impl CharSet {
    /// The characters within these ranges, whose ends are in the set.
    pub(crate) fn new(ranges: &[(u32, u32)]) -> Self {
        let mut bits = vec![[0_u64; 4]; N_PAGES];
        let words = bits.as_flattened_mut();
        for &(start, end) in ranges {
            let end = end.min(u32::from(char::MAX));
            for word in start / 64..=end / 64 {
                let from = start.saturating_sub(word * 64);
                let to = (end - word * 64).min(63);
                words[word as usize] |= u64::MAX << from & u64::MAX >> (63 - to);
            }
        }
        let mut set = Self {
            ascii: u128::from(bits[0][0]) | u128::from(bits[0][1]) << 64,
            page_of: Vec::with_capacity(N_PAGES),
            pages: Vec::new(),
        };
        let mut seen = rustc_hash::FxHashMap::default();
        for page in bits {
            let number = *seen.entry(page).or_insert_with(|| {
                set.pages.push(page);
                (set.pages.len() - 1) as u16
            });
            set.page_of.push(number);
        }
        set
    }

    /// These characters.
    pub(crate) fn of(chars: impl Iterator<Item = char>) -> Self {
        let ranges: Vec<(u32, u32)> = chars.map(|c| (u32::from(c), u32::from(c))).collect();
        Self::new(&ranges)
    }

    /// Whether the set holds `c`.
    #[inline]
    pub(crate) fn contains(&self, c: char) -> bool {
        let code = u32::from(c);
        if code < 128 {
            return self.ascii >> code & 1 != 0;
        }
        let page = self.page_of[(code >> PAGE_BITS) as usize];
        self.pages[usize::from(page)][(code >> 6) as usize % 4] >> (code % 64) & 1 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_its_ranges_and_no_more() {
        let ranges = [
            (0, 0),
            (65, 70),
            (126, 130),
            (0x3ff, 0x401),
            (0x1_0000, 0x10_ffff),
        ];
        let set = CharSet::new(&ranges);
        for c in char::MIN..=char::MAX {
            let code = u32::from(c);
            let within = ranges.iter().any(|&(a, b)| (a..=b).contains(&code));
            assert_eq!(set.contains(c), within, "{code:x}");
        }
    }

    #[test]
    fn surrogates_and_what_lies_past_the_last_character_do_no_harm() {
        let set = CharSet::new(&[(0xd700, 0xe000), (0x10_ffff, u32::MAX)]);
        assert!(set.contains('\u{e000}') && set.contains(char::MAX) && !set.contains('a'));
    }
}
