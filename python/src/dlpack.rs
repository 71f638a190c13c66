//! DLPack capsules: memory handed to numpy, torch, jax and their like without
//! a copy.
//!
//! The structs are those of `dlpack.h` 1.x. A capsule owns what it describes
//! until a consumer takes it and renames it; from then on the consumer calls
//! the deleter, on whatever thread, with or without the interpreter's lock.
#![expect(
    unsafe_code,
    reason = "structs of C that own memory behind raw pointers"
)]

use std::any::Any;
use std::ffi::{CStr, c_void};
use std::fmt;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;

use fuelrail::feed::Tensor;
use fuelrail::format::Dtype;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi::{PyCapsule_GetPointer, PyCapsule_IsValid, PyObject};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// `kDLCPU`, the one device that slots lie on.
pub(crate) const CPU: (i32, i32) = (1, 0);

/// The version of `dlpack.h` that the structs below are of.
const VERSION: Version = Version { major: 1, minor: 1 };

/// `DLPACK_FLAG_BITMASK_IS_COPIED`.
const IS_COPIED: u64 = 1 << 1;

const NAME: &CStr = c"dltensor";
const NAME_VERSIONED: &CStr = c"dltensor_versioned";

/// Elements in memory that stays, and may be written to, for as long as it is
/// held.
#[derive(Clone)]
pub(crate) struct Memory {
    start: NonNull<u8>,
    dtype: Dtype,
    /// The shape, and behind it the strides.
    dims: Arc<[i64]>,
    _holder: Arc<dyn Any + Send + Sync>,
}

// SAFETY: the memory behind `start` is kept by `_holder`, which may move
// between threads; nothing here reads or writes it but `copy`, and those whom
// it is handed to answer for their own accesses, as with any array.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.dtype.as_str(), self.shape())
    }
}

impl Memory {
    /// The memory of a tensor of a batch.
    pub(crate) fn of_tensor(tensor: Tensor) -> Self {
        let start = NonNull::new(tensor.as_ptr()).unwrap_or(NonNull::<u128>::dangling().cast());
        let shape: Vec<i64> = tensor.shape().iter().map(|dim| dim.cast_signed()).collect();
        Self {
            start,
            dtype: tensor.dtype(),
            dims: with_strides(&shape),
            // The engine keeps the memory for as long as the tensor is held.
            _holder: Arc::new(tensor),
        }
    }

    /// A copy of `bytes`, which are elements of this shape.
    ///
    /// # Errors
    /// `BufferError` if `bytes` are not as many as the shape says.
    pub(crate) fn copy_of(bytes: &[u8], dtype: Dtype, shape: &[i64]) -> PyResult<Self> {
        if n_bytes(dtype, shape) != Some(bytes.len()) {
            return Err(PyBufferError::new_err(format!(
                "expected {} bytes of the shape {shape:?}, got {}",
                dtype.as_str(),
                bytes.len()
            )));
        }
        // Words of 16 bytes, so that any element is aligned.
        let mut words = vec![0u128; bytes.len().div_ceil(size_of::<u128>())];
        let start = NonNull::from(words.as_mut_slice()).cast::<u8>();
        // SAFETY: both are `bytes.len()` bytes long at least, and one is new.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), start.as_ptr(), bytes.len()) };
        Ok(Self {
            start,
            dtype,
            dims: with_strides(shape),
            _holder: Arc::new(words),
        })
    }

    pub(crate) fn dtype(&self) -> Dtype {
        self.dtype
    }

    pub(crate) fn shape(&self) -> &[i64] {
        &self.dims[..self.dims.len() / 2]
    }

    fn strides(&self) -> &[i64] {
        &self.dims[self.dims.len() / 2..]
    }

    pub(crate) fn address(&self) -> usize {
        self.start.as_ptr().addr()
    }

    /// Bytes of all elements.
    pub(crate) fn len_bytes(&self) -> usize {
        n_bytes(self.dtype, self.shape()).unwrap_or(0)
    }

