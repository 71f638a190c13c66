//! The classes of codepoints that split patterns speak of.
//!
//! Both references, tiktoken 0.14 and Hugging Face tokenizers 0.23 (with
//! Oniguruma), use Unicode 16: over all 1,112,064 scalar values `\p{L}` (141,028),
//! `\p{N}` (1,911), `\s` (25), `\p{M}` (2,501), `\p{Lu}`, `\p{Ll}`, `\p{Lt}`,
//! `\p{Lm}` and `\p{Lo}` match the same in both, so there is one table. It is
//! made from the tables of `regex-syntax`, and a test holds the counts, so
//! that a newer Unicode does not slip in.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// `\p{L}`
pub(crate) const LETTER: u8 = 1;
/// `\p{N}`
pub(crate) const NUMBER: u8 = 1 << 1;
/// `\s`
pub(crate) const SPACE: u8 = 1 << 2;
/// `[\r\n]`
pub(crate) const NEWLINE: u8 = 1 << 3;
/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
pub(crate) const UPPER: u8 = 1 << 4;
/// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
pub(crate) const LOWER: u8 = 1 << 5;
/// `[^\s\p{L}\p{N}]`
pub(crate) const OTHER: u8 = 1 << 6;
/// `\w` of the `regex` crate, which marks off single words.
pub(crate) const WORD: u8 = 1 << 7;

const CLASSES: &[(&str, u8)] = &[
    (r"\p{L}", LETTER),
    (r"\p{N}", NUMBER),
    (r"\s", SPACE),
    (r"[\r\n]", NEWLINE),
    (r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", UPPER),
    (r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", LOWER),
    (r"[^\s\p{L}\p{N}]", OTHER),
    (r"\w", WORD),
];

const N_CODEPOINTS: usize = 0x11_0000;
const PAGE_BITS: u32 = 7;
const PAGE: usize = 1 << PAGE_BITS;

/// A two-level table: pages of 128 codepoints, equal pages stored once.
pub(crate) struct ClassTable {
    ascii: [u8; 128],
    page_of: Vec<u16>,
    pages: Vec<[u8; PAGE]>,
    /// For each page, its halves: those of characters that differ in their last
    /// byte alone.
    halves: Vec<[TrailSets; 2]>,
    /// The first bytes of three whose characters are all of one class.
    alike: u16,
}

/// Which of 64 characters that differ in the low six bits of their last byte
/// are of a class: bit `i` is for the character whose bits are `i`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TrailSets {
    /// `LETTER`
    pub(super) letter: u64,
    /// `UPPER`
    pub(super) upper: u64,
    /// `LOWER`
    pub(super) lower: u64,
    /// `OTHER`
    pub(super) other: u64,
    /// `SPACE` and `NUMBER`
    pub(super) aside: u64,
}

impl TrailSets {
    fn of(classes: &[u8]) -> Self {
        let of = |bits: u8| {
            let holds = classes.iter().map(|class| u64::from(class & bits != 0));
            holds.zip(0..).fold(0, |set, (bit, at)| set | bit << at)
        };
        Self {
            letter: of(LETTER),
            upper: of(UPPER),
            lower: of(LOWER),
            other: of(OTHER),
            aside: of(SPACE | NUMBER),
        }
    }
}

/// The table; made at first use in about two milliseconds.
pub(crate) fn table() -> &'static ClassTable {
    static TABLE: LazyLock<ClassTable> = LazyLock::new(ClassTable::new);
    &TABLE
}

impl ClassTable {
    fn new() -> Self {
        let mut classes = vec![0_u8; N_CODEPOINTS];
        for &(pattern, bit) in CLASSES {
            for (start, end) in ranges(pattern) {
                add(&mut classes[start as usize..=end as usize], bit);
            }
        }
        Self::fold(&classes)
    }

    fn fold(classes: &[u8]) -> Self {
        let mut table = Self {
            ascii: [0; 128],
            page_of: Vec::with_capacity(N_CODEPOINTS / PAGE),
            pages: Vec::new(),
            halves: Vec::new(),
            alike: 0,
        };
        let mut seen = rustc_hash::FxHashMap::default();
        let (pages, _) = classes.as_chunks::<PAGE>();
        for page in pages {
            let number = *seen.entry(page).or_insert_with(|| {
                table.pages.push(*page);
                let (first, second) = page.split_at(PAGE / 2);
                table.halves.push([first, second].map(TrailSets::of));
                (table.pages.len() - 1) as u16
            });
            table.page_of.push(number);
        }
        table.ascii.copy_from_slice(&classes[..128]);
        for (lead, of_lead) in classes.chunks(1 << 12).take(16).enumerate() {
            let is_alike = of_lead.iter().all(|class| *class == of_lead[0]);
            table.alike |= u16::from(is_alike) << lead;
        }
        table
    }

