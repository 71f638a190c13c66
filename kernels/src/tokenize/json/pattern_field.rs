//! The `pattern` of a component: a literal or a regular expression.

use super::fields::ComponentFields;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::pattern::Pattern;

/// Reads the field `pattern`.
pub(super) fn read(fields: &ComponentFields<'_>) -> Result<Pattern, TokenizerError> {
    let (kind, text) = fields.variant("pattern")?;
    match kind {
        "String" => Ok(Pattern::literal(text)),
        "Regex" => Pattern::regex(text, &fields.place_of("pattern")),
        other => Err(fields.refuse("pattern", "a String or a Regex", other)),
    }
}
