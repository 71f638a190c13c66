//! Decoding id by id, as a language model gives them.
//!
//! What a token adds to a text can depend on those before it, and a token may
//! be a part of a character. So the ids since the last text that was given out
//! are decoded together with those of that text, and what is new is given out
//! once it ends with a whole character. This is Hugging Face's `DecodeStream`;
//! [`DecodeStream::finish`] gives what it leaves unsaid.
//!
//! Ids can take back what those before them have decoded to: bytes that are
//! no UTF-8 together with the bytes before them make all of these U+FFFD. Hugging
//! Face raises an error then and ever after. Here what has been given out
//! stands, and the ids since then are decoded on their own.

use crate::tokenize::error::EncodeError;

/// What a decoder gives for a part of a character.
const UNKNOWN: char = '\u{fffd}';

/// The state between ids.
#[derive(Debug, Clone, Default)]
pub(crate) struct DecodeStream {
    /// Those of the last text that was given out, then the new ones.
    ids: Vec<u32>,
    /// What those of the last text decode to alone.
    given: String,
    /// How many they are.
    n_given: usize,
}

impl DecodeStream {
    /// A stream that goes on from `ids`, whose text is not given out.
    pub(crate) fn after(ids: Vec<u32>) -> Self {
        Self {
            ids,
            ..Self::default()
        }
    }

    /// Takes the next ids and gives the text that is whole now, if any.
    /// `decode` gives the text of ids, always in the same way.
    ///
    /// The parts that are given out, and that of [`Self::finish`], are together
    /// the text of all ids, unless ids take back what has been given out.
    ///
    /// # Errors
    /// Those of `decode`.
    pub(crate) fn step(
        &mut self,
        ids: &[u32],
        decode: impl Fn(&[u32]) -> Result<String, EncodeError>,
    ) -> Result<Option<String>, EncodeError> {
        if self.given.is_empty() && !self.ids.is_empty() {
            let given = decode(&self.ids)?;
            if !given.ends_with(UNKNOWN) {
                self.given = given;
                self.n_given = self.ids.len();
            }
        }
        self.ids.extend_from_slice(ids);
        let text = decode(&self.ids)?;
        if text.len() <= self.given.len() || text.ends_with(UNKNOWN) {
            return Ok(None);
        }
        let added = self.added(&text, &decode)?;
        let given = decode(self.ids.get(self.n_given..).unwrap_or_default())?;
        if given.is_empty() {
            // At the start of a text they are nothing, as spaces may be: they keep
            // those before them.
            self.given = text;
        } else {
            self.given = given;
            self.ids.drain(..self.n_given);
        }
        self.n_given = self.ids.len();
        Ok(Some(added))
    }

    /// The text that is left, parts of characters included, at the end of the
    /// ids. The stream is then as new.
    ///
    /// # Errors
    /// Those of `decode`.
    pub(crate) fn finish(
        &mut self,
        decode: impl Fn(&[u32]) -> Result<String, EncodeError>,
    ) -> Result<String, EncodeError> {
        let text = decode(&self.ids)?;
        let added = self.added(&text, &decode)?;
        *self = Self::default();
        Ok(added)
    }

    /// What is new in the text of the ids at hand.
    fn added(
        &self,
        text: &str,
        decode: &impl Fn(&[u32]) -> Result<String, EncodeError>,
    ) -> Result<String, EncodeError> {
        match text.strip_prefix(&self.given) {
            Some(added) => Ok(added.to_owned()),
            None => decode(self.ids.get(self.n_given..).unwrap_or_default()),
        }
    }
}
