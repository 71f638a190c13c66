//! GPT-2's printable spelling of bytes, in which a `tokenizer.json` writes its
//! tokens: each of the 256 bytes is one character.

/// The character that stands for a byte.
pub(crate) fn char_of(byte: u8) -> char {
    let nth = match byte {
        0..=b' ' => u32::from(byte),
        0x7f..=0xa0 => u32::from(byte) - 0x7f + 33,
        0xad => 67,
        _ => return char::from(byte),
    };
    // U+0100 to U+0143 are all characters.
    char::from_u32(0x100 + nth).unwrap_or_default()
}

/// The byte that a character stands for.
fn byte_of(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ (0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff) => u8::try_from(code).ok(),
        code @ 0x100..=0x120 => u8::try_from(code - 0x100).ok(),
        code @ 0x121..=0x142 => u8::try_from(code - 0x121 + 0x7f).ok(),
        0x143 => Some(0xad),
        _ => None,
    }
}

/// The bytes that a token spells, or `None` if a character stands for none.
pub(crate) fn decode(token: &str) -> Option<Vec<u8>> {
    token.chars().map(byte_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_a_bijection_onto_gpt2s_characters() {
        for byte in 0..=u8::MAX {
            assert_eq!(byte_of(char_of(byte)), Some(byte));
        }
        assert_eq!(char_of(b' '), 'Ġ');
        assert_eq!(char_of(b'\n'), 'Ċ');
        assert_eq!(char_of(0xad), 'Ń');
        let n_chars = (0..=char::MAX as u32)
            .filter_map(char::from_u32)
            .filter(|&c| byte_of(c).is_some())
            .count();
        assert_eq!(n_chars, 256);
    }
}
