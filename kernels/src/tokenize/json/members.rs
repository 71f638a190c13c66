//! The members of a JSON object, read one by one with the place of each.

use serde_json::{Map, Value};

use crate::tokenize::error::TokenizerError;
use crate::tokenize::pattern::Pattern;

/// What an object is without a `type`.
pub(super) const UNTYPED: &str = "an object without a type";

/// Characters of a value that an error shows.
const SHOWN_MAX: usize = 60;

/// An object of the file and its place, such as `decoder.decoders[1]`.
pub(super) struct JsonMembers<'v> {
    map: &'v Map<String, Value>,
    place: String,
}

impl<'v> JsonMembers<'v> {
    /// The members of `value`, which is at `place`.
    pub(super) fn of(value: &'v Value, place: impl Into<String>) -> Result<Self, TokenizerError> {
        let place = place.into();
        match value {
            Value::Object(map) => Ok(Self { map, place }),
            other => Err(TokenizerError::unsupported(
                place,
                "an object",
                shown(other),
            )),
        }
    }

    /// Where the object is.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Where a member is.
    pub(super) fn place_of(&self, name: &str) -> String {
        format!("{}.{name}", self.place)
    }

    /// A member, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<&'v Value> {
        self.map.get(name)
    }

    /// Its `type`, or what it is without one.
    pub(super) fn kind(&self) -> &'v str {
        let kind = self.map.get("type").and_then(Value::as_str);
        kind.unwrap_or(UNTYPED)
    }

    /// Whether all of the members are there.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.map.contains_key(*name))
    }

    /// The refusal of a member.
    pub(super) fn refuse(&self, name: &str, expected: &'static str) -> TokenizerError {
        let found = self.get(name).map_or_else(|| "nothing".to_owned(), shown);
        TokenizerError::unsupported(self.place_of(name), expected, found)
    }

    fn must<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl Fn(&'v Value) -> Option<T>,
    ) -> Result<T, TokenizerError> {
        let value = self.get(name).and_then(read);
        value.ok_or_else(|| self.refuse(name, expected))
    }

    /// A member that may be missing or null.
    fn may<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl Fn(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, TokenizerError> {
        match self.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.must(name, expected, read).map(Some),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<&'v str, TokenizerError> {
        self.must(name, "a string", Value::as_str)
    }

    pub(super) fn text_if_any(&self, name: &str) -> Result<Option<&'v str>, TokenizerError> {
        self.may(name, "a string or null", Value::as_str)
    }

    /// A string of one character.
    pub(super) fn character(&self, name: &str) -> Result<char, TokenizerError> {
        self.must(name, "a string of one character", |value| {
            let mut chars = value.as_str()?.chars();
            let first = chars.next()?;
            chars.next().is_none().then_some(first)
        })
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, TokenizerError> {
        self.must(name, "true or false", Value::as_bool)
    }

    pub(super) fn flag_if_any(&self, name: &str) -> Result<Option<bool>, TokenizerError> {
        self.may(name, "true, false or null", Value::as_bool)
    }

    /// A number of things.
    pub(super) fn count(&self, name: &str) -> Result<usize, TokenizerError> {
        self.must(name, "a whole number", as_count)
    }

    pub(super) fn count_if_any(&self, name: &str) -> Result<Option<usize>, TokenizerError> {
        self.may(name, "a whole number or null", as_count)
    }

    /// The id of a token or of a type.
    pub(super) fn id(&self, name: &str) -> Result<u32, TokenizerError> {
        self.must(name, "a whole number below 4294967296", as_id)
    }

    pub(super) fn list(&self, name: &str) -> Result<&'v [Value], TokenizerError> {
        let list = self.must(name, "a list", Value::as_array)?;
        Ok(list.as_slice())
    }

    /// A list of objects.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Self>, TokenizerError> {
        let place = self.place_of(name);
        let items = self.list(name)?.iter().enumerate();
        items
            .map(|(at, item)| Self::of(item, format!("{place}[{at}]")))
            .collect()
    }

    /// A text that stands for itself or is a regular expression.
    pub(super) fn pattern(&self, name: &str) -> Result<Pattern, TokenizerError> {
        let refuse = || self.refuse(name, "a String or a Regex");
        let map = self.get(name).and_then(Value::as_object);
        let only = map
            .filter(|map| map.len() == 1)
            .and_then(|map| map.iter().next());
        match only.map(|(kind, text)| (kind.as_str(), text)) {
            Some(("String", Value::String(text))) => Ok(Pattern::literal(text)),
            Some(("Regex", Value::String(text))) => Pattern::regex(text, &self.place_of(name)),
            _ => Err(refuse()),
        }
    }
}

fn as_count(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

/// A number that can be an id.
pub(super) fn as_id(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

/// A value as errors show it: its start, or what it is where that may be long.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("a list of {} values", items.len()),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) => match text.char_indices().nth(SHOWN_MAX) {
            Some((end, _)) => format!("\"{}…\"", text.get(..end).unwrap_or_default()),
            None => format!("\"{text}\""),
        },
        other => other.to_string(),
    }
}
