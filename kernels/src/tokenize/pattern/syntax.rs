//! The part of the syntax of regular expressions that Oniguruma and
//! `fancy-regex` read the same. A check of text, not a parser: what it lets
//! through may still be refused by the engine.

use std::iter::Peekable;
use std::str::Chars;

/// `\p` names that were compared over all codepoints.
const PROPERTIES: &[&str] = &[
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "Cc",
    "Cf", "Han", "Hiragana", "Katakana", "Hangul", "Latin", "Greek", "Cyrillic", "Arabic",
    "Hebrew", "Thai",
];

/// Bodies of `(?i:…)` whose letters fold one to one in both engines.
const FOLDED: &[&str] = &[
    "'s|'t|'re|'ve|'m|'ll|'d",
    "[sdmt]|ll|ve|re",
    "[sdmtSDMT]|ll|ve|re",
];

/// Checks a pattern.
///
/// # Errors
/// What it uses that is not in the common part.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars)?,
            '[' => class(&mut chars)?,
            '(' => group(&mut chars)?,
            '{' => repetition(&mut chars)?,
            '^' | '$' | '}' => return Err(format!("`{c}`")),
            _ => {}
        }
    }
    Ok(())
}

/// After a backslash.
fn escape(chars: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    match chars.next() {
        Some('p' | 'P') => property(chars),
        Some('s' | 'S' | 'd' | 'D' | 'r' | 'n' | 't') => Ok(()),
        Some(c) if c.is_ascii_punctuation() || c == ' ' => {
            // `\<` and `\>` are word boundaries to one of the engines.
            if matches!(c, '<' | '>') {
                Err(format!("`\\{c}`"))
            } else {
                Ok(())
            }
        }
        Some(c) => Err(format!("`\\{c}`")),
        None => Err("a lone backslash".to_owned()),
    }
}

/// After `\p` or `\P`.
fn property(chars: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    let opened = chars.next_if_eq(&'{').is_some();
    let name: String = std::iter::from_fn(|| chars.next_if(char::is_ascii_alphabetic)).collect();
    let closed = chars.next_if_eq(&'}').is_some();
    if opened && closed && PROPERTIES.contains(&name.as_str()) {
        Ok(())
    } else {
        Err(format!("the property `{name}`"))
    }
}

/// After `[`.
fn class(chars: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    chars.next_if_eq(&'^');
    let mut is_empty = true;
    while let Some(c) = chars.next() {
        match c {
            ']' if is_empty => return Err("`[]`".to_owned()),
            ']' => return Ok(()),
            '[' => return Err("a class in a class".to_owned()),
            '&' | '~' | '-' if chars.peek() == Some(&c) => {
                return Err(format!("`{c}{c}` in a class"));
            }
            '\\' => escape(chars)?,
            _ => {}
        }
        is_empty = false;
    }
    Err("a class without end".to_owned())
}

/// After `(`.
fn group(chars: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    if chars.next_if_eq(&'?').is_none() {
        return Ok(());
    }
    let kind = chars.next();
    match (kind, chars.peek()) {
        (Some(':' | '=' | '!' | '>'), _) => Ok(()),
        (Some('<'), Some('=' | '!')) => {
            chars.next();
            Ok(())
        }
        (Some('i'), Some(':')) => {
            chars.next();
            let rest: String = chars.clone().collect();
            let body = rest.split(')').next().unwrap_or_default();
            if !FOLDED.contains(&body) {
                return Err(format!("`(?i:{body})`"));
            }
            chars.nth(body.chars().count());
            Ok(())
        }
        _ => Err("a group of an uncommon kind".to_owned()),
    }
}

/// After `{`.
fn repetition(chars: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    let body: String = std::iter::from_fn(|| chars.next_if(|&c| c != '}')).collect();
    let closed = chars.next().is_some();
    let counts = body.split(',').enumerate().all(|(at, count)| {
        let may_be_empty = at == 1;
        count.bytes().all(|byte| byte.is_ascii_digit())
            && count.len() <= 3
            && (may_be_empty || !count.is_empty())
    });
    if !closed || !counts || body.split(',').count() > 2 {
        return Err(format!("`{{{body}}}`"));
    }
    match chars.peek() {
        Some(c @ ('+' | '?' | '*')) => Err(format!("`{{{body}}}{c}`")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn common_syntax_passes() {
        for pattern in [
            r"\p{N}{1,3}",
            "[\u{4e00}-\u{9fa5}\u{3040}-\u{309f}]+",
            r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|x",
            r"(?<=a)b|(?<!c)d|(?>e)|(?:f)++",
        ] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn syntax_that_engines_read_differently_is_refused() {
        for pattern in [
            r"\w+",
            r"\bx",
            r"^x",
            r"x$",
            r"(?i:ss)",
            r"(?i)x",
            r"[a&&b]",
            r"[[:alpha:]]",
            r"[]x]",
            r"x{,3}",
            r"x{1,3}+",
            r"x{2}?",
            r"\p{Foo}",
            r"\pL",
            r"\p{^L}",
            r"\h",
            r"\R",
            r"(?<n>x)",
            r"\",
            r"[x",
            r"x{1",
            r"\<",
            r"}",
        ] {
            assert!(check(pattern).is_err(), "{pattern}");
        }
    }
}
