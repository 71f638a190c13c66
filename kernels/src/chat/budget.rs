//! How much one rendering may do: hostile templates end with an error.

use std::cell::Cell;

use super::error::Exception;

/// What one rendering may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatLimits {
    /// Steps: about one for each node that is evaluated and for each eight
    /// bytes or values that an operation reads or makes.
    pub steps: u64,
    /// Bytes of the rendered text, and of any text on the way to it.
    pub text_bytes: usize,
    /// Bytes of all texts and lists that are made on the way.
    pub total_bytes: u64,
}

impl Default for ChatLimits {
    /// 100 million steps (some seconds at most), 64 MiB of text, 1 GiB in all.
    fn default() -> Self {
        Self {
            steps: 100_000_000,
            text_bytes: 64 << 20,
            total_bytes: 1 << 30,
        }
    }
}

/// How deep expressions, statements and macros may be nested while rendering.
pub(super) const MAX_DEPTH: usize = 240;

/// What a value takes in a list, at least.
const ITEM_BYTES: usize = 64;

/// What is left of the limits.
#[derive(Debug)]
pub(super) struct Allowance {
    limits: ChatLimits,
    left: Cell<u64>,
    bytes_left: Cell<u64>,
}

impl Allowance {
    pub(super) fn new(limits: ChatLimits) -> Self {
        Self {
            limits,
            left: Cell::new(limits.steps),
            bytes_left: Cell::new(limits.total_bytes),
        }
    }

    /// Takes `steps` of what is left.
    pub(super) fn spend(&self, steps: u64) -> Result<(), Exception> {
        match self.left.get().checked_sub(steps) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(Exception::Limit(format!(
                "rendering takes more than {} steps",
                self.limits.steps
            ))),
        }
    }

    /// Pays for reading or making `len` bytes or values.
    pub(super) fn work(&self, len: usize) -> Result<(), Exception> {
        self.spend(1 + len as u64 / 8)
    }

    /// Pays for a text of `len_bytes` before it is made.
    pub(super) fn text(&self, len_bytes: usize) -> Result<(), Exception> {
        self.fits(len_bytes)?;
        self.memory(len_bytes)?;
        self.work(len_bytes)
    }

    /// Whether a text that was paid for in pieces may be as long as it is.
    pub(super) fn fits(&self, len_bytes: usize) -> Result<(), Exception> {
        if len_bytes > self.limits.text_bytes {
            return Err(Exception::Limit(format!(
                "a text is longer than {} bytes",
                self.limits.text_bytes
            )));
        }
        Ok(())
    }

    /// Pays for a list of `len` values before it is made.
    pub(super) fn items(&self, len: usize) -> Result<(), Exception> {
        self.memory(len.saturating_mul(ITEM_BYTES))?;
        self.spend(1 + len as u64)
    }

    fn memory(&self, len_bytes: usize) -> Result<(), Exception> {
        match self.bytes_left.get().checked_sub(len_bytes as u64) {
            Some(left) => {
                self.bytes_left.set(left);
                Ok(())
            }
            None => Err(Exception::Limit(format!(
                "rendering makes more than {} bytes",
                self.limits.total_bytes
            ))),
        }
    }
}
