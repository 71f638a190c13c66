//! Image files of a batch: decoded and changed row by row, with a status for each.

use std::collections::HashSet;
use std::ops::Range;

use fuelrail_kernels::Level;

use super::buffer::Buffers;
use super::fill::{Damage, Filled, NO_ROW, Placed, TensorPlace};
use super::row_scratch::RowScratch;
use super::shards::Shards;
use super::sides::SidesWanted;
use crate::error::{Error, ErrorKind, Result};
use crate::format::to_usize;
use crate::plan::Dtype;
use crate::plan::operators::{
    ColumnSteps, DecodedFile, Decoding, Draw, OnBadImage, Parameters, StoredFile, status_name,
};

/// The file was whole.
const WHOLE: u8 = 0;
/// The file was damaged and is decoded as far as it goes.
const DAMAGED: u8 = 1;
/// The file could not be decoded, its image not be changed, or it is the mask of none.
pub(super) const BAD: u8 = 2;

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
    /// Rows that are null.
    pub(super) nulls: &'a HashSet<usize>,
    /// The sides that their images must have.
    pub(super) sides: SidesWanted<'a>,
}

/// What became of the files of a batch.
#[derive(Debug, Default)]
pub(super) struct FileOutcomes {
    status: Vec<u8>,
    /// Height and width of each image before all steps; none where there is none.
    pub(super) sides: Vec<Option<[u32; 2]>>,
    /// Those that gave no image, by their place in the batch.
    bad: Vec<(usize, Error)>,
}

