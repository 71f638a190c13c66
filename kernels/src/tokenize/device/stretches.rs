//! What of a text devices encode: the stretches between added tokens, normalised.

use super::super::special::{Finder, Special, TextStretch};
use super::super::text::Track;
use super::tokenizer::DeviceTokenizer;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevicePart<'a> {
    /// To be encoded, normalised and without added tokens.
    Text(&'a str),
    /// The id of an added token.
    Token(u32),
}

/// A text that is refused, for it spells a special token; the host's encoder says
/// which and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text spells a special token that is refused")]
pub struct RefusedText;

impl DeviceTokenizer {
    /// Calls `visit` with the parts of `text` in order.
    ///
    /// # Errors
    /// Where `special` refuses the text.
    pub fn parts(
        &self,
        text: &str,
        special: Special,
        mut visit: impl FnMut(DevicePart<'_>),
    ) -> Result<(), RefusedText> {
        let tokenizer = self.tokenizer();
        each(tokenizer.raw.as_ref(), text, special, |part| match part {
            DevicePart::Token(_) => {
                visit(part);
                Ok(())
            }
            DevicePart::Text(text) => {
                let model = self.model().ok_or(RefusedText)?;
                let normal = model.normalize(text, 0, Track::TextOnly);
                // What is wrong with the text is the host's to say.
                let normal = normal.map_err(|_| RefusedText)?;
                let normal = match &normal {
                    None => text,
                    Some(normal) => normal.pieces().next().map_or("", |piece| piece.text()),
                };
                let finder = tokenizer.normalized.as_ref();
                each(finder, normal, special, |part| {
                    visit(part);
                    Ok(())
                })
            }
        })
    }
}

/// Calls `visit` with what `finder` finds, and the text between.
fn each(
    finder: Option<&Finder>,
    text: &str,
    special: Special,
    mut visit: impl FnMut(DevicePart<'_>) -> Result<(), RefusedText>,
) -> Result<(), RefusedText> {
    let Some(finder) = finder else {
        return visit(DevicePart::Text(text));
    };
    finder.stretches(text, special, |stretch| match stretch {
        TextStretch::Text { start, end } => {
            visit(DevicePart::Text(text.get(start..end).unwrap_or_default()))
        }
        TextStretch::Token { index, .. } => {
            let token = finder.token(index);
            if token.options.special && special == Special::Refuse {
                return Err(RefusedText);
            }
            visit(DevicePart::Token(token.id))
        }
    })
}
