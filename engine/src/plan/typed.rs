//! From the tree of a pipeline file to typed values, through serde.
//!
//! What sets it apart from `toml`'s own deserializer is its errors: each names
//! the key, says what was expected and what came, knows the place in the file
//! and the nearest right name, below tagged tables too.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::suggest;
use super::tree::{KeyPlace, KeyValue, Node, Value};

/// Why a tree is not of the type asked for.
#[derive(Debug)]
pub(crate) struct TypedError {
    /// What was expected and what came.
    pub(crate) message: String,
    /// The one thing that helps.
    pub(crate) hint: Option<String>,
    /// Where, once a node has seen the error.
    pub(crate) place: Option<KeyPlace>,
    /// Keys and indices from the inside out.
    path: Vec<String>,
}

impl TypedError {
    fn new(message: String, hint: Option<String>) -> Self {
        Self {
            message,
            hint,
            place: None,
            path: Vec::new(),
        }
    }

    /// The path of the node, such as `step[1].column`.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for key in self.path.iter().rev() {
            if !path.is_empty() && !key.starts_with('[') {
                path.push('.');
            }
            path.push_str(key);
        }
        path
    }

    fn at(mut self, place: &KeyPlace) -> Self {
        self.place.get_or_insert_with(|| place.clone());
        self
    }

    /// The same error, seen from the table or list around its node.
    pub(crate) fn below(mut self, key: impl Into<String>) -> Self {
        self.path.push(key.into());
        self
    }
}

impl fmt::Display for TypedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TypedError {}

impl de::Error for TypedError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string(), None)
    }

    fn invalid_type(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        if got == Unexpected::UnitVariant {
            let message = "expected a table that gives it a value, got only its name";
            return Self::new(message.to_owned(), None);
        }
        let expected = in_words(expected);
        let message = format!("expected {expected}, got {}", came(got));
        Self::new(message, other_spelling(&expected, got))
    }

    fn invalid_value(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(got, expected)
    }

    fn invalid_length(given: usize, expected: &dyn Expected) -> Self {
        let message = format!("expected {}, got {given}", in_words(expected));
        Self::new(message, None)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let hint = suggest::hint(field, "known keys", expected.iter().copied());
        Self::new(format!("unknown key `{field}`"), hint)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let known: Vec<String> = expected.iter().map(|name| format!("{name:?}")).collect();
        let hint = suggest::nearest(variant, expected.iter().copied())
            .map(|name| format!("did you mean {name:?}?"));
        let message = format!("expected {}, got {variant:?}", one_of(&known));
        Self::new(message, hint)
    }

    fn missing_field(field: &'static str) -> Self {
        let hint = (field == "op").then(|| "`op` names the operator of the step".to_owned());
        Self::new(format!("missing key `{field}`"), hint)
    }
}

