//! One row of one column: as it is stored, and as a loader has it behind steps.

use std::sync::Arc;

use fuelrail_kernels::decode::{ImageHeader, read_header};

use super::annotated::N_BUFFERS;
use super::files::BAD;
use super::fill::{BatchSlot, Fill, Placed, TensorPlace, Wanted};
use super::gather::{GatherFill, Skipped};
use super::options::{ReadOptions, Results};
use super::reader::Reader;
use super::second_rows::SecondRows;
use super::shards::Shards;
use super::stepped::Stepped;
use crate::device::Device;
use crate::error::{Error, Result, name_in_quotes};
use crate::format::Dtype;
use crate::plan::operators::{
    ColumnSteps, Coordinates, Draw, Image, Parameters, kept_name, status_name,
};

/// One row of a column as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredValue {
    /// Its elements, little-endian.
    pub bytes: Vec<u8>,
    /// What they are.
    pub dtype: Dtype,
    /// The shape of the row; of a ragged one, how many there are.
    pub shape: Vec<u64>,
    /// Whether it is null; then the elements mean nothing.
    pub is_null: bool,
}

/// One row of columns that belong together, behind steps.
#[derive(Debug, Clone, PartialEq)]
pub struct SteppedRow {
    /// The images, column by column.
    pub images: Vec<SteppedValue>,
    /// Their boxes and keypoints, column by column.
    pub coordinates: Vec<SteppedCoordinates>,
}

/// The boxes or keypoints of one row behind steps.
#[derive(Debug, Clone, PartialEq)]
pub struct SteppedCoordinates {
    /// What they are.
    pub of: Coordinates,
    /// The numbers of all of them.
    pub numbers: Vec<f32>,
    /// For each, whether something of it is left.
    pub kept: Vec<bool>,
    /// Why none is left, where the row is bad.
    pub damage: Option<String>,
}

/// One row of a column behind steps: what a loader puts into a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct SteppedValue {
    /// The image.
    pub image: Image,
    /// Its samples, little-endian.
    pub bytes: Vec<u8>,
    /// What became of its file, as the tensor `COLUMN.status` says it.
    pub status: Option<u8>,
    /// Why there is another image in its place, or none.
    pub damage: Option<String>,
    /// Whether the row is left out for that.
    pub is_skipped: bool,
    /// How much of it is its own, where rows are mixed.
    pub weight: Option<f32>,
}

impl Shards {
    /// A row of a column.
    ///
    /// # Errors
    /// `Usage` if there is none, `Damage` and `Io` with shard, block and row.
    pub fn stored_value(self: &Arc<Self>, column: &str, row: u64) -> Result<StoredValue> {
        let reader = Reader::new(self.clone(), &of_columns([column.to_owned()].into()))?;
        let read = reader.read(&[row])?;
        let tensor = read.tensor(column);
        let tensor = tensor.ok_or_else(|| Error::internal("a column that was not read"))?;
        let is_ragged = read.tensor(&format!("{column}.cu_seqlens")).is_some();
        let valid = read.tensor(&format!("{column}.valid"));
        Ok(StoredValue {
            bytes: tensor.bytes.to_vec(),
            dtype: tensor.dtype,
            shape: tensor.shape[usize::from(!is_ragged)..].to_vec(),
            is_null: valid.is_some_and(|valid| valid.bytes == [0]),
        })
    }

    /// The image that steps find in a row: of a file, what its header says. `None` where
    /// the row is null.
    ///
    /// # Errors
    /// `Data` for a file that has no header; those of [`Shards::stored_value`].
    pub fn stored_image(self: &Arc<Self>, steps: &ColumnSteps, row: u64) -> Result<Option<Image>> {
        if steps.decoding.is_none() {
            return Ok(steps.before.each());
        }
        let stored = self.stored_value(&steps.column, row)?;
        if stored.is_null {
            return Ok(None);
        }
        let image = image_of_file(steps, &stored.bytes).map(|(_, image)| image);
        image.map(Some).map_err(|error| match self.locate(row) {
            Some((shard, row)) => error.with_path(self.path(shard)).with_row(row),
            None => error.with_row(row),
        })
    }

