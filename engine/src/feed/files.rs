//! Image files of a batch: decoded and changed row by row, with a status for each.

use std::ops::Range;

use fuelrail_kernels::Level;

use super::buffer::Buffers;
use super::fill::{Damage, Filled, NO_ROW, Placed, TensorPlace};
use super::row_scratch::RowScratch;
use super::shards::Shards;
use crate::error::{Error, ErrorKind, Result};
use crate::format::to_usize;
use crate::plan::Dtype;
use crate::plan::operators::{ColumnSteps, Decoding, Draw, OnBadImage, status_name};

/// The file was whole.
const WHOLE: u8 = 0;
/// The file was damaged and is decoded as far as it goes.
const DAMAGED: u8 = 1;
/// The file could not be decoded, or its image not be changed.
const BAD: u8 = 2;

/// A column of image files.
#[derive(Debug)]
pub(super) struct FileColumn {
    /// The index of the tensor that says where each file begins.
    pub(super) offsets: usize,
    /// The buffer of the tensor that says what became of each.
    pub(super) status: usize,
    pub(super) decoding: Decoding,
}

/// The files of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files<'a> {
    pub(super) steps: &'a ColumnSteps,
    pub(super) column: &'a FileColumn,
    /// One file after another.
    pub(super) bytes: &'a [u8],
    /// Where each begins, and the last one ends.
    pub(super) offsets: &'a [i32],
}

/// What became of the files of a batch.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    status: Vec<u8>,
    /// Those that gave no image, by their place in the batch.
    bad: Vec<(usize, Error)>,
}

impl FileColumn {
    /// Where the files of a batch of so many rows begin.
    pub(super) fn offsets<'a>(&self, buffers: &'a Buffers, n_rows: usize) -> Result<&'a [i32]> {
        let bytes = buffers.bytes(self.offsets, 4 * (n_rows + 1));
        let bytes = bytes.ok_or_else(|| Error::internal("files without offsets"))?;
        bytemuck::try_cast_slice(bytes).map_err(|_| Error::internal("offsets out of place"))
    }

    /// The tensor of statuses.
    pub(super) fn placed(&self, column: &str, n_rows: usize) -> Placed {
        Placed {
            name: status_name(column).into(),
            dtype: Dtype::U8,
            shape: vec![n_rows as u64],
            place: TensorPlace::Slot(self.status),
        }
    }
}

impl Files<'_> {
    /// Decodes and changes all rows that hold a file into `dst`, each as what is drawn
    /// for it says.
    ///
    /// # Errors
    /// Those of the steps; for a file that is bad, only if that is to be one.
    pub(super) fn decode(
        &self,
        level: Level,
        (rows, draw): (&[u64], Draw),
        scratch: &mut RowScratch,
        (dst, shards): (&mut [u8], &Shards),
    ) -> Result<Decoded> {
        let mut decoded = Decoded {
            status: vec![WHOLE; rows.len()],
            bad: Vec::new(),
        };
        let len = dst.len() / rows.len().max(1);
        let images = dst.chunks_exact_mut(len.max(1));
        let ends = self.offsets.windows(2);
        for (at, ((dst, ends), row)) in images.zip(ends).zip(rows).enumerate() {
            let file = match ends {
                // A row that holds none, or that is null.
                _ if *row == NO_ROW => continue,
                [start, end] if start == end => {
                    dst.fill(0);
                    continue;
                }
                [start, end] => self.bytes.get(range(*start, *end)?),
                _ => None,
            };
            let file = file.ok_or_else(|| Error::internal("a file beyond its batch"))?;
            let RowScratch {
                between,
                parameters: [parameters, _],
            } = scratch;
            let done = self
                .steps
                .run_file(level, (file, draw, *row), (between, parameters), dst);
            match done {
                Ok(flaws) if flaws.any() => decoded.status[at] = DAMAGED,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Data => {
                    let error = placed(error, *row, shards);
                    let decoding = &self.column.decoding;
                    match decoding.on_error {
                        OnBadImage::Raise => return Err(error.with_hint(HINT)),
                        OnBadImage::Skip => dst.fill(0),
                        OnBadImage::Substitute => self.steps.substitute(decoding, level, dst)?,
                    }
                    decoded.status[at] = BAD;
                    decoded.bad.push((at, error));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(decoded)
    }
}

const HINT: &str = "set on_error = \"skip\" or \"substitute\" in `decode` to go on without such \
                    images; they are counted as damage, of which max_damage allows so much";

impl Decoded {
    /// Tells a batch what became of its files; gives the places of rows that hold
    /// nothing now.
    pub(super) fn tell(
        self,
        column: &FileColumn,
        (buffers, filled): (&mut Buffers, &mut Filled),
        shards: &Shards,
    ) -> Result<Vec<usize>> {
        let status = buffers.buffer(column.status).room(self.status.len())?;
        status.copy_from_slice(&self.status);
        let mut lost = Vec::new();
        for (at, error) in self.bad {
            let row = filled.rows[at];
            if row == NO_ROW {
                continue;
            }
            let shard = shards.locate(row).map(|(shard, _)| shards.entry(shard));
            filled.damage.push(Damage {
                shard: shard
                    .map(crate::format::ShardEntry::name)
                    .unwrap_or_default(),
                block: None,
                row,
                message: error.message().to_owned(),
            });
            if column.decoding.on_error == OnBadImage::Skip {
                lost.push(at);
            }
        }
        filled.damage.sort_by_key(|damage| damage.row);
        Ok(lost)
    }
}

/// An error with the row that it is about.
fn placed(error: Error, row: u64, shards: &Shards) -> Error {
    match shards.locate(row) {
        Some((shard, row)) => error.with_path(shards.path(shard)).with_row(row),
        None => error.with_row(row),
    }
}

fn range(start: i32, end: i32) -> Result<Range<usize>> {
    let at = |offset: i32| to_usize(u64::try_from(offset).unwrap_or(u64::MAX));
    Ok(at(start)?..at(end)?)
}
