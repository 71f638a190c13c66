//! The values a template computes with: Python's, without their mutation.
//!
//! Nothing here can hold itself: containers cannot be changed once made, and
//! what can change while rendering (namespaces, loops, generators) lives in
//! tables of the rendering, of which a value holds the place only. So values
//! are trees whose depth is bounded, and recursion over them is too.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};

use super::error::Exception;

/// How deep containers may be nested.
pub(super) const MAX_NESTING: u32 = 200;

/// How many values and bytes a container may hold, all that is inside counted
/// as often as it is there: lists of one list twice grow by doubling.
const MAX_WEIGHT: u64 = 1 << 30;

/// Any value.
#[derive(Debug, Clone)]
pub(super) enum Datum {
    /// Jinja2's `Undefined`, with what is to be said when it is used.
    Undefined(Arc<str>),
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(Arc<str>),
    /// `Markup`, which `|safe` and `|escape` give.
    Safe(Arc<str>),
    List(Arc<Seq>),
    Tuple(Arc<Seq>),
    Dict(Arc<Dict>),
    /// `keys()`, `values()` or `items()` of a dict.
    View(ViewKind, Arc<Dict>),
    Range(Progression),
    /// A method of a value, not yet called.
    Method(Arc<(Self, &'static str)>),
    Function(TemplateFunction),
    Handle(Handle),
}

/// A value by its name.
pub(super) type Named = (Arc<str>, Datum);

/// Which view of a dict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ViewKind {
    Keys,
    Values,
    Items,
}

/// Functions that every template can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TemplateFunction {
    Range,
    Dict,
    Namespace,
    RaiseException,
    StrftimeNow,
    Lipsum,
    Cycler,
    Joiner,
}

/// Places in the tables of a rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handle {
    Namespace(usize),
    Macro(usize),
    Loop(usize),
    Generator(usize),
}

/// Python's `range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progression {
    pub(super) start: i128,
    pub(super) stop: i128,
    pub(super) step: i128,
}

impl Progression {
    /// How many numbers it has; bounded where it is made.
    pub(super) fn len(self) -> usize {
        let (span, step) = if self.step > 0 {
            (self.stop.saturating_sub(self.start), self.step)
        } else {
            (
                self.start.saturating_sub(self.stop),
                self.step.saturating_neg(),
            )
        };
        if span <= 0 {
            return 0;
        }
        usize::try_from((span - 1) / step + 1).unwrap_or(usize::MAX)
    }

    pub(super) fn at(self, index: usize) -> Datum {
        Datum::Int(self.start + index as i128 * self.step)
    }
}

/// The items of a list or tuple.
#[derive(Debug)]
pub(super) struct Seq {
    pub(super) items: Vec<Datum>,
    size: TreeSize,
}

/// The entries of a dict, in the order they were put in.
#[derive(Debug)]
pub(super) struct Dict {
    pub(super) map: IndexMap<Key, Datum>,
    size: TreeSize,
}

/// How deep and how heavy a value is.
#[derive(Debug, Clone, Copy)]
pub(super) struct TreeSize {
    pub(super) depth: u32,
    pub(super) weight: u64,
}

impl TreeSize {
    const ONE: Self = Self {
        depth: 0,
        weight: 1,
    };

    fn around<'a>(inner: impl Iterator<Item = &'a Datum>) -> Result<Self, Exception> {
        let mut size = Self {
            depth: 1,
            weight: 1,
        };
        for datum in inner {
            let Self { depth, weight } = datum.size();
            size.depth = size.depth.max(depth + 1);
            size.weight = size.weight.saturating_add(weight);
        }
        if size.depth > MAX_NESTING {
            return Err(Exception::Limit(format!(
                "lists and dicts are nested more than {MAX_NESTING} deep"
            )));
        }
        if size.weight > MAX_WEIGHT {
            return Err(Exception::Limit(format!(
                "a list or dict holds more than {MAX_WEIGHT} values and bytes"
            )));
        }
        Ok(size)
    }
}

impl Datum {
    pub(super) fn str(text: impl Into<Arc<str>>) -> Self {
        Self::Str(text.into())
    }

    pub(super) fn list(items: Vec<Self>) -> Result<Self, Exception> {
        let size = TreeSize::around(items.iter())?;
        Ok(Self::List(Arc::new(Seq { items, size })))
    }

    pub(super) fn tuple(items: Vec<Self>) -> Result<Self, Exception> {
        let size = TreeSize::around(items.iter())?;
        Ok(Self::Tuple(Arc::new(Seq { items, size })))
    }

    pub(super) fn dict(map: IndexMap<Key, Self>) -> Result<Self, Exception> {
        let size = TreeSize::around(map.iter().flat_map(|(key, datum)| [&key.0, datum]))?;
        Ok(Self::Dict(Arc::new(Dict { map, size })))
    }

    pub(super) fn undefined(name: &str) -> Self {
        Self::Undefined(format!("'{name}' is undefined").into())
    }