fn one_of(known: &[String]) -> String {
    match known {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Rust's names of types in the words of the file.
fn in_words(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "f64" => "a number".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        _ if text.starts_with("struct ") => "a table".to_owned(),
        _ => match text.strip_prefix("an array of length ") {
            Some(len) => format!("a list of {len} values"),
            None => text,
        },
    }
}

fn came(got: Unexpected<'_>) -> String {
    match got {
        Unexpected::Str(text) => format!("{text:?}"),
        Unexpected::Bool(truth) => truth.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Map => "a table".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        other => other.to_string(),
    }
}

/// How to write a value that was most likely meant, but written as another
/// type.
fn other_spelling(expected: &str, got: Unexpected<'_>) -> Option<String> {
    let wants = |what: &str| expected.starts_with(what);
    match got {
        Unexpected::Str(text) => {
            let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
            let is_truth = matches!(text, "true" | "false");
            if is_number && (wants("a whole number") || wants("a number"))
                || is_truth && wants("a boolean")
            {
                Some(format!("leave the quotes out: {text}"))
            } else if wants("a list") {
                Some(format!("write it as a list: [{text:?}]"))
            } else if wants("a size") {
                Some("a size is a number of bytes, or one with KiB, MiB, GiB or TiB".to_owned())
            } else {
                None
            }
        }
        Unexpected::Float(number) if wants("a whole number") && is_plain(number) => {
            Some(format!("write it without point and exponent: {number:.0}"))
        }
        Unexpected::Bool(_)
        | Unexpected::Signed(_)
        | Unexpected::Unsigned(_)
        | Unexpected::Float(_)
            if wants("a list") =>
        {
            Some(format!("write it as a list: [{}]", came(got)))
        }
        Unexpected::Bool(_)
        | Unexpected::Signed(_)
        | Unexpected::Unsigned(_)
        | Unexpected::Float(_)
            if expected == "a string" =>
        {
            Some(format!("put it in quotes: \"{}\"", came(got)))
        }
        _ => None,
    }
}

/// Whether a float is a whole number that a key may hold.
fn is_plain(number: f64) -> bool {
    number.fract() == 0.0 && (0.0..1e15).contains(&number)
}

impl IntoDeserializer<'_, TypedError> for Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = TypedError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypedError> {
        let result = match self.value {
            Value::String(text) => visitor.visit_string(text),
            Value::Integer(number) => integer(number, visitor),
            Value::Float(number) => visitor.visit_f64(number),
            Value::Bool(truth) => visitor.visit_bool(truth),
            Value::Datetime => Err(de::Error::invalid_type(
                Unexpected::Other("a date"),
                &visitor,
            )),
            Value::Array(items) => list(items, visitor),
            Value::Table(entries) => visitor.visit_map(Entries::new(entries)),
        };
        result.map_err(|error| error.at(&self.place))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypedError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TypedError> {
        visitor.visit_newtype_struct(self)
    }

    /// A struct is a table; serde would take a list of its values as well.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypedError> {
        match self.value {
            Value::Array(_) => {
                let error: TypedError = de::Error::invalid_type(Unexpected::Seq, &visitor);
                Err(error.at(&self.place))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypedError> {
        let place = self.place;
        let result = match self.value {
            Value::String(text) => visitor.visit_enum(text.into_deserializer()),
            Value::Table(mut entries) if entries.len() == 1 => match entries.pop() {
                Some(entry) => visitor.visit_enum(Variant(entry)),
                None => Err(wrong_variant(variants, "an empty table")),
            },
            other => Err(wrong_variant(variants, other.kind())),
        };
        result.map_err(|error| error.at(&place))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

fn wrong_variant(variants: &[&str], got: &str) -> TypedError {
    let known: Vec<String> = variants.iter().map(|name| format!("{name:?}")).collect();
    TypedError::new(format!("expected {}, got {got}", one_of(&known)), None)
}

fn integer<'de, V: Visitor<'de>>(number: i128, visitor: V) -> Result<V::Value, TypedError> {
    if let Ok(number) = u64::try_from(number) {
        visitor.visit_u64(number)
    } else if let Ok(number) = i64::try_from(number) {
        visitor.visit_i64(number)
    } else {
        Err(de::Error::invalid_type(
            Unexpected::Other("a number beyond 64 bits"),
            &visitor,
        ))
    }
}

/// A list, all of which the visitor must take.
fn list<'de, V: Visitor<'de>>(items: Vec<Node>, visitor: V) -> Result<V::Value, TypedError> {
    let given = items.len();
    let mut items = ArrayItems {
        items: items.into_iter(),
        index: 0,
    };
    let value = visitor.visit_seq(&mut items)?;
    if items.items.len() == 0 {
        return Ok(value);
    }
    let wanted = format!("an array of length {}", items.index);
    Err(de::Error::invalid_length(given, &wanted.as_str()))
}

struct ArrayItems {
    items: std::vec::IntoIter<Node>,
    index: usize,
}

impl<'de> SeqAccess<'de> for ArrayItems {
    type Error = TypedError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, TypedError> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let index = self.index;
        self.index += 1;
        let place = item.place.clone();
        seed.deserialize(item)
            .map(Some)
            .map_err(|error| error.at(&place).below(format!("[{index}]")))
    }
}

struct Entries {
    entries: std::vec::IntoIter<KeyValue>,
    value: Option<(String, Node)>,
}

impl Entries {
    /// `op` comes first: it says what the other keys mean.
    fn new(mut entries: Vec<KeyValue>) -> Self {
        entries.sort_by_key(|entry| entry.key != "op");
        Self {
            entries: entries.into_iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, TypedError> {
        let Some(entry) = self.entries.next() else {
            return Ok(None);
        };
        let key: StringDeserializer<TypedError> = entry.key.clone().into_deserializer();
        let key = seed
            .deserialize(key)
            .map_err(|error| error.at(&entry.place))?;
        self.value = Some((entry.key, entry.node));
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, TypedError> {
        let Some((key, node)) = self.value.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        let place = node.place.clone();
        seed.deserialize(node)
            .map_err(|error| error.at(&place).below(key))
    }
}

/// A table of one key, which names the variant.
struct Variant(KeyValue);

impl<'de> EnumAccess<'de> for Variant {
    type Error = TypedError;
    type Variant = Node;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Node), TypedError> {
        let key: StringDeserializer<TypedError> = self.0.key.into_deserializer();
        let variant = seed
            .deserialize(key)
            .map_err(|error| error.at(&self.0.place))?;
        Ok((variant, self.0.node))
    }
}

impl<'de> VariantAccess<'de> for Node {
    type Error = TypedError;

    fn unit_variant(self) -> Result<(), TypedError> {
        Err(TypedError::new("takes no value".to_owned(), None).at(&self.place))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, TypedError> {
        let place = self.place.clone();
        seed.deserialize(self).map_err(|error| error.at(&place))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, TypedError> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypedError> {
        self.deserialize_any(visitor)
    }
}
