//! A list of operators, as a loader is given it.

use std::path::Path;

use fuelrail_kernels::normalize::Layout;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::annotations::{
    check_image, followed, is_tied, no_coordinates, stay_together, tie_images,
};
use super::changes::{Change, Move};
use super::draw::stream;
use super::image::{Image, KnownImages};
use super::known::{KnownTensor, files_of, is_new, label_of, shape_of};
use super::lowered::{ColumnSteps, Drawing};
use super::mix::Mix;
use super::table::{Lower, OneOf, Refusal};
use super::ties::Annotations;
use super::{OPERATORS, Operator};
use crate::error::{Error, Result, name_in_quotes};
use crate::plan::named_types::ImageLayout;
use crate::plan::places::{Places, step_index};
use crate::plan::tree::{Node, Value};
use crate::plan::typed::TypedError;

/// Operators, one after another.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// The steps, in order.
    #[serde(default)]
    pub step: Vec<Operator>,
    /// Where each key was written, if it was in a file.
    #[serde(skip)]
    places: Places,
}

impl PartialEq for Steps {
    fn eq(&self, other: &Self) -> bool {
        self.step == other.step
    }
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
        let name = map.next_value_seed(OneOf(OPERATORS))?;
        let read = Operator::read(&name, MapAccessDeserializer::new(map));
        read.unwrap_or_else(|| Err(A::Error::unknown_variant(&name, OPERATORS)))
    }
}

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
        match Self::deserialize(root) {
            Ok(steps) => Ok(Self { places, ..steps }),
            Err(error) => Err(explain(&error, &places, &names)),
        }
    }

    /// The JSON Schema of `[[step]]` tables.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The steps of each column that they change, in the order in which columns
    /// are named first. Second rows are drawn from the `n_rows` of the dataset.
    ///
    /// # Errors
    /// `Pipeline` with step, operator, column and place where a step cannot be done.
    pub fn lower(&self, known: &[KnownTensor<'_>], n_rows: u64) -> Result<Vec<ColumnSteps>> {
        let mut lowered = self.lower_first(self.step.len(), known, n_rows)?;
        self.check_sides(&lowered)?;
        self.check_mix(known, &lowered)?;
        for steps in &mut lowered {
            steps.add_copy().map_err(Error::internal)?;
        }
        Ok(lowered)
    }

    /// The first `n_steps` of them, behind which images may have any size: what is in
    /// the middle of what [`Steps::lower`] gives.
    ///
    /// # Errors
    /// As [`Steps::lower`].
    pub fn lower_first(
        &self,
        n_steps: usize,
        known: &[KnownTensor<'_>],
        n_rows: u64,
    ) -> Result<Vec<ColumnSteps>> {
        let mut lowered: Vec<ColumnSteps> = Vec::new();
        for (index, operator) in self.step.iter().enumerate().take(n_steps) {
            let columns = &operator.operator().columns().0;
            let refused = |refusal, column| self.refused(index, refusal, column);
            distinct(columns).map_err(|refusal| refused(refusal, None))?;
            let annotations = operator.operator().annotates();
            if let (Some(annotations), [column, ..]) =
                (annotations.map_err(|it| refused(it, None))?, &columns[..])
            {
                let done = self.annotate((column, &annotations), (known, n_rows), &mut lowered);
                done.map_err(|refusal| refused(refusal, Some(column)))?;
                continue;
            }
            let mut sizes = Vec::new();
            for column in columns {
                let done = self.lower_one(index, column, (known, n_rows), &mut lowered);
                sizes.extend(done.map_err(|refusal| refused(refusal, Some(column)))?);
                alike(&sizes).map_err(|refusal| refused(refusal, Some(column)))?;
            }
        }
        // An image comes before those that move with it, which ask for its size.
        lowered.sort_by_key(|steps| steps.ties.follows.is_some());
        Ok(lowered)
    }

    /// Ties columns to that of their images.
    fn annotate(
        &self,
        (column, annotations): (&str, &Annotations),
        (known, n_rows): (&[KnownTensor<'_>], u64),
        lowered: &mut Vec<ColumnSteps>,
    ) -> Result<(), Refusal> {
        let image = self.images(column, (known, n_rows), lowered)?;
        check_image(&lowered[image])?;
        for (key, kind, follower) in &annotations.followers {
            let found = self.images(follower, (known, n_rows), lowered);
            let follower = found.map_err(|refusal| Refusal { key, ..refusal })?;
            tie_images([image, follower], (key, *kind), lowered)?;
        }
        annotations.tie_coordinates(image, known, lowered)
    }

    /// The index of a column's steps, which begin here if there are none yet.
    fn images(
        &self,
        column: &str,
        (known, n_rows): (&[KnownTensor<'_>], u64),
        lowered: &mut Vec<ColumnSteps>,
    ) -> Result<usize, Refusal> {
        if let Some(at) = lowered.iter().position(|steps| steps.column == column) {
            return Ok(at);
        }
        let shape = shape_of(column, known)?;
        let image = Image::of(shape, self.layout_of(column)?);
        let image = image.map_err(|message| Refusal::new("column", message))?;
        lowered.push(ColumnSteps::new(column, image.into(), n_rows));
        Ok(lowered.len() - 1)
    }

    /// A refusal with its place.
    fn refused(&self, index: usize, refusal: Refusal, column: Option<&String>) -> Error {
        let key = refusal.key;
        let error = refusal
            .error()
            .with_step(index + 1, self.step[index].name());
        let error = match column {
            Some(column) => error.with_column(column),
            None => error,
        };
        self.places.locate(error, &format!("step[{index}].{key}"))
    }

    /// Refuses images that do not all become one size: a batch is one tensor.
    fn check_sides(&self, lowered: &[ColumnSteps]) -> Result<()> {
        let Some(steps) = lowered.iter().find(|steps| steps.after.sides.is_none()) else {
            return Ok(());
        };
        let is_of = |operator: &Operator| operator.operator().columns().0.contains(&steps.column);
        let last = self.step.iter().rposition(is_of).unwrap_or_default();
        let message = "expected images of one size behind all steps, got images of any size";
        let hint = "end with `resize`, `random_resized_crop`, `random_crop` or `center_crop`";
        let refusal = Refusal::new("op", message).with_hint(hint);
        Err(self.refused(last, refusal, Some(&steps.column)))
    }

    /// Refuses a second row that more than one step names, and labels and tensors of
    /// it that cannot be.
    fn check_mix(&self, known: &[KnownTensor<'_>], lowered: &[ColumnSteps]) -> Result<()> {
        let mixing = lowered.iter().filter_map(|steps| {
            let blending = steps.around_blend().1?;
            Some((&steps.column, &blending.mix))
        });
        let mixing: Vec<(&String, &Drawing<Mix>)> = mixing.collect();
        let Some((_, first)) = mixing.first() else {
            return Ok(());
        };
        for (column, mix) in &mixing {
            let of_one = one_mix(mix.step, first.step);
            let of_one = of_one.and_then(|()| is_new(known, &format!("{column}.weight"), "column"));
            of_one.map_err(|refusal| self.refused(mix.step, refusal, Some(column)))?;
        }
        let labels = &first.what.labels;
        let refused = |refusal, label| self.refused(first.step, refusal, label);
        if !labels.is_empty() {
            distinct(labels).map_err(|it| {
                refused(
                    Refusal {
                        key: "labels",
                        ..it
                    },
                    None,
                )
            })?;
        }
        for label in labels {
            let of_one = unchanged(lowered, label).and_then(|()| label_of(known, label));
            of_one.map_err(|refusal| refused(refusal, Some(label)))?;
        }
        Ok(())
    }

    /// Adds what a step does to a column; gives the size of the images in which it
    /// draws a place, if it does.
    fn lower_one(
        &self,
        index: usize,
        column: &str,
        (known, n_rows): (&[KnownTensor<'_>], u64),
        lowered: &mut Vec<ColumnSteps>,
    ) -> Result<Option<KnownImages>, Refusal> {
        let spec = self.step[index].operator();
        let refused = |message: String| Refusal::new("column", message);
        let at = lowered.iter().position(|steps| steps.column == column);
        if let Some(decoding) = spec.decodes() {
            if at.is_some() {
                return Err(refused(
                    "expected `decode` before all other steps of a column".to_owned(),
                ));
            }
            files_of(column, known)?;
            lowered.push(ColumnSteps::decoded(column, decoding, n_rows));
            return Ok(None);
        }
        no_coordinates(lowered, column)?;
        let at = self.images(column, (known, n_rows), lowered)?;
        let changes = spec.lower(lowered[at].after)?;
        stay_together(&lowered[at], &changes, lowered)?;
        let from = (index, self.stream_of(index));
        let mut drawn_in = None;
        for follower in &mut *lowered {
            let follows = follower.ties.follows.as_ref();
            let Some(kind) = follows.and_then(|it| (it.image == column).then_some(it.kind)) else {
                continue;
            };
            for change in changes.iter().filter_map(|it| followed(it, kind)) {
                follower.add(from, change).map_err(refused)?;
            }
        }
        let steps = &mut lowered[at];
        for change in changes {
            if let Change::Move(Move::CropAnywhere(_) | Move::CropPart(_)) | Change::Warp(..) =
                change
            {
                drawn_in = Some(steps.after);
            }
            if let (Change::Mix(_), Some(blending)) = (&change, steps.around_blend().1) {
                one_mix(index, blending.mix.step)?;
            }
            steps.add(from, change).map_err(refused)?;
        }
        Ok(drawn_in)
    }

    /// The order of the axes of a column's images, if any step says it: all that
    /// do must agree, whichever comes first.
    fn layout_of(&self, column: &str) -> Result<Option<Layout>, Refusal> {
        let of_column = self.step.iter().map(Operator::operator);
        let of_column = of_column.filter(|step| step.columns().0.iter().any(|it| it == column));
        let mut said = of_column.filter_map(Lower::layout);
        let first = said.next();
        if said.any(|layout| Some(layout) != first) {
            let message =
                "expected the same layout in all steps of a column, got \"hwc\" and \"chw\"";
            return Err(Refusal::new("layout", message));
        }
        Ok(first.map(ImageLayout::layout))
    }

    /// The stream of a step: of its own name, or of its operator's and how many
    /// steps of that come before.
    fn stream_of(&self, index: usize) -> u64 {
        let operator = &self.step[index];
        if let Some(name) = operator.operator().stream() {
            return stream(name);
        }
        let before = self.step[..index].iter();
        let n_before = before.filter(|step| step.name() == operator.name()).count();
        stream(&format!("{}/{n_before}", operator.name()))
    }
}

/// Refuses no columns, and one that is named twice.
fn distinct(columns: &[String]) -> Result<(), Refusal> {
    if columns.is_empty() {
        return Err(Refusal::new(
            "column",
            "expected at least one column, got none",
        ));
    }
    let twice = |at: &usize| columns[..*at].contains(&columns[*at]);
    match (0..columns.len()).find(twice) {
        None => Ok(()),
        Some(at) => {
            let name = name_in_quotes(&columns[at]);
            let message = format!("expected each column once, got {name} twice");
            Err(Refusal::new("column", message))
        }
    }
}

/// Refuses a label whose values in the batch are not those that are stored.
fn unchanged(lowered: &[ColumnSteps], label: &str) -> Result<(), Refusal> {
    let is_changed = lowered.iter().any(|steps| steps.column == label);
    if !is_changed && !is_tied(lowered, label) {
        return Ok(());
    }
    let message = "expected a label that no step changes";
    Err(Refusal::new("labels", message))
}

/// Refuses a second step that names a second row.
fn one_mix(step: usize, first: usize) -> Result<(), Refusal> {
    if step == first {
        return Ok(());
    }
    let message = format!(
        "expected one step that names a second row, got this one and step {}",
        first + 1
    );
    Err(Refusal::new("op", message))
}

/// Refuses images of different sizes, in which one draw is not the same place.
fn alike(sizes: &[KnownImages]) -> Result<(), Refusal> {
    match sizes {
        [first, .., last] if first.sides.is_none() || first.sides != last.sides => {
            let message = format!(
                "expected images of one size in a step that draws places for all its columns, got \
                 {first} and {last}"
            );
            Err(Refusal::new("column", message))
        }
        _ => Ok(()),
    }
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
