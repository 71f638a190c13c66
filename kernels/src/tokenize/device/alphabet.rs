//! The characters that split patterns tell apart.

use std::sync::LazyLock;

#[cfg(test)]
use super::super::scan::class::decode;
use super::super::scan::class::{LETTER, LOWER, NEWLINE, NUMBER, SPACE, UPPER, table};
use super::pages::CodepointPages;

/// What a character is to a pattern. Two with the same symbol are never told
/// apart.
///
/// Letters have no names here. The only ones that patterns name are those of
/// contractions, and whether an apostrophe begins one is seen from the two
/// characters behind it: such an apostrophe is a symbol of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum ClassSymbol {
    /// `[^\s\p{L}\p{N}\p{M}]`, but an apostrophe or a slash.
    Other = 0,
    /// `'` that begins no contraction.
    Apostrophe = 1,
    /// `/`
    Slash = 2,
    /// `\p{M}`
    Mark = 3,
    /// `[\p{Lu}\p{Lt}]`
    Upper = 4,
    /// `\p{Ll}`
    Lower = 5,
    /// `[\p{Lm}\p{Lo}]`
    Letter = 6,
    /// `\p{N}`
    Number = 7,
    /// A space.
    Space = 8,
    /// `[\r\n]`
    Newline = 9,
    /// Other white space.
    Blank = 10,
    /// `'` before one letter of a contraction.
    OneLetter = 11,
    /// `'` before two letters of a contraction.
    TwoLetters = 12,
}

impl ClassSymbol {
    pub(crate) const ALL: [Self; 13] = [
        Self::Other,
        Self::Apostrophe,
        Self::Slash,
        Self::Mark,
        Self::Upper,
        Self::Lower,
        Self::Letter,
        Self::Number,
        Self::Space,
        Self::Newline,
        Self::Blank,
        Self::OneLetter,
        Self::TwoLetters,
    ];

    fn of(spoken: char) -> Self {
        let class = table().codepoint(u32::from(spoken));
        let both = UPPER | LOWER;
        match (spoken, class) {
            ('\'', _) => Self::Apostrophe,
            ('/', _) => Self::Slash,
            (' ', _) => Self::Space,
            (_, class) if class & NEWLINE != 0 => Self::Newline,
            (_, class) if class & SPACE != 0 => Self::Blank,
            (_, class) if class & NUMBER != 0 => Self::Number,
            (_, class) if class & LETTER == 0 && class & both != 0 => Self::Mark,
            (_, class) if class & LETTER == 0 => Self::Other,
            (_, class) if class & both == both => Self::Letter,
            (_, class) if class & UPPER != 0 => Self::Upper,
            _ => Self::Lower,
        }
    }
}

/// The contractions of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortened {
    /// There are none.
    No = 0,
    /// `'s`, `'t`, `'m`, `'d`, `'re`, `'ve` and `'ll`.
    Lower = 1,
    /// These in any case, with U+017F for `s`.
    AnyCase = 2,
}

impl Shortened {
    /// The apostrophe before `behind`, which is what is left of the text.
    #[cfg(test)]
    pub(crate) fn apostrophe(self, behind: &[u8]) -> ClassSymbol {
        let byte = |at: usize| u32::from(behind.get(at).copied().unwrap_or(0));
        let (mut first, mut second) = (byte(0), byte(1));
        if self == Self::No {
            return ClassSymbol::Apostrophe;
        }
        if self == Self::AnyCase {
            if (first, second) == (0xc5, 0xbf) {
                return ClassSymbol::OneLetter;
            }
            (first, second) = (first | 0x20, second | 0x20);
        }
        let letter = |wanted: u8| first == u32::from(wanted);
        if letter(b's') || letter(b't') || letter(b'm') || letter(b'd') {
            return ClassSymbol::OneLetter;
        }
        let (e, l) = (u32::from(b'e'), u32::from(b'l'));
        let is_two = (letter(b'r') || letter(b'v')) && second == e || letter(b'l') && second == l;
        if is_two {
            ClassSymbol::TwoLetters
        } else {
            ClassSymbol::Apostrophe
        }
    }
}

/// The symbol of every codepoint.
pub(crate) struct DeviceAlphabet {
    pages: CodepointPages<u8>,
}

/// The alphabet of all families.
pub(crate) fn alphabet() -> &'static DeviceAlphabet {
    static ALPHABET: LazyLock<DeviceAlphabet> = LazyLock::new(|| DeviceAlphabet {
        pages: CodepointPages::new(|page| page.map(|it| ClassSymbol::of(it) as u8)),
    });
    &ALPHABET
}

impl DeviceAlphabet {
    /// The symbol at `at` of a text, which is a boundary in it, as a number.
    #[cfg(test)]
    pub(crate) fn at(&self, shortened: Shortened, text: &[u8], at: usize) -> u8 {
        if text[at] == b'\'' {
            return shortened.apostrophe(&text[at + 1..]) as u8;
        }
        self.pages.of(decode(text, at).0)
    }

    /// The symbols as devices look them up.
    pub(crate) fn pages(&self) -> &CodepointPages<u8> {
        &self.pages
    }
}

#[cfg(test)]
mod tests {
    use super::ClassSymbol as S;
    use super::*;

    #[test]
    fn characters_have_the_symbols_of_their_classes() {
        let symbols = |text: &str, shortened| {
            let places = text.char_indices().map(|(at, _)| at);
            let symbol = |at| alphabet().at(shortened, text.as_bytes(), at);
            places.map(symbol).collect::<Vec<u8>>()
        };
        let expected = [
            S::Other,
            S::Slash,
            S::Mark,
            S::Upper,
            S::Lower,
            S::Letter,
            S::Number,
            S::Space,
            S::Newline,
            S::Newline,
            S::Blank,
            S::Apostrophe,
        ];
        let text = "!/\u{300}Ǆß語٣ \r\n\u{a0}'";
        assert_eq!(
            symbols(text, Shortened::AnyCase),
            expected.map(|it| it as u8)
        );
        let firsts = |text| {
            [Shortened::No, Shortened::Lower, Shortened::AnyCase].map(|it| symbols(text, it)[0])
        };
        let [none, one, two] = [S::Apostrophe, S::OneLetter, S::TwoLetters].map(|it| it as u8);
        assert_eq!(firsts("'s"), [none, one, one]);
        assert_eq!(firsts("'rE"), [none, none, two]);
        assert_eq!(firsts("'ve"), [none, two, two]);
        assert_eq!(firsts("'\u{17f}"), [none, none, one]);
        assert_eq!(firsts("'l"), [none; 3]);
    }
}