/// The images of a batch out of their files, for a device.
#[derive(Debug)]
pub(super) struct DecodedImages {
    /// One image after another; some image where there is none.
    pub(super) bytes: Vec<u8>,
    /// Where each begins, and the last one ends.
    pub(super) offsets: Vec<u32>,
    /// What is drawn for each.
    pub(super) parameters: Vec<Parameters>,
    pub(super) decoded: FileOutcomes,
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
    ) -> Result<FileOutcomes> {
        let len = dst.len() / rows.len().max(1);
        let RowScratch {
            between,
            parameters: [parameters, _],
        } = scratch;
        let decoded = self.each((rows, draw), shards, |at, file| {
            let dst = &mut dst[len * at..][..len];
            let memory = (&mut *between, &mut *parameters);
            self.steps.run_file(level, file, memory, dst)
        })?;
        for at in decoded.bad() {
            let dst = &mut dst[len * at..][..len];
            dst.copy_from_slice(&self.in_place_of_bad(level, len)?);
        }
        Ok(decoded)
    }

    /// Decodes all rows that hold a file, for a device that does the rest; `None` where
    /// none of them gives an image.
    ///
    /// # Errors
    /// As [`Files::decode`]; `Usage` for images of 4 GiB or more.
    pub(super) fn decode_rows(
        &self,
        (rows, draw): (&[u64], Draw),
        scratch: &mut RowScratch,
        shards: &Shards,
    ) -> Result<Option<DecodedImages>> {
        let between = &mut scratch.between;
        let mut bytes = Vec::new();
        let mut parameters = vec![Parameters::new(); rows.len()];
        let mut spans: Vec<Option<Range<usize>>> = vec![None; rows.len()];
        let decoded = self.each((rows, draw), shards, |at, file| {
            let memory = (&mut *between, &mut parameters[at]);
            let found = self.steps.decode_file(file, memory)?;
            let start = bytes.len();
            bytes.extend_from_slice(between.decoded());
            spans[at] = Some(start..bytes.len());
            Ok(found)
        })?;
        let Some(good) = spans.iter().position(Option::is_some) else {
            return Ok(None);
        };
        if spans.iter().any(Option::is_none) {
            // A device has to be given something.
            let (span, records) = (spans[good].clone(), parameters[good].clone());
            let mut all = Vec::with_capacity(bytes.len());
            for (parameters, own) in parameters.iter_mut().zip(&mut spans) {
                if own.is_none() {
                    parameters.clone_from(&records);
                    own.clone_from(&span);
                }
                let start = all.len();
                all.extend_from_slice(&bytes[own.clone().unwrap_or_default()]);
                *own = Some(start..all.len());
            }
            bytes = all;
        }
        let ends = spans.iter().flatten().map(|span| u32::try_from(span.end));
        let ends: Result<Vec<u32>, _> = ends.collect();
        let ends = ends.map_err(|_| {
            let message = format!("a batch of `{}` is 4 GiB or more", self.steps.column);
            Error::new(ErrorKind::Usage, message).with_hint("use a smaller batch_size")
        })?;
        Ok(Some(DecodedImages {
            bytes,
            offsets: std::iter::once(0).chain(ends).collect(),
            parameters,
            decoded,
        }))
    }

    /// What takes the place of an image that there is not.
    ///
    /// # Errors
    /// `Internal` where images have another size.
    pub(super) fn in_place_of_bad(&self, level: Level, len: usize) -> Result<Vec<u8>> {
        let decoding = &self.column.decoding;
        let mut image = vec![0; len];
        if decoding.on_error == OnBadImage::Substitute {
            self.steps.substitute(decoding.fill, level, &mut image)?;
        }
        Ok(image)
    }

    /// Has `change` done to each row that holds a file, and notes what became of it.
    fn each(
        &self,
        (rows, draw): (&[u64], Draw),
        shards: &Shards,
        mut change: impl FnMut(usize, StoredFile<'_>) -> Result<DecodedFile>,
    ) -> Result<FileOutcomes> {
        let mut decoded = FileOutcomes {
            status: vec![WHOLE; rows.len()],
            sides: vec![None; rows.len()],
            bad: Vec::new(),
        };
        for (at, (ends, row)) in self.offsets.windows(2).zip(rows).enumerate() {
            if *row == NO_ROW || self.nulls.contains(&at) {
                continue;
            }
            if self.sides.is_without(at) {
                decoded.status[at] = BAD;
                continue;
            }
            let file = match ends {
                [start, end] => self.bytes.get(range(*start, *end)?),
                _ => None,
            };
            let file = file.ok_or_else(|| Error::internal("a file beyond its batch"))?;
            let file = StoredFile {
                bytes: file,
                draw,
                row: *row,
                sides: self.sides.of(at),
            };
            match change(at, file) {
                Ok(DecodedFile { flaws, sides }) => {
                    decoded.sides[at] = Some(sides);
                    if flaws.any() {
                        decoded.status[at] = DAMAGED;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Data => {
                    let error = placed(error, *row, shards);
                    if self.column.decoding.on_error == OnBadImage::Raise {
                        return Err(error.with_hint(HINT));
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

impl FileOutcomes {
    /// Rows that gave no image, by their place in the batch.
    pub(super) fn bad(&self) -> impl Iterator<Item = usize> {
        self.bad.iter().map(|(at, _)| *at)
    }

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
            note(filled, shards, (row, &error));
            if column.decoding.on_error == OnBadImage::Skip {
                lost.push(at);
            }
        }
        filled.damage.sort_by_key(|damage| damage.row);
        Ok(lost)
    }
}

/// Counts a row as damaged: once, whichever of its columns are bad.
pub(super) fn note(filled: &mut Filled, shards: &Shards, (row, error): (u64, &Error)) {
    if filled.damage.iter().any(|damage| damage.row == row) {
        return;
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
}

/// An error with the row that it is about.
pub(super) fn placed(error: Error, row: u64, shards: &Shards) -> Error {
    match shards.locate(row) {
        Some((shard, row)) => error.with_path(shards.path(shard)).with_row(row),
        None => error.with_row(row),
    }
}

fn range(start: i32, end: i32) -> Result<Range<usize>> {
    let at = |offset: i32| to_usize(u64::try_from(offset).unwrap_or(u64::MAX));
    Ok(at(start)?..at(end)?)
}
