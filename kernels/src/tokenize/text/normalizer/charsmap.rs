//! `Precompiled`: the table of replacements of a `SentencePiece` model.
//!
//! The file holds a double-array trie (Darts) over UTF-8, whose values are
//! positions in a text of replacements that each end at a zero byte. A unit of
//! the trie is a word of 32 bits: the label in its low byte (bit 31 is set in
//! values, which are no labels), whether a value follows in bit 8, and the
//! distance to its children above bit 10, in units of 256 if bit 9 is set.

use thiserror::Error;
use unicode_segmentation::UnicodeSegmentation;

use super::super::aligned::AlignedText;
use super::clusters::stands_alone;
use super::standing::CharStanding;
use crate::tokenize::error::EncodeError;

/// Grapheme clusters of this many bytes or more are looked up by character.
const CLUSTER_MAX: usize = 6;

/// A table of replacements.
#[derive(Debug, Clone)]
pub(crate) struct Charsmap {
    units: Vec<u32>,
    replacements: String,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum CharsmapError {
    #[error("a table of {len_bytes} bytes, too short for a trie of {wanted_bytes}")]
    Truncated {
        len_bytes: usize,
        wanted_bytes: usize,
    },
    #[error("a trie without units")]
    Empty,
    #[error("replacements that are not UTF-8 from byte {at} on")]
    NotUtf8 { at: usize },
    #[error("a value at unit {unit} that is the start of no replacement")]
    Value { unit: usize },
    #[error("a unit {unit} that leads out of the trie of {n_units} units")]
    Outside { unit: usize, n_units: usize },
}

impl Charsmap {
    /// Reads a table and follows every path of its trie.
    ///
    /// # Errors
    /// If it is cut off, or some text would lead out of it.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, CharsmapError> {
        let truncated = |wanted_bytes| CharsmapError::Truncated {
            len_bytes: bytes.len(),
            wanted_bytes,
        };
        let (len, rest) = bytes.split_first_chunk().ok_or(truncated(4))?;
        // What is over after the last whole unit belongs to the replacements.
        let len_trie = u32::from_le_bytes(*len) as usize / 4 * 4;
        let (trie, replacements) = rest
            .split_at_checked(len_trie)
            .ok_or(truncated(len_trie.saturating_add(4)))?;
        let replacements = std::str::from_utf8(replacements).map_err(|error| {
            let at = error.valid_up_to();
            CharsmapError::NotUtf8 { at }
        })?;
        let (units, _) = trie.as_chunks();
        let table = Self {
            units: units.iter().map(|&unit| u32::from_le_bytes(unit)).collect(),
            replacements: replacements.to_owned(),
        };
        table.check()?;
        Ok(table)
    }

    /// Follows every path from the root; each node is seen once.
    fn check(&self) -> Result<(), CharsmapError> {
        let n_units = self.units.len();
        let outside = |unit| CharsmapError::Outside { unit, n_units };
        let root = self.units.first().ok_or(CharsmapError::Empty)?;
        let mut seen = vec![false; n_units];
        let mut nodes = vec![offset(*root)];
        while let Some(node) = nodes.pop() {
            match seen.get_mut(node) {
                None => return Err(outside(node)),
                Some(true) => continue,
                Some(seen) => *seen = true,
            }
            for label in 1..=u8::MAX {
                let at = node ^ usize::from(label);
                let unit = *self.units.get(at).ok_or(outside(at))?;
                if !has_label(unit, label) {
                    continue;
                }
                let child = at ^ offset(unit);
                if has_value(unit) && self.replacement(child).is_none() {
                    return Err(CharsmapError::Value { unit: child });
                }
                nodes.push(child);
            }
        }
        Ok(())
    }

    /// The replacement that the value at a unit points to.
    fn replacement(&self, unit: usize) -> Option<&str> {
        let value = self.units.get(unit)? & (u32::MAX >> 1);
        let text = self.replacements.get(value as usize..)?;
        Some(text.split('\0').next().unwrap_or_default())
    }

    /// The most characters that a replacement has.
    pub(super) fn growth(&self) -> usize {
        let counts = self
            .replacements
            .split('\0')
            .map(|text| text.chars().count());
        counts.max().unwrap_or_default().max(1)
    }

