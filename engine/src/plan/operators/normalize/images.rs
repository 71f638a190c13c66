//! `normalize` on images: a gather and a lut.

use std::sync::Arc;

use arrow::datatypes::DataType;
use fuelrail_kernels::gather::{Border, ChannelMap, Gather, GatherRow};
use fuelrail_kernels::normalize::{Flip, Geometry, Images, Layout, NormalizeError, Table};
use fuelrail_kernels::{Element, FixedRow, Kernel, RowError};
use serde_json::{Value, json};

use crate::error::Error;
use crate::plan::named_types::{FloatType, ImageFlip, ImageLayout};
use crate::plan::numbers::{flip_name, layout_name, lengths, nested, with_element};
use crate::plan::output::OutputColumn;
use crate::plan::step_result::StepResult;
use crate::plan::steps::ColumnChange;
use crate::plan::type_names::column_type_name;

use super::super::columns::place;
use super::super::statistic::mean_and_std;
use super::refusals::{arrow_len, not_for, refused};
use super::spec::NormalizeSpec;
use super::words::{exact, images_in_words};

/// What bytes are divided by, if nothing is said.
const SCALE: f64 = 255.0;

/// The column must be images of known shape, and the constants must fit their
/// channels.
pub(super) fn lower(
    spec: &NormalizeSpec,
    index: usize,
    column: OutputColumn,
) -> StepResult<ColumnChange> {
    if spec.clip.is_some() {
        return Err(not_for("clip", "images", &column));
    }
    if spec.fill.is_some() {
        let (error, key) = not_for("fill", "images", &column);
        let hint = "leave `fill` out: null images stay null, and a `filter` step drops them";
        return Err((error.with_hint(hint), key));
    }
    let shape = shape(spec, index, &column)?;
    let geometry = geometry(spec, shape);
    let (mean, std) = mean_and_std(spec.mean.as_ref(), spec.std.as_ref());
    let (mean, std) = (mean.as_slice(), std.as_slice());
    let to = spec.dtype.map_or(Element::F32, FloatType::element);
    let channels = geometry.channels as usize;
    if !(1..=4).contains(&channels) {
        return Err(wrong_channels(spec, &geometry, index, &column));
    }
    let table = Table::new(to, channels, (mean, std), spec.scale.unwrap_or(SCALE))
        .map_err(|error| refused_table(&error, (mean, std), index, &column))?;
    let images = Images::new(geometry, table).map_err(|error| {
        let (error, place) = refused(&error, index, &column);
        let key = match spec.crop {
            Some(_) => "crop".to_owned(),
            None => place,
        };
        (error, key)
    })?;
    let lengths = images.dst_shape().map(arrow_len);
    let mut shape = Vec::with_capacity(lengths.len());
    for len in lengths {
        shape.push(len.map_err(|error| (error, place(index)))?);
    }
    let (data_type, meaning) = with_element(&nested(&shape, DataType::UInt8), to);
    let kernels = gather_and_lut(&images)
        .map_err(|error| (Error::internal(error.to_string()), place(index)))?;
    Ok(ColumnChange {
        kernels: kernels
            .map(|kernel| Kernel::FixedRow(Arc::new(kernel)))
            .into(),
        fill: None,
        layout: None,
        files: None,
        identity: identity(&images),
        words: images_in_words(&images),
        output: OutputColumn {
            data_type,
            meaning,
            ..column
        },
    })
}

/// What it is: samples from other places, then a table for each channel.
fn gather_and_lut(images: &Images) -> Result<[FixedRow; 2], RowError> {
    let Geometry {
        height,
        width,
        channels,
        from,
        to,
        crop,
        flip,
    } = *images.geometry();
    let gather = Gather::new(ChannelMap::all(channels), from, to, Border::Edge)?;
    let row = GatherRow::whole(height, width)?.crop(crop)?;
    let row = match flip {
        Flip::None => row,
        Flip::Horizontal => row.flip_horizontal(),
        Flip::Vertical => row.flip_vertical(),
        Flip::Both => row.flip_horizontal().flip_vertical(),
    };
    let gather = FixedRow::gather(gather, &row)?;
    let lut = FixedRow::normalize(images.table().clone(), to, gather.dst_len())?;
    Ok([gather, lut])
}

/// All that decides the bits.
fn identity(images: &Images) -> Value {
    let geometry = images.geometry();
    let table = images.table();
    let constants = |[mean, std]: &[f32; 2]| json!([exact(*mean), exact(*std)]);
    json!({
        "from": layout_name(geometry.from),
        "height": geometry.height,
        "width": geometry.width,
        "channels": geometry.channels,
        "crop": geometry.crop,
        "flip": flip_name(geometry.flip),
        "to": table.element().name(),
        "layout": layout_name(geometry.to),
        "scale": exact(table.scale()),
        "constants": table.constants().iter().map(constants).collect::<Vec<_>>(),
    })
}

