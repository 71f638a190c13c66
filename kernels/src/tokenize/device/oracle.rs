//! A scanner as an oracle: where words begin in a short string of symbols.

use std::ops::Range;

use super::super::scan::{Scanner, SplitScan};
use super::alphabet::{ClassSymbol, Shortened};

/// Symbols that a string has at most.
const MAX: usize = 32;

/// Which way an automaton reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Forwards,
    Backwards,
}

/// Calls `visit` with where each word of a text lies.
pub(crate) fn each_word(scanner: &Scanner, text: &[u8], mut visit: impl FnMut(Range<usize>)) {
    let mut at = 0;
    while at < text.len() {
        let end = match scanner {
            Scanner::Gpt2(scan) => scan.end(text, at),
            Scanner::Cl100k(scan) => scan.end(text, at),
            Scanner::O200k(scan) => scan.end(text, at),
        };
        visit(at..end);
        at = end;
    }
}

/// Answers for one scanner.
pub(crate) struct Oracle<'a> {
    scanner: &'a Scanner,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(scanner: &'a Scanner) -> Self {
        Self { scanner }
    }

    /// The contractions of the pattern: a word begins behind `'s`, although a
    /// letter follows.
    pub(crate) fn shortened(&self) -> Shortened {
        let parts = |text: &str| {
            let mut parts = false;
            each_word(self.scanner, text.as_bytes(), |word| {
                parts |= word.start == 3;
            });
            parts
        };
        match (parts("b'sb"), parts("b'Sb")) {
            (true, true) => Shortened::AnyCase,
            (true, false) => Shortened::Lower,
            (false, _) => Shortened::No,
        }
    }

    /// A bit for each symbol at which a word begins.
    ///
    /// The letters behind an apostrophe that begins a contraction are those of
    /// one, and if the string ends before them, they are there all the same.
    /// No text has anything else there, so it is free what a string with other
    /// symbols there stands for: to what reads forwards it is an ordinary
    /// apostrophe, which needs the fewest states. What reads backwards has
    /// forgotten which letters they were, so to that they are those of the
    /// contraction.
    pub(crate) fn starts(&self, way: Way, symbols: &[u8]) -> u32 {
        let mut text = [0; 4 * MAX + 2];
        let mut index_at = [0; 4 * MAX + 2];
        let mut len = 0;
        let mut rest = "".chars();
        for (index, &symbol) in symbols.iter().take(MAX).enumerate() {
            let is_letter = way == Way::Backwards || symbol == ClassSymbol::Lower as u8;
            let spoken = match rest.next() {
                Some(letter) if is_letter => letter,
                Some(letter) if symbol == ClassSymbol::Upper as u8 => letter.to_ascii_uppercase(),
                _ => {
                    rest = letters(symbol).chars();
                    spoken(symbol)
                }
            };
            index_at[len] = index;
            len += spoken.encode_utf8(&mut text[len..]).len();
        }
        for letter in rest {
            len += letter.encode_utf8(&mut text[len..]).len();
        }
        let mut starts = 0;
        each_word(self.scanner, &text[..len], |word| {
            starts |= 1 << index_at[word.start];
        });
        starts
    }
}

/// A character with a symbol that is part of no contraction.
fn spoken(symbol: u8) -> char {
    match ClassSymbol::ALL.get(usize::from(symbol)) {
        None | Some(ClassSymbol::Other) => '!',
        Some(ClassSymbol::Apostrophe | ClassSymbol::OneLetter | ClassSymbol::TwoLetters) => '\'',
        Some(ClassSymbol::Slash) => '/',
        Some(ClassSymbol::Mark) => '\u{300}',
        Some(ClassSymbol::Upper) => 'B',
        Some(ClassSymbol::Lower) => 'b',
        Some(ClassSymbol::Letter) => '語',
        Some(ClassSymbol::Number) => '0',
        Some(ClassSymbol::Space) => ' ',
        Some(ClassSymbol::Newline) => '\n',
        Some(ClassSymbol::Blank) => '\t',
    }
}

/// The letters that follow a character with this symbol in any case.
fn letters(symbol: u8) -> &'static str {
    match ClassSymbol::ALL.get(usize::from(symbol)) {
        Some(ClassSymbol::OneLetter) => "s",
        Some(ClassSymbol::TwoLetters) => "re",
        _ => "",
    }
}
