//! Boxes and keypoints of a batch: read as they are stored, and moved as the images of
//! their rows are. All of it is done on the host.

use std::ops::Range;

use half::{bf16, f16};

use super::buffer::Buffers;
use super::columns::{First, Output};
use super::coordinate_rows::{CoordinateRows, Moving, finite};
use super::files::{FileOutcomes, note, placed};
use super::fill::{Filled, NO_ROW, Placed, TensorPlace};
use super::shards::Shards;
use super::stepped_column::{RowSource, SteppedColumn};
use crate::error::{Error, Result};
use crate::format::to_usize;
use crate::plan::Dtype;
use crate::plan::operators::{Coordinates, Draw, OnBadImage, kept_name};

/// Buffers of a slot that a column of coordinates needs.
pub(super) const N_BUFFERS: usize = 3;

/// A column of boxes or keypoints.
#[derive(Debug)]
pub(super) struct AnnotatedColumn {
    coordinates: Coordinates,
    /// The index of the column of their images among those that steps change.
    image: usize,
    /// The index of its tensor.
    tensor: usize,
    /// Dimensions of its tensor behind the first.
    inner: Vec<u64>,
    extents: Extents,
    /// The buffers of coordinates, of what is kept, and of offsets or lengths.
    buffers: [usize; N_BUFFERS],
}

/// Where the numbers of a row lie.
#[derive(Debug, Clone, Copy)]
enum Extents {
    /// So many in each row.
    Fixed(usize),
    /// As this tensor of offsets says.
    Flat(usize),
    /// So many in each row, of which as many count as this tensor says.
    Padded { length: usize, lengths: usize },
}

/// The coordinates of `columns`, which have buffers of their own from `first` on.
///
/// # Errors
/// `Internal` for one that is not read.
pub(super) fn annotated(
    columns: &[SteppedColumn],
    outputs: &[Output],
    first: usize,
) -> Result<Vec<AnnotatedColumn>> {
    let mut all = Vec::new();
    for (image, column) in columns.iter().enumerate() {
        for coordinates in &column.steps.ties.coordinates {
            let buffer = first + N_BUFFERS * all.len();
            let buffers = [buffer, buffer + 1, buffer + 2];
            all.push(AnnotatedColumn::new(
                (coordinates, image),
                outputs,
                buffers,
            )?);
        }
    }
    Ok(all)
}

impl AnnotatedColumn {
    fn new(
        (coordinates, image): (&Coordinates, usize),
        outputs: &[Output],
        buffers: [usize; N_BUFFERS],
    ) -> Result<Self> {
        let found = |name: &str| outputs.iter().position(|it| *it.name == *name);
        let tensor = found(&coordinates.column);
        let tensor = tensor.ok_or_else(|| Error::internal("annotations that are not read"))?;
        let inner = outputs[tensor].inner.clone();
        let n_numbers = to_usize(inner.iter().product())?;
        let lengths = found(&format!("{}.lengths", coordinates.column));
        let extents = match (outputs[tensor].first, lengths) {
            (First::Rows, None) => Extents::Fixed(n_numbers),
            (First::Rows, Some(lengths)) => Extents::Padded {
                length: n_numbers,
                lengths,
            },
            (First::Elements | First::Offsets, _) => {
                let offsets = found(&format!("{}.cu_seqlens", coordinates.column));
                Extents::Flat(offsets.ok_or_else(|| Error::internal("rows without offsets"))?)
            }
        };
        Ok(Self {
            coordinates: coordinates.clone(),
            image,
            tensor,
            inner,
            extents,
            buffers,
        })
    }