/// The shape of an image, in the order in which its axes are read.
fn shape(spec: &NormalizeSpec, index: usize, column: &OutputColumn) -> StepResult<[u32; 3]> {
    let axes = match &column.data_type {
        DataType::FixedSizeBinary(len) => vec![*len],
        lists => lengths(lists),
    };
    let axes: Vec<u32> = axes
        .into_iter()
        .map(|len| u32::try_from(len).unwrap_or(0))
        .collect();
    let whole = <[u32; 3]>::try_from(axes.as_slice()).ok();
    let about = |error: Error, key: String| Err((error.with_column(&column.name), key));
    match (whole, spec.shape) {
        (Some(told), None) => Ok(told),
        (Some(told), Some(given)) if told == given => Ok(told),
        (Some(told), Some(given)) => about(
            Error::pipeline(format!(
                "shape: expected {told:?} as the rows of the column have, got {given:?}"
            ))
            .with_hint("leave `shape` out: the column's type tells it"),
            "shape".to_owned(),
        ),
        (None, _) if axes.len() > 3 => about(
            Error::pipeline(format!(
                "expected images of three axes, got {}",
                column_type_name(column)
            )),
            place(index),
        ),
        (None, None) => about(
            Error::pipeline(format!(
                "missing key `shape`: rows of {} do not tell height, width and channels",
                column_type_name(column)
            ))
            .with_hint("write shape = [height, width, channels], in the order of `from`"),
            place(index),
        ),
        (None, Some(given)) => {
            // Two axes of a column and three given are below 2^96.
            let product = |axes: &[u32]| axes.iter().map(|&len| u128::from(len)).product::<u128>();
            let (bytes, asked) = (product(&axes), product(&given));
            if asked == bytes {
                return Ok(given);
            }
            let [first, second, third] = given;
            let error = Error::pipeline(format!(
                "shape: expected axes that make the {bytes} bytes of a row, got \
                 {first} x {second} x {third} = {asked}"
            ));
            about(error, "shape".to_owned())
        }
    }
}

fn geometry(spec: &NormalizeSpec, shape: [u32; 3]) -> Geometry {
    let from = spec.from.map_or(Layout::Hwc, ImageLayout::layout);
    let [height, width, channels] = in_hwc(shape, from);
    Geometry {
        height,
        width,
        channels,
        from,
        to: spec.layout.map_or(Layout::Chw, ImageLayout::layout),
        crop: spec.crop.unwrap_or([0, 0, height, width]),
        flip: spec.flip.map_or(Flip::None, ImageFlip::flip),
    }
}

/// Height, width and channels of a shape whose axes are in this order.
fn in_hwc(shape: [u32; 3], layout: Layout) -> [u32; 3] {
    match (shape, layout) {
        (hwc, Layout::Hwc) => hwc,
        ([channels, height, width], Layout::Chw) => [height, width, channels],
    }
}

/// An error about the number of channels, with the order of axes that would
/// make sense of it.
fn wrong_channels(
    spec: &NormalizeSpec,
    geometry: &Geometry,
    index: usize,
    column: &OutputColumn,
) -> (Error, String) {
    let Geometry {
        height,
        width,
        channels,
        from,
        ..
    } = *geometry;
    let error = Error::pipeline(format!("expected 1 to 4 channels, got {channels}"))
        .with_column(&column.name);
    let (other, first) = match from {
        Layout::Hwc => ("chw", height),
        Layout::Chw => ("hwc", width),
    };
    let error = if (1..=4).contains(&first) {
        error.with_hint(format!(
            "the other order of axes has {first}: set from = \"{other}\""
        ))
    } else {
        error
    };
    let key = match (spec.from, spec.shape) {
        (Some(_), _) => "from".to_owned(),
        (None, Some(_)) => "shape".to_owned(),
        (None, None) => place(index),
    };
    (error, key)
}

/// The error of a table, at the constant it is about.
fn refused_table(
    error: &NormalizeError,
    (mean, std): (&[f64], &[f64]),
    index: usize,
    column: &OutputColumn,
) -> (Error, String) {
    let given = match error {
        NormalizeError::NotFinite { what: "mean", .. } => mean,
        _ => std,
    };
    let wrong = |value: &f64| match error {
        NormalizeError::NotFinite { value: bad, .. }
        | NormalizeError::NotPositive { value: bad, .. } => value.to_bits() == bad.to_bits(),
        _ => false,
    };
    let at = given.iter().position(wrong).unwrap_or(index);
    let (error, key) = refused(error, at, column);
    let key = if key.starts_with("column[") {
        place(index)
    } else {
        key
    };
    (error, key)
}
