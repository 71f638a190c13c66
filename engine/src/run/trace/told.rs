//! The story of one sample as data.

use fuelrail_kernels::normalize::Layout;
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::sample::SampleDocument;
use super::picture::{SampleNumbers, TracePicture};
use crate::feed::SteppedCoordinates;
use crate::plan::operators::{CoordinateKind, Image, StepEffect, Steps};

/// What a column of masks is to its images.
pub(super) const MASK: &str = "mask";

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct TraceRequest {
    /// The row of the dataset, from 0.
    pub row: u64,
    /// The epoch that it is drawn for.
    pub epoch: u32,
    /// What the loader draws from.
    pub seed: u64,
    /// The steps of the loader; none show the row as it is stored.
    pub steps: Steps,
}

/// The story of one sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// The dataset's directory.
    pub dataset: String,
    /// The digest of its manifest.
    pub digest: String,
    /// Its rows.
    pub n_rows: u64,
    /// The row of the dataset, from 0.
    pub row: u64,
    /// The epoch.
    pub epoch: u32,
    /// The seed.
    pub seed: u64,
    /// The file name of the row's shard.
    pub shard: String,
    /// Its row in that shard, from 0.
    pub shard_row: u64,
    /// What it was made of: one document of the inputs, or several.
    pub documents: Vec<SampleDocument>,
    /// The values of the columns that are no images, as text.
    pub values: Vec<(String, String)>,
    /// The columns of images.
    pub columns: Vec<TracedColumn>,
}

/// What became of the image of one column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TracedColumn {
    /// The column.
    pub column: String,
    /// The images that it moves with, if it does.
    pub moves_with: Option<MovesWith>,
    /// What is stored.
    pub stored: TracedStored,
    /// What is stored as a picture: of a file only where no step decodes it.
    pub picture: Option<TracePicture>,
    /// The numbers of that picture.
    pub numbers: Option<SampleNumbers>,
    /// The steps of the column, in order.
    pub steps: Vec<TracedStep>,
}

/// What is stored of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TracedStored {
    /// Nothing: it is null.
    Null,
    /// An image.
    Image(TracedImage),
    /// The file of one.
    File {
        /// Its format.
        format: String,
        /// Its bytes.
        len_bytes: u64,
        /// Rows as stored.
        height: u32,
        /// Columns as stored.
        width: u32,
        /// Samples of a pixel as stored.
        channels: u8,
        /// Bits of a sample as stored.
        bits: u8,
        /// The EXIF orientation, from 1 to 8; 1 where there is none.
        orientation: u8,
        /// Whether there is a colour profile, which is not applied.
        has_icc: bool,
        /// Whether there are several frames, of which the first is decoded.
        is_animated: bool,
    },
    /// A file whose header cannot be read.
    BadFile {
        /// Its bytes.
        len_bytes: u64,
        /// Why.
        message: String,
    },
}

/// An image, without its samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TracedImage {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// Samples of a pixel.
    pub channels: u32,
    /// The order of the axes: "hwc" or "chw".
    pub layout: &'static str,
    /// The type of a sample.
    pub dtype: &'static str,
}

/// What one step did to one column of the row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TracedStep {
    /// Its number among the steps, from 1.
    pub step: usize,
    /// Its operator.
    pub op: &'static str,
    /// Its keys but for the columns, with their defaults where they have any.
    pub keys: Map<String, Value>,
    /// What it did to this row.
    pub effects: Vec<StepEffect>,
    /// What came of it.
    pub outcome: StepOutcome,
    /// The image behind it.
    pub image: Option<TracedImage>,
    /// Its samples as numbers.
    pub numbers: Option<SampleNumbers>,
    /// The same as a picture.
    pub picture: Option<TracePicture>,
    /// What it was mixed with.
    pub second: Option<SecondImage>,
    /// The boxes and keypoints of the image behind it, column by column.
    pub coordinates: Vec<TracedCoordinates>,
}

/// The images that a column moves with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovesWith {
    /// Their column.
    pub image: String,
    /// What the column is to them: "mask" or "picture".
    #[serde(rename = "as")]
    pub what: &'static str,
}

/// The boxes or keypoints of one column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TracedCoordinates {
    /// The column.
    pub column: String,
    /// What they are.
    #[serde(skip)]
    pub kind: CoordinateKind,
    /// Each with its numbers, as they are in a batch.
    pub numbers: Vec<Vec<f32>>,
    /// For each, whether something of it is left.
    pub kept: Vec<bool>,
    /// Why none is left, where the row is bad.
    pub message: Option<String>,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "message", rename_all = "snake_case")]
pub enum StepOutcome {
    /// What it is for.
    Done,
    /// The file was damaged, and is decoded as far as it goes.
    Damaged,
    /// The file gave no image, and another one takes its place: why.
    Substituted(String),
    /// The file gave no image, and a loader leaves the row out: why.
    Skipped(String),
    /// An error: why.
    Failed(String),
    /// Nothing: a step before gave no image.
    NotReached,
    /// The row is null, and stays as it is.
    Null,
}

/// The image that a row is mixed with, as it is before that.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SecondImage {
    /// The row of the dataset.
    pub row: u64,
    /// Whether it was mixed: not where either row is null.
    pub is_mixed: bool,
    /// Its image.
    pub picture: Option<TracePicture>,
}

impl TracedImage {
    /// Without its samples.
    pub(super) fn of(image: &Image) -> Self {
        Self {
            height: image.height,
            width: image.width,
            channels: image.channels,
            layout: match image.layout {
                Layout::Hwc => "hwc",
                Layout::Chw => "chw",
            },
            dtype: image.element.name(),
        }
    }
}

impl TracedColumn {
    /// Whether it is a mask.
    pub(super) fn is_mask(&self) -> bool {
        self.moves_with.as_ref().is_some_and(|it| it.what == MASK)
    }
}

impl TracedCoordinates {
    /// What a loader gives.
    pub(super) fn of(given: SteppedCoordinates) -> Self {
        let size = given.of.kind.size();
        let numbers = given.numbers.chunks_exact(size);
        Self {
            column: given.of.column,
            kind: given.of.kind,
            numbers: numbers.map(<[f32]>::to_vec).collect(),
            kept: given.kept,
            message: given.damage,
        }
    }

    /// Those of which something is left, each with its place among all.
    pub(super) fn left(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let all = self.numbers.iter().zip(&self.kept).enumerate();
        all.filter(|(_, (_, kept))| **kept)
            .map(|(at, (numbers, _))| (at, &numbers[..]))
    }
}
