//! The values that callers give to templates.

use indexmap::IndexMap;

use super::error::ChatError;
use super::json::read;
use super::value::{Datum, Key};

/// A value as JSON has them, that a template can read.
///
/// Dicts keep the order of their keys, and integers up to 128 bits are exact.
#[derive(Debug, Clone)]
pub struct ChatValue(pub(super) Datum);

impl ChatValue {
    /// Python's `None`.
    #[must_use]
    pub fn none() -> Self {
        Self(Datum::None)
    }

    /// The value of a JSON text, as Python's `json.loads` reads it.
    ///
    /// # Errors
    /// Where the text is not JSON, nested more than 200 deep, or holds a lone
    /// surrogate or an integer beyond 128 bits.
    pub fn from_json(text: &str) -> Result<Self, ChatError> {
        read(text).map(Self)
    }

    /// A list.
    ///
    /// # Errors
    /// Where it is nested more than 200 deep or holds more than 2^30 values.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Result<Self, ChatError> {
        let items = items.into_iter().map(|item| item.0).collect();
        Datum::list(items).map(Self).map_err(|fault| fault.at(0))
    }

    /// A dict; of equal keys, the last value stands at the place of the first.
    ///
    /// # Errors
    /// As for lists.
    pub fn dict<'a>(entries: impl IntoIterator<Item = (&'a str, Self)>) -> Result<Self, ChatError> {
        let mut map = IndexMap::new();
        for (name, value) in entries {
            map.insert(Key::str(name), value.0);
        }
        Datum::dict(map).map(Self).map_err(|fault| fault.at(0))
    }

    /// The text, where it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_text().map(|text| &**text)
    }

    /// The items of a list.
    #[must_use]
    pub fn items(&self) -> Option<impl Iterator<Item = Self>> {
        match &self.0 {
            Datum::List(seq) => Some(seq.items.iter().cloned().map(Self)),
            _ => None,
        }
    }

    /// Whether it is Python's `None`.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self.0, Datum::None)
    }

    /// The entry of a dict.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Self> {
        match &self.0 {
            Datum::Dict(dict) => dict.get(name).cloned().map(Self),
            _ => None,
        }
    }
}

impl From<&str> for ChatValue {
    fn from(text: &str) -> Self {
        Self(Datum::str(text))
    }
}

impl From<bool> for ChatValue {
    fn from(bool: bool) -> Self {
        Self(Datum::Bool(bool))
    }
}

impl From<i64> for ChatValue {
    fn from(int: i64) -> Self {
        Self(Datum::Int(int.into()))
    }
}

impl From<u64> for ChatValue {
    fn from(int: u64) -> Self {
        Self(Datum::Int(int.into()))
    }
}

impl From<f64> for ChatValue {
    fn from(float: f64) -> Self {
        Self(Datum::Float(float))
    }
}
