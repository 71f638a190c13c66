//! Tokens by id and ids by bytes. Not the merges; those are in `pairs`.

use super::error::TokenizerError;
use super::hash::hash_bytes;

/// Marks a free slot of the index.
const FREE: u32 = u32::MAX;

/// A set of tokens, each with its id and its bytes.
///
/// Memory is proportional to the tokens, whatever the ids are.
pub(crate) struct Vocab {
    /// Ascending.
    ids: Vec<u32>,
    /// Token `i` is `bytes[ends[i - 1]..ends[i]]`.
    ends: Vec<usize>,
    bytes: Vec<u8>,
    /// Lengths of the tokens whose ids are their positions; 0 if it does not
    /// fit, or the id is another.
    lens: Vec<u8>,
    /// Open addressing with linear probing: positions in `ids`, or `FREE`.
    index: Vec<u32>,
    /// The id of each byte that is a token of its own.
    byte_ids: [Option<u32>; 256],
}

impl Vocab {
    /// A vocabulary of tokens in ascending order of their ids.
    ///
    /// # Errors
    /// `Inconsistent` if an id repeats or is `u32::MAX`, if two tokens have
    /// the same bytes, or if a token is empty.
    pub(crate) fn new<'a>(
        tokens: impl Iterator<Item = (u32, &'a [u8])> + Clone,
    ) -> Result<Self, TokenizerError> {
        let (n_tokens, len_bytes) = tokens.clone().fold((0_usize, 0), |(n, len), (_, token)| {
            (n + 1, len + token.len())
        });
        let mut vocab = Self {
            ids: Vec::with_capacity(n_tokens),
            ends: Vec::with_capacity(n_tokens),
            bytes: Vec::with_capacity(len_bytes),
            lens: Vec::with_capacity(n_tokens),
            index: vec![FREE; (2 * n_tokens).next_power_of_two().max(16)],
            byte_ids: [None; 256],
        };
        for (id, token) in tokens {
            vocab.push(id, token)?;
        }
        Ok(vocab)
    }

    fn push(&mut self, id: u32, token: &[u8]) -> Result<(), TokenizerError> {
        let shown = || String::from_utf8_lossy(token);
        if id == u32::MAX || self.ids.last().is_some_and(|&last| last >= id) {
            return Err(TokenizerError::inconsistent(
                "vocab",
                format!("id {id} of \"{}\" is taken or too large", shown()),
            ));
        }
        let slot = self.slot(token);
        if token.is_empty() || self.index[slot] != FREE {
            return Err(TokenizerError::inconsistent(
                "vocab",
                format!("token \"{}\" with id {id} is empty or repeated", shown()),
            ));
        }
        // A vocabulary has fewer tokens than bytes in its file, and ids are
        // unique, so positions fit `u32` and never are `FREE`.
        self.index[slot] = u32::try_from(self.ids.len()).unwrap_or(FREE);
        let is_dense = id as usize == self.ids.len();
        let len = u8::try_from(token.len()).ok().filter(|_| is_dense);
        self.lens.push(len.unwrap_or(0));
        self.ids.push(id);
        self.bytes.extend_from_slice(token);
        self.ends.push(self.bytes.len());
        if let &[byte] = token {
            self.byte_ids[usize::from(byte)] = Some(id);
        }
        Ok(())
    }

    /// The slot that holds `token`, or the free one where it belongs.
    #[inline]
    fn slot(&self, token: &[u8]) -> usize {
        let mask = self.index.len() - 1;
        let mut slot = hash_bytes(token) & mask;
        while self.index[slot] != FREE && self.at(self.index[slot] as usize) != token {
            slot = (slot + 1) & mask;
        }
        slot
    }

    #[inline]
    fn at(&self, position: usize) -> &[u8] {
        let start = position
            .checked_sub(1)
            .map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[position]]
    }

    /// The id of the token with exactly these bytes.
    #[inline]
    pub(crate) fn id(&self, token: &[u8]) -> Option<u32> {
        match self.index[self.slot(token)] {
            FREE => None,
            position => Some(self.ids[position as usize]),
        }
    }

    /// The id of the token that is this one byte.
    #[inline]
    pub(crate) fn byte_id(&self, byte: u8) -> Option<u32> {
        self.byte_ids[usize::from(byte)]
    }

    /// For ids that are positions, the length of the token where it is not 0.
    #[inline]
    pub(crate) fn lens(&self) -> &[u8] {
        &self.lens
    }

    /// The length of a token, 0 if there is none.
    #[cold]
    pub(crate) fn len_of(&self, id: u32) -> usize {
        self.token(id).map_or(0, <[u8]>::len)
    }

    /// The bytes of a token.
    pub(crate) fn token(&self, id: u32) -> Option<&[u8]> {
        let dense = self.ids.get(id as usize) == Some(&id);
        let position = if dense {
            id as usize
        } else {
            self.ids.binary_search(&id).ok()?
        };
        Some(self.at(position))
    }

    /// Every token, in ascending order of ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.ids
            .iter()
            .enumerate()
            .map(|(position, &id)| (id, self.at(position)))
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn greatest_id(&self) -> Option<u32> {
        self.ids.last().copied()
    }
}