    /// The file name of the shard of a row, and the row in it.
    #[must_use]
    pub fn place_of(&self, row: u64) -> Option<(String, u64)> {
        let (shard, row) = self.locate(row)?;
        Some((self.entry(shard).name(), row))
    }

    /// A row behind steps of one column to which no other is tied, run on the host: the
    /// same bits as in any batch of a loader that has these steps and no others.
    ///
    /// `steps` may lead to images of any size; `stored` is the image that is changed.
    ///
    /// # Errors
    /// Those of a loader's batch of that row.
    pub fn stepped_value(
        self: &Arc<Self>,
        steps: ColumnSteps,
        drawn: (Draw, u64),
        stored: Option<Image>,
    ) -> Result<SteppedValue> {
        let mut row = self.stepped_row(vec![steps], drawn, stored)?;
        let value = row.images.pop();
        value.ok_or_else(|| Error::internal("a batch without its column"))
    }

    /// The same of columns that belong together: images, and behind them those that move
    /// with them. `stored` is the image of the first column.
    ///
    /// # Errors
    /// Those of a loader's batch of that row.
    pub fn stepped_row(
        self: &Arc<Self>,
        mut steps: Vec<ColumnSteps>,
        (draw, row): (Draw, u64),
        stored: Option<Image>,
    ) -> Result<SteppedRow> {
        let mut sides = steps.first().and_then(|first| first.after.sides);
        if let (None, Some(stored), Some(first)) = (sides, stored, steps.first()) {
            let behind = first.draw_parameters(draw, (row, stored), &mut Parameters::new())?;
            sides = Some(behind.sides());
        }
        for steps in &mut steps {
            // All images of this batch have one size, as it is a batch of one.
            steps.after.sides = steps.after.sides.or(sides);
        }
        let (columns, coordinates) = columns_of(&steps);
        let read = of_columns(columns);
        let gather = GatherFill::new(self.clone(), &read, Skipped::Masked, 1)?;
        let n_buffers = 2 * steps.len() + N_BUFFERS * coordinates.len();
        let free = gather.outputs().len() + n_buffers;
        let seconds = SecondRows::new(&steps, (&gather, &read), (self.clone(), 1), free)?;
        let on_host = (&Device::cpu(), Results::OnHost);
        let stepped = Stepped::new((gather, seconds), steps.clone(), on_host)?;
        let mut slot = BatchSlot::default();
        let wanted = Wanted {
            rows: &[row],
            n_rows: 1,
            draw,
        };
        stepped.fill(wanted, &mut slot)?;
        let images = steps.iter().map(|steps| value_of(&slot, steps));
        let mut images = images.collect::<Result<Vec<SteppedValue>>>()?;
        let mut damage = slot.filled.damage.first().map(|it| it.message.clone());
        let is_skipped = slot.filled.valid == [0];
        let is_bad = |value: &SteppedValue| value.status == Some(BAD);
        let has_bad = images.iter().any(is_bad);
        // Without a good image, nothing of what moves with it is left.
        let is_bad_first = images.first().is_some_and(is_bad);
        for (at, value) in images.iter_mut().enumerate() {
            let is_of_first = is_bad_first && at > 0;
            let is_bad = is_skipped || is_bad(value) || is_of_first;
            let why = damage.as_ref().filter(|_| is_bad);
            let of_image = if is_of_first {
                format!("{}: ", name_in_quotes(&steps[0].column))
            } else {
                String::new()
            };
            value.damage = why.map(|why| format!("{of_image}{why}"));
            value.is_skipped = is_skipped;
        }
        if has_bad && !is_skipped && !is_bad_first {
            // It is of one that moves with the image, whose boxes are as they should be.
            damage = None;
        }
        let coordinates = coordinates.into_iter();
        let coordinates = coordinates.map(|it| coordinates_of(&slot, it, damage.clone()));
        Ok(SteppedRow {
            images,
            coordinates: coordinates.collect::<Result<_>>()?,
        })
    }
}

