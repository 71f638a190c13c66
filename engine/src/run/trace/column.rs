//! The story of one column of images.

use std::sync::Arc;

use fuelrail_kernels::Element;
use fuelrail_kernels::decode::{
    DecodeLimits, DecodeOptions, Exif, ImageDecoder, ImageHeader, PixelMode, read_header,
};
use fuelrail_kernels::normalize::Layout;
use serde_json::{Map, Value};

use super::picture::{TracePicture, picture};
use super::told::{
    MASK, MovesWith, SecondImage, StepOutcome, TracedColumn, TracedCoordinates, TracedImage,
    TracedStep, TracedStored,
};
use crate::error::{Error, ErrorKind, Result, name_in_quotes};
use crate::feed::{
    ReadOptions, Shards, SteppedCoordinates, SteppedValue, StoredValue, image_of_file,
};
use crate::format::{Column, ColumnLayout, Dtype};
use crate::plan::operators::{
    ColumnSteps, Draw, Effect, FollowerKind, Image, Operator, StepEffect, Steps, together,
};

/// A file was damaged and is decoded as far as it goes, as its status says it.
const DAMAGED: u8 = 1;
/// Characters of a column's name in those of its files.
const NAME_CHARS: usize = 40;

/// Tells what became of one row.
pub(super) struct Teller<'a> {
    pub(super) shards: &'a Arc<Shards>,
    pub(super) steps: &'a Steps,
    pub(super) draw: Draw,
    pub(super) row: u64,
}

/// Names of the files with pictures of a column.
#[derive(Clone, Copy)]
struct FileNames<'a> {
    /// The number of the column among those with pictures, from 1.
    number: usize,
    column: &'a str,
}

/// What a loader gives of a row of a column.
struct Given {
    value: SteppedValue,
    outcome: StepOutcome,
    /// The boxes and keypoints of the image.
    coordinates: Vec<SteppedCoordinates>,
}

/// What a row was before its steps.
struct Before {
    stored: TracedStored,
    /// The image that steps find.
    image: Option<Image>,
    /// Why they find none.
    trouble: Option<String>,
}

