//! Upper, lower and title case.

use super::super::error::Exception;
use super::super::python::unicode::{is_space, push_title};
use super::super::value::Datum;

pub(super) fn change(receiver: &str, method: &str) -> Result<Datum, Exception> {
    Ok(Datum::str(match method {
        "upper" => receiver.to_uppercase(),
        "lower" => receiver.to_lowercase(),
        "title" => title(receiver),
        "capitalize" => capitalize(receiver),
        _ if receiver.is_ascii() => receiver.chars().map(swapped).collect(),
        _ => return Err(Exception::unsupported("`swapcase` beyond ASCII")),
    }))
}

fn swapped(c: char) -> char {
    if c.is_ascii_lowercase() {
        c.to_ascii_uppercase()
    } else {
        c.to_ascii_lowercase()
    }
}

/// The first letter as a title, the rest small.
pub(crate) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let mut out = String::new();
    push_title(first, &mut out);
    // Small letters depend on what is before them: a sigma that ends a word.
    let small = text.to_lowercase();
    let first_len: usize = first.to_lowercase().map(char::len_utf8).sum();
    out.push_str(small.get(first_len..).unwrap_or(""));
    out
}

/// `str.title`: a letter is a title where none that has a case is before it.
fn title(text: &str) -> String {
    let mut out = String::new();
    let mut small = text.to_lowercase().chars().collect::<Vec<_>>().into_iter();
    let mut in_word = false;
    for c in text.chars() {
        let len = c.to_lowercase().count();
        let lowered: String = small.by_ref().take(len).collect();
        if in_word {
            out.push_str(&lowered);
        } else {
            push_title(c, &mut out);
        }
        in_word = is_cased(c);
    }
    out
}

fn is_cased(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase() || is_title(c)
}

fn is_title(c: char) -> bool {
    matches!(u32::from(c), 0x1c5 | 0x1c8 | 0x1cb | 0x1f2 | 0x1f88..=0x1f8f | 0x1f98..=0x1f9f
        | 0x1fa8..=0x1faf | 0x1fbc | 0x1fcc | 0x1ffc)
}

/// Jinja2's `title` filter: words begin after spaces and `-({[<`.
pub(crate) fn title_words(text: &str) -> String {
    let begins = |c: char| is_space(c) || "-({[<".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let marks = rest.find(|c| !begins(c)).unwrap_or(rest.len());
        let (before, tail) = rest.split_at(marks);
        out.push_str(before);
        let len = tail.find(begins).unwrap_or(tail.len());
        let (word, tail) = tail.split_at(len);
        let mut chars = word.chars();
        out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        out.push_str(&chars.as_str().to_lowercase());
        rest = tail;
    }
    out
}

pub(crate) fn is_lower(text: &str) -> bool {
    text.chars().any(char::is_lowercase) && !text.chars().any(|c| c.is_uppercase() || is_title(c))
}

pub(crate) fn is_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase) && !text.chars().any(|c| c.is_lowercase() || is_title(c))
}
