//! Arrow's PyCapsule interface: schemas, arrays and streams out to any library
//! that speaks it, and arrays in from any.
//!
//! A capsule owns its struct of the C data interface until a consumer moves the
//! content out and leaves it released, so one that nobody consumes frees what
//! it holds. Streams read as they are pulled, with or without the interpreter's
//! lock.
#![expect(
    unsafe_code,
    reason = "structs of the C data interface, moved out of capsules"
)]

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

use arrow::array::ffi::FFI_ArrowArray;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchReader, new_empty_array};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use fuelrail::arrays::{are_texts, relayout};
use fuelrail::{Error, ErrorKind};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::arrow_stream::{Chunks, data_type, import};
use crate::errors::{Failure, Result};

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";
const STREAM: &CStr = c"arrow_array_stream";

/// Batches of a stream, one after another; anything that can be read without
/// the interpreter.
pub(crate) type Batches = Box<dyn Iterator<Item = fuelrail::Result<RecordBatch>> + Send>;

/// A capsule for `__arrow_c_schema__`.
pub(crate) fn schema_capsule<'py>(
    py: Python<'py>,
    schema: &Schema,
) -> Result<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(schema).map_err(|e| refused(&e))?;
    Ok(PyCapsule::new_with_value(py, schema, SCHEMA)?)
}

/// A capsule for `__arrow_c_stream__`. The consumer's `requested` schema is
/// met where its columns are the same by name and can be cast.
pub(crate) fn stream_capsule<'py>(
    py: Python<'py>,
    schema: SchemaRef,
    batches: Batches,
    requested: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyCapsule>> {
    let wanted = requested.map(import_schema).transpose()?;
    let target = wanted.filter(|wanted| can_become(&schema, wanted));
    let reader = Reader {
        schema: target.map_or(schema, Arc::new),
        batches,
        is_over: false,
    };
    let stream = FFI_ArrowArrayStream::new(Box::new(reader));
    Ok(PyCapsule::new_with_value(py, stream, STREAM)?)
}

/// Whether batches of one schema can be had in another.
fn can_become(from: &Schema, to: &Schema) -> bool {
    from.fields().len() == to.fields().len()
        && from.fields().iter().zip(to.fields()).all(|(from, to)| {
            from.name() == to.name()
                && (to.is_nullable() || !from.is_nullable())
                && relayout(&new_empty_array(from.data_type()), to.data_type()).is_ok()
        })
}

/// Batches as a stream hands them out.
struct Reader {
    schema: SchemaRef,
    batches: Batches,
    /// After an error nothing more is read.
    is_over: bool,
}

