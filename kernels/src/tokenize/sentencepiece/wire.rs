//! The wire format of protocol buffers: fields of a message, one after another.
//!
//! Nothing is copied and nothing is allocated: a length that goes beyond the
//! message is an error where it stands.

/// Why a message cannot be read, and at which byte of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WireError {
    pub(super) offset: usize,
    pub(super) message: &'static str,
}

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum WireValue<'a> {
    Varint(u64),
    Fixed64,
    /// The bytes of a text, a blob or a message.
    Bytes(Message<'a>),
    Fixed32(u32),
}

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    pub(super) value: WireValue<'a>,
    /// Where its value starts in the file.
    pub(super) offset: usize,
}

/// The bytes of a message and where they start in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) offset: usize,
}

impl<'a> Message<'a> {
    /// The next field, which is taken off; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Field<'a>>, WireError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let offset = self.offset;
        let value = match key & 7 {
            0 => WireValue::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                WireValue::Fixed64
            }
            2 => {
                let len = self.varint()?;
                // What does not fit `usize` is beyond any message.
                WireValue::Bytes(self.take(usize::try_from(len).unwrap_or(usize::MAX))?)
            }
            5 => {
                let bytes = self.take(4)?.bytes;
                WireValue::Fixed32(
                    bytes
                        .iter()
                        .rev()
                        .fold(0, |word, &byte| word << 8 | u32::from(byte)),
                )
            }
            _ => return Err(self.error("a field of an unknown wire type")),
        };
        Ok(Some(Field {
            number: key >> 3,
            value,
            offset,
        }))
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for (at, &byte) in self.bytes.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                self.take(at + 1)?;
                return Ok(value);
            }
        }
        Err(self.error("a number without an end"))
    }

    fn take(&mut self, len: usize) -> Result<Self, WireError> {
        let Some((bytes, rest)) = self.bytes.split_at_checked(len) else {
            return Err(self.error("a field that goes beyond its message"));
        };
        let taken = Message {
            bytes,
            offset: self.offset,
        };
        self.bytes = rest;
        self.offset += len;
        Ok(taken)
    }

    fn error(&self, message: &'static str) -> WireError {
        WireError {
            offset: self.offset,
            message,
        }
    }
}
