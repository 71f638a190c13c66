//! A word while it is written.

/// Bytes that a character has at most.
const CHAR_MAX: usize = 4;
/// Bytes of the longest text whose words are written here: room for a longer one
/// would rarely be needed again.
pub(crate) const WRITTEN_MAX: usize = (1 << 16) - 1;
/// Room for that. A buffer is not kept where characters that became longer texts
/// made it grow beyond.
const KEEP_MAX: usize = CHAR_MAX * (WRITTEN_MAX + 1);

/// The bytes of a word, which are UTF-8.
#[derive(Default)]
pub(crate) struct WordBuffer {
    bytes: Vec<u8>,
    len: usize,
    /// So many bytes at its start are no word by themselves.
    n_prefix: usize,
}

impl WordBuffer {
    /// Empties it and makes room for what may become of so many bytes, at most
    /// [`WRITTEN_MAX`], as long as each character becomes one at most.
    #[inline]
    pub(crate) fn start(&mut self, len_bytes: usize) {
        let room = CHAR_MAX * (len_bytes + 1);
        if self.bytes.len() < room || self.bytes.len() > KEEP_MAX {
            self.bytes = vec![0; room.next_power_of_two()];
        }
        self.clear();
    }

    /// Adds the first `len` bytes of a character.
    #[inline]
    pub(crate) fn push(&mut self, char: [u8; CHAR_MAX], len: u8) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + CHAR_MAX) {
            room.copy_from_slice(&char);
            self.len += usize::from(len);
        }
    }

    /// Adds a text, and keeps room for what becomes of `n_left` more bytes.
    pub(crate) fn push_text(&mut self, text: &[u8], n_left: usize) {
        let end = self.len + text.len();
        let room = end + CHAR_MAX * (n_left + 1);
        if self.bytes.len() < room {
            // At least twice as much as before, or many texts would take too long.
            self.bytes.resize(room.next_power_of_two(), 0);
        }
        if let Some(room) = self.bytes.get_mut(self.len..end) {
            room.copy_from_slice(text);
            self.len = end;
        }
    }

    /// Adds a character.
    pub(crate) fn push_char(&mut self, c: char) {
        let mut bytes = [0; CHAR_MAX];
        let len = c.encode_utf8(&mut bytes).len();
        self.push(bytes, len as u8);
    }

    /// Adds a character that is no word by itself.
    pub(crate) fn push_prefix(&mut self, c: char) {
        self.push_char(c);
        self.n_prefix = self.len;
    }

    /// The word, if it is one.
    #[inline]
    pub(crate) fn word(&self) -> Option<&[u8]> {
        let has_word = self.len > self.n_prefix;
        self.bytes.get(..self.len).filter(|_| has_word)
    }

    /// Starts the next word.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        self.n_prefix = 0;
    }
}
