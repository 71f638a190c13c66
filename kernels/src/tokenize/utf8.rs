//! Characters of bytes that are UTF-8, without checking them again.

/// The code of the first character, and what is behind it; `None` at the end, or
/// where a character is cut off.
#[inline]
pub(crate) fn first_code(text: &[u8]) -> Option<(u32, &[u8])> {
    let tail = |byte: u8| u32::from(byte & 0x3f);
    match *text {
        [a @ ..0x80, ref rest @ ..] => Some((u32::from(a), rest)),
        [a @ ..0xe0, b, ref rest @ ..] => Some((u32::from(a & 0x1f) << 6 | tail(b), rest)),
        [a @ ..0xf0, b, c, ref rest @ ..] => {
            Some((u32::from(a & 0xf) << 12 | tail(b) << 6 | tail(c), rest))
        }
        [a, b, c, d, ref rest @ ..] => {
            let high = u32::from(a & 7) << 18 | tail(b) << 12;
            Some((high | tail(c) << 6 | tail(d), rest))
        }
        _ => None,
    }
}

/// How many bytes the character has that starts with a byte.
#[inline]
pub(crate) fn len_of_first(byte: u8) -> usize {
    match byte {
        ..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_characters() {
        let text: String = (char::MIN..=char::MAX).collect();
        let mut rest = text.as_bytes();
        for c in text.chars() {
            assert_eq!(len_of_first(rest[0]), c.len_utf8());
            let (code, after) = first_code(rest).unwrap();
            assert_eq!(code, u32::from(c));
            rest = after;
        }
        assert_eq!(first_code(rest), None);
        assert_eq!(first_code("é".as_bytes().get(..1).unwrap()), None);
    }
}
