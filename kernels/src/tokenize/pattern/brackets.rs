//! Classes of characters in brackets.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::cursor::{Folding, PatternCursor};
use super::escape::{self, Escape};
use super::fold;
use super::properties::{self, Within};

/// Classes within classes.
const DEPTH_MAX: usize = 50;

/// Reads a class, after its `[`.
pub(super) fn read(
    cursor: &mut PatternCursor<'_>,
    folding: Folding,
) -> Result<ClassUnicode, String> {
    let mut set = nested(cursor, folding, DEPTH_MAX)?;
    // Canonical: unions are.
    set.union(&ClassUnicode::empty());
    Ok(set)
}

fn nested(
    cursor: &mut PatternCursor<'_>,
    folding: Folding,
    depth_left: usize,
) -> Result<ClassUnicode, String> {
    if depth_left == 0 {
        return Err(format!("classes more than {DEPTH_MAX} deep"));
    }
    let is_negated = cursor.eat('^');
    if cursor.peek() == Some(']') {
        return Err("`]` at the start of a class".to_owned());
    }
    // What is on the left of `&&` so far, and what comes after.
    let mut left: Option<ClassUnicode> = None;
    let mut set = ClassUnicode::empty();
    let mut is_empty = true;
    loop {
        if cursor.eat_text("&&") {
            if is_empty || cursor.is_at("]") || cursor.is_at("&&") {
                return Err("`&&` beside nothing".to_owned());
            }
            intersect(&mut left, &mut set);
            is_empty = true;
            continue;
        }
        match cursor.next() {
            None => return Err("a class without end".to_owned()),
            Some(']') => break,
            Some('[') if cursor.eat(':') => set.union(&posix(cursor)?),
            Some('[') => set.union(&nested(cursor, folding, depth_left - 1)?),
            Some('-') if is_empty || cursor.is_at("]") => set.union(&only('-')),
            Some('-') => return Err("`-` amid a class".to_owned()),
            Some(c) => set.union(&item(cursor, c)?),
        }
        is_empty = false;
    }
    intersect(&mut left, &mut set);
    let mut set = left.unwrap_or(set);
    fold::fold(&mut set, folding)?;
    if is_negated {
        set.negate();
    }
    Ok(set)
}

fn only(c: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(c, c)])
}

/// Moves what was read to the left of `&&`.
fn intersect(left: &mut Option<ClassUnicode>, set: &mut ClassUnicode) {
    let right = std::mem::replace(set, ClassUnicode::empty());
    match left {
        Some(left) => left.intersect(&right),
        None => *left = Some(right),
    }
}

/// A character, a range or an escape that starts with `c`.
fn item(cursor: &mut PatternCursor<'_>, c: char) -> Result<ClassUnicode, String> {
    let start = match c {
        '\\' => match escape::read(cursor, Within::Brackets)? {
            Escape::Char(c) => c,
            Escape::Set(set) => {
                if cursor.is_at("-") && !cursor.is_at("-]") {
                    return Err("`-` after a class in a class".to_owned());
                }
                return Ok(set);
            }
            Escape::Anchor(_) | Escape::LineBreak => {
                return Err("a condition in a class".to_owned());
            }
        },
        _ => c,
    };
    if cursor.is_at("-]") || !cursor.eat('-') {
        return Ok(only(start));
    }
    let end = match cursor.next() {
        Some('\\') => match escape::read(cursor, Within::Brackets)? {
            Escape::Char(c) => c,
            _ => return Err("a range to a class".to_owned()),
        },
        Some('[') | None => return Err("a range without end".to_owned()),
        Some('-') => return Err("`--` in a class".to_owned()),
        Some(c) => c,
    };
    if cursor.is_at("-") && !cursor.is_at("-]") {
        return Err("`-` after a range in a class".to_owned());
    }
    if start > end {
        return Err(format!("a range from {start:?} down to {end:?}"));
    }
    Ok(ClassUnicode::new([ClassUnicodeRange::new(start, end)]))
}

/// After `[:`.
fn posix(cursor: &mut PatternCursor<'_>) -> Result<ClassUnicode, String> {
    let is_negated = cursor.eat('^');
    let name = cursor.take_while(|c| c.is_ascii_alphabetic());
    if !cursor.eat_text(":]") {
        return Err("`[:` in a class".to_owned());
    }
    let Some(mut set) = properties::posix(name) else {
        return Err(format!("`[:{name}:]`"));
    };
    if is_negated {
        set.negate();
    }
    Ok(set)
}