impl Reader {
    fn read(&mut self) -> Option<Result<RecordBatch, ArrowError>> {
        let batch = match self.batches.next()? {
            Ok(batch) => batch,
            Err(error) => return Some(Err(ArrowError::ExternalError(Box::new(error)))),
        };
        if batch.schema_ref() == &self.schema {
            return Some(Ok(batch));
        }
        let columns = batch
            .columns()
            .iter()
            .zip(self.schema.fields())
            .map(|(column, field)| relayout(column, field.data_type()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| ArrowError::ExternalError(Box::new(error)));
        Some(columns.and_then(|columns| RecordBatch::try_new(self.schema.clone(), columns)))
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        // The consumer is C and cannot unwind.
        let read = catch_unwind(AssertUnwindSafe(|| self.read()));
        let item = read.unwrap_or_else(|_| {
            let error = Error::internal("a stream of batches panicked");
            Some(Err(ArrowError::ExternalError(Box::new(error))))
        });
        self.is_over = !matches!(item, Some(Ok(_)));
        item
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

/// The arrays of any object that speaks the interface: one for an array, one
/// for each chunk of a stream. Each is checked as untrusted bytes are. `None`
/// if the object does not speak it.
///
/// # Errors
/// What the object raises; `DataError` if what it gives is no valid array.
pub(crate) fn import_arrays(object: &Bound<'_, PyAny>) -> Result<Option<Vec<ArrayRef>>> {
    let py = object.py();
    if object.hasattr(intern!(py, "__arrow_c_array__"))? {
        let pair = object.call_method0(intern!(py, "__arrow_c_array__"))?;
        let (schema, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
        return Ok(Some(vec![import_array(&schema, &array)?]));
    }
    if !object.hasattr(intern!(py, "__arrow_c_stream__"))? {
        return Ok(None);
    }
    let capsule = object.call_method0(intern!(py, "__arrow_c_stream__"))?;
    let pointer = pointer::<FFI_ArrowArrayStream>(&capsule, STREAM)?;
    // SAFETY: a capsule of this name holds such a struct, by the interface.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    let chunks = py.detach(|| {
        let chunks = Chunks::new(stream)?;
        let checked = chunks.map(|chunk| chunk.and_then(checked));
        checked.collect::<Result<Vec<_>, Error>>()
    });
    Ok(Some(chunks?))
}

/// The columns and rows of any object that speaks the interface, a table or one
/// batch of it. `None` if the object does not speak it.
///
/// # Errors
/// As [`import_arrays`]; `Usage` if the object is no table.
pub(crate) fn import_table(
    object: &Bound<'_, PyAny>,
) -> Result<Option<(Schema, Vec<RecordBatch>)>> {
    let py = object.py();
    let schema = if object.hasattr(intern!(py, "__arrow_c_stream__"))? {
        let capsule = object.call_method0(intern!(py, "__arrow_c_stream__"))?;
        let pointer = pointer::<FFI_ArrowArrayStream>(&capsule, STREAM)?;
        // SAFETY: a capsule of this name holds such a struct, by the interface.
        let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
        py.detach(|| {
            let chunks = Chunks::new(stream)?;
            let data_type = chunks.data_type().clone();
            let checked = chunks.map(|chunk| chunk.and_then(checked));
            Ok::<_, Error>((data_type, checked.collect::<Result<Vec<_>, Error>>()?))
        })?
    } else {
        match import_arrays(object)? {
            None => return Ok(None),
            Some(arrays) => {
                let data_type = arrays.first().map(|array| array.data_type().clone());
                (data_type.unwrap_or(DataType::Null), arrays)
            }
        }
    };
    let (data_type, chunks) = schema;
    let DataType::Struct(fields) = data_type else {
        return Err(no_table(&format!("an array of {data_type}")).into());
    };
    let batch = |chunk: &ArrayRef| {
        let rows = chunk.as_struct();
        if rows.null_count() > 0 {
            return Err(no_table("an array of rows with nulls among them"));
        }
        Ok(RecordBatch::from(rows))
    };
    let batches = chunks.iter().map(batch).collect::<Result<_, Error>>()?;
    Ok(Some((Schema::new(fields), batches)))
}

fn no_table(got: &str) -> Error {
    Error::new(
        ErrorKind::Usage,
        format!("expected a table, rows of named columns, got {got}"),
    )
    .with_hint("make a table of it first, as `pyarrow.table({\"name\": array})` does")
}

fn import_array(schema: &Bound<'_, PyAny>, array: &Bound<'_, PyAny>) -> Result<ArrayRef> {
    let array = pointer::<FFI_ArrowArray>(array, ARRAY)?;
    let schema = take_schema(schema)?;
    // SAFETY: a capsule of this name holds such a struct, by the interface.
    let array = unsafe { FFI_ArrowArray::from_raw(array.as_ptr()) };
    if array.is_released() {
        return Err(used_up(ARRAY));
    }
    let imported = data_type(&schema).and_then(|of| import(array, &of));
    Ok(imported.and_then(checked)?)
}

fn import_schema(capsule: &Bound<'_, PyAny>) -> Result<Schema> {
    let schema = take_schema(capsule)?;
    Schema::try_from(&schema).map_err(|e| refused(&e))
}

/// Moves the schema out of a capsule.
fn take_schema(capsule: &Bound<'_, PyAny>) -> Result<FFI_ArrowSchema> {
    let pointer = pointer::<FFI_ArrowSchema>(capsule, SCHEMA)?;
    // SAFETY: a capsule of this name holds such a struct, by the interface.
    let schema = unsafe { FFI_ArrowSchema::from_raw(pointer.as_ptr()) };
    // What else is in a struct without a release means nothing.
    match schema.release() {
        Some(_) => Ok(schema),
        None => Err(used_up(SCHEMA)),
    }
}

/// A consumer has moved the content out of the capsule before.
fn used_up(name: &CStr) -> Failure {
    Error::data(format!(
        "expected a capsule \"{}\" that nobody has consumed, got one that was",
        name.to_string_lossy()
    ))
    .with_hint("ask the object for a new one each time")
    .into()
}

/// An array whose offsets, indices and text are what its type says. Those who
/// hand arrays over are trusted with pointers, not with content.
fn checked(array: ArrayRef) -> Result<ArrayRef, Error> {
    let data = array.to_data();
    let are_texts = match array.data_type() {
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            are_texts(texts.value_offsets(), texts.value_data())
        }
        DataType::LargeUtf8 => {
            let texts = array.as_string::<i64>();
            are_texts(texts.value_offsets(), texts.value_data())
        }
        _ => false,
    };
    // Arrow's own check of text takes several times as long.
    let valid = if are_texts {
        data.validate().and_then(|()| data.validate_nulls())
    } else {
        data.validate_data()
    };
    valid.map_err(|error| Error::data(format!("expected valid Arrow data: {error}")))?;
    Ok(array)
}

/// The struct in a capsule of this name.
fn pointer<T>(capsule: &Bound<'_, PyAny>, name: &'static CStr) -> Result<NonNull<T>> {
    let capsule = capsule.cast::<PyCapsule>().map_err(|_| {
        PyTypeError::new_err(format!(
            "expected a capsule \"{}\", got {}",
            name.to_string_lossy(),
            capsule.get_type()
        ))
    })?;
    let pointer = capsule.pointer_checked(Some(name))?.cast::<T>();
    if pointer.is_aligned() {
        Ok(pointer)
    } else {
        Err(PyTypeError::new_err("expected a capsule of aligned memory").into())
    }
}

fn refused(error: &ArrowError) -> Failure {
    Error::data(format!("expected valid Arrow data: {error}")).into()
}