    /// What a batch holds; a row that is bad is an error, or noted.
    ///
    /// # Errors
    /// `Data` for a row that is bad, if that is to be one.
    pub(super) fn read(
        &self,
        (columns, files): (&[SteppedColumn], &[(usize, FileOutcomes)]),
        (buffers, filled): (&Buffers, &mut Filled),
        shards: &Shards,
    ) -> Result<CoordinateRows> {
        let n_rows = filled.rows.len();
        let (rows, n_numbers) = self.rows(buffers, n_rows)?;
        let dtype = self.coordinates.dtype;
        let len = n_numbers.checked_mul(to_usize(dtype.len_bytes())?);
        let bytes = len.and_then(|len| buffers.bytes(self.tensor, len));
        let bytes = bytes.ok_or_else(|| Error::internal("coordinates beyond their batch"))?;
        let numbers = numbers(dtype, bytes);
        let sides = match &columns[self.image].source {
            RowSource::Images(image) => vec![Some(image.sides()); n_rows],
            RowSource::Files(_) => {
                let files = files.iter().find(|(index, _)| *index == self.image);
                let files = files.ok_or_else(|| Error::internal("images that were not read"))?;
                files.1.sides.clone()
            }
        };
        let mut read = CoordinateRows {
            numbers,
            rows,
            sides,
            bad: Vec::new(),
        };
        for at in 0..n_rows {
            let row = filled.rows[at];
            if row == NO_ROW {
                continue;
            }
            if let Err(message) = finite(&self.coordinates, read.row(at)) {
                let error = Error::data(message).with_column(&self.coordinates.column);
                let error = placed(error, row, shards);
                if self.coordinates.on_error == OnBadImage::Raise {
                    return Err(error.with_hint(HINT));
                }
                note(filled, shards, (row, &error));
                read.bad.push(at);
            }
        }
        filled.damage.sort_by_key(|damage| damage.row);
        Ok(read)
    }

    /// The rows among `read` that are to be left out because they are bad.
    pub(super) fn lost<'a>(&self, read: &'a CoordinateRows) -> &'a [usize] {
        match self.coordinates.on_error {
            OnBadImage::Skip => &read.bad,
            OnBadImage::Raise | OnBadImage::Substitute => &[],
        }
    }

    /// Moves what was read, and puts it into the batch.
    ///
    /// # Errors
    /// Those of the steps; `Usage` for a batch beyond memory.
    pub(super) fn deliver(
        &self,
        mut read: CoordinateRows,
        (columns, draw): (&[SteppedColumn], Draw),
        (buffers, filled): (&mut Buffers, &mut Filled),
    ) -> Result<()> {
        let size = self.coordinates.kind.size();
        for (at, row) in filled.rows.iter().enumerate() {
            if *row == NO_ROW {
                read.sides[at] = None;
            }
        }
        let moving = Moving {
            kind: self.coordinates.kind,
            steps: &columns[self.image].steps,
            draw,
        };
        let (places, n) = self.places(&read, size);
        let [values, kept, _] = self.buffers;
        let len = |bytes: usize| {
            let len = n.checked_mul(bytes);
            len.ok_or_else(|| Error::internal("a batch beyond memory"))
        };
        let (mut moved, mut left) = (buffers.take(values), buffers.take(kept));
        let done = moved.room(len(4 * size)?).and_then(|moved| {
            let to = (moved, left.room(len(1)?)?);
            moving.run((&read, &filled.rows), &places, to)
        });
        buffers.put_back(values, moved);
        buffers.put_back(kept, left);
        done?;
        self.place(&read, n, (buffers, filled))
    }

    /// Where each row of a batch has its numbers, and how many there are at all.
    fn rows(&self, buffers: &Buffers, n_rows: usize) -> Result<(Vec<Range<usize>>, usize)> {
        let whole = |tensor: usize, n: usize| -> Result<Vec<usize>> {
            let bytes = buffers.bytes(tensor, 4 * n);
            let bytes = bytes.ok_or_else(|| Error::internal("rows without lengths"))?;
            let (numbers, _) = bytes.as_chunks::<4>();
            let number = |bytes: &[u8; 4]| usize::try_from(i32::from_le_bytes(*bytes));
            let numbers: Result<Vec<usize>, _> = numbers.iter().map(number).collect();
            numbers.map_err(|_| Error::internal("rows that end before they begin"))
        };
        Ok(match self.extents {
            Extents::Fixed(n) => {
                let rows = (0..n_rows).map(|row| row * n..(row + 1) * n);
                (rows.collect(), n_rows * n)
            }
            Extents::Flat(offsets) => {
                let offsets = whole(offsets, n_rows + 1)?;
                let rows = offsets.windows(2).map(|ends| ends[0]..ends[1]);
                (rows.collect(), offsets[n_rows])
            }
            Extents::Padded { length, lengths } => {
                let lengths = whole(lengths, n_rows)?.into_iter().enumerate();
                let rows = lengths.map(|(row, n)| row * length..row * length + n);
                (rows.collect(), n_rows * length)
            }
        })
    }

    /// Where each row's boxes or points begin, and how many the tensor has.
    fn places(&self, read: &CoordinateRows, size: usize) -> (Vec<usize>, usize) {
        let n_rows = read.rows.len();
        match self.extents {
            Extents::Fixed(n) | Extents::Padded { length: n, .. } => {
                let n = n / size;
                ((0..n_rows).map(|row| row * n).collect(), n_rows * n)
            }
            Extents::Flat(_) => {
                let mut end = 0;
                let places = read.rows.iter().map(|row| {
                    let begin = end;
                    end += row.len() / size;
                    begin
                });
                (places.collect(), end)
            }
        }
    }

    /// Says where the tensors of a batch lie that has `n` boxes or points.
    fn place(
        &self,
        read: &CoordinateRows,
        n: usize,
        (buffers, filled): (&mut Buffers, &mut Filled),
    ) -> Result<()> {
        let size = self.coordinates.kind.size();
        let [values, kept, counts] = self.buffers;
        let n_rows = filled.rows.len() as u64;
        let lens = read.rows.iter().map(|row| row.len() / size);
        let mut shape = match self.extents {
            Extents::Fixed(_) => {
                let outer = self.inner.split_last().map_or(&[][..], |(_, outer)| outer);
                [&[n_rows], outer].concat()
            }
            Extents::Flat(offsets) => {
                let ends = lens.scan(0, |end, len| {
                    *end += len;
                    Some(*end)
                });
                let all: Vec<usize> = std::iter::once(0).chain(ends).collect();
                write_counts(buffers.buffer(counts).room(4 * all.len())?, &all);
                filled.tensors[offsets].place = TensorPlace::Slot(counts);
                vec![n as u64]
            }
            Extents::Padded { length, lengths } => {
                let all: Vec<usize> = lens.collect();
                write_counts(buffers.buffer(counts).room(4 * all.len())?, &all);
                filled.tensors[lengths].place = TensorPlace::Slot(counts);
                vec![n_rows, (length / size) as u64]
            }
        };
        filled.tensors.push(Placed {
            name: kept_name(&self.coordinates.column).into(),
            dtype: Dtype::Bool,
            shape: shape.clone(),
            place: TensorPlace::Slot(kept),
        });
        shape.push(size as u64);
        let tensor = &mut filled.tensors[self.tensor];
        tensor.dtype = Dtype::F32;
        tensor.shape = shape;
        tensor.place = TensorPlace::Slot(values);
        Ok(())
    }
}

