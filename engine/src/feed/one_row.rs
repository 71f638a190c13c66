//! One row of one column: as it is stored, and as a loader has it behind steps.

use std::sync::Arc;

use fuelrail_kernels::decode::{ImageHeader, read_header};

use super::fill::{BatchSlot, Fill, Placed, TensorPlace, Wanted};
use super::gather::{GatherFill, Skipped};
use super::options::{ReadOptions, Results};
use super::reader::Reader;
use super::second_rows::SecondRows;
use super::shards::Shards;
use super::stepped::Stepped;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::format::Dtype;
use crate::plan::operators::{
    ColumnSteps, Draw, ExplainedRow, Image, Parameters, Ties, status_name,
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

    /// A row as the explanation of steps wants it.
    ///
    /// # Errors
    /// As [`Shards::stored_image`].
    pub fn explained_row(
        self: &Arc<Self>,
        steps: &ColumnSteps,
        (draw, row): (Draw, u64),
    ) -> Result<ExplainedRow> {
        Ok(ExplainedRow {
            draw,
            row,
            stored: self.stored_image(steps, row)?,
        })
    }

    /// A row behind steps of one column, run on the host: the same bits as in any batch
    /// of a loader that has these steps and no others.
    ///
    /// `steps` may lead to images of any size; `stored` is the image that is changed.
    ///
    /// # Errors
    /// Those of a loader's batch of that row.
    pub fn stepped_value(
        self: &Arc<Self>,
        mut steps: ColumnSteps,
        (draw, row): (Draw, u64),
        stored: Option<Image>,
    ) -> Result<SteppedValue> {
        // It moves by itself as it does with what it is tied to.
        steps.ties = Ties::default();
        if let (None, Some(stored)) = (steps.after.sides, stored) {
            // All images of this batch have one size, as it is a batch of one.
            let behind = steps.draw_parameters(draw, (row, stored), &mut Parameters::new())?;
            steps.after = behind.into();
        }
        let image = steps.after.each();
        let image = image.ok_or_else(|| Error::internal("an image of no known size"))?;
        let column = steps.column.clone();
        let mixing = steps.around_blend().1;
        let labels = mixing.map_or(&[][..], |blending| &blending.mix.what.labels);
        let names = std::iter::once(&column).chain(labels).cloned();
        let read = of_columns(names.collect());
        let gather = GatherFill::new(self.clone(), &read, Skipped::Masked, 1)?;
        let free = gather.outputs().len() + 2;
        let steps = vec![steps];
        let seconds = SecondRows::new(&steps, (&gather, &read), (self.clone(), 1), free)?;
        let on_host = (&Device::cpu(), Results::OnHost);
        let stepped = Stepped::new((gather, seconds), steps, on_host)?;
        let mut slot = BatchSlot::default();
        let wanted = Wanted {
            rows: &[row],
            n_rows: 1,
            draw,
        };
        stepped.fill(wanted, &mut slot)?;
        let bytes = bytes_of(&slot, &column);
        let bytes = bytes.ok_or_else(|| Error::internal("a batch without its column"))?;
        let weight = bytes_of(&slot, &format!("{column}.weight"));
        let weight = weight.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        Ok(SteppedValue {
            image,
            bytes: bytes.to_vec(),
            status: bytes_of(&slot, &status_name(&column)).and_then(|bytes| bytes.first().copied()),
            damage: slot.filled.damage.first().map(|it| it.message.clone()),
            is_skipped: slot.filled.valid == [0],
            weight: weight.map(f32::from_le_bytes),
        })
    }
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
