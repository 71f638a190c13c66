//! Every level against the scalar reference, and the reference against examples.

use proptest::prelude::*;

use super::blocks::{BLOCK, specials, whole_characters};
use super::{Level, scalar, skip, skip_at, unescape, unescape_at};

/// What all levels pass over and write; they agree.
fn at_all_levels(text: &str, room: usize) -> (String, usize) {
    let bytes = text.as_bytes();
    let expected = scalar::skip(bytes, 0);
    let mut found = None;
    for level in Level::available() {
        assert_eq!(skip_at(level, bytes), expected, "{level} {text:?}");
        let mut room = vec![0xff; room];
        let unescape = |text: &[u8], room: &mut [u8]| unescape_at(level, text, room);
        let (characters, at) = whole_characters(text, &mut room, unescape);
        let done = (characters.to_owned(), at);
        assert_eq!(*found.get_or_insert(done.clone()), done, "{level} {text:?}");
    }
    found.unwrap()
}

#[test]
fn every_byte_is_told_at_every_place() {
    for byte in 0..0x80_u8 {
        for at in 0..2 * BLOCK + 2 {
            let mut text = "x".repeat(2 * BLOCK + 2).into_bytes();
            text[at] = byte;
            let text = String::from_utf8(text).unwrap();
            let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
            // `\x` is no escape.
            let end = if is_special { at } else { text.len() };
            let (characters, to) = at_all_levels(&text, 200);
            assert_eq!((characters.as_str(), to), (text.get(..end).unwrap(), end));
        }
    }
}

#[test]
fn every_escape_is_taken_at_every_place() {
    for byte in 0..0x80_u8 {
        for before in (0..4).chain(BLOCK - 4..BLOCK + 4) {
            let text = format!(
                "{}\\{}é{}",
                "x".repeat(before),
                byte as char,
                "y".repeat(80)
            );
            let character = match byte {
                b'"' | b'\\' | b'/' => byte as char,
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                _ => {
                    let found = at_all_levels(&text, 200);
                    assert_eq!(found, ("x".repeat(before), before), "{byte}");
                    continue;
                }
            };
            let expected = format!("{}{character}é{}", "x".repeat(before), "y".repeat(80));
            assert_eq!(at_all_levels(&text, 200), (expected, text.len()), "{byte}");
        }
    }
}

#[test]
fn what_ends_a_text_or_a_string_is_left() {
    for (text, expected, at) in [
        ("", "", 0),
        ("\"", "", 0),
        ("a\\", "a", 1),
        ("a\\u00e9", "a", 1),
        ("a\\\\\"b", "a\\", 3),
        ("\\\\\\\\\\n\"", "\\\\\n", 6),
        ("é\n", "é", 2),
    ] {
        assert_eq!(
            at_all_levels(text, 99),
            (expected.to_owned(), at),
            "{text:?}"
        );
    }
}

#[test]
fn places_outside_or_within_a_character_have_nothing() {
    let mut room = [0; 8];
    for from in [1, 3, 99] {
        assert_eq!(skip("é", from), from);
        assert_eq!(unescape("é", from, &mut room), ("", from));
    }
    assert_eq!(unescape("aé", 1, &mut room), ("é", 3));
}

#[test]
fn a_character_without_room_is_left_whole() {
    let text = "aé漢😀\\n".repeat(40);
    for room in 0..150 {
        let (characters, at) = at_all_levels(&text, room);
        assert!(characters.len() <= room && characters.len() + 4 > room);
        let again = characters.replace('\n', "\\n");
        assert_eq!(Some(again.as_str()), text.get(..at));
    }
}

proptest! {
    #[test]
    fn levels_agree(
        text in r#"([a-zé漢😀 ]{0,70}|(\\["\\/bfnrt]){1,40}|\\[uxé]|["\n]?){0,12}"#,
        room in 0_usize..300,
    ) {
        at_all_levels(&text, room);
    }

    #[test]
    fn words_find_what_bytes_do(bytes in prop::collection::vec(any::<u8>(), BLOCK)) {
        let block: [u8; BLOCK] = bytes.try_into().unwrap();
        let found = specials(&block);
        for (at, byte) in block.iter().enumerate() {
            let is_special = *byte < 0x20 || [b'"', b'\\'].contains(byte);
            prop_assert_eq!(found >> at & 1 == 1, is_special);
        }
    }
}
