//! The fields of a component, each with its place in the file.

use serde_json::Value;

use super::component::type_of;
use crate::tokenize::error::TokenizerError;

/// A component of the file, and where it is.
pub(super) struct ComponentFields<'v> {
    value: &'v Value,
    place: String,
}

impl<'v> ComponentFields<'v> {
    pub(super) fn new(value: &'v Value, place: impl Into<String>) -> Self {
        let place = place.into();
        Self { value, place }
    }

    /// Its `type`, or what it is instead.
    pub(super) fn kind(&self) -> &'v str {
        type_of(self.value)
    }

    /// Whether it is an object without a `type`, as old files have them.
    pub(super) fn is_untyped(&self) -> bool {
        self.value.is_object() && self.value.get("type").is_none()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some()
    }

    /// Where the component is.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Where a field of it is.
    pub(super) fn place_of(&self, name: &str) -> String {
        format!("{}.{name}", self.place)
    }

    /// The refusal of a field.
    pub(super) fn refuse(
        &self,
        name: &str,
        expected: &'static str,
        found: impl Into<String>,
    ) -> TokenizerError {
        TokenizerError::unsupported(self.place_of(name), expected, found)
    }

    /// The refusal of a field for the value it has, or for having none.
    fn unexpected(&self, name: &str, expected: &'static str) -> TokenizerError {
        let found = self.value.get(name).map_or("nothing".to_owned(), |value| {
            // A long value would hide what the error says.
            let text = value.to_string();
            match text.char_indices().nth(80) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                None => text,
            }
        });
        self.refuse(name, expected, found)
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, TokenizerError> {
        let flag = self.value.get(name).and_then(Value::as_bool);
        flag.ok_or_else(|| self.unexpected(name, "true or false"))
    }

    /// A flag that may be missing or null.
    pub(super) fn flag_if_any(&self, name: &str) -> Result<Option<bool>, TokenizerError> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.flag(name).map(Some),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<&'v str, TokenizerError> {
        let text = self.value.get(name).and_then(Value::as_str);
        text.ok_or_else(|| self.unexpected(name, "a string"))
    }

    /// A string of one character.
    pub(super) fn character(&self, name: &str) -> Result<char, TokenizerError> {
        let mut chars = self.text(name)?.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(c),
            _ => Err(self.unexpected(name, "a string of one character")),
        }
    }

    pub(super) fn count(&self, name: &str) -> Result<u64, TokenizerError> {
        let count = self.value.get(name).and_then(Value::as_u64);
        count.ok_or_else(|| self.unexpected(name, "a whole number"))
    }

    /// The components of a list, each with its place.
    pub(super) fn list(&self, name: &str) -> Result<Vec<ComponentFields<'v>>, TokenizerError> {
        let Some(items) = self.value.get(name).and_then(Value::as_array) else {
            return Err(self.unexpected(name, "a list"));
        };
        let place = self.place_of(name);
        let item = |(at, item)| ComponentFields::new(item, format!("{place}[{at}]"));
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// The one field of an object of one field, such as `{"Regex": "…"}`.
    pub(super) fn variant(&self, name: &str) -> Result<(&'v str, &'v str), TokenizerError> {
        let fields = self.value.get(name).and_then(Value::as_object);
        let only = fields
            .filter(|fields| fields.len() == 1)
            .and_then(|fields| fields.iter().next());
        match only {
            Some((kind, Value::String(text))) => Ok((kind, text)),
            _ => Err(self.unexpected(name, "a String or a Regex")),
        }
    }
}
