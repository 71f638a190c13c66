//! A column of a batch that steps change: what it is before them, and where it goes.

use std::collections::HashSet;
use std::ops::Range;

use super::buffer::{Buffer, Buffers};
use super::columns::{First, Output};
use super::files::{FileColumn, FileOutcomes, Files};
use super::fill::NO_ROW;
use super::on_device::{Stored, StoredAs};
use super::second_images::SecondImages;
use super::second_rows::Mixed;
use super::sides::SidesWanted;
use crate::error::{Error, Result};
use crate::plan::Dtype;
use crate::plan::operators::{ColumnSteps, Image};

/// A column that steps change.
#[derive(Debug)]
pub(super) struct SteppedColumn {
    pub(super) steps: ColumnSteps,
    /// The index of its tensor, and of the buffer that holds it as it is stored.
    pub(super) tensor: usize,
    /// The buffer that holds it behind the steps.
    pub(super) buffer: usize,
    /// What its rows are as they are stored.
    pub(super) source: RowSource,
    /// An image behind the steps.
    pub(super) image: Image,
    /// The shape of a row behind the steps.
    pub(super) shape: Vec<u64>,
    /// The type of its elements.
    pub(super) dtype: Dtype,
    /// The tensor that says which rows are not null, if some may be.
    pub(super) valid: Option<usize>,
    /// The index of what is read of second rows, if it is mixed.
    pub(super) second: Option<usize>,
    /// The index among all such columns of the images that it moves with.
    pub(super) follows: Option<usize>,
}

/// What rows are before the steps.
#[derive(Debug)]
pub(super) enum RowSource {
    /// Images of one shape.
    Images(Image),
    /// Image files.
    Files(FileColumn),
}

