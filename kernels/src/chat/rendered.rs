//! A rendered conversation and its loss mask.

use std::ops::Range;

/// The text of a conversation, and the assistant's share of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Where the assistant speaks, in bytes of the text.
    pub spans: Vec<Range<usize>>,
}

impl Rendered {
    /// For each token by its offsets in bytes, whether it is the assistant's:
    /// whether it shares a byte with a span, as transformers decides.
    ///
    /// Spans and tokens are run through once, in order.
    #[must_use]
    pub fn token_mask(&self, offsets: impl IntoIterator<Item = Range<usize>>) -> Vec<bool> {
        let mut spans = self.spans.iter().peekable();
        offsets
            .into_iter()
            .map(|token| {
                while spans.next_if(|span| token.start >= span.end).is_some() {}
                spans.peek().is_some_and(|span| token.end > span.start)
            })
            .collect()
    }
}
