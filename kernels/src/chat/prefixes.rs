//! The assistant's spans where a template does not mark them.

use std::ops::Range;

use super::error::ChatError;

/// A beginning of the conversation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    /// The messages before this one, with the generation prompt.
    Before(usize),
    /// The messages up to and with this one.
    Through(usize),
}

/// What each of the messages `assistant` adds to `text`, where the texts
/// without it and with it both begin the whole text.
pub(super) fn prefix_spans(
    text: &str,
    assistant: &[usize],
    render: impl Fn(Turn) -> Result<String, ChatError>,
) -> Result<Vec<Range<usize>>, ChatError> {
    let refuse = |message_index: usize, reason: String| ChatError::Spans {
        message_index,
        reason,
    };
    let mut spans = Vec::new();
    for &at in assistant {
        if at == 0 {
            let reason = "no message is before it, and transformers renders no empty conversation";
            return Err(refuse(at, reason.into()));
        }
        let mut ends = [0; 2];
        let turns = [
            (
                Turn::Before(at),
                "the messages before it, with the generation prompt,",
            ),
            (Turn::Through(at), "the messages up to it"),
        ];
        for (end, (turn, what)) in ends.iter_mut().zip(turns) {
            let part = render(turn)
                .map_err(|error| refuse(at, format!("{what} do not render: {error}")))?;
            if !text.starts_with(&part) {
                let reason = format!("{what} render to a text that does not begin the whole one");
                return Err(refuse(at, reason));
            }
            *end = part.len();
        }
        let [start, end] = ends;
        if start > end {
            let reason = "with it, the text is shorter than the generation prompt before it";
            return Err(refuse(at, reason.into()));
        }
        spans.push(start..end);
    }
    Ok(spans)
}