impl Teller<'_> {
    /// The story of a column that steps change.
    ///
    /// # Errors
    /// As [`trace`](super::trace).
    pub(super) fn changed(&self, number: usize, column: &str) -> Result<TracedColumn> {
        let whole = self.behind(self.steps.step.len(), column)?;
        let value = self.shards.stored_value(column, self.row)?;
        let before = before(&whole, &value);
        let names = FileNames { number, column };
        let shown = match before.image {
            Some(image) if whole.decoding.is_none() => {
                picture(&image, &value.bytes, names.of(0, "stored"))
            }
            _ => None,
        };
        let mut steps: Vec<TracedStep> = Vec::new();
        for (index, operator) in self.steps.step.iter().enumerate() {
            if self.changes(index, column)? {
                let step = (index, operator);
                let stopped = steps.last().is_some_and(has_stopped);
                steps.push(self.step(step, column, (&before, stopped), names)?);
            }
        }
        let (picture, numbers) = shown.unzip();
        let moves_with = whole.ties.follows.as_ref().map(|it| MovesWith {
            image: it.image.clone(),
            what: match it.kind {
                FollowerKind::Mask(_) => MASK,
                FollowerKind::Picture => "picture",
            },
        });
        Ok(TracedColumn {
            column: column.to_owned(),
            moves_with,
            stored: before.stored,
            picture,
            numbers,
            steps,
        })
    }

    /// The story of a column that no step changes, if it holds images.
    ///
    /// # Errors
    /// As [`trace`](super::trace).
    pub(super) fn unchanged(&self, number: usize, column: &Column) -> Result<Option<TracedColumn>> {
        let name = FileNames {
            number,
            column: &column.name,
        }
        .of(0, "stored");
        let image = stored_shape(column);
        let is_binary = column.layout == ColumnLayout::Ragged && column.logical == "binary";
        if image.is_none() && !is_binary {
            return Ok(None);
        }
        let value = self.shards.stored_value(&column.name, self.row)?;
        let told = |stored, shown: Option<_>| {
            let (picture, numbers) = shown.unzip();
            Some(TracedColumn {
                column: column.name.clone(),
                moves_with: None,
                stored,
                picture,
                numbers,
                steps: Vec::new(),
            })
        };
        if let Some(image) = image {
            if value.is_null {
                return Ok(told(TracedStored::Null, None));
            }
            let shown = picture(&image, &value.bytes, name);
            return Ok(told(TracedStored::Image(TracedImage::of(&image)), shown));
        }
        // Other bytes than those of image files are told as text.
        let header = read_header(&value.bytes, &DecodeLimits::default());
        let header = header.ok().filter(|_| !value.is_null);
        Ok(header
            .and_then(|header| told(file(&header, &value), decoded_as_stored(&value.bytes, name))))
    }

    /// Whether a step changes a column: it names it, or has it follow another.
    fn changes(&self, index: usize, column: &str) -> Result<bool> {
        let named = self.steps.step[index].operator().columns();
        if named.0.iter().any(|it| it == column) {
            return Ok(true);
        }
        Ok(self.first(index, column)? != self.first(index + 1, column)?)
    }

    /// The first steps of a column, if some of them change it.
    fn first(&self, n_steps: usize, column: &str) -> Result<Option<ColumnSteps>> {
        let read = ReadOptions::default();
        let all = self.shards.lowered_first(&read, (self.steps, n_steps))?;
        Ok(all.into_iter().find(|steps| steps.column == column))
    }

    /// The first steps of a column that some of them change.
    fn behind(&self, n_steps: usize, column: &str) -> Result<ColumnSteps> {
        let found = self.first(n_steps, column)?;
        found.ok_or_else(|| Error::internal("a column without its steps"))
    }

    /// What one step did.
    fn step(
        &self,
        (index, operator): (usize, &Operator),
        column: &str,
        (before, stopped): (&Before, bool),
        names: FileNames<'_>,
    ) -> Result<TracedStep> {
        let op = operator.name();
        let mut told = TracedStep {
            step: index + 1,
            op,
            keys: keys(operator)?,
            effects: Vec::new(),
            outcome: StepOutcome::Null,
            image: None,
            numbers: None,
            picture: None,
            second: None,
            coordinates: Vec::new(),
        };
        if before.stored == TracedStored::Null {
            return Ok(told);
        }
        let steps = self.behind(index + 1, column)?;
        if let Some(image) = before.image {
            told.effects = self.effects(&steps, index, image)?;
        }
        match self.given(index + 1, column)? {
            Err(_) if stopped => told.outcome = StepOutcome::NotReached,
            Err(outcome) => told.outcome = outcome,
            Ok(given) => {
                let value = &given.value;
                told.outcome = given.outcome;
                told.image = Some(TracedImage::of(&value.image));
                if !matches!(told.outcome, StepOutcome::Skipped(_)) {
                    let shown = picture(&value.image, &value.bytes, names.of(index + 1, op));
                    (told.picture, told.numbers) = shown.unzip();
                    let coordinates = given.coordinates.into_iter();
                    told.coordinates = coordinates.map(TracedCoordinates::of).collect();
                }
                told.second = self.second(index, column, (&told.effects, value), names)?;
            }
        }
        let is_bad = !matches!(told.outcome, StepOutcome::Done | StepOutcome::Damaged);
        if is_bad && steps.ties.follows.is_some() {
            // What is done to a good one was not done to it.
            told.effects.clear();
        }
        Ok(told)
    }

    /// What a step did to the row; nothing that is known where it cannot be done.
    fn effects(&self, steps: &ColumnSteps, index: usize, image: Image) -> Result<Vec<StepEffect>> {
        match steps.effects(self.draw, (self.row, image)) {
            Ok(effects) => Ok(effects.into_iter().filter(|it| it.step == index).collect()),
            Err(error) if error.kind() == ErrorKind::Data => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// What the first steps make of the row, with all columns that belong together.
    fn given(&self, n_steps: usize, column: &str) -> Result<Result<Given, StepOutcome>> {
        let read = ReadOptions::default();
        let all = self.shards.lowered_first(&read, (self.steps, n_steps))?;
        let group = together(&all, column);
        let at = group.iter().position(|steps| steps.column == column);
        let (Some(first), Some(at)) = (group.first(), at) else {
            return Err(Error::internal("a column without its steps"));
        };
        let of_image = |message: &str| match at {
            0 => message.to_owned(),
            _ => format!("{}: {message}", name_in_quotes(&first.column)),
        };
        let value = self.shards.stored_value(&first.column, self.row)?;
        let before = before(first, &value);
        // Then nobody knows how large an image in its place would be.
        if first.after.sides.is_none() {
            if let Some(trouble) = &before.trouble {
                return Ok(Err(StepOutcome::Failed(of_image(trouble))));
            }
            if before.image.is_none() {
                return Ok(Err(StepOutcome::NotReached));
            }
        }
        let steps = group.iter().map(|steps| (*steps).clone()).collect();
        let drawn = (self.draw, self.row);
        let mut row = match self.shards.stepped_row(steps, drawn, before.image) {
            Ok(row) => row,
            Err(error) if error.kind() == ErrorKind::Data => {
                let of = error.location().column.as_deref();
                let of = of.filter(|of| *of != column).map(name_in_quotes);
                let message = match of {
                    Some(of) => format!("{of}: {}", error.message()),
                    None => error.message().to_owned(),
                };
                return Ok(Err(StepOutcome::Failed(message)));
            }
            Err(error) => return Err(error),
        };
        let value = row.images.swap_remove(at);
        let is_without = at > 0 && before.stored == TracedStored::Null;
        Ok(Ok(Given {
            outcome: match outcome(&value) {
                StepOutcome::Done if is_without => {
                    StepOutcome::Substituted(of_image("the row is null"))
                }
                outcome => outcome,
            },
            value,
            coordinates: if at == 0 { row.coordinates } else { Vec::new() },
        }))
    }

    /// The image that a step mixes in, as it is before that.
    fn second(
        &self,
        index: usize,
        column: &str,
        (effects, value): (&[StepEffect], &SteppedValue),
        names: FileNames<'_>,
    ) -> Result<Option<SecondImage>> {
        let second = effects.iter().find_map(|it| match it.effect {
            Effect::Mixed { second, weight } => Some((second?, weight)),
            _ => None,
        });
        let Some((row, weight)) = second else {
            return Ok(None);
        };
        let (image, bytes) = if let Some(steps) = self.first(index, column)? {
            let stored = steps.before.each();
            let second = self.shards.stepped_value(steps, (self.draw, row), stored)?;
            (second.image, second.bytes)
        } else {
            let stored = self.behind(index + 1, column)?.before.each();
            let stored = stored.ok_or_else(|| Error::internal("mixed images of any size"))?;
            (stored, self.shards.stored_value(column, row)?.bytes)
        };
        let shown = picture(&image, &bytes, names.of(index + 1, "second"));
        Ok(Some(SecondImage {
            row,
            is_mixed: value
                .weight
                .is_none_or(|it| it.to_bits() == weight.to_bits()),
            picture: shown.map(|(picture, _)| picture),
        }))
    }
}

/// Whether a step gave no image, so that the next one has none to work on.
fn has_stopped(step: &TracedStep) -> bool {
    matches!(
        step.outcome,
        StepOutcome::Failed(_) | StepOutcome::NotReached
    )
}

/// What came of a step that a loader can do.
fn outcome(value: &SteppedValue) -> StepOutcome {
    match (&value.damage, value.status) {
        (Some(message), _) if value.is_skipped => StepOutcome::Skipped(message.clone()),
        (Some(message), _) => StepOutcome::Substituted(message.clone()),
        (None, Some(DAMAGED)) => StepOutcome::Damaged,
        (None, _) => StepOutcome::Done,
    }
}

/// What a row is before the steps of its column.
fn before(steps: &ColumnSteps, value: &StoredValue) -> Before {
    let stored = if value.is_null {
        Ok((TracedStored::Null, None))
    } else if steps.decoding.is_some() {
        image_of_file(steps, &value.bytes)
            .map(|(header, image)| (file(&header, value), Some(image)))
    } else {
        let image = steps.before.each();
        let stored = image.as_ref().map(TracedImage::of);
        Ok((
            stored.map_or(TracedStored::Null, TracedStored::Image),
            image,
        ))
    };
    match stored {
        Ok((stored, image)) => Before {
            stored,
            image,
            trouble: None,
        },
        Err(error) => Before {
            stored: TracedStored::BadFile {
                len_bytes: value.bytes.len() as u64,
                message: error.message().to_owned(),
            },
            image: None,
            trouble: Some(error.message().to_owned()),
        },
    }
}

/// What a file says of itself.
fn file(header: &ImageHeader, value: &StoredValue) -> TracedStored {
    TracedStored::File {
        format: header.format.to_string(),
        len_bytes: value.bytes.len() as u64,
        height: header.height,
        width: header.width,
        channels: header.channels,
        bits: header.bits,
        orientation: header.orientation.tag(),
        has_icc: header.has_icc,
        is_animated: header.is_animated,
    }
}

/// The image of a file that no step decodes.
fn decoded_as_stored(
    bytes: &[u8],
    name: String,
) -> Option<(TracePicture, super::picture::SampleNumbers)> {
    let options = DecodeOptions {
        mode: PixelMode::Rgb,
        exif: Exif::Ignore,
        limits: DecodeLimits::default(),
    };
    let mut pixels = Vec::new();
    let decoded = ImageDecoder::new().decode(bytes, &options, None, &mut pixels);
    let decoded = decoded.ok()?;
    let image = Image {
        height: decoded.height,
        width: decoded.width,
        channels: decoded.channels,
        layout: Layout::Hwc,
        element: Element::U8,
    };
    picture(&image, &pixels, name)
}

/// The images of a column of one shape, if it holds some.
fn stored_shape(column: &Column) -> Option<Image> {
    let element = match column.dtype {
        Dtype::U8 => Element::U8,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::BF16,
        Dtype::F32 => Element::F32,
        Dtype::Bool
        | Dtype::I8
        | Dtype::I16
        | Dtype::I32
        | Dtype::I64
        | Dtype::U16
        | Dtype::U32
        | Dtype::U64
        | Dtype::F64 => return None,
    };
    let is_image = match column.shape.len() {
        3 => true,
        2 => element == Element::U8,
        _ => false,
    };
    let image = Image::of(&column.shape, None).ok().filter(|_| is_image)?;
    Some(Image { element, ..image })
}

/// The keys of a step but for its name and columns.
fn keys(operator: &Operator) -> Result<Map<String, Value>> {
    let written = serde_json::to_value(operator)
        .map_err(|error| Error::internal("a step that is no JSON").with_source(error))?;
    Ok(match written {
        Value::Object(keys) => keys
            .into_iter()
            .filter(|(key, _)| key != "op" && key != "column")
            .collect(),
        _ => Map::new(),
    })
}

impl FileNames<'_> {
    /// The name of a file with a picture: plain letters, whatever the column is called.
    fn of(self, step: usize, what: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let column: String = self.column.chars().take(NAME_CHARS).map(plain).collect();
        format!("{}-{column}-{step:02}-{what}.png", self.number)
    }
}