    /// The same memory as numbers of 16 bits.
    pub(crate) fn bits_of_bfloat16(&self) -> Self {
        Self {
            dtype: Dtype::U16,
            ..self.clone()
        }
    }

    fn copy(&self) -> PyResult<Self> {
        // SAFETY: `start` is the first of this many bytes, kept by `_holder`.
        let bytes = unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len_bytes()) };
        Self::copy_of(bytes, self.dtype, self.shape())
    }
}

fn n_bytes(dtype: Dtype, shape: &[i64]) -> Option<usize> {
    let element = usize::try_from(dtype.len_bytes()).ok()?;
    shape.iter().try_fold(element, |bytes, dim| {
        bytes.checked_mul(usize::try_from(*dim).ok()?)
    })
}

/// What a consumer asks for, by the words of the array API standard.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) max_version: Option<(u32, u32)>,
    pub(crate) device: Option<(i32, i32)>,
    pub(crate) copy: Option<bool>,
    pub(crate) stream: Option<i64>,
}

/// A capsule over `memory`, or over a copy of it where one is asked for.
///
/// # Errors
/// `BufferError` if another device than the processor or a stream is asked for.
pub(crate) fn capsule<'py>(
    py: Python<'py>,
    memory: &Memory,
    request: Request,
) -> PyResult<Bound<'py, PyCapsule>> {
    if let Some(device) = request.device.filter(|device| *device != CPU) {
        return Err(PyBufferError::new_err(format!(
            "expected the device {CPU:?} (CPU), where the batch lies, got {device:?}; \
             move it there with the framework's own copy"
        )));
    }
    // -1 says that nothing is to be waited for, which is always so here.
    if let Some(stream) = request.stream.filter(|stream| *stream != -1) {
        return Err(PyBufferError::new_err(format!(
            "expected stream=None for memory of the processor, got {stream}"
        )));
    }
    let (memory, flags) = match request.copy {
        Some(true) => (memory.copy()?, IS_COPIED),
        _ => (memory.clone(), 0),
    };
    if request.max_version.is_some_and(|(major, _)| major >= 1) {
        let owned = Box::new(Owned {
            managed: ManagedVersioned {
                version: VERSION,
                context: ptr::null_mut(),
                deleter: Some(delete::<ManagedVersioned>),
                flags,
                tensor: View::new(&memory),
            },
            _memory: memory,
        });
        owned.into_capsule(py, NAME_VERSIONED, destroy::<ManagedVersioned>)
    } else {
        let owned = Box::new(Owned {
            managed: Managed {
                tensor: View::new(&memory),
                context: ptr::null_mut(),
                deleter: Some(delete::<Managed>),
            },
            _memory: memory,
        });
        owned.into_capsule(py, NAME, destroy::<Managed>)
    }
}

/// A shape, and behind it the strides: elements from one index to the next, in
/// each dimension.
fn with_strides(shape: &[i64]) -> Arc<[i64]> {
    let n_dims = shape.len();
    let mut dims = vec![1; 2 * n_dims];
    dims[..n_dims].copy_from_slice(shape);
    for dim in (1..n_dims).rev() {
        dims[n_dims + dim - 1] = dims[n_dims + dim] * shape[dim].max(1);
    }
    dims.into()
}

/// `DLPackVersion`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Version {
    major: u32,
    minor: u32,
}

/// `DLDataType`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DataType {
    code: u8,
    bits: u8,
    lanes: u16,
}

impl DataType {
    fn of(dtype: Dtype) -> Self {
        let (code, bits) = match dtype {
            Dtype::I8 => (0, 8),
            Dtype::I16 => (0, 16),
            Dtype::I32 => (0, 32),
            Dtype::I64 => (0, 64),
            Dtype::U8 => (1, 8),
            Dtype::U16 => (1, 16),
            Dtype::U32 => (1, 32),
            Dtype::U64 => (1, 64),
            Dtype::F16 => (2, 16),
            Dtype::F32 => (2, 32),
            Dtype::F64 => (2, 64),
            Dtype::BF16 => (4, 16),
            Dtype::Bool => (6, 8),
        };
        Self {
            code,
            bits,
            lanes: 1,
        }
    }
}

