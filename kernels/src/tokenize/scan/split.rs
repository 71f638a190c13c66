//! What every scanner of a split pattern can do.

/// A hand-written split pattern.
pub(crate) trait SplitScan {
    /// Where the word that starts at `at`, a boundary before the end of
    /// `text`, ends; always after `at`. `text` is valid UTF-8.
    fn end(&self, text: &[u8], at: usize) -> usize;
}
