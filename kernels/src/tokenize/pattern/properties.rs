//! The classes of characters that a regular expression can name, as
//! Oniguruma has them.
//!
//! Oniguruma and `regex-syntax` are both of Unicode 16. The general categories
//! and scripts here were compared over all codepoints; the others are put
//! together from those as Oniguruma has them.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// General categories by their short names, and others by which Oniguruma and
/// `regex-syntax` mean the same.
const SAME: &[&str] = &[
    "L",
    "Lu",
    "Ll",
    "Lt",
    "Lm",
    "Lo",
    "LC",
    "M",
    "Mn",
    "Mc",
    "Me",
    "N",
    "Nd",
    "Nl",
    "No",
    "P",
    "Pc",
    "Pd",
    "Ps",
    "Pe",
    "Pi",
    "Pf",
    "Po",
    "S",
    "Sm",
    "Sc",
    "Sk",
    "So",
    "Z",
    "Zs",
    "Zl",
    "Zp",
    "Cc",
    "Cf",
    "Cn",
    "Co",
    "Letter",
    "Uppercase_Letter",
    "Lowercase_Letter",
    "Titlecase_Letter",
    "Modifier_Letter",
    "Other_Letter",
    "Cased_Letter",
    "Mark",
    "Nonspacing_Mark",
    "Spacing_Mark",
    "Enclosing_Mark",
    "Number",
    "Decimal_Number",
    "Letter_Number",
    "Other_Number",
    "Punctuation",
    "Connector_Punctuation",
    "Dash_Punctuation",
    "Open_Punctuation",
    "Close_Punctuation",
    "Initial_Punctuation",
    "Final_Punctuation",
    "Other_Punctuation",
    "Symbol",
    "Math_Symbol",
    "Currency_Symbol",
    "Modifier_Symbol",
    "Other_Symbol",
    "Separator",
    "Space_Separator",
    "Line_Separator",
    "Paragraph_Separator",
    "Control",
    "Format",
    "Unassigned",
    "Private_Use",
    "Alphabetic",
    "Uppercase",
    "Lowercase",
    "White_Space",
    "Emoji",
    "Emoji_Presentation",
    "Extended_Pictographic",
    "Ideographic",
    "ID_Start",
    "ID_Continue",
    "XID_Start",
    "XID_Continue",
    "Math",
    "Case_Ignorable",
    "Cased",
    "Dash",
    "Diacritic",
    "Variation_Selector",
    "Unified_Ideograph",
];

/// Scripts, of the same meaning in both.
const SCRIPTS: &[&str] = &[
    "Adlam",
    "Arabic",
    "Armenian",
    "Balinese",
    "Bengali",
    "Bopomofo",
    "Braille",
    "Canadian_Aboriginal",
    "Cherokee",
    "Common",
    "Coptic",
    "Cyrillic",
    "Devanagari",
    "Ethiopic",
    "Georgian",
    "Glagolitic",
    "Gothic",
    "Greek",
    "Gujarati",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hebrew",
    "Hiragana",
    "Inherited",
    "Javanese",
    "Kannada",
    "Katakana",
    "Khmer",
    "Lao",
    "Latin",
    "Malayalam",
    "Mongolian",
    "Myanmar",
    "Oriya",
    "Runic",
    "Sinhala",
    "Syriac",
    "Tamil",
    "Telugu",
    "Thaana",
    "Thai",
    "Tibetan",
    "Tifinagh",
    "Yi",
];

/// Other names of what both know.
const RENAMED: &[(&str, &str)] = &[
    ("digit", r"\p{Nd}"),
    ("space", r"\p{White_Space}"),
    ("alpha", r"\p{Alphabetic}"),
    ("alnum", r"[\p{Alphabetic}\p{Nd}]"),
    ("upper", r"\p{Uppercase}"),
    ("lower", r"\p{Lowercase}"),
    ("cntrl", r"\p{Cc}"),
    ("blank", r"[\p{Zs}\t]"),
    ("xdigit", "[0-9A-Fa-f]"),
    ("ascii", r"[\x00-\x7f]"),
    ("any", r"[\x00-\x{10ffff}]"),
    ("assigned", r"\P{Cn}"),
    ("graph", r"[^\p{Cc}\p{Cn}\p{Z}]"),
    ("print", r"[[^\p{Cc}\p{Cn}\p{Z}]\p{Zs}]"),
];

/// `\w`: without the joiners, but with the superscripts and fractions of
/// Latin 1, which it lacks within brackets.
const WORD: &str = r"[[\w--\x{200c}\x{200d}]\x{b2}\x{b3}\x{b9}\x{bc}-\x{be}]";
const WORD_IN_BRACKETS: &str = r"[\w--\x{200c}\x{200d}\x{b2}\x{b3}\x{b9}\x{bc}-\x{be}]";

