//! The columns of packed rows, copied out of the window they were laid from.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, BooleanBufferBuilder, FixedSizeListArray,
    Int32Array, Int64Array, ListArray, PrimitiveArray, RecordBatch,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowNativeType, DataType, Field, FieldRef, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, SchemaRef, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use fuelrail_kernels::pack::{self, DocumentPiece, IGNORED, PackedRows, Padding, PaddingExtent};

use super::window::{Doc, DocumentWindow};
use crate::error::{Error, Result};
use crate::plan::{PackLabels, PackStep};

/// Rows that have been laid and are to be copied.
pub(super) struct Laid<'a> {
    pub(super) step: &'a PackStep,
    pub(super) window: &'a DocumentWindow,
    pub(super) rows: &'a PackedRows,
    /// Those that are wanted.
    pub(super) range: Range<usize>,
}

/// The first column behind the tokens and their bounds.
const FIRST_ALIGNED: usize = 2;

/// Calls a method with the Arrow type of numbers of a type.
macro_rules! by_type {
    ($element:expr, $on:expr, $method:ident($($argument:expr),*)) => {
        match $element {
            DataType::Int8 => $on.$method::<Int8Type>($($argument),*),
            DataType::Int16 => $on.$method::<Int16Type>($($argument),*),
            DataType::Int32 => $on.$method::<Int32Type>($($argument),*),
            DataType::Int64 => $on.$method::<Int64Type>($($argument),*),
            DataType::UInt8 => $on.$method::<UInt8Type>($($argument),*),
            DataType::UInt16 => $on.$method::<UInt16Type>($($argument),*),
            DataType::UInt32 => $on.$method::<UInt32Type>($($argument),*),
            DataType::UInt64 => $on.$method::<UInt64Type>($($argument),*),
            DataType::Float16 => $on.$method::<Float16Type>($($argument),*),
            DataType::Float32 => $on.$method::<Float32Type>($($argument),*),
            DataType::Float64 => $on.$method::<Float64Type>($($argument),*),
            other => Err(Error::internal(format!("expected numbers to pack, got {other}"))),
        }
    };
}

