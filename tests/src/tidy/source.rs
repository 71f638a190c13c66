//! Rust text without what is not code: a lexer just good enough for rules.

use std::iter::Peekable;
use std::str::Chars;

/// The text with comments and the insides of string literals left out; line
/// ends stay, so that line numbers do.
#[must_use]
pub fn code_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut last = ' ';
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('/', Some('/')) => skip_line(&mut chars),
            ('/', Some('*')) => skip_block(&mut chars, &mut out),
            ('"', _) => {
                out.push('"');
                skip_string(&mut chars, &mut out);
            }
            ('r', Some('"' | '#')) if !is_word(last) || last == 'b' => {
                out.push('r');
                skip_raw(&mut chars, &mut out);
            }
            ('\'', _) => skip_char(&mut chars, &mut out),
            _ => out.push(c),
        }
        last = c;
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn skip_line(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| *c != '\n').is_some() {}
}

/// Leaves out a block comment, nested ones included.
fn skip_block(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    chars.next();
    let mut depth = 1;
    while depth > 0 {
        match (chars.next(), chars.peek()) {
            (None, _) => return,
            (Some('*'), Some('/')) => {
                chars.next();
                depth -= 1;
            }
            (Some('/'), Some('*')) => {
                chars.next();
                depth += 1;
            }
            (Some('\n'), _) => out.push('\n'),
            (Some(_), _) => {}
        }
    }
}

fn skip_string(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    while let Some(c) = chars.next() {
        match c {
            '\\' => keep_line_end(chars.next(), out),
            '"' => break,
            _ => keep_line_end(Some(c), out),
        }
    }
    out.push('"');
}

/// Leaves out the inside of `r"…"` or `r#"…"#`; a raw name such as `r#type`
/// stays.
fn skip_raw(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut hashes = 0;
    while chars.next_if_eq(&'#').is_some() {
        hashes += 1;
    }
    if chars.next_if_eq(&'"').is_none() {
        return;
    }
    out.push('"');
    let mut closing = None;
    for c in chars.by_ref() {
        keep_line_end(Some(c), out);
        closing = match (c, closing) {
            ('"', _) => Some(0),
            ('#', Some(n)) => Some(n + 1),
            _ => None,
        };
        if closing == Some(hashes) {
            break;
        }
    }
    out.push('"');
}

/// Leaves out a character literal; a lifetime stays.
fn skip_char(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('\'');
    let mut ahead = chars.clone();
    match (ahead.next(), ahead.next()) {
        (Some('\\'), _) => {
            chars.next();
            chars.next();
            while chars.next_if(|c| *c != '\'').is_some() {}
            chars.next();
        }
        (Some(_), Some('\'')) => {
            chars.next();
            chars.next();
        }
        _ => {}
    }
}

fn keep_line_end(c: Option<char>, out: &mut String) {
    if c == Some('\n') {
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::code_only;

    #[test]
    fn leaves_out_comments_and_strings_only() {
        let cases = [
            ("a // b\nc", "a \nc"),
            ("a /* b /* c */ d\n */ e", "a \n e"),
            (r#"f("x // y", z)"#, r#"f("", z)"#),
            (r#"f("\"//", z) // w"#, r#"f("", z) "#),
            (r##"r#"a " b"# + r"c\" + d"##, r#"r"" + r"" + d"#),
            (
                "fn f<'a>(x: &'a str) { '\"'; '\\'' }",
                "fn f<'a>(x: &'a str) { '; ' }",
            ),
            ("\"a\\\nb\" c", "\"\n\" c"),
        ];
        for (text, code) in cases {
            assert_eq!(code_only(text), code, "{text}");
        }
    }
}
