//! The tokens of a model: texts by id and ids by text.

use crate::tokenize::error::TokenizerError;
use crate::tokenize::hash::hash_bytes;

/// Marks a free slot of the index.
const FREE: u32 = u32::MAX;

/// Whether text without a token of its own becomes the tokens of its bytes,
/// `<0x00>` to `<0xFF>`, where the vocabulary has all that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteFallback {
    Yes,
    No,
}

/// The ids of the tokens `<0x00>` to `<0xFF>`.
pub(super) type ByteTokens = Box<[Option<u32>; 256]>;

/// A table of tokens. Ids may have holes, a token may be empty, and a text may
/// stand there twice: then the last is the one that the text means.
///
/// Memory is proportional to the tokens, whatever the ids are.
pub(crate) struct TokenTable {
    /// Ascending.
    ids: Vec<u32>,
    /// Token `i` is `text[ends[i - 1]..ends[i]]`.
    ends: Vec<usize>,
    text: String,
    /// Open addressing with linear probing: positions in `ids`, or `FREE`.
    index: Vec<u32>,
}

impl TokenTable {
    /// A table of tokens in ascending order of their ids.
    ///
    /// # Errors
    /// `Inconsistent` if an id repeats or is `u32::MAX`.
    pub(crate) fn new<'a>(
        tokens: impl Iterator<Item = (u32, &'a str)> + Clone,
    ) -> Result<Self, TokenizerError> {
        let sizes = tokens.clone().map(|(_, token)| token.len());
        let (n_tokens, len_bytes) = sizes.fold((0_usize, 0), |(n, sum), len| (n + 1, sum + len));
        let mut table = Self {
            ids: Vec::with_capacity(n_tokens),
            ends: Vec::with_capacity(n_tokens),
            text: String::with_capacity(len_bytes),
            index: vec![FREE; (2 * n_tokens).next_power_of_two().max(16)],
        };
        for (id, token) in tokens {
            table.push(id, token)?;
        }
        Ok(table)
    }

    fn push(&mut self, id: u32, token: &str) -> Result<(), TokenizerError> {
        if id == u32::MAX {
            return Err(TokenizerError::inconsistent(
                "model.vocab",
                format!("the id {id} of \"{token}\" is too large"),
            ));
        }
        if let Some((last, before)) = self.iter().next_back()
            && last >= id
        {
            return Err(TokenizerError::inconsistent(
                "model.vocab",
                format!("id {id} is given to two tokens, \"{before}\" and \"{token}\""),
            ));
        }
        let slot = self.slot(token.as_bytes());
        // Ids are unique and below `FREE`, so positions are too.
        self.index[slot] = u32::try_from(self.ids.len()).unwrap_or(FREE);
        self.ids.push(id);
        self.text.push_str(token);
        self.ends.push(self.text.len());
        Ok(())
    }

    /// The slot that holds `token`, or the free one where it belongs.
    #[inline]
    fn slot(&self, token: &[u8]) -> usize {
        let mask = self.index.len() - 1;
        let mut slot = hash_bytes(token) & mask;
        while self.index[slot] != FREE && self.at(self.index[slot] as usize).as_bytes() != token {
            slot = (slot + 1) & mask;
        }
        slot
    }

    #[inline]
    fn at(&self, position: usize) -> &str {
        let start = position.checked_sub(1).map_or(0, |last| self.ends[last]);
        // Both ends are ends of whole tokens.
        self.text
            .get(start..self.ends[position])
            .unwrap_or_default()
    }

    /// The id of a token.
    #[inline]
    pub(crate) fn id(&self, token: &str) -> Option<u32> {
        match self.index[self.slot(token.as_bytes())] {
            FREE => None,
            position => Some(self.ids[position as usize]),
        }
    }

    /// The text of a token.
    #[inline]
    pub(crate) fn token(&self, id: u32) -> Option<&str> {
        let position = match self.ids.get(id as usize) {
            Some(&at) if at == id => id as usize,
            _ => self.ids.binary_search(&id).ok()?,
        };
        Some(self.at(position))
    }

    /// Every token, in ascending order of ids.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &str)> + Clone {
        let positions = 0..self.ids.len();
        positions.map(|position| (self.ids[position], self.at(position)))
    }

    /// The number of tokens.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The tokens of bytes, if text falls back to them.
    pub(super) fn byte_tokens(&self, fallback: ByteFallback) -> Option<ByteTokens> {
        if fallback == ByteFallback::No {
            return None;
        }
        let mut ids = Box::new([None; 256]);
        for (byte, id) in ids.iter_mut().enumerate() {
            *id = self.id(&format!("<0x{byte:02X}>"));
        }
        Some(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_ids_are_found() {
        let tokens = [(3, "a"), (5, ""), (6, "<0x41>"), (9, "a"), (70_000, "é")];
        let table = TokenTable::new(tokens.into_iter()).unwrap();
        for (id, token) in tokens {
            assert_eq!(table.token(id), Some(token));
        }
        assert_eq!(table.token(4), None);
        assert_eq!(table.id("a"), Some(9), "the last of two");
        assert_eq!(table.id(""), Some(5));
        assert_eq!(table.id("b"), None);
        assert_eq!(table.len(), 5);
        assert!(table.iter().eq(tokens));
        assert!(table.byte_tokens(ByteFallback::No).is_none());
        let bytes = table.byte_tokens(ByteFallback::Yes).unwrap();
        assert_eq!(bytes.iter().flatten().collect::<Vec<_>>(), [&6]);
        assert_eq!(bytes[0x41], Some(6));
    }

    #[test]
    fn ids_are_unique() {
        let twice = TokenTable::new([(1, "a"), (1, "b")].into_iter()).err();
        assert_eq!(
            twice.unwrap().to_string(),
            "`model.vocab` is inconsistent: id 1 is given to two tokens, \"a\" and \"b\""
        );
        assert!(TokenTable::new([(u32::MAX, "a")].into_iter()).is_err());
    }
}