/// Where a class is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Brackets,
    Nothing,
}

/// What `\d`, `\s`, `\w` and `\h` stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shorthand {
    Digit,
    Space,
    Word,
    HexDigit,
}

impl Shorthand {
    pub(super) fn set(self, within: Within) -> ClassUnicode {
        class(match self {
            Self::Digit => r"\p{Nd}",
            Self::Space => r"\p{White_Space}",
            Self::Word if within == Within::Brackets => WORD_IN_BRACKETS,
            Self::Word => WORD,
            Self::HexDigit => "[0-9A-Fa-f]",
        })
    }
}

/// `\p{name}`, or `None` if the name is not known here. Case, spaces, hyphens
/// and underscores in names do not matter.
pub(super) fn property(name: &str, within: Within) -> Option<ClassUnicode> {
    let name = plain(name);
    match name.as_str() {
        "punct" => return Some(class(r"\p{P}")),
        "word" => return Some(Shorthand::Word.set(within)),
        _ => {}
    }
    let same = SAME
        .iter()
        .chain(SCRIPTS)
        .find(|known| plain(known) == name);
    match same {
        Some(known) => Some(class(&format!(r"\p{{{known}}}"))),
        None => renamed(&name),
    }
}

/// `[:name:]`, or `None` if there is none of that name.
pub(super) fn posix(name: &str) -> Option<ClassUnicode> {
    match name {
        "punct" => Some(class(r"[\p{P}\p{S}]")),
        "alnum" | "alpha" | "ascii" | "blank" | "cntrl" | "digit" | "graph" | "lower" | "print"
        | "space" | "upper" | "xdigit" => renamed(name),
        "word" => Some(Shorthand::Word.set(Within::Brackets)),
        _ => None,
    }
}

/// Everything but a newline.
pub(super) fn dot() -> ClassUnicode {
    let mut newline = ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]);
    newline.negate();
    newline
}

/// Every character.
pub(super) fn any() -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(char::MIN, char::MAX)])
}

fn renamed(name: &str) -> Option<ClassUnicode> {
    let (_, text) = RENAMED.iter().find(|(known, _)| *known == name)?;
    Some(class(text))
}

fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, ' ' | '-' | '_'));
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// A class of the syntax of the `regex` crate; the texts are those above, all
/// of which a test parses. A class of one character comes as a literal.
fn class(text: &str) -> ClassUnicode {
    match regex_syntax::parse(text).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => class,
        Ok(HirKind::Literal(literal)) => {
            let text = std::str::from_utf8(&literal.0).unwrap_or_default();
            ClassUnicode::new(text.chars().map(|c| ClassUnicodeRange::new(c, c)))
        }
        _ => ClassUnicode::empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(class: &ClassUnicode) -> usize {
        let ranges = class.iter();
        ranges
            .map(|range| (range.start()..=range.end()).count())
            .sum()
    }

    #[test]
    fn every_name_is_a_class() {
        for name in SAME
            .iter()
            .chain(SCRIPTS)
            .copied()
            .chain(RENAMED.iter().map(|(name, _)| *name))
        {
            assert_ne!(
                count(&property(name, Within::Nothing).unwrap()),
                0,
                "{name}"
            );
        }
        assert!(property("Foo", Within::Nothing).is_none() && posix("foo").is_none());
    }

    /// Counted in Oniguruma by the wheel of tokenizers 0.23.3.
    #[test]
    fn classes_are_those_of_oniguruma() {
        let counts = [
            ("word", 144_671),
            ("alpha", 142_759),
            ("alnum", 143_519),
            ("graph", 292_447),
            ("print", 292_464),
            ("punct", 855),
            ("upper", 1_978),
            ("lower", 2_569),
            ("blank", 18),
            ("L", 141_028),
            ("N", 1_911),
            ("P", 855),
            ("S", 8_514),
            ("M", 2_501),
            ("Cn", 819_533),
            ("Emoji", 1_431),
            ("xid continue", 144_522),
        ];
        for (name, n) in counts {
            assert_eq!(
                count(&property(name, Within::Nothing).unwrap()),
                n,
                "{name}"
            );
        }
        assert_eq!(count(&posix("punct").unwrap()), 9_369);
        assert_eq!(count(&posix("word").unwrap()), 144_665);
        assert_eq!(count(&Shorthand::Space.set(Within::Nothing)), 25);
        assert_eq!(count(&Shorthand::Digit.set(Within::Nothing)), 760);
    }
}
