//! Python's classes of characters.
//!
//! The tables are those of the Unicode version of `regex-syntax` and of the
//! standard library; characters that are newer than the reference's Python
//! may be classed otherwise there.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, HirKind};

type Ranges = Vec<(char, char)>;

/// `str.isspace`, and what `strip` takes without arguments.
pub(crate) fn is_space(c: char) -> bool {
    matches!(c,
        '\t'..='\r' | '\x1c'..='\x20' | '\u{85}' | '\u{a0}' | '\u{1680}'
        | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// Where `str.splitlines` cuts.
pub(crate) fn is_line_end(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// `str.isprintable`, which decides what `repr` escapes.
pub(crate) fn is_printable(c: char) -> bool {
    static OTHER: OnceLock<Ranges> = OnceLock::new();
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    !contains(OTHER.get_or_init(|| ranges(r"[\p{C}\p{Z}]")), c)
}

/// `str.isalpha`.
pub(crate) fn is_alpha(c: char) -> bool {
    static LETTERS: OnceLock<Ranges> = OnceLock::new();
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    contains(LETTERS.get_or_init(|| ranges(r"\p{L}")), c)
}

/// `str.isdecimal`.
pub(crate) fn is_decimal(c: char) -> bool {
    static DECIMALS: OnceLock<Ranges> = OnceLock::new();
    if c.is_ascii() {
        return c.is_ascii_digit();
    }
    contains(DECIMALS.get_or_init(|| ranges(r"\p{Nd}")), c)
}

/// `str.isdigit`.
pub(crate) fn is_digit(c: char) -> bool {
    is_decimal(c) || contains(DIGITS, c)
}

/// `str.isnumeric`, but for ideographs.
pub(crate) fn is_number(c: char) -> bool {
    static NUMBERS: OnceLock<Ranges> = OnceLock::new();
    if c.is_ascii() {
        return c.is_ascii_digit();
    }
    contains(NUMBERS.get_or_init(|| ranges(r"\p{N}")), c)
}

/// The value of a decimal digit of any script.
pub(crate) fn decimal_value(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    // Digits of a script are ten in a row, and rows start at a zero.
    let mut first = u32::from(c);
    if !is_decimal(c) {
        return None;
    }
    while first > 0 && char::from_u32(first - 1).is_some_and(is_decimal) {
        first -= 1;
    }
    Some((u32::from(c) - first) % 10)
}

/// Characters that are digits without being decimals.
const DIGITS: &[(char, char)] = &[
    ('\u{b2}', '\u{b3}'),
    ('\u{b9}', '\u{b9}'),
    ('\u{1369}', '\u{1371}'),
    ('\u{19da}', '\u{19da}'),
    ('\u{2070}', '\u{2070}'),
    ('\u{2074}', '\u{2079}'),
    ('\u{2080}', '\u{2089}'),
    ('\u{2460}', '\u{2468}'),
    ('\u{2474}', '\u{247c}'),
    ('\u{2488}', '\u{2490}'),
    ('\u{24ea}', '\u{24ea}'),
    ('\u{24f5}', '\u{24fd}'),
    ('\u{24ff}', '\u{24ff}'),
    ('\u{2776}', '\u{277e}'),
    ('\u{2780}', '\u{2788}'),
    ('\u{278a}', '\u{2792}'),
    ('\u{10a40}', '\u{10a43}'),
    ('\u{10e60}', '\u{10e68}'),
    ('\u{11052}', '\u{1105a}'),
    ('\u{1f100}', '\u{1f10a}'),
];

fn contains(ranges: &[(char, char)], c: char) -> bool {
    let after = ranges.partition_point(|range| range.0 <= c);
    after > 0 && ranges[after - 1].1 >= c
}

/// The characters that a class of regular expressions holds.
fn ranges(class: &str) -> Ranges {
    let Ok(hir) = regex_syntax::Parser::new().parse(class) else {
        return Vec::new();
    };
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => class
            .iter()
            .map(|range| (range.start(), range.end()))
            .collect(),
        _ => Vec::new(),
    }
}

/// `str.title` of a character: not always its upper case.
pub(crate) fn push_title(c: char, out: &mut String) {
    let code = u32::from(c);
    let shifted = |code: u32| char::from_u32(code).unwrap_or(c);
    match code {
        0x1c4..=0x1cc => out.push(shifted(0x1c5 + (code - 0x1c4) / 3 * 3)),
        0x1f1..=0x1f3 => out.push('\u{1f2}'),
        0x10d0..=0x10fa | 0x10fd..=0x10ff | 0x1fbc | 0x1fcc | 0x1ffc => out.push(c),
        0x1f80..=0x1faf => out.push(shifted(code | 8)),
        0x1fb3 | 0x1fc3 | 0x1ff3 => out.push(shifted(code + 9)),
        0x1fb7 | 0x1fc7 | 0x1ff7 => out.extend([shifted(code + 5), '\u{342}']),
        0x1fb2 | 0x1fb4 | 0x1fc2 | 0x1fc4 | 0x1ff2 | 0x1ff4 => {
            out.extend(c.to_uppercase().next());
            out.push('\u{345}');
        }
        0xdf | 0x587 | 0xfb00..=0xfb06 | 0xfb13..=0xfb17 => {
            let mut upper = c.to_uppercase();
            out.extend(upper.next());
            out.extend(upper.flat_map(char::to_lowercase));
        }
        _ => out.extend(c.to_uppercase()),
    }
}