const HINT: &str = "set on_error = \"skip\" or \"substitute\" in `annotate` to go on without such \
                    rows; they are counted as damage, of which max_damage allows so much";

/// Counts as a batch has them; all of them are below 2^31, as those that are stored.
fn write_counts(dst: &mut [u8], counts: &[usize]) {
    let (dst, _) = dst.as_chunks_mut::<4>();
    for (dst, count) in dst.iter_mut().zip(counts) {
        *dst = i32::try_from(*count).unwrap_or(i32::MAX).to_le_bytes();
    }
}

/// Numbers of any type as those of binary64: exact, but for integers beyond 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "coordinates of 2^30 or more are refused"
)]
fn numbers(dtype: Dtype, bytes: &[u8]) -> Vec<f64> {
    fn each<const N: usize>(bytes: &[u8], of: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        let (numbers, _) = bytes.as_chunks::<N>();
        numbers.iter().map(|number| of(*number)).collect()
    }
    match dtype {
        Dtype::Bool | Dtype::U8 => each(bytes, |[byte]| f64::from(byte)),
        Dtype::I8 => each(bytes, |it| f64::from(i8::from_le_bytes(it))),
        Dtype::I16 => each(bytes, |it| f64::from(i16::from_le_bytes(it))),
        Dtype::I32 => each(bytes, |it| f64::from(i32::from_le_bytes(it))),
        Dtype::I64 => each(bytes, |it| i64::from_le_bytes(it) as f64),
        Dtype::U16 => each(bytes, |it| f64::from(u16::from_le_bytes(it))),
        Dtype::U32 => each(bytes, |it| f64::from(u32::from_le_bytes(it))),
        Dtype::U64 => each(bytes, |it| u64::from_le_bytes(it) as f64),
        Dtype::F16 => each(bytes, |it| f64::from(f16::from_le_bytes(it))),
        Dtype::BF16 => each(bytes, |it| f64::from(bf16::from_le_bytes(it))),
        Dtype::F32 => each(bytes, |it| f64::from(f32::from_le_bytes(it))),
        Dtype::F64 => each(bytes, f64::from_le_bytes),
    }
}
