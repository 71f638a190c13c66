//! Streams of arrays of the C data interface, read chunk by chunk.
//!
//! Some libraries hand arrays of type null over with a buffer that the interface
//! has not; it is passed over here, for the column to be left out and said
//! like any other without values.
#![expect(
    unsafe_code,
    reason = "calls of a stream of the C data interface, and its structs"
)]

use std::ffi::{CStr, c_void};

use arrow::array::ffi::{FFI_ArrowArray, from_ffi_and_data_type};
use arrow::array::{ArrayRef, make_array};
use arrow::datatypes::{DataType, Field};
use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use fuelrail::{Error, Result};

/// How deep types are looked into; Arrow's own reader goes no deeper.
const MAX_NESTING: usize = 64;

/// A stream, and the type of its chunks.
pub(crate) struct Chunks {
    stream: FFI_ArrowArrayStream,
    data_type: DataType,
}

impl Chunks {
    /// Asks `stream` for the type of its chunks.
    ///
    /// # Errors
    /// `Data` if it has been read before, fails, or has a column of no type
    /// that Arrow knows.
    pub(crate) fn new(mut stream: FFI_ArrowArrayStream) -> Result<Self> {
        let get_schema = stream.get_schema().filter(|_| stream.release().is_some());
        let Some(get_schema) = get_schema else {
            return Err(Error::data(
                "expected a stream of arrays that nobody has read, got one that was",
            )
            .with_hint("ask the object for a new one each time"));
        };
        let mut schema = FFI_ArrowSchema::empty();
        // SAFETY: the stream is not released, and the callback is its own.
        let code = unsafe { get_schema(&raw mut stream, &raw mut schema) };
        if code != 0 {
            return Err(failed(&mut stream, "the schema", code));
        }
        let data_type = data_type(&schema)?;
        Ok(Self { stream, data_type })
    }

    /// The type of the chunks.
    pub(crate) fn data_type(&self) -> &DataType {
        &self.data_type
    }

    fn read(&mut self) -> Result<Option<ArrayRef>> {
        let Some(get_next) = self.stream.get_next() else {
            return Err(Error::data("expected a stream with arrays, got none"));
        };
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: the stream is not released, and the callback is its own.
        let code = unsafe { get_next(&raw mut self.stream, &raw mut array) };
        if code != 0 {
            return Err(failed(&mut self.stream, "the next array", code));
        }
        if array.is_released() {
            return Ok(None);
        }
        import(array, &self.data_type).map(Some)
    }
}

impl Iterator for Chunks {
    type Item = Result<ArrayRef>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// What the stream says of a call that has failed.
fn failed(stream: &mut FFI_ArrowArrayStream, what: &str, code: i32) -> Error {
    let mut message = format!("cannot get {what} from a stream of arrays, error {code}");
    if let Some(get_last_error) = stream.get_last_error() {
        // SAFETY: the stream is not released, and its last call has failed.
        let said = unsafe { get_last_error(std::ptr::from_mut(stream)) };
        if !said.is_null() {
            // SAFETY: such a text ends with a zero, and lasts until the next call.
            let said = unsafe { CStr::from_ptr(said) };
            message = format!("{message}: {}", said.to_string_lossy());
        }
    }
    Error::data(message)
}

/// The type that `schema` describes.
///
/// # Errors
/// `Data`, with the column, where it is none of Arrow's.
pub(crate) fn data_type(schema: &FFI_ArrowSchema) -> Result<DataType> {
    let of = |schema: &FFI_ArrowSchema| Field::try_from(schema);
    let error = match of(schema) {
        Ok(field) => return Ok(field.data_type().clone()),
        Err(error) => error,
    };
    let mut columns = schema.children();
    if let Some(column) = columns.find(|column| of(column).is_err()) {
        let name = column.name().unwrap_or_default();
        let format = column.format();
        return Err(Error::data(format!(
            "expected a column of a type that Arrow has, got one of its library's own, `{format}`"
        ))
        .with_column(name)
        .with_hint("cast it to another type, as int128 to int64, or leave it out"));
    }
    Err(Error::data(format!("expected valid Arrow data: {error}")))
}

/// `array` as one of this type.
///
/// # Errors
/// `Data` if it is none.
pub(crate) fn import(mut array: FFI_ArrowArray, data_type: &DataType) -> Result<ArrayRef> {
    // SAFETY: the struct is the interface's, whose layout `Raw` has, and so are
    // its children until it is released.
    unsafe { without_buffers(std::ptr::from_mut(&mut array).cast(), data_type, 0) };
    // SAFETY: the interface says that array and type belong together.
    let data = unsafe { from_ffi_and_data_type(array, data_type.clone()) };
    data.map(make_array)
        .map_err(|error| Error::data(format!("expected valid Arrow data: {error}")))
}

/// `struct ArrowArray` of the C data interface.
#[repr(C)]
struct Raw {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut Raw,
    dictionary: *mut Raw,
    release: Option<unsafe extern "C" fn(*mut Raw)>,
    private_data: *mut c_void,
}

const _: () = assert!(size_of::<Raw>() == size_of::<FFI_ArrowArray>());

/// Takes the buffers from the arrays of type null in `array`. Who has made them
/// frees them by `private_data`, and not by this count.
///
/// # Safety
/// `array` is a struct of the interface that nobody else has, and not released.
unsafe fn without_buffers(array: *mut Raw, data_type: &DataType, nesting: usize) {
    let inner: Vec<&DataType> = match data_type {
        DataType::Null => {
            // SAFETY: the caller's promise.
            unsafe { (*array).n_buffers = 0 };
            return;
        }
        DataType::Struct(fields) => fields.iter().map(|field| field.data_type()).collect(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => vec![item.data_type()],
        _ => return,
    };
    // SAFETY: the caller's promise.
    let array = unsafe { &*array };
    let (n, children) = (usize::try_from(array.n_children), array.children);
    if nesting == MAX_NESTING || children.is_null() || n != Ok(inner.len()) {
        return;
    }
    for (index, data_type) in inner.into_iter().enumerate() {
        // SAFETY: there are `n_children` pointers, by the interface.
        let child = unsafe { children.add(index) };
        // SAFETY: as above.
        let child = unsafe { *child };
        if !child.is_null() {
            // SAFETY: a child is its parent's alone, until that is released.
            unsafe { without_buffers(child, data_type, nesting + 1) };
        }
    }
}