    /// The classes of the characters that share all bytes but the last with
    /// `codepoint`.
    #[inline]
    pub(super) fn trails(&self, codepoint: u32) -> &TrailSets {
        let page = self.page_of[(codepoint >> PAGE_BITS) as usize];
        &self.halves[usize::from(page)][codepoint as usize / (PAGE / 2) % 2]
    }

    /// Whether all characters of three bytes that start as `codepoint` does are
    /// of its class.
    #[inline]
    pub(super) fn is_alike(&self, codepoint: u32) -> bool {
        self.alike >> (codepoint >> 12) & 1 != 0
    }

    /// The class bits of a codepoint below U+110000.
    #[inline]
    pub(crate) fn codepoint(&self, codepoint: u32) -> u8 {
        let page = self.page_of[(codepoint >> PAGE_BITS) as usize];
        self.pages[usize::from(page)][codepoint as usize % PAGE]
    }

    /// The class bits and the length in bytes of the character at `at`, which
    /// is a boundary inside valid UTF-8.
    #[inline]
    pub(crate) fn at(&self, text: &[u8], at: usize) -> (u8, usize) {
        let lead = text[at];
        match self.ascii.get(usize::from(lead)) {
            Some(&class) => (class, 1),
            None => self.at_wide(text, at),
        }
    }

    #[inline]
    fn at_wide(&self, text: &[u8], at: usize) -> (u8, usize) {
        let (codepoint, len) = decode(text, at);
        (self.codepoint(codepoint), len)
    }

    /// Where the run of characters with any bit of `mask` that starts at `at`
    /// ends.
    #[inline]
    pub(crate) fn run(&self, text: &[u8], mut at: usize, mask: u8) -> usize {
        while at < text.len() {
            let (class, len) = self.at(text, at);
            if class & mask == 0 {
                break;
            }
            at += len;
        }
        at
    }
}

/// The codepoint at `at` and its length in bytes.
#[inline]
pub(crate) fn decode(text: &[u8], at: usize) -> (u32, usize) {
    let lead = u32::from(text[at]);
    let tail = |offset: usize| u32::from(text[at + offset] & 0x3f);
    match lead {
        0..0x80 => (lead, 1),
        0x80..0xe0 => ((lead & 0x1f) << 6 | tail(1), 2),
        0xe0..0xf0 => ((lead & 0x0f) << 12 | tail(1) << 6 | tail(2), 3),
        _ => (
            (lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3),
            4,
        ),
    }
}

fn add(classes: &mut [u8], bit: u8) {
    for class in classes {
        *class |= bit;
    }
}

/// The codepoints that a class of the `regex` crate's syntax matches.
fn ranges(pattern: &str) -> Vec<(u32, u32)> {
    // The patterns are the constants above; a test parses them all.
    let Ok(hir) = regex_syntax::parse(pattern) else {
        return Vec::new();
    };
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => class
            .iter()
            .map(|range| (u32::from(range.start()), u32::from(range.end())))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_unicode_16() {
        let count = |bit| {
            (0..=char::MAX as u32)
                .filter(|&c| char::from_u32(c).is_some() && table().codepoint(c) & bit != 0)
                .count()
        };
        assert_eq!(count(LETTER), 141_028);
        assert_eq!(count(NUMBER), 1_911);
        assert_eq!(count(SPACE), 25);
        assert_eq!(count(NEWLINE), 2);
        assert_eq!(count(UPPER), 141_271);
        assert_eq!(count(LOWER), 141_640);
        assert_eq!(count(OTHER), 1_112_064 - 141_028 - 1_911 - 25);
        assert_eq!(count(WORD), 144_667);
    }

    #[test]
    fn decode_is_that_of_the_standard_library() {
        for c in [
            'a',
            '\u{7f}',
            '\u{80}',
            'ß',
            '\u{7ff}',
            '\u{800}',
            '語',
            '\u{ffff}',
            '𝒳',
            char::MAX,
        ] {
            let mut buffer = [0; 4];
            let text = c.encode_utf8(&mut buffer).as_bytes();
            assert_eq!(decode(text, 0), (u32::from(c), text.len()), "{c:?}");
        }
    }
}
