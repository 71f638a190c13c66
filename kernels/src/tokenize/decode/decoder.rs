//! The decoder of a tokenizer.

use super::step::DecodeStep;
use crate::tokenize::error::EncodeError;

/// The decoders of a file, one after another.
pub(crate) struct Decoder {
    pub(crate) steps: Vec<DecodeStep>,
}

/// The text of tokens. Without a decoder there is a space between any two.
///
/// # Errors
/// `Pattern` if a regular expression of the decoder gives up.
pub(crate) fn decode<'a>(
    tokens: impl Iterator<Item = &'a str>,
    decoder: Option<&Decoder>,
) -> Result<String, EncodeError> {
    let Some(decoder) = decoder else {
        let tokens: Vec<&str> = tokens.collect();
        return Ok(tokens.join(" "));
    };
    let mut tokens: Vec<String> = tokens.map(str::to_owned).collect();
    for step in &decoder.steps {
        tokens = step.apply(tokens)?;
    }
    Ok(tokens.concat())
}
