//! Which characters are grapheme clusters by themselves.

use unicode_segmentation::UnicodeSegmentation;

/// Whether a character may be in one cluster with a space behind it: those that
/// are `Prepend` in Unicode, and others near them.
pub(crate) fn joins_next(c: char) -> bool {
    matches!(c,
        '\u{600}'..='\u{605}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{d4e}'
        | '\u{11000}'..='\u{11fff}')
}

/// Whether a character is a cluster of its own among others that are.
pub(crate) fn stands_alone(c: char) -> bool {
    // A letter takes in what extends it; a line feed, a carriage return; parts of
    // syllables and of flags, one another.
    let joins_own = matches!(c,
        '\r'
        | '\u{1100}'..='\u{11ff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{d7b0}'..='\u{d7ff}'
        | '\u{16d63}'..='\u{16d6a}'
        | '\u{1f1e6}'..='\u{1f1ff}');
    let mut buffer = [0; 5];
    !joins_own && !joins_next(c) && {
        let (letter, rest) = buffer.split_at_mut(1);
        letter[0] = b'a';
        let len = 1 + c.encode_utf8(rest).len();
        str::from_utf8(&buffer[..len]).is_ok_and(|text| text.graphemes(true).count() == 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_alone_joins_no_character_that_does() {
        let all = || (char::MIN..=char::MAX).filter(|&c| stands_alone(c));
        let mut last = 'a';
        for c in all() {
            // Each beside the next, itself, and one of each kind.
            for other in [last, c, ' ', 'a', '\n', '가', '각', 'क', '😀', '北'] {
                for pair in [[c, other], [other, c]] {
                    let text: String = pair.iter().collect();
                    assert_eq!(text.graphemes(true).count(), 2, "{pair:?}");
                }
            }
            last = c;
        }
        assert!(all().count() > 1_000_000);
    }

    #[test]
    fn nothing_else_joins_a_space_behind_it() {
        for c in char::MIN..=char::MAX {
            let text: String = [c, ' '].iter().collect();
            assert!(joins_next(c) || text.graphemes(true).count() == 2, "{c:?}");
        }
    }
}