/// `DLTensor`.
#[repr(C)]
#[derive(Debug)]
struct View {
    data: *mut c_void,
    device: (i32, i32),
    n_dims: i32,
    dtype: DataType,
    shape: *const i64,
    strides: *const i64,
    byte_offset: u64,
}

impl View {
    fn new(memory: &Memory) -> Self {
        Self {
            data: memory.start.as_ptr().cast(),
            device: CPU,
            // A shape has as many dimensions as a column's, and one.
            n_dims: i32::try_from(memory.shape().len()).unwrap_or(i32::MAX),
            dtype: DataType::of(memory.dtype),
            shape: memory.shape().as_ptr(),
            strides: memory.strides().as_ptr(),
            byte_offset: 0,
        }
    }
}

/// `DLManagedTensor`.
#[repr(C)]
#[derive(Debug)]
struct Managed {
    tensor: View,
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Self)>,
}

/// `DLManagedTensorVersioned`.
#[repr(C)]
#[derive(Debug)]
struct ManagedVersioned {
    version: Version,
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Self)>,
    flags: u64,
    tensor: View,
}

/// The two kinds of managed tensor.
trait Handed: Sized {
    const NAME: &'static CStr;
}

impl Handed for Managed {
    const NAME: &'static CStr = NAME;
}

impl Handed for ManagedVersioned {
    const NAME: &'static CStr = NAME_VERSIONED;
}

/// A managed tensor and what its pointers lead to.
#[repr(C)]
struct Owned<M> {
    managed: M,
    _memory: Memory,
}

impl<M: Handed> Owned<M> {
    fn into_capsule<'py>(
        self: Box<Self>,
        py: Python<'py>,
        name: &'static CStr,
        destructor: unsafe extern "C" fn(*mut PyObject),
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let pointer = NonNull::from(Box::leak(self)).cast::<c_void>();
        // SAFETY: the pointer is to an `Owned<M>` that stays until its deleter
        // is called: by the destructor, or by the consumer who renamed the
        // capsule. Both may happen on any thread, since `Memory` is `Send`.
        let made = unsafe {
            PyCapsule::new_with_pointer_and_destructor(py, pointer, name, Some(destructor))
        };
        made.inspect_err(|_| {
            // SAFETY: no capsule was made, so the box is still ours alone.
            drop(unsafe { Box::from_raw(pointer.cast::<Self>().as_ptr()) });
        })
    }
}

/// The deleter: gives the memory back. Needs no interpreter.
///
/// # Safety
/// `managed` is the first member of an `Owned<M>` from `into_capsule`, and this
/// is called once.
unsafe extern "C" fn delete<M>(managed: *mut M) {
    if !managed.is_null() {
        // SAFETY: `Owned` is `repr(C)` with `managed` first, so the pointers
        // are equal; the caller says that it is called once.
        drop(unsafe { Box::from_raw(managed.cast::<Owned<M>>()) });
    }
}

/// The destructor of a capsule: frees what no consumer took.
///
/// # Safety
/// Called by the interpreter, with a capsule from `into_capsule`.
unsafe extern "C" fn destroy<M: Handed>(capsule: *mut PyObject) {
    // SAFETY: the interpreter gives a capsule, and holds its lock meanwhile.
    let untaken = unsafe { PyCapsule_IsValid(capsule, M::NAME.as_ptr()) };
    if untaken == 1 {
        // SAFETY: as above; a capsule that is valid by this name has a pointer.
        let managed = unsafe { PyCapsule_GetPointer(capsule, M::NAME.as_ptr()) };
        // SAFETY: by its name nobody took it, so this is the one call.
        unsafe { delete(managed.cast::<M>()) };
    }
}
