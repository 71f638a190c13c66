//! Reads one line of JSON from front to back, strictly by RFC 8259.
//!
//! Everything that looks at JSON goes through here, whether it keeps a value
//! or passes over it, so nothing can be let through by one and refused by
//! another. Stricter than the RFC's grammar in one point: a `\u` escape of half
//! a surrogate pair stands for no character and is refused.

use std::borrow::Cow;
use std::sync::Arc;

use fuelrail_kernels::json_text;

use super::bytes::{few_plain, n_digits, next_special};
use super::fault::{Fault, Lexed, Remedy, cut};
use super::key_text::KeyText;
use crate::plan::NotFinite;

/// Lists and objects that may be open at once.
pub(super) const MAX_DEPTH: usize = 512;

/// A place in a line.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// Lists and objects that are open here.
    depth: usize,
    not_finite: NotFinite,
    /// Whole numbers that were written as floats.
    n_converted: u64,
    /// Keys that were left out.
    ignored: Vec<Arc<str>>,
}

/// What kind of value begins at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Null,
    Bool,
    Number,
    /// `NaN`, `Infinity` or `-Infinity`, where they are allowed.
    NotFinite,
    Text,
    List,
    Object,
}

impl<'a> Cursor<'a> {
    /// The beginning of `line`.
    pub(super) fn new(line: &'a str, not_finite: NotFinite) -> Self {
        Self {
            text: line,
            at: 0,
            depth: 0,
            not_finite,
            n_converted: 0,
            ignored: Vec::new(),
        }
    }

    /// Notes that a whole number was written as a float.
    pub(super) fn note_conversion(&mut self) {
        self.n_converted += 1;
    }

    /// How many were, since this was asked last.
    pub(super) fn take_conversions(&mut self) -> u64 {
        std::mem::take(&mut self.n_converted)
    }

    /// Notes that a key is left out.
    pub(super) fn ignore(&mut self, key: Arc<str>) {
        if !self.ignored.contains(&key) {
            self.ignored.push(key);
        }
    }

    /// The keys that were, each once.
    pub(super) fn into_ignored(self) -> Vec<Arc<str>> {
        self.ignored
    }

    /// How many bytes lie before this place.
    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Lists and objects that are open here.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Goes back to where a value began, whose end this place is.
    #[inline]
    pub(super) fn back_to(&mut self, at: usize) {
        self.at = at.min(self.at);
    }

    /// Goes back to where a value began that was left half read, with so many
    /// lists and objects open around it.
    pub(super) fn rewind(&mut self, at: usize, depth: usize) {
        self.back_to(at);
        self.depth = depth.min(self.depth);
    }

