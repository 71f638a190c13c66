//! A list of operators, as a loader is given it.

use std::path::Path;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::draw::stream;
use super::image::Image;
use super::lowered::ColumnSteps;
use super::table::Refusal;
use super::{OPERATORS, Operator};
use crate::error::{Error, Result};
use crate::plan::pipeline::step_index;
use crate::plan::places::Places;
use crate::plan::suggest;
use crate::plan::tree::{Node, Value};
use crate::plan::typed::TypedError;

/// Operators, one after another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// The steps, in order.
    #[serde(default)]
    pub step: Vec<Operator>,
}

impl<'de> Deserialize<'de> for Operator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OperatorVisitor)
    }
}

/// Reads `op`, which must come first, then the rest as that operator's keys.
struct OperatorVisitor;

impl<'de> Visitor<'de> for OperatorVisitor {
    type Value = Operator;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a table with `op`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Operator, A::Error> {
        match map.next_key::<String>()?.as_deref() {
            Some("op") => {}
            _ => return Err(A::Error::missing_field("op")),
        }
        let name: String = map.next_value()?;
        let read = Operator::read(&name, MapAccessDeserializer::new(map));
        read.unwrap_or_else(|| Err(A::Error::unknown_variant(&name, OPERATORS)))
    }
}

/// A column that steps may name: its name, and the shape of its rows if it holds
/// bytes of one shape.
pub type ImageColumn<'a> = (&'a str, Option<&'a [u64]>);

impl Steps {
    /// Reads `[[step]]` tables; `path` is what errors call their file, if they are
    /// in one.
    ///
    /// # Errors
    /// `Pipeline` with the place where it is not TOML, or has a key or value that
    /// no operator has.
    pub fn from_toml(text: &str, path: Option<&Path>) -> Result<Self> {
        let root = Node::parse(text).map_err(|error| match path {
            Some(path) => error.with_path(path),
            None => error,
        })?;
        let places = path.map_or_else(Places::default, |path| Places::of(&root, text, path));
        let names = names(&root);
        Self::deserialize(root).map_err(|error| explain(&error, &places, &names))
    }

    /// The JSON Schema of `[[step]]` tables.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The steps of each column that they change, in the order in which columns
    /// are named first.
    ///
    /// # Errors
    /// `Usage` with step, operator and column where a step cannot be done.
    pub fn lower(&self, known: &[ImageColumn<'_>]) -> Result<Vec<ColumnSteps>> {
        let mut lowered: Vec<ColumnSteps> = Vec::new();
        for (index, operator) in self.step.iter().enumerate() {
            for column in &operator.as_lower().columns().0 {
                let added = self.lower_one((index, operator), column, known, &mut lowered);
                added.map_err(|error| {
                    error
                        .with_step(index + 1, operator.name())
                        .with_column(column)
                })?;
            }
        }
        Ok(lowered)
    }

    fn lower_one(
        &self,
        (index, operator): (usize, &Operator),
        column: &str,
        known: &[ImageColumn<'_>],
        lowered: &mut Vec<ColumnSteps>,
    ) -> Result<()> {
        let spec = operator.as_lower();
        let at = lowered.iter().position(|steps| steps.column == column);
        let at = if let Some(at) = at {
            at
        } else {
            let shape = shape_of(column, known)?;
            let layout = spec.layout().map(super::super::ImageLayout::layout);
            let image = Image::of(shape, layout).map_err(usage)?;
            lowered.push(ColumnSteps::new(column, image));
            lowered.len() - 1
        };
        let steps = &mut lowered[at];
        let refused = |Refusal { message, .. }| usage(message);
        let from = (index, self.stream_of(index));
        for change in spec.lower(steps.after).map_err(refused)? {
            steps.add(from, change).map_err(usage)?;
        }
        Ok(())
    }

    /// The stream of a step: of its own name, or of its operator's and how many
    /// steps of that come before.
    fn stream_of(&self, index: usize) -> u64 {
        let operator = &self.step[index];
        if let Some(name) = operator.as_lower().stream() {
            return stream(name);
        }
        let before = self.step[..index].iter();
        let n_before = before.filter(|step| step.name() == operator.name()).count();
        stream(&format!("{}/{n_before}", operator.name()))
    }
}

/// The shape of a column's rows.
fn shape_of<'a>(column: &str, known: &[ImageColumn<'a>]) -> Result<&'a [u64]> {
    match known.iter().find(|(name, _)| *name == column) {
        Some((_, Some(shape))) => Ok(shape),
        Some((_, None)) => Err(usage("expected a column of uint8 images of one shape")),
        None => {
            let names = known.iter().map(|(name, _)| *name);
            let error = usage("expected a column that is read");
            Err(match suggest::hint(column, "read are", names) {
                Some(hint) => error.with_hint(hint),
                None => error,
            })
        }
    }
}

fn usage(message: impl Into<String>) -> Error {
    Error::new(crate::ErrorKind::Usage, message)
}

/// What each step calls its operator, `step` where that is not text.
fn names(root: &Node) -> Vec<String> {
    let Some(Value::Array(steps)) = root.get("step").map(|entry| &entry.node.value) else {
        return Vec::new();
    };
    let name = |step: &Node| match step.get("op").map(|entry| &entry.node.value) {
        Some(Value::String(op)) => op.clone(),
        _ => "step".to_owned(),
    };
    steps.iter().map(name).collect()
}

/// An error of the types as one of the text.
fn explain(error: &TypedError, places: &Places, names: &[String]) -> Error {
    let path = error.path();
    let message = match path.rsplit(['.', ']']).next() {
        Some(key) if !key.is_empty() && !error.message.contains("key `") => {
            format!("{key}: {}", error.message)
        }
        _ => error.message.clone(),
    };
    let mut out = Error::pipeline(message);
    let step = step_index(&path).and_then(|index| Some((index, names.get(index)?)));
    if let Some((index, name)) = step {
        out = out.with_step(index + 1, name.clone());
    }
    if let Some(hint) = &error.hint {
        out = out.with_hint(hint.clone());
    }
    match &error.place {
        Some(place) => places.point(out, place),
        None => places.locate(out, &path),
    }
}