    pub(super) fn size(&self) -> TreeSize {
        match self {
            Self::Str(text) | Self::Safe(text) => TreeSize {
                depth: 0,
                weight: 1 + text.len() as u64,
            },
            Self::List(seq) | Self::Tuple(seq) => seq.size,
            Self::Dict(dict) | Self::View(_, dict) => TreeSize {
                depth: dict.size.depth + 1,
                weight: dict.size.weight,
            },
            Self::Range(range) => TreeSize {
                depth: 1,
                weight: range.len() as u64 + 1,
            },
            Self::Method(method) => {
                let size = method.0.size();
                TreeSize {
                    depth: size.depth + 1,
                    weight: size.weight,
                }
            }
            _ => TreeSize::ONE,
        }
    }

    /// How many values and bytes are in it, as a number of steps to read it.
    pub(super) fn weight(&self) -> usize {
        usize::try_from(self.size().weight).unwrap_or(usize::MAX)
    }

    /// How many bytes or items it has itself.
    pub(super) fn shallow_len(&self) -> usize {
        match self {
            Self::Str(text) | Self::Safe(text) => text.len(),
            Self::List(seq) | Self::Tuple(seq) => seq.items.len(),
            Self::Dict(dict) | Self::View(_, dict) => dict.map.len(),
            Self::Range(range) => range.len(),
            _ => 1,
        }
    }

    /// The text of a string.
    pub(super) fn as_text(&self) -> Option<&Arc<str>> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Booleans are numbers in Python.
    pub(super) fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(int) => Some(*int),
            Self::Bool(bool) => Some(i128::from(*bool)),
            _ => None,
        }
    }

    /// The name of its Python type, for messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Undefined(_) => "Undefined",
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Safe(_) => "Markup",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) => "dict",
            Self::View(ViewKind::Keys, _) => "dict_keys",
            Self::View(ViewKind::Values, _) => "dict_values",
            Self::View(ViewKind::Items, _) => "dict_items",
            Self::Range(_) => "range",
            Self::Method(_) => "method",
            Self::Function(_) => "function",
            Self::Handle(Handle::Namespace(_)) => "Namespace",
            Self::Handle(Handle::Macro(_)) => "Macro",
            Self::Handle(Handle::Loop(_)) => "LoopContext",
            Self::Handle(Handle::Generator(_)) => "generator",
        }
    }
}

/// A key of a dict: `1`, `1.0` and `True` are one key, as in Python.
#[derive(Debug, Clone)]
pub(super) struct Key(Datum);

impl Key {
    /// The value as a key, where Python could hash it.
    pub(super) fn new(datum: Datum) -> Result<Self, Exception> {
        match &datum {
            Datum::Undefined(_)
            | Datum::None
            | Datum::Bool(_)
            | Datum::Int(_)
            | Datum::Float(_)
            | Datum::Str(_) => {}
            Datum::Safe(text) => return Ok(Self(Datum::Str(text.clone()))),
            Datum::Tuple(seq) => {
                for item in &seq.items {
                    Self::new(item.clone())?;
                }
            }
            Datum::List(_) | Datum::Dict(_) | Datum::View(..) => {
                return Err(Exception::python(format!(
                    "unhashable type: '{}'",
                    datum.type_name()
                )));
            }
            _ => {
                let kind = datum.type_name();
                return Err(Exception::unsupported(format!(
                    "a dict's key of type {kind}"
                )));
            }
        }
        Ok(Self(datum))
    }

    pub(super) fn str(text: impl Into<Arc<str>>) -> Self {
        Self(Datum::str(text))
    }

    pub(super) fn datum(&self) -> &Datum {
        &self.0
    }
}

/// What of a number tells keys apart: a whole float is the integer it equals.
fn number_key(datum: &Datum) -> Option<Result<i128, u64>> {
    match datum {
        Datum::Bool(bool) => Some(Ok(i128::from(*bool))),
        Datum::Int(int) => Some(Ok(*int)),
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^126")]
        #[expect(clippy::float_cmp, reason = "whether a float is whole")]
        Datum::Float(float) if float.trunc() == *float && float.abs() < 1e37 => {
            Some(Ok(*float as i128))
        }
        Datum::Float(float) => Some(Err(float.to_bits())),
        _ => None,
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_datum(&self.0, state);
    }
}

fn hash_datum<H: Hasher>(datum: &Datum, state: &mut H) {
    match datum {
        Datum::Str(text) => text.hash(state),
        Datum::Tuple(seq) => {
            for item in &seq.items {
                hash_datum(item, state);
            }
        }
        other => number_key(other).hash(state),
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        same_key(&self.0, &other.0)
    }
}

impl Eq for Key {}

fn same_key(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Str(a), Datum::Str(b)) => a == b,
        (Datum::Undefined(_), Datum::Undefined(_)) | (Datum::None, Datum::None) => true,
        (Datum::Tuple(a), Datum::Tuple(b)) => {
            a.items.len() == b.items.len()
                && a.items.iter().zip(&b.items).all(|(a, b)| same_key(a, b))
        }
        _ => number_key(a).is_some() && number_key(a) == number_key(b),
    }
}

/// A text to look a dict up with.
#[derive(Debug)]
pub(super) struct TextKey<'a>(pub(super) &'a str);

impl Hash for TextKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Equivalent<Key> for TextKey<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(&key.0, Datum::Str(text) if **text == *self.0)
    }
}

impl Dict {
    pub(super) fn get(&self, name: &str) -> Option<&Datum> {
        self.map.get(&TextKey(name))
    }
}