    /// How what a text of few characters becomes stands to others.
    pub(super) fn standing(&self, text: &str) -> Option<CharStanding> {
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next())
            && !self.starts_key(text)
        {
            return Some(if stands_alone(c) {
                CharStanding::Open
            } else {
                CharStanding::Mark
            });
        }
        text.chars()
            .all(stands_alone)
            .then_some(CharStanding::NoMarks)
    }

    /// Whether some key starts with a text, or the text with a key.
    fn starts_key(&self, text: &str) -> bool {
        let mut node = self.units.first().map_or(0, |unit| offset(*unit));
        for label in text.bytes() {
            let at = node ^ usize::from(label);
            match self.units.get(at) {
                Some(&unit) if label != 0 && has_label(unit, label) => {
                    if has_value(unit) {
                        return true;
                    }
                    node = at ^ offset(unit);
                }
                _ => return false,
            }
        }
        true
    }

    /// The replacement of the shortest key that `text` starts with. Hugging
    /// Face takes that one for all of `text`, however long.
    fn find(&self, text: &str) -> Option<&str> {
        let mut node = offset(*self.units.first()?);
        for label in text.bytes() {
            let at = node ^ usize::from(label);
            let unit = *self.units.get(at)?;
            // Zero is no label: it marks where values are.
            if label == 0 || !has_label(unit, label) {
                return None;
            }
            node = at ^ offset(unit);
            if has_value(unit) {
                return self.replacement(node);
            }
        }
        None
    }

    /// The replacement of the longest key that `text` starts with, and how many
    /// bytes the key has: what SentencePiece takes.
    pub(crate) fn longest(&self, text: &str) -> Option<(&str, usize)> {
        let mut node = offset(*self.units.first()?);
        let mut longest = None;
        for (len, label) in (1..).zip(text.bytes()) {
            let at = node ^ usize::from(label);
            match self.units.get(at) {
                Some(&unit) if label != 0 && has_label(unit, label) => {
                    node = at ^ offset(unit);
                    if has_value(unit) {
                        longest = Some((node, len));
                    }
                }
                _ => break,
            }
        }
        let (node, len) = longest?;
        Some((self.replacement(node)?, len))
    }

    pub(super) fn apply(&self, text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
        text.rewrite(|piece, out| {
            let text = piece.text();
            if let Some(changed) = self.changed(text) {
                out.transform(piece, changed.into_iter(), 0)
            } else {
                out.copy(piece, 0..text.len());
                Ok(())
            }
        })
    }

    /// What a text becomes, or `None` if nothing in it is in the table.
    fn changed(&self, text: &str) -> Option<Vec<(char, isize)>> {
        let mut changed = Vec::with_capacity(text.len());
        let mut is_changed = false;
        for cluster in text.graphemes(true) {
            if cluster.len() < CLUSTER_MAX
                && let Some(new) = self.find(cluster)
            {
                put(&mut changed, cluster.chars().count(), new);
                is_changed = true;
                continue;
            }
            let mut buffer = [0; 4];
            for c in cluster.chars() {
                if let Some(new) = self.find(c.encode_utf8(&mut buffer)) {
                    put(&mut changed, 1, new);
                    is_changed = true;
                } else {
                    changed.push((c, 0));
                }
            }
        }
        is_changed.then_some(changed)
    }
}

/// Writes `new` for `n_old` characters. Where nothing is written, the
/// character before takes them along; at the start there is none, and what
/// follows is taken to come from one place too early, as in Hugging Face.
fn put(changed: &mut Vec<(char, isize)>, n_old: usize, new: &str) {
    changed.extend(new.chars().map(|c| (c, 0)));
    let n_new = new.chars().count();
    if let Some(n_more) = n_new.checked_sub(n_old) {
        for (_, number) in changed.iter_mut().rev().take(n_more) {
            *number = 1;
        }
    } else if let Some((_, number)) = changed.last_mut() {
        *number -= (n_old - n_new).cast_signed();
    }
}

fn has_label(unit: u32, label: u8) -> bool {
    unit & (1 << 31 | 0xff) == u32::from(label)
}

fn has_value(unit: u32) -> bool {
    unit >> 8 & 1 == 1
}

fn offset(unit: u32) -> usize {
    (unit as usize >> 10) << ((unit & 1 << 9) >> 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trie of one node of 256 units, whose children are `children`, before
    /// these replacements.
    fn table(children: &[(u8, u32)], replacements: &[u8]) -> Vec<u8> {
        let mut units = vec![0_u32; 512];
        units[0] = 256 >> 8 << 10 | 1 << 9;
        for &(label, unit) in children {
            units[256 ^ usize::from(label)] = unit | u32::from(label);
        }
        let mut bytes = 2_048_u32.to_le_bytes().to_vec();
        bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        bytes.extend_from_slice(replacements);
        bytes
    }

    #[test]
    fn a_key_is_replaced() {
        // The value is the unit that the child leads to, here one of zero.
        let table = Charsmap::new(&table(&[(b'a', 1 << 8 | 0x80 << 10)], b"xy\0z")).unwrap();
        assert_eq!(table.find("ab"), Some("xy"));
        assert_eq!(table.find("b"), None);
        assert_eq!(
            table.changed("ba"),
            Some(vec![('b', 0), ('x', 0), ('y', 1)])
        );
    }

    #[test]
    fn broken_tables_are_refused() {
        let whole = table(&[], b"");
        for len in 0..whole.len() {
            let error = Charsmap::new(&whole[..len]).unwrap_err();
            assert!(matches!(error, CharsmapError::Truncated { .. }), "{len}");
        }
        assert_eq!(Charsmap::new(&[0; 4]).unwrap_err(), CharsmapError::Empty);
        assert_eq!(
            Charsmap::new(&table(&[], b"a\xff")).unwrap_err(),
            CharsmapError::NotUtf8 { at: 1 }
        );
        let far = table(&[(b'a', 0x3000 << 10)], b"");
        assert!(matches!(
            Charsmap::new(&far),
            Err(CharsmapError::Outside { .. })
        ));
        let far_value = table(&[(b'a', 1 << 8 | 0x3000 << 10)], b"");
        assert!(matches!(
            Charsmap::new(&far_value),
            Err(CharsmapError::Value { .. })
        ));
    }

    #[test]
    fn a_trie_that_leads_back_to_itself_is_followed_once() {
        // Every child leads to the node it hangs from.
        let children: Vec<_> = (1..=u8::MAX)
            .map(|label| (label, u32::from(label) << 10))
            .collect();
        let table = Charsmap::new(&table(&children, b"")).unwrap();
        assert_eq!(table.find(&"a".repeat(1_000)), None);
    }
}
