//! Operators on images in pipelines: those that draw nothing do the same to every
//! row of a column.

use std::sync::Arc;

use arrow::datatypes::DataType;
use fuelrail_kernels::resample::{Resample, ResampleTables, ResampleWindow, WeightsCache};
use fuelrail_kernels::{FixedRow, Kernel, RowError};
use serde::Serialize;
use serde_json::{Value, json};

use super::columns::{MapColumns, NamedColumn, place};
use super::draw::Draw;
use super::file_columns::change_files;
use super::image::{Image, KnownImages};
use super::lowered::{ColumnSteps, Link, Resizing};
use super::row_record::RowRecord;
use super::table::{Lower, Refusal};
use crate::error::{Error, Result};
use crate::plan::named_types::ImageLayout;
use crate::plan::numbers::{innermost, lengths, nested};
use crate::plan::output::{Meaning, OutputColumn};
use crate::plan::spelling::ColumnNames;
use crate::plan::step_result::StepResult;
use crate::plan::steps::ColumnChange;
use crate::plan::type_names::column_type_name;

impl<T: Lower + Serialize> MapColumns for T {
    fn columns(&self) -> &ColumnNames {
        Lower::columns(self)
    }

    fn image_layout(&self) -> Option<ImageLayout> {
        Lower::layout(self)
    }

    fn change(&self, named: NamedColumn) -> StepResult<ColumnChange> {
        if named.files.is_some() || self.decodes().is_some() {
            return change_files(self, named);
        }
        let NamedColumn {
            index,
            column,
            layout,
            ..
        } = named;
        let (steps, before) = steps(self, &column, layout).map_err(|refusal| {
            let key = match refusal.key {
                "column" => place(index),
                key => key.to_owned(),
            };
            (refusal.error().with_column(&column.name), key)
        })?;
        let placed = |error: Error| (error.with_column(&column.name), place(index));
        let kernels = kernels(&steps, before).map_err(placed)?.into_iter();
        Ok(ColumnChange {
            kernels: kernels
                .map(|kernel| Kernel::FixedRow(Arc::new(kernel)))
                .collect(),
            fill: None,
            layout: Some(ImageLayout::of(steps.after.layout)),
            files: None,
            identity: identity(self, before),
            words: steps.in_words(),
            output: OutputColumn {
                data_type: type_of(&steps, &column.data_type).map_err(placed)?,
                ..column
            },
        })
    }
}

/// What the operator does to images of this column, and one as it was.
fn steps(
    operator: &impl Lower,
    column: &OutputColumn,
    layout: Option<ImageLayout>,
) -> Result<(ColumnSteps, Image), Refusal> {
    let refused = |message: String| Refusal::new("column", message);
    let is_bytes =
        column.meaning == Meaning::Plain && *innermost(&column.data_type) == DataType::UInt8;
    let axes = axes(&column.data_type);
    if !is_bytes || !(2..=3).contains(&axes.len()) {
        let message = format!(
            "expected images of uint8, in lists of fixed length, got {}",
            column_type_name(column)
        );
        let hint =
            "write each image as nested lists of fixed length, [H, W], [H, W, C] or [C, H, W]";
        return Err(refused(message).with_hint(hint));
    }
    let image = Image::of(&axes, layout.map(ImageLayout::layout)).map_err(refused)?;
    let images = KnownImages::from(image);
    let mut steps = ColumnSteps::new(&column.name, images, 0);
    for change in operator.lower(images)? {
        steps.add((0, 0), change).map_err(refused)?;
    }
    Ok((steps, image))
}

/// The lengths of lists of fixed length.
fn axes(data_type: &DataType) -> Vec<u64> {
    let lengths = lengths(data_type).into_iter();
    lengths.map(|len| u64::try_from(len).unwrap_or(0)).collect()
}

/// The kernels, each with the record that all rows have: nothing is drawn, so it is
/// that of any row.
fn kernels(steps: &ColumnSteps, image: Image) -> Result<Vec<FixedRow>> {
    let cannot = |error: RowError| Error::internal("an operator on images").with_source(error);
    let records = steps.parameters(Draw { seed: 0, epoch: 0 }, (0, image))?;
    let len = usize::try_from(image.len_bytes());
    let mut len = len.map_err(|_| Error::internal("an image beyond memory"))?;
    let mut kernels = Vec::with_capacity(steps.links.len());
    for link in steps.links.iter().zip(&records) {
        let kernel = match link {
            (Link::Gather { kernel, .. }, RowRecord::Gather(record)) => {
                FixedRow::gather(*kernel, record)
            }
            (Link::Color(coloring), RowRecord::Color(record)) => {
                FixedRow::color(coloring.kernel, record, len)
            }
            (Link::Lut(lut), _) => FixedRow::lut(lut.clone(), len),
            (Link::Resample(resizing), RowRecord::Resample(sides)) => {
                let both = resized(resizing, (image, *sides)).map_err(cannot)?;
                len = both[1].dst_len();
                kernels.extend(both);
                continue;
            }
            (Link::Gather { .. } | Link::Resample(_) | Link::Color(_), _) => {
                return Err(Error::internal("a link without record"));
            }
            (Link::Warp(_), _) => return Err(Error::internal("a pipeline draws nothing")),
            (Link::Blend(_), _) => return Err(Error::internal("a pipeline has no second rows")),
        };
        let kernel = kernel.map_err(cannot)?;
        len = kernel.dst_len();
        kernels.push(kernel);
    }
    Ok(kernels)
}

/// The kernels of both axes, with the record that all rows have.
fn resized(
    resizing: &Resizing,
    (image, [before, behind]): (Image, [[u32; 2]; 2]),
) -> Result<[FixedRow; 2], RowError> {
    let kernel = Resample::new(image.channels, image.layout)?;
    let mut tables = ResampleTables::default();
    let window = ResampleWindow::whole(before);
    let mut weights = WeightsCache::default();
    let rows = tables.rows(&mut weights, (&window, behind), resizing.filter)?;
    let [first, second] = rows.map(|row| FixedRow::resample(kernel, &row, tables.words()));
    Ok([first?, second?])
}

/// The type of a column of such images, with as many axes as before.
fn type_of(steps: &ColumnSteps, before: &DataType) -> Result<DataType> {
    let image = steps.after.each();
    let image = image.ok_or_else(|| Error::internal("images of any size in a pipeline"))?;
    let shape = image.shape(&axes(before));
    let shape: Result<Vec<i32>, _> = shape.into_iter().map(i32::try_from).collect();
    let shape = shape.map_err(|_| Error::internal("an axis beyond 2^31"))?;
    Ok(nested(&shape, DataType::UInt8))
}

/// The keys with their defaults, and the images that they were checked against.
fn identity(operator: &impl Serialize, image: Image) -> Value {
    let mut keys = json!(operator);
    if let Some(keys) = keys.as_object_mut() {
        keys.remove("column");
        let layout = json!(ImageLayout::of(image.layout));
        keys.insert("layout".to_owned(), layout);
        let sides = json!([image.height, image.width, image.channels]);
        keys.insert("image".to_owned(), sides);
    }
    keys
}
