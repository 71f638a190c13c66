//! The tokens that a tokenizer's file puts around each text.

/// What the post-processor of a `tokenizer.json` puts before and after a text:
/// what Hugging Face's `encode` adds with `add_special_tokens=True`, its default.
///
/// Encodings of tiktoken have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    /// Before each text.
    pub begin: Vec<u32>,
    /// After each text.
    pub end: Vec<u32>,
}

impl Template {
    /// Whether it adds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begin.is_empty() && self.end.is_empty()
    }
}
