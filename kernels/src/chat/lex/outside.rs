//! The text between tags, and what surrounds it takes of its white space.

use super::super::error::ChatError;
use super::super::python::unicode::is_space;
use super::inside::{Before, fail, token};
use super::token::{Lexeme, TokenKind};

/// Templates longer than this are refused.
const MAX_LEN_BYTES: usize = 4 << 20;

/// All tokens of a template.
pub(crate) fn tokens(source: &str) -> Result<Vec<Lexeme>, ChatError> {
    if source.len() > MAX_LEN_BYTES {
        return Err(ChatError::Limit {
            line: 1,
            message: format!("the template is longer than {MAX_LEN_BYTES} bytes"),
        });
    }
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    // One line end at the end is not part of the template.
    let text = source.strip_suffix('\n').unwrap_or(&source);
    let mut lexer = Lexer {
        text,
        at: 0,
        line: 1,
        line_starting: true,
        out: Vec::new(),
    };
    while lexer.at < text.len() {
        lexer.step()?;
    }
    Ok(lexer.out)
}

/// What a tag begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    Print,
    Block,
    Comment,
    /// `{% raw %}`, with its length.
    Raw(usize),
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Whether what was read last ends a line.
    line_starting: bool,
    out: Vec<Lexeme>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn advance(&mut self, len: usize) {
        let passed = self.rest().get(..len).unwrap_or("");
        self.line += passed.bytes().filter(|b| *b == b'\n').count();
        self.line_starting = passed.ends_with('\n');
        self.at += len;
    }

    fn push(&mut self, mark: TokenKind) {
        self.out.push(Lexeme {
            line: self.line,
            mark,
        });
    }

    /// Text up to the next tag, and that tag.
    fn step(&mut self) -> Result<(), ChatError> {
        let rest = self.rest();
        let Some((len, tag)) = next_tag(rest) else {
            self.push(TokenKind::Text(rest.into()));
            self.advance(rest.len());
            return Ok(());
        };
        let text = rest.get(..len).unwrap_or("");
        let sign = rest.as_bytes().get(len + 2).copied();
        let sign = sign.filter(|b| matches!(b, b'-' | b'+'));
        let kept = self.before_tag(text, sign, tag);
        if !kept.is_empty() {
            self.push(TokenKind::Text(kept.into()));
        }
        self.advance(len);
        let begin_len = 2 + usize::from(sign.is_some());
        match tag {
            Tag::Print => self.tag(begin_len, TokenKind::PrintBegin, TokenKind::PrintEnd),
            Tag::Block => self.tag(begin_len, TokenKind::BlockBegin, TokenKind::BlockEnd),
            Tag::Comment => self.comment(begin_len),
            Tag::Raw(len) => self.raw(len),
        }
    }

    /// What is left of the text before a tag.
    fn before_tag(&self, text: &'a str, sign: Option<u8>, tag: Tag) -> &'a str {
        if sign == Some(b'-') {
            return text.trim_end_matches(is_space);
        }
        if sign == Some(b'+') || tag == Tag::Print {
            return text;
        }
        let line_start = text.rfind('\n').map_or(0, |at| at + 1);
        let indent = text.get(line_start..).unwrap_or("");
        let at_line_start = line_start > 0 || self.line_starting;
        if at_line_start && indent.chars().all(is_space) {
            return text.get(..line_start).unwrap_or("");
        }
        text
    }

    fn tag(&mut self, begin_len: usize, begin: TokenKind, end: TokenKind) -> Result<(), ChatError> {
        let opened = self.line;
        self.push(begin);
        self.advance(begin_len);
        let mut open: Vec<&'static str> = Vec::new();
        let mut before = Before::Other;
        loop {
            let rest = self.rest();
            if open.is_empty()
                && let Some(len) = end_len(rest, &end)
            {
                self.push(end);
                self.advance(len);
                return Ok(());
            }
            if rest.is_empty() {
                return Err(fail(opened, "a tag is not closed"));
            }
            let (mark, len) = token(rest, before, self.line)?;
            before = match &mark {
                Some(TokenKind::Sign(".")) => Before::Dot,
                _ => Before::Other,
            };
            if let Some(mark) = mark {
                balance(&mark, &mut open, self.line)?;
                self.push(mark);
            }
            self.advance(len);
        }
    }

    fn comment(&mut self, begin_len: usize) -> Result<(), ChatError> {
        let opened = self.line;
        self.advance(begin_len);
        let rest = self.rest();
        let close = rest
            .find("#}")
            .ok_or_else(|| fail(opened, "missing end of comment tag"))?;
        let after = rest.get(close + 2..).unwrap_or("");
        let sign = close.checked_sub(1).and_then(|at| rest.as_bytes().get(at));
        let trimmed = match sign {
            Some(b'-') => after.len() - after.trim_start_matches(is_space).len(),
            Some(b'+') => 0,
            _ => usize::from(after.starts_with('\n')),
        };
        self.advance(close + 2 + trimmed);
        Ok(())
    }

    fn raw(&mut self, begin_len: usize) -> Result<(), ChatError> {
        let opened = self.line;
        self.advance(begin_len);
        let rest = self.rest();
        let mut from = 0;
        while let Some(found) = rest.get(from..).and_then(|tail| tail.find("{%")) {
            let at = from + found;
            if let Some((sign, len)) = end_raw(rest.get(at..).unwrap_or("")) {
                let text = rest.get(..at).unwrap_or("");
                let kept = self.before_tag(text, sign, Tag::Block);
                if !kept.is_empty() {
                    self.push(TokenKind::Text(kept.into()));
                }
                self.advance(at + len);
                return Ok(());
            }
            from = at + 2;
        }
        Err(fail(opened, "missing end of raw directive"))
    }
}