/// The columns that steps read, and the boxes and keypoints among them.
fn columns_of(steps: &[ColumnSteps]) -> (Vec<String>, Vec<Coordinates>) {
    let mut columns = Vec::new();
    let mut all = Vec::new();
    for steps in steps {
        let mixing = steps.around_blend().1;
        let labels = mixing.map_or(&[][..], |blending| &blending.mix.what.labels);
        columns.push(steps.column.clone());
        columns.extend(labels.iter().cloned());
        for coordinates in &steps.ties.coordinates {
            columns.push(coordinates.column.clone());
            all.push(coordinates.clone());
        }
    }
    (columns, all)
}

/// The image of a column of a slot; what is damaged is yet to be said.
fn value_of(slot: &BatchSlot, steps: &ColumnSteps) -> Result<SteppedValue> {
    let column = &steps.column;
    let image = steps.after.each();
    let image = image.ok_or_else(|| Error::internal("an image of no known size"))?;
    let bytes = bytes_of(slot, column);
    let bytes = bytes.ok_or_else(|| Error::internal("a batch without its column"))?;
    let weight = bytes_of(slot, &format!("{column}.weight"));
    let weight = weight.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    Ok(SteppedValue {
        image,
        bytes: bytes.to_vec(),
        status: bytes_of(slot, &status_name(column)).and_then(|bytes| bytes.first().copied()),
        damage: None,
        is_skipped: false,
        weight: weight.map(f32::from_le_bytes),
    })
}

/// The boxes or keypoints of a slot.
fn coordinates_of(
    slot: &BatchSlot,
    of: Coordinates,
    damage: Option<String>,
) -> Result<SteppedCoordinates> {
    let missing = || Error::internal("a batch without its boxes");
    let (numbers, _) = bytes_of(slot, &of.column)
        .ok_or_else(missing)?
        .as_chunks::<4>();
    let kept = bytes_of(slot, &kept_name(&of.column)).ok_or_else(missing)?;
    Ok(SteppedCoordinates {
        numbers: numbers.iter().map(|it| f32::from_le_bytes(*it)).collect(),
        kept: kept.iter().map(|it| *it != 0).collect(),
        of,
        damage,
    })
}

/// What the header of a file says, and the image that steps find in it.
///
/// # Errors
/// `Data` where it has no header, and `Internal` for steps that decode nothing.
pub fn image_of_file(steps: &ColumnSteps, file: &[u8]) -> Result<(ImageHeader, Image)> {
    let decoding = steps.decoding.as_ref();
    let decoding = decoding.ok_or_else(|| Error::internal("images that are decoded"))?;
    let header = read_header(file, &decoding.options.limits)
        .map_err(|error| Error::data(error.to_string()).with_column(&steps.column))?;
    let sides = header.size(decoding.options.exif);
    Ok((header, steps.before.with_sides(sides)))
}

/// These columns as they are stored.
fn of_columns(columns: Vec<String>) -> ReadOptions {
    ReadOptions {
        columns: Some(columns),
        ..ReadOptions::default()
    }
}

/// The bytes of a tensor of a slot, if there is one of this name.
fn bytes_of<'a>(slot: &'a BatchSlot, name: &str) -> Option<&'a [u8]> {
    let placed: Option<&Placed> = slot.filled.tensors.iter().find(|it| &*it.name == name);
    let placed = placed?;
    match &placed.place {
        TensorPlace::Slot(index) => slot.buffers.bytes(*index, placed.len_bytes()?),
        TensorPlace::View(..) | TensorPlace::Device(_) => None,
    }
}
