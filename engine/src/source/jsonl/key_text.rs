//! Keys as they stand in a line, to be found there by one comparison.

use super::bytes::next_special;

/// Bytes compared at once.
const WORD: usize = 16;

/// A key in quotes and the colon behind it.
#[derive(Debug, Clone)]
pub(super) struct KeyText {
    text: Box<[u8]>,
    /// Its first bytes as one number, and which of its bits they are.
    head: u128,
    mask: u128,
}

impl KeyText {
    /// The key `name`, if it is written without escapes.
    pub(super) fn new(name: &str) -> Option<Self> {
        if next_special(name.as_bytes(), 0) < name.len() {
            return None;
        }
        let text = format!("\"{name}\":").into_bytes();
        let mut head = [0; WORD];
        let mut mask = [0; WORD];
        for ((byte, head), mask) in text.iter().zip(&mut head).zip(&mut mask) {
            *head = *byte;
            *mask = u8::MAX;
        }
        Some(Self {
            text: text.into(),
            head: u128::from_le_bytes(head),
            mask: u128::from_le_bytes(mask),
        })
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether `line` begins with it.
    #[inline]
    pub(super) fn begins(&self, line: &[u8]) -> bool {
        match line.first_chunk() {
            Some(word) if self.text.len() <= WORD => {
                u128::from_le_bytes(*word) & self.mask == self.head
            }
            _ => line.starts_with(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_whatever_stands_behind_them() {
        for len in 0..40 {
            let name = "n".repeat(len);
            let key = KeyText::new(&name).unwrap();
            let text = format!("\"{name}\":1,\"another\":true}}");
            assert!(key.begins(text.as_bytes()), "{len}");
            for end in 0..text.len() {
                let is_whole = end >= len + 3;
                assert_eq!(key.begins(&text.as_bytes()[..end]), is_whole, "{len} {end}");
            }
            for at in 0..len + 3 {
                let mut other = text.clone().into_bytes();
                other[at] ^= 1;
                assert!(!key.begins(&other), "{len} {at}");
            }
        }
        assert!(KeyText::new("a\"b").is_none());
        assert!(KeyText::new("a\n").is_none());
    }
}
