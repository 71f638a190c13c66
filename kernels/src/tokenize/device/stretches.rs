//! What of a text devices encode: the stretches between added tokens.

use std::borrow::Cow;

use super::super::special::{Finder, Special, TextStretch};
use super::super::text::Track;
use super::tokenizer::{DeviceModelKind, DeviceTokenizer};

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevicePart<'a> {
    /// To be encoded, without added tokens.
    Text(&'a str),
    /// The id of an added token.
    Token(u32),
}

/// A text that the host has to encode: it spells a special token that is refused, and
/// the host's encoder says which and where; or it cannot be normalised, or not again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text spells a special token that is refused, or cannot be normalised")]
pub struct HostText;

impl DeviceTokenizer {
    /// Calls `visit` with the parts of `text` in order.
    ///
    /// # Errors
    /// Where the host has to encode the text.
    pub fn parts(
        &self,
        text: &str,
        special: Special,
        mut visit: impl FnMut(DevicePart<'_>),
    ) -> Result<(), HostText> {
        let tokenizer = self.tokenizer();
        let finder = tokenizer.normalized.as_ref();
        each(tokenizer.raw.as_ref(), text, special, |part| match part {
            DevicePart::Token(_) => {
                visit(part);
                Ok(())
            }
            DevicePart::Text(text) => {
                let normal = self.normal(text)?;
                each(finder, &normal, special, |part| match part {
                    DevicePart::Text(text) if finder.is_some() && !self.stays(text) => {
                        Err(HostText)
                    }
                    DevicePart::Text(_) | DevicePart::Token(_) => {
                        visit(part);
                        Ok(())
                    }
                })
            }
        })
    }

    /// A text as added tokens are looked for in it that are normalised, and as a
    /// device is given it.
    fn normal<'a>(&self, text: &'a str) -> Result<Cow<'a, str>, HostText> {
        let route = &self.tokenizer().route;
        match self.kind() {
            DeviceModelKind::BytePairs => {
                let model = route.byte_level().ok_or(HostText)?;
                let normal = model.normalize(text, 0, Track::TextOnly);
                Ok(match normal.map_err(|_| HostText)? {
                    None => Cow::Borrowed(text),
                    Some(normal) => {
                        let first = normal.pieces().next();
                        Cow::Owned(first.map_or_else(String::new, |it| it.text().to_owned()))
                    }
                })
            }
            // Devices normalise it.
            DeviceModelKind::WordPiece if self.tokenizer().normalized.is_none() => {
                Ok(Cow::Borrowed(text))
            }
            DeviceModelKind::WordPiece => {
                let normal = route.normal(text).map_err(|_| HostText)?;
                Ok(Cow::Owned(normal))
            }
        }
    }
}

/// Calls `visit` with what `finder` finds, and the text between.
fn each(
    finder: Option<&Finder>,
    text: &str,
    special: Special,
    mut visit: impl FnMut(DevicePart<'_>) -> Result<(), HostText>,
) -> Result<(), HostText> {
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
                return Err(HostText);
            }
            visit(DevicePart::Token(token.id))
        }
    })
}