/// The rows of a column as they are stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum ColumnRows<'a> {
    Images(Stored<'a>),
    Files(Files<'a>),
}

impl<'a> ColumnRows<'a> {
    /// The same, whose images must have these sides.
    pub(super) fn with_sides(self, sides: SidesWanted<'a>) -> Self {
        match self {
            Self::Images(_) => self,
            Self::Files(files) => Self::Files(Files { sides, ..files }),
        }
    }
}

impl SteppedColumn {
    /// A column of `outputs` behind `steps`; `buffers` are those that it has for what is
    /// changed and for the statuses of files, `second` the index of what is read of
    /// second rows.
    ///
    /// # Errors
    /// `Internal` for steps of a column that is not read.
    pub(super) fn new(
        steps: ColumnSteps,
        outputs: &[Output],
        [buffer, status]: [usize; 2],
        second: Option<usize>,
    ) -> Result<Self> {
        let tensor = outputs.iter().position(|it| *it.name == *steps.column);
        let tensor = tensor.ok_or_else(|| Error::internal("steps of a column that is not read"))?;
        let image = steps.after.each();
        let image = image.ok_or_else(|| Error::internal("steps to images of any size"))?;
        let source = source((&steps, tensor), outputs, status)?;
        let inner = match &source {
            RowSource::Images(_) => &outputs[tensor].inner[..],
            RowSource::Files(_) => &[0; 3],
        };
        let valid = format!("{}.valid", steps.column);
        Ok(Self {
            shape: image.shape(inner),
            dtype: image.element.into(),
            source,
            image,
            valid: outputs.iter().position(|it| *it.name == *valid),
            tensor,
            buffer,
            second,
            follows: None,
            steps,
        })
    }

    /// The sides that its images must have, as other columns of the batch say; `files`
    /// are the files of those that are read before it.
    pub(super) fn sides_wanted<'a>(
        &self,
        columns: &[Self],
        files: impl Fn(usize) -> Option<&'a FileOutcomes>,
    ) -> SidesWanted<'a> {
        let Some(image) = self.follows else {
            return self
                .steps
                .ties
                .sides
                .map_or(SidesWanted::Any, SidesWanted::All);
        };
        match (&columns[image].source, files(image)) {
            (RowSource::Images(image), _) => SidesWanted::All(image.sides()),
            (RowSource::Files(_), Some(files)) => SidesWanted::Rows(&files.sides),
            (RowSource::Files(_), None) => SidesWanted::Any,
        }
    }

    /// Its rows as they are stored.
    pub(super) fn rows<'a>(
        &'a self,
        (stored, buffers): (&'a mut Buffer, &'a Buffers),
        mixed: Option<&'a Mixed>,
        (n_rows, nulls): (usize, &'a HashSet<usize>),
    ) -> Result<ColumnRows<'a>> {
        let before = match &self.source {
            RowSource::Images(image) => *image,
            RowSource::Files(column) => {
                let offsets = column.offsets(buffers, n_rows)?;
                let end = offsets.last().copied().unwrap_or_default();
                let len = usize::try_from(end);
                let len = len.map_err(|_| Error::internal("files that end before they begin"))?;
                return Ok(ColumnRows::Files(Files {
                    steps: &self.steps,
                    column,
                    bytes: stored.room(len)?,
                    offsets,
                    nulls,
                    sides: SidesWanted::Any,
                }));
            }
        };
        Ok(ColumnRows::Images(Stored {
            steps: &self.steps,
            before: StoredAs::Same(before),
            after: self.image,
            bytes: stored.room(len_of(before, n_rows)?)?,
            second: self.second_images(before, mixed)?,
        }))
    }

    /// What its rows are mixed with.
    pub(super) fn second_images<'a>(
        &self,
        before: Image,
        mixed: Option<&'a Mixed>,
    ) -> Result<Option<SecondImages<'a>>> {
        let (Some(mixed), Some(tensor)) = (mixed, self.second) else {
            return Ok(None);
        };
        let len = len_of(before, mixed.rows.len())?;
        Ok(Some(SecondImages {
            bytes: if len == 0 {
                &[]
            } else {
                mixed.bytes(tensor, len)?
            },
            rows: &mixed.rows,
            of: &mixed.of,
        }))
    }

    /// The rows of a batch that are null.
    pub(super) fn nulls(&self, n_rows: usize, buffers: &Buffers) -> HashSet<usize> {
        let valid = self.valid.and_then(|tensor| buffers.bytes(tensor, n_rows));
        let rows = valid.unwrap_or_default().iter().enumerate();
        rows.filter(|(_, is_valid)| **is_valid == 0)
            .map(|(row, _)| row)
            .collect()
    }

    /// The bytes behind the steps of what holds no row, or none that is not null.
    pub(super) fn empty(&self, rows: &[u64], nulls: &HashSet<usize>) -> Result<Vec<Range<usize>>> {
        let image = len_of(self.image, 1)?;
        let is_empty = |at: &usize| rows[*at] == NO_ROW || nulls.contains(at);
        let empty = (0..rows.len()).filter(is_empty);
        let mut runs: Vec<Range<usize>> = Vec::new();
        for at in empty {
            match runs.last_mut() {
                Some(run) if run.end == at * image => run.end += image,
                _ => runs.push(at * image..(at + 1) * image),
            }
        }
        Ok(runs)
    }
}

/// What the rows of a column are before its steps.
fn source(
    (steps, tensor): (&ColumnSteps, usize),
    outputs: &[Output],
    status: usize,
) -> Result<RowSource> {
    let Some(decoding) = steps.decoding else {
        let image = steps.before.each();
        let image = image.ok_or_else(|| Error::internal("stored images of any size"))?;
        return Ok(RowSource::Images(image));
    };
    let column = &outputs[tensor].column;
    let offsets = outputs
        .iter()
        .position(|it| it.column == *column && it.first == First::Offsets);
    Ok(RowSource::Files(FileColumn {
        offsets: offsets.ok_or_else(|| Error::internal("files without offsets"))?,
        status,
        decoding,
    }))
}

/// The bytes of so many images.
pub(super) fn len_of(image: Image, n_images: usize) -> Result<usize> {
    let len = usize::try_from(image.len_bytes()).ok();
    let all = len.and_then(|len| len.checked_mul(n_images));
    all.ok_or_else(|| Error::internal("a batch beyond memory"))
}
