//! JSON as Python's `json.loads` reads it: integers of any size up to 128
//! bits stay integers, the last of equal keys wins at the place of the first,
//! and `NaN` and `Infinity` are read.

use indexmap::IndexMap;

use super::super::error::ChatError;
use super::super::value::{Datum, Key, MAX_NESTING};

/// The value of a JSON text.
pub(crate) fn read(text: &str) -> Result<Datum, ChatError> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    reader.space();
    let datum = reader.value()?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.fail("expected the end of the JSON text"));
    }
    Ok(datum)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn fail(&self, expected: &str) -> ChatError {
        ChatError::Json {
            message: format!("{expected} at byte {}", self.at),
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        let trimmed = self.rest().trim_start_matches([' ', '\t', '\n', '\r']);
        self.at = self.text.len() - trimmed.len();
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn value(&mut self) -> Result<Datum, ChatError> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Datum::str(self.string()?)),
            _ => self.scalar(),
        }
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Datum, ChatError>,
    ) -> Result<Datum, ChatError> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(self.fail("expected less nesting"));
        }
        let datum = read(self)?;
        self.depth -= 1;
        Ok(datum)
    }

    fn array(&mut self) -> Result<Datum, ChatError> {
        let mut items = Vec::new();
        self.space();
        if !self.take("]") {
            loop {
                self.space();
                items.push(self.value()?);
                self.space();
                if self.take("]") {
                    break;
                }
                if !self.take(",") {
                    return Err(self.fail("expected `,` or `]`"));
                }
            }
        }
        Datum::list(items).map_err(|fault| self.refuse(fault))
    }

    fn object(&mut self) -> Result<Datum, ChatError> {
        let mut map = IndexMap::new();
        self.space();
        if !self.take("}") {
            loop {
                self.space();
                if self.peek() != Some(b'"') {
                    return Err(self.fail("expected a key in quotes"));
                }
                let key = Key::str(self.string()?);
                self.space();
                if !self.take(":") {
                    return Err(self.fail("expected `:`"));
                }
                self.space();
                let datum = self.value()?;
                map.insert(key, datum);
                self.space();
                if self.take("}") {
                    break;
                }
                if !self.take(",") {
                    return Err(self.fail("expected `,` or `}`"));
                }
            }
        }
        Datum::dict(map).map_err(|fault| self.refuse(fault))
    }

    fn refuse(&self, fault: super::super::error::Exception) -> ChatError {
        ChatError::Json {
            message: format!("{} at byte {}", fault.at(0), self.at),
        }
    }

    fn string(&mut self) -> Result<String, ChatError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let stop = |c: char| c == '"' || c == '\\' || c < ' ';
            let len = rest
                .find(stop)
                .ok_or_else(|| self.fail("expected the end of a text"))?;
            out.push_str(rest.get(..len).unwrap_or(""));
            self.at += len;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(self.fail("expected no control character in a text")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ChatError> {
        self.at += 1;
        let c = match self.peek() {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.fail("expected an escape")),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode_escape(&mut self) -> Result<char, ChatError> {
        let first = self.code_unit()?;
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            self.at += 1;
            units.push(self.code_unit()?);
        }
        match char::decode_utf16(units).next() {
            Some(Ok(c)) => Ok(c),
            _ => Err(self.fail("expected no lone surrogate")),
        }
    }

    fn code_unit(&mut self) -> Result<u16, ChatError> {
        let digits = self.text.get(self.at + 1..self.at + 5);
        let unit = digits
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u16::from_str_radix(digits, 16).ok())
            .ok_or_else(|| self.fail("expected four hexadecimal digits"))?;
        self.at += 5;
        Ok(unit)
    }

    fn scalar(&mut self) -> Result<Datum, ChatError> {
        let words = [
            ("null", Datum::None),
            ("true", Datum::Bool(true)),
            ("false", Datum::Bool(false)),
            ("NaN", Datum::Float(f64::NAN)),
            ("Infinity", Datum::Float(f64::INFINITY)),
            ("-Infinity", Datum::Float(f64::NEG_INFINITY)),
        ];
        for (word, datum) in words {
            if self.take(word) {
                return Ok(datum);
            }
        }
        self.number()
    }

    fn number(&mut self) -> Result<Datum, ChatError> {
        let rest = self.rest();
        let mut len = usize::from(rest.starts_with('-'));
        let digits = |from: usize| {
            let tail = rest.as_bytes().get(from..).unwrap_or(&[]);
            tail.iter().take_while(|b| b.is_ascii_digit()).count()
        };
        let byte = |at: usize| rest.as_bytes().get(at).copied();
        let whole = if byte(len) == Some(b'0') {
            1
        } else {
            digits(len)
        };
        if whole == 0 {
            return Err(self.fail("expected a JSON value"));
        }
        len += whole;
        let integer_len = len;
        if byte(len) == Some(b'.') && digits(len + 1) > 0 {
            len += 1 + digits(len + 1);
        }
        if matches!(byte(len), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(byte(len + 1), Some(b'+' | b'-')));
            let exponent = digits(len + 1 + sign);
            if exponent > 0 {
                len += 1 + sign + exponent;
            }
        }
        let text = rest.get(..len).unwrap_or("");
        let datum = if len == integer_len {
            text.parse().ok().map(Datum::Int)
        } else {
            text.parse().ok().map(Datum::Float)
        };
        let datum = datum.ok_or_else(|| self.fail("expected an integer of at most 128 bits"))?;
        self.at += len;
        Ok(datum)
    }
}
