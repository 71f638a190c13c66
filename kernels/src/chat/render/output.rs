//! The text that is rendered, and where the assistant's text is in it.

use std::ops::Range;

/// A text with the spans of its generation blocks, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) text: String,
    pub(crate) spans: Vec<Range<usize>>,
}

/// A generation block as transformers notes it: the length of the text that
/// was put out before it, and how many characters it has itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Generated {
    pub(super) start: usize,
    pub(super) n_chars: usize,
}

/// The spans in bytes. Of a block within a macro or set block, transformers
/// counts from where the text ended when the block was rendered, wherever its
/// text lands; so do these, as far as the text goes.
pub(super) fn marked(text: String, generated: &[Generated]) -> Marked {
    let spans = generated.iter().map(|block| {
        let tail = text.get(block.start..).unwrap_or("");
        let end = tail.char_indices().nth(block.n_chars);
        let len = end.map_or(tail.len(), |(at, _)| at);
        block.start..block.start + len
    });
    Marked {
        spans: spans.collect(),
        text,
    }
}
