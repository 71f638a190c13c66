//! What Hugging Face's components know of each character, and sets of
//! characters to look that up in.

#[expect(clippy::unreadable_literal, reason = "codepoints")]
mod categories;
mod char_set;
mod scripts;

use std::sync::LazyLock;

pub(crate) use char_set::CharSet;

/// What `Punctuation` and `BertPreTokenizer` cut out.
pub(super) fn punctuation() -> &'static CharSet {
    static SET: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(categories::PUNCTUATION));
    &SET
}

/// Whether these cut out a character.
pub(crate) fn is_punctuation(c: char) -> bool {
    punctuation().contains(c)
}

/// What the `clean_text` of `BertNormalizer` removes.
pub(super) fn removed() -> &'static CharSet {
    static SET: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(categories::REMOVED));
    &SET
}

/// What the `strip_accents` of `BertNormalizer` removes.
pub(super) fn nonspacing() -> &'static CharSet {
    static SET: LazyLock<CharSet> = LazyLock::new(|| CharSet::new(categories::NONSPACING));
    &SET
}

/// The number of a character's script, or `None` if it has none.
pub(super) fn script(c: char) -> Option<u8> {
    let code = u32::from(c);
    let at = scripts::SCRIPTS.partition_point(|&(start, ..)| start <= code);
    let &(_, end, script) = scripts::SCRIPTS.get(at.checked_sub(1)?)?;
    (code <= end).then_some(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(holds: impl Fn(char) -> bool) -> usize {
        (char::MIN..=char::MAX).filter(|&c| holds(c)).count()
    }

    #[test]
    fn tables_hold_what_they_did_when_they_were_made() {
        assert_eq!(count(|c| punctuation().contains(c)), 726);
        assert_eq!(count(|c| removed().contains(c)), 137_681);
        assert_eq!(count(|c| nonspacing().contains(c)), 1_549);
        assert_eq!(count(|c| script(c).is_some()), 1_112_064 - 983_828);
        assert_eq!(script(' '), None);
        assert_eq!(script('ー'), script('語'));
        assert_eq!(script('あ'), script('ア'));
        assert_ne!(script('a'), script('α'));
    }
}