impl Laid<'_> {
    /// The columns of the rows, in the order of the plan's output.
    ///
    /// # Errors
    /// `Internal` where the window does not hold what the plan says.
    pub(super) fn columns(&self, schema: &SchemaRef) -> Result<RecordBatch> {
        let mut columns = by_type!(&self.step.id_type, self, tokens())?.to_vec();
        for (column, index) in self.step.aligned.iter().zip(1..) {
            columns.push(match &column.element {
                DataType::Boolean => self.booleans(index),
                element => by_type!(element, self, numbers(index)),
            }?);
        }
        if self.step.position_ids {
            let positions = pack::position_ids(self.pieces(), self.step.length);
            columns.push(Arc::new(Int32Array::from(positions)));
        }
        if let Some(labels) = self.labels(&columns)? {
            columns.push(labels);
        }
        self.batch(schema, columns)
    }

    /// The pieces of each row.
    fn pieces(&self) -> impl Iterator<Item = &[DocumentPiece]> {
        self.range.clone().map(|row| self.rows.row(row))
    }

    /// Column `index` of each buffer, the tokens first.
    fn buffers<T: ArrowPrimitiveType>(&self, index: usize) -> Result<Vec<&[T::Native]>> {
        let mut buffers = Vec::with_capacity(self.window.buffers.len());
        for buffer in &self.window.buffers {
            let values = buffer.get(index).and_then(AsArray::as_primitive_opt::<T>);
            buffers.push(&**values.ok_or_else(other_type)?.values());
        }
        Ok(buffers)
    }

    /// What a document has in `buffers`.
    fn run<'b, T>(&self, buffers: &[&'b [T]], doc: u32) -> &'b [T] {
        let doc: Doc = self.window.docs[doc as usize];
        &buffers[doc.buffer as usize][doc.offset as usize..][..doc.len as usize]
    }

    /// The tokens of all rows, and the bounds of their documents.
    fn tokens<T: ArrowPrimitiveType>(&self) -> Result<[ArrayRef; 2]> {
        let buffers = self.buffers::<T>(0)?;
        let token = T::Native::from_usize(self.step.pad as usize)
            .ok_or_else(|| Error::internal("a pad token beyond the type of the ids"))?;
        let padding = Padding {
            token,
            extent: if self.step.pad_segment {
                PaddingExtent::Segment
            } else {
                PaddingExtent::Behind
            },
        };
        let laid = pack::gather(self.pieces(), self.step.length, padding, |doc| {
            self.run(&buffers, doc)
        });
        let tokens = PrimitiveArray::<T>::new(ScalarBuffer::from(laid.tokens), None);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(laid.offsets));
        let item = Arc::new(Field::new_list_field(DataType::Int32, false));
        let bounds = Arc::new(Int32Array::from(laid.cu_seqlens));
        let bounds = ListArray::try_new(item, offsets, bounds, None).map_err(cannot_build)?;
        Ok([Arc::new(tokens), Arc::new(bounds)])
    }

    /// Numbers that were packed along, 0 behind them.
    fn numbers<T: ArrowPrimitiveType>(&self, index: usize) -> Result<ArrayRef> {
        let buffers = self.buffers::<T>(index)?;
        let values = pack::gather_values(
            self.pieces(),
            self.step.length,
            T::Native::default(),
            |doc| self.run(&buffers, doc),
        );
        let values = PrimitiveArray::<T>::new(ScalarBuffer::from(values), None);
        Ok(Arc::new(values))
    }

    /// The same for booleans, which have no bytes of their own.
    fn booleans(&self, index: usize) -> Result<ArrayRef> {
        let length = self.step.length as usize;
        let mut out = BooleanBufferBuilder::new(self.range.len() * length);
        for row in self.pieces() {
            let end = out.len() + length;
            for piece in row {
                let doc: Doc = self.window.docs[piece.doc as usize];
                let buffer = self.window.buffers[doc.buffer as usize].get(index);
                let values = buffer.and_then(AsArray::as_boolean_opt);
                let first = (doc.offset + piece.start) as usize;
                let run = values.ok_or_else(other_type)?.values();
                out.append_buffer(&run.slice(first, piece.len as usize));
            }
            out.append_n(end - out.len(), false);
        }
        Ok(Arc::new(BooleanArray::new(out.finish(), None)))
    }

    /// Labels of the tokens in `columns`, which are as they are packed.
    fn labels(&self, columns: &[ArrayRef]) -> Result<Option<ArrayRef>> {
        let mask = match &self.step.labels {
            PackLabels::None => return Ok(None),
            PackLabels::All => None,
            PackLabels::Masked(name) => {
                let mut aligned = self.step.aligned.iter();
                let index = aligned.position(|column| column.name == *name);
                let column = index.and_then(|index| columns.get(index + FIRST_ALIGNED));
                Some(nonzero(column.ok_or_else(other_type)?)?)
            }
        };
        let tokens = columns.first().ok_or_else(other_type)?;
        let labels = by_type!(
            &self.step.id_type,
            self,
            label_values(tokens, mask.as_deref())
        );
        labels.map(Some)
    }

    /// The tokens that count, as labels.
    fn label_values<T: ArrowPrimitiveType>(
        &self,
        tokens: &ArrayRef,
        mask: Option<&[bool]>,
    ) -> Result<ArrayRef> {
        let tokens = tokens.as_primitive_opt::<T>().ok_or_else(other_type)?;
        let tokens = tokens.values();
        let label = |at: usize| {
            let counts = mask.is_none_or(|mask| mask.get(at) == Some(&true));
            let token = tokens.get(at).filter(|_| counts)?;
            token.to_i64()
        };
        let length = self.step.length;
        Ok(if self.step.label_type() == DataType::Int64 {
            let labels = pack::labels(self.pieces(), length, i64::from(IGNORED), label);
            Arc::new(Int64Array::from(labels))
        } else {
            let narrow = |at: usize| i32::try_from(label(at)?).ok();
            let labels = pack::labels(self.pieces(), length, IGNORED, narrow);
            Arc::new(Int32Array::from(labels))
        })
    }

    /// The columns as rows of one length; only the bounds are lists already.
    fn batch(&self, schema: &SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
        let length = i32::try_from(self.step.length)
            .map_err(|_| Error::internal("rows longer than any array"))?;
        let rows = |(field, column): (&FieldRef, ArrayRef)| match field.data_type() {
            DataType::FixedSizeList(item, _) => {
                let rows = FixedSizeListArray::try_new(item.clone(), length, column, None);
                rows.map(|rows| Arc::new(rows) as ArrayRef)
            }
            _ => Ok(column),
        };
        let columns = schema.fields().iter().zip(columns).map(rows);
        let columns = columns
            .collect::<Result<Vec<_>, _>>()
            .map_err(cannot_build)?;
        RecordBatch::try_new(Arc::clone(schema), columns).map_err(cannot_build)
    }
}

/// Which values are not 0, or true.
fn nonzero(mask: &ArrayRef) -> Result<Vec<bool>> {
    struct Mask<'a>(&'a ArrayRef);
    impl Mask<'_> {
        fn of<T: ArrowPrimitiveType>(&self) -> Result<Vec<bool>> {
            let values = self.0.as_primitive_opt::<T>().ok_or_else(other_type)?;
            let zero = T::Native::default();
            Ok(values.values().iter().map(|value| *value != zero).collect())
        }
    }
    match mask.as_boolean_opt() {
        Some(booleans) => Ok(booleans.values().iter().collect()),
        None => by_type!(mask.data_type(), Mask(mask), of()),
    }
}

fn other_type() -> Error {
    Error::internal("values of another type than the plan's")
}

fn cannot_build(error: ArrowError) -> Error {
    Error::internal("cannot build packed rows").with_source(error)
}