/// Where the next tag begins, and which.
fn next_tag(rest: &str) -> Option<(usize, Tag)> {
    let mut from = 0;
    loop {
        let at = from + rest.get(from..)?.find('{')?;
        let tail = rest.get(at..)?;
        match tail.as_bytes().get(1) {
            Some(b'{') => return Some((at, Tag::Print)),
            Some(b'#') => return Some((at, Tag::Comment)),
            Some(b'%') => {
                let tag = begin_raw(tail).map_or(Tag::Block, Tag::Raw);
                return Some((at, tag));
            }
            _ => from = at + 1,
        }
    }
}

/// The length of `{% raw %}`, if that is what begins here.
fn begin_raw(tail: &str) -> Option<usize> {
    let inner = tail.strip_prefix("{%")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let inner = inner.trim_start_matches(is_space).strip_prefix("raw")?;
    let inner = inner.trim_start_matches(is_space);
    let after = match inner.strip_prefix("-%}") {
        Some(after) => after.trim_start_matches(is_space),
        None => inner.strip_prefix("%}")?,
    };
    Some(tail.len() - after.len())
}

/// The sign and length of `{% endraw %}`, if that is what begins here.
fn end_raw(tail: &str) -> Option<(Option<u8>, usize)> {
    let inner = tail.strip_prefix("{%")?;
    let sign = inner.bytes().next().filter(|b| matches!(b, b'-' | b'+'));
    let inner = inner.get(usize::from(sign.is_some())..)?;
    let inner = inner.trim_start_matches(is_space).strip_prefix("endraw")?;
    let inner = inner.trim_start_matches(is_space);
    let len = end_len(inner, &TokenKind::BlockEnd)?;
    Some((sign, tail.len() - inner.len() + len))
}

/// The length of a tag's end, with the white space that goes with it.
fn end_len(rest: &str, end: &TokenKind) -> Option<usize> {
    let close = if *end == TokenKind::PrintEnd {
        "}}"
    } else {
        "%}"
    };
    if let Some(after) = rest
        .strip_prefix('-')
        .and_then(|rest| rest.strip_prefix(close))
    {
        return Some(rest.len() - after.trim_start_matches(is_space).len());
    }
    if *end == TokenKind::PrintEnd {
        return rest.starts_with(close).then_some(2);
    }
    if rest.starts_with('+') && rest.get(1..).is_some_and(|rest| rest.starts_with(close)) {
        return Some(3);
    }
    let after = rest.strip_prefix(close)?;
    Some(2 + usize::from(after.starts_with('\n')))
}

/// Brackets must close as they opened.
fn balance(mark: &TokenKind, open: &mut Vec<&'static str>, line: usize) -> Result<(), ChatError> {
    let TokenKind::Sign(sign) = mark else {
        return Ok(());
    };
    match *sign {
        "(" => open.push(")"),
        "[" => open.push("]"),
        "{" => open.push("}"),
        ")" | "]" | "}" => match open.pop() {
            Some(expected) if expected == *sign => {}
            _ => return Err(fail(line, &format!("unexpected '{sign}'"))),
        },
        _ => {}
    }
    Ok(())
}