    /// All of the line.
    #[inline]
    pub(super) fn line(&self) -> &'a str {
        self.text
    }

    /// The text between `start` and this place.
    #[inline]
    pub(super) fn text_from(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The byte here.
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes over the byte here, which is a character of its own.
    #[inline]
    pub(super) fn next(&mut self) {
        self.at += 1;
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Passes over white space.
    #[inline]
    pub(super) fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes `byte` if it stands here; whether it did.
    #[inline]
    pub(super) fn skip_if(&mut self, byte: u8) -> bool {
        let is_it = self.peek() == Some(byte);
        self.at += usize::from(is_it);
        is_it
    }

    /// Takes the decimal digits that stand here: how many there are.
    #[inline]
    pub(super) fn digits(&mut self) -> usize {
        let n_digits = n_digits(self.text.as_bytes(), self.at);
        self.at += n_digits;
        n_digits
    }

    /// Requires that only white space is left.
    pub(super) fn end(&mut self) -> Lexed<()> {
        self.blank();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("nothing behind the object")),
        }
    }

    /// What kind of value begins here.
    #[inline]
    pub(super) fn token(&self) -> Lexed<Token> {
        match self.peek() {
            Some(b'"') => Ok(Token::Text),
            Some(b'0'..=b'9') => Ok(Token::Number),
            Some(b'{') => Ok(Token::Object),
            Some(b'[') => Ok(Token::List),
            Some(b't' | b'f') => Ok(Token::Bool),
            Some(b'n') => Ok(Token::Null),
            Some(b'-') if self.text.as_bytes().get(self.at + 1) != Some(&b'I') => Ok(Token::Number),
            _ => self.find_not_finite().map(|_| Token::NotFinite),
        }
    }

    /// The number here that JSON does not have.
    #[cold]
    fn find_not_finite(&self) -> Lexed<(&'static str, f64)> {
        const WORDS: [(&str, f64); 3] = [
            ("NaN", f64::NAN),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ];
        let rest = self.rest();
        let found = WORDS
            .into_iter()
            .find(|(word, _)| rest.starts_with(word.as_bytes()));
        match found {
            Some(word) if self.not_finite == NotFinite::Allowed => Ok(word),
            Some((word, _)) => Err(Fault::with_remedy(
                format!("expected JSON, which has no {word}"),
                Remedy::AllowNan,
            )),
            None => Err(self.expected("a value")),
        }
    }

    /// Takes a number that is [`Token::NotFinite`].
    pub(super) fn take_not_finite(&mut self) -> Lexed<f64> {
        let (word, value) = self.find_not_finite()?;
        self.at += word.len();
        Ok(value)
    }

    /// Takes `null`.
    pub(super) fn take_null(&mut self) -> Lexed<()> {
        self.word("null")
    }

    /// Takes `true` or `false`.
    pub(super) fn take_bool(&mut self) -> Lexed<bool> {
        let value = self.peek() == Some(b't');
        self.word(if value { "true" } else { "false" })?;
        Ok(value)
    }

    fn word(&mut self, word: &'static str) -> Lexed<()> {
        if self.rest().starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.expected("a value"))
        }
    }

    /// Enters the list or object that begins here.
    #[inline]
    pub(super) fn open(&mut self) -> Lexed<()> {
        if self.depth == MAX_DEPTH {
            return Err(too_deep());
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Whether another item follows in the list or object that `close` ends:
    /// goes to its beginning, or leaves the list or object.
    #[inline]
    pub(super) fn more(&mut self, is_first: &mut bool, close: u8) -> Lexed<bool> {
        self.blank();
        let first = std::mem::replace(is_first, false);
        match self.peek() {
            Some(b',') if !first => {
                self.at += 1;
                self.blank();
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            _ if first => Ok(true),
            _ if close == b'}' => Err(self.expected("`,` or `}`")),
            _ => Err(self.expected("`,` or `]`")),
        }
    }

    /// Takes what stands here if it begins with `text`; whether it does.
    #[inline]
    pub(super) fn take_if(&mut self, text: &KeyText) -> bool {
        let is_it = text.begins(self.rest());
        self.at += if is_it { text.len() } else { 0 };
        is_it
    }

    /// Takes the key here, its escapes resolved.
    pub(super) fn take_key(&mut self) -> Lexed<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in quotes"));
        }
        let start = self.at + 1;
        let end = next_special(self.text.as_bytes(), start);
        if self.text.as_bytes().get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Cow::Borrowed(self.text.get(start..end).unwrap_or_default()));
        }
        let mut key = String::new();
        self.take_text(&mut [0; 64], |run| key.push_str(run))?;
        Ok(Cow::Owned(key))
    }

    /// Takes the colon behind a key and goes to the value.
    #[inline]
    pub(super) fn colon(&mut self) -> Lexed<()> {
        self.blank();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:` behind the key"));
        }
        self.at += 1;
        self.blank();
        Ok(())
    }

    /// Takes the string that begins here, handing on its characters in runs;
    /// long ones are put together in `room`, of 4 bytes at least.
    #[inline]
    pub(super) fn take_text(
        &mut self,
        room: &mut [u8],
        mut push: impl FnMut(&'_ str),
    ) -> Lexed<()> {
        let start = self.at + 1;
        if let Some(end) = self.near_quote() {
            push(self.text.get(start..end).unwrap_or_default());
            self.at = end + 1;
            return Ok(());
        }
        self.at = start;
        loop {
            let (run, end) = json_text::unescape(self.text, self.at, room);
            push(run);
            self.at = end;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => push(self.escape()?.encode_utf8(&mut [0; 4])),
                Some(b' '..) => {}
                other => return Err(self.broken_text(other)),
            }
        }
    }

    /// Passes over the string that begins here.
    #[inline]
    pub(super) fn skip_text(&mut self) -> Lexed<()> {
        if let Some(end) = self.near_quote() {
            self.at = end + 1;
            return Ok(());
        }
        self.at += 1;
        loop {
            self.at = json_text::skip(self.text, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.escape()?;
                }
                other => return Err(self.broken_text(other)),
            }
        }
    }

    /// Where the string that begins here ends, if that is near and it has no
    /// escapes.
    #[inline]
    fn near_quote(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let end = start + few_plain(bytes, start)?;
        (bytes.get(end) == Some(&b'"')).then_some(end)
    }

    #[cold]
    fn broken_text(&self, byte: Option<u8>) -> Fault {
        match byte {
            None => Fault::new("expected the end of a string, got the end of the line"),
            Some(byte) => Fault::new(format!(
                "expected control characters in strings as escapes, got byte 0x{byte:02x} at character {}",
                self.character(self.at)
            )),
        }
    }

    /// The character that the escape here stands for.
    #[inline(never)]
    fn escape(&mut self) -> Lexed<char> {
        let start = self.at;
        let short = match self.rest().get(1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.long_escape(start),
            _ => return Err(self.not_an_escape(start)),
        };
        self.at += 2;
        Ok(short)
    }

    fn long_escape(&mut self, start: usize) -> Lexed<char> {
        let high = self.unit(start)?;
        if let Some(character) = char::from_u32(u32::from(high)) {
            return Ok(character);
        }
        if (0xd800..0xdc00).contains(&high) && self.rest().starts_with(b"\\u") {
            let low = self.unit(start)?;
            if let [Ok(character)] = char::decode_utf16([high, low]).collect::<Vec<_>>()[..] {
                return Ok(character);
            }
        }
        Err(Fault::new(format!(
            "expected a surrogate pair, got half of one, \\u{high:04x}, at character {}",
            self.character(start)
        )))
    }

    /// The four digits of `\u` here.
    fn unit(&mut self, start: usize) -> Lexed<u16> {
        let digits = self.rest().get(2..6).unwrap_or_default();
        let mut unit = 0_u16;
        for digit in digits {
            let Some(value) = char::from(*digit).to_digit(16) else {
                return Err(self.not_an_escape(start));
            };
            unit = unit << 4 | u16::try_from(value).unwrap_or_default();
        }
        if digits.len() < 4 {
            return Err(self.not_an_escape(start));
        }
        self.at += 6;
        Ok(unit)
    }

    fn not_an_escape(&self, at: usize) -> Fault {
        let shown: String = self
            .text
            .get(at..)
            .unwrap_or_default()
            .chars()
            .take(6)
            .collect();
        Fault::new(format!(
            "expected an escape such as \\n or \\u00e9, got {shown:?} at character {}",
            self.character(at)
        ))
    }

    /// What is wrong where `what` should stand.
    #[cold]
    pub(super) fn expected(&self, what: &str) -> Fault {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(got) = rest.chars().next() else {
            return Fault::new(format!("expected {what}, got the end of the line"));
        };
        Fault::new(format!(
            "expected {what}, got {got:?} at character {}",
            self.character(self.at)
        ))
    }

    /// A value that begins here and is not what its column holds; if it is no
    /// value at all, that.
    #[cold]
    pub(super) fn misfit(&mut self, expected: &str, remedy: Remedy) -> Fault {
        let start = self.at;
        if let Err(fault) = self.skip_value() {
            return fault;
        }
        let got = cut(self.text_from(start));
        Fault::with_remedy(format!("expected {expected}, got {got}"), remedy)
    }

    /// The number of the character at byte `at`, from 1.
    fn character(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or_default().chars().count() + 1
    }
}

#[cold]
fn too_deep() -> Fault {
    Fault::new(format!(
        "expected JSON nested at most {MAX_DEPTH} deep, got deeper"
    ))
}
