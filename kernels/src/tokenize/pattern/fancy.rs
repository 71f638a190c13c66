//! Classes and escapes of the crate `fancy-regex`, which is what tiktoken runs.
//!
//! It leaves classes to `regex-syntax`, and so does this: what a class holds is
//! what it holds there, intersections and letters in any case included.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::cursor::{Folding, PatternCursor};
use super::escape::{self, Escape};
use super::node::Anchor;
use super::properties::{self, Within};

/// Classes within classes.
const DEPTH_MAX: u32 = 50;

/// What an escape stands for, before it is known whether it is in brackets.
enum Escaped {
    /// A class, as `regex-syntax` spells it.
    Class(String),
    Other(Escape),
}

/// Reads an escape, after its backslash.
///
/// # Errors
/// What of it is not supported.
pub(super) fn escape(cursor: &mut PatternCursor<'_>, folding: Folding) -> Result<Escape, String> {
    match escaped(cursor, Within::Nothing)? {
        Escaped::Class(text) => class_of(&text, folding).map(Escape::Set),
        Escaped::Other(escape) => Ok(escape),
    }
}

/// Reads a class, after its `[`.
///
/// # Errors
/// If it has no end, or is no class.
pub(super) fn class(
    cursor: &mut PatternCursor<'_>,
    folding: Folding,
) -> Result<ClassUnicode, String> {
    let mut text = String::new();
    open(cursor, &mut text);
    let mut depth = 1;
    while depth > 0 {
        match cursor.next() {
            None => return Err("a class without end".to_owned()),
            Some('[') => {
                depth += 1;
                open(cursor, &mut text);
            }
            Some(']') => {
                depth -= 1;
                text.push(']');
            }
            Some('\\') => match escaped(cursor, Within::Brackets)? {
                Escaped::Class(class) => text.push_str(&class),
                Escaped::Other(Escape::Char(c)) => {
                    regex_syntax::escape_into(c.encode_utf8(&mut [0; 4]), &mut text);
                }
                Escaped::Other(_) => return Err("a condition in a class".to_owned()),
            },
            Some(c) => text.push(c),
        }
    }
    class_of(&text, folding)
}

/// `\w`
pub(super) fn word() -> Result<ClassUnicode, String> {
    class_of(r"\w", Folding::Off)
}

/// Writes a `[` with what may follow it alone: `^`, and a `]` that is a
/// character.
fn open(cursor: &mut PatternCursor<'_>, text: &mut String) {
    text.push('[');
    for c in ['^', ']'] {
        if cursor.eat(c) {
            text.push(c);
        }
    }
}

fn escaped(cursor: &mut PatternCursor<'_>, within: Within) -> Result<Escaped, String> {
    let Some(c) = cursor.next() else {
        return Err("a lone backslash".to_owned());
    };
    let other = |escape| Ok(Escaped::Other(escape));
    match (c, within) {
        ('d' | 's' | 'w' | 'D' | 'S' | 'W', _) => Ok(Escaped::Class(format!("\\{c}"))),
        ('h', _) => Ok(Escaped::Class("[0-9A-Fa-f]".to_owned())),
        ('H', _) => Ok(Escaped::Class("[^0-9A-Fa-f]".to_owned())),
        ('p' | 'P', _) => property(cursor, c).map(Escaped::Class),
        ('x', _) => hex(cursor, 2).map(Escaped::Other),
        ('u', _) => hex(cursor, 4).map(Escaped::Other),
        ('U', _) => hex(cursor, 8).map(Escaped::Other),
        ('b', Within::Brackets) => other(Escape::Char('\u{8}')),
        ('b' | 'B', Within::Nothing) if cursor.is_at("{") => Err(format!("`\\{c}{{`")),
        // These are the ends of words; elsewhere they are characters.
        ('<' | '>' | 'Z', Within::Nothing) => Err(format!("`\\{c}`")),
        ('N', Within::Nothing) => other(Escape::Set(properties::dot())),
        ('O', Within::Nothing) => other(Escape::Set(properties::any())),
        _ => match escape::plain(c) {
            Some(c) => other(Escape::Char(c)),
            None if within == Within::Nothing => escape::anchor(c).map(Escaped::Other),
            None => Err(format!("`\\{c}` in a class")),
        },
    }
}

/// After `\p` or `\P`, which is `kind`: the property, as `regex-syntax` spells it.
fn property(cursor: &mut PatternCursor<'_>, kind: char) -> Result<String, String> {
    if !cursor.eat('{') {
        return match cursor.next() {
            Some(name) => Ok(format!("\\{kind}{name}")),
            None => Err(format!("`\\{kind}` without a name")),
        };
    }
    let is_negated = (kind == 'P') != cursor.eat('^');
    let name = cursor.take_while(|c| c != '}');
    if !cursor.eat('}') {
        return Err(format!("`\\{kind}` without end"));
    }
    let kind = if is_negated { 'P' } else { 'p' };
    Ok(format!("\\{kind}{{{name}}}"))
}

/// After `\x` and the like: so many hexadecimal digits, or some in braces.
fn hex(cursor: &mut PatternCursor<'_>, n_digits: usize) -> Result<Escape, String> {
    match escape::braced(cursor)? {
        Some(escape) => Ok(escape),
        None => escape::code(cursor, n_digits),
    }
}

/// The class that `text` is to `regex-syntax`.
fn class_of(text: &str, folding: Folding) -> Result<ClassUnicode, String> {
    let parsed = ParserBuilder::new()
        .case_insensitive(folding != Folding::Off)
        .nest_limit(DEPTH_MAX)
        .build()
        .parse(text);
    match parsed.map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => Ok(class),
        // One character, or none.
        Ok(HirKind::Literal(literal)) => {
            let chars = std::str::from_utf8(&literal.0).unwrap_or_default().chars();
            Ok(ClassUnicode::new(
                chars.map(|c| ClassUnicodeRange::new(c, c)),
            ))
        }
        Ok(HirKind::Class(Class::Bytes(class))) if class.ranges().is_empty() => {
            Ok(ClassUnicode::empty())
        }
        _ => Err(format!("the class `{text}`")),
    }
}

/// `^` and `$`, which are the ends of the text.
pub(super) fn edge(c: char) -> Anchor {
    if c == '^' {
        Anchor::TextStart
    } else {
        Anchor::TextEnd
    }
}
