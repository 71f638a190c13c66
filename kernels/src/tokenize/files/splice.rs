//! Puts another value in the place of a member of a JSON object, and leaves all
//! other bytes as they are: numbers that are read and written again might not be
//! what they were.

use std::ops::Range;

/// The object `json`, which is valid, with `value` for its member `name`; with
/// that member first where it has none.
pub(super) fn with_member(json: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut spliced = Vec::with_capacity(json.len() + name.len() + value.len() + 4);
    if let Some(range) = member(json, name) {
        spliced.extend_from_slice(&json[..range.start]);
        spliced.extend_from_slice(value.as_bytes());
        spliced.extend_from_slice(&json[range.end..]);
    } else {
        let open = json.iter().position(|&byte| byte == b'{');
        let (before, after) = json.split_at(open.map_or(0, |open| open + 1));
        spliced.extend_from_slice(before);
        spliced.extend_from_slice(format!("\"{name}\":{value},").as_bytes());
        spliced.extend_from_slice(after);
    }
    spliced
}

/// Where the value of a member of the outermost object is.
fn member(json: &[u8], name: &str) -> Option<Range<usize>> {
    let (mut at, mut depth, mut start) = (0, 0_usize, None);
    while let Some(&byte) = json.get(at) {
        match (byte, start) {
            (b'"', _) => {
                let end = end_of_string(json, at);
                let is_named = json.get(at + 1..end - 1) == Some(name.as_bytes());
                let colon = colon_after(json, end).filter(|_| depth == 1 && is_named);
                at = colon.unwrap_or(end);
                start = start.or(colon);
                continue;
            }
            (b'{' | b'[', _) => depth += 1,
            (b',' | b'}', Some(start)) if depth == 1 => return Some(start..at),
            (b'}' | b']', _) => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The place behind the string that begins at `at`.
fn end_of_string(json: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(&byte) = json.get(end) {
        end += match byte {
            b'"' => return end + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    json.len().max(at + 2)
}

/// The place behind the colon that comes next, if one does.
fn colon_after(json: &[u8], at: usize) -> Option<usize> {
    let rest = json.get(at..)?;
    let skipped = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
    (rest[skipped] == b':').then_some(at + skipped + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_another_and_no_other_byte() {
        for (json, expected) in [
            (
                r#"{"a": [1, {"t": 2}], "t" : [ 3 ], "z": 1.10}"#,
                r#"{"a": [1, {"t": 2}], "t" :[4], "z": 1.10}"#,
            ),
            (r#"{"t":null}"#, r#"{"t":[4]}"#),
            (
                r#" { "a": "t", "b\"": "\\"}"#,
                r#" {"t":[4], "a": "t", "b\"": "\\"}"#,
            ),
            (r#"{"a": "}\",", "t": "x,}"}"#, r#"{"a": "}\",", "t":[4]}"#),
        ] {
            let spliced = with_member(json.as_bytes(), "t", "[4]");
            assert_eq!(String::from_utf8_lossy(&spliced), expected);
            assert!(serde_json::from_slice::<serde_json::Value>(&spliced).is_ok());
        }
    }
}
