//! DLPack capsules: memory handed to numpy, torch, jax and their like without
//! a copy.
//!
//! The structs are those of `dlpack.h` 1.x. A capsule owns what it describes
//! until a consumer takes it and renames it; from then on the consumer calls
//! the deleter, on whatever thread, with or without the interpreter's lock.
//!
//! Memory of a CUDA device is lent to the stream that the consumer names, until the
//! deleter is called.
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

use fuelrail::Error;
use fuelrail::feed::{ConsumerStream, DeviceMemory, Lent, Tensor};
use fuelrail::format::Dtype;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi::{PyCapsule_GetPointer, PyCapsule_IsValid, PyObject};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::errors::Result;

/// `kDLCPU`.
pub(crate) const CPU: (i32, i32) = (1, 0);

/// `kDLCUDA`.
const CUDA: i32 = 2;

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
    holder: Holder,
}

/// What keeps memory.
#[derive(Clone)]
enum Holder {
    Host(#[expect(dead_code, reason = "held")] Arc<dyn Any + Send + Sync>),
    Device(DeviceMemory),
}

// SAFETY: the memory behind `start` is kept by `holder`, which may move
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
            holder: match tensor.device_memory() {
                Some(memory) => Holder::Device(memory),
                None => Holder::Host(Arc::new(tensor)),
            },
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
            holder: Holder::Host(Arc::new(words)),
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

    /// The device it lies on, as the standard has it.
    pub(crate) fn device(&self) -> (i32, i32) {
        match &self.holder {
            Holder::Host(_) => CPU,
            Holder::Device(memory) => (CUDA, i32::try_from(memory.cuda()).unwrap_or(i32::MAX)),
        }
    }

    /// The number of the CUDA device it lies on, if it is one.
    pub(crate) fn cuda(&self) -> Option<u32> {
        match &self.holder {
            Holder::Host(_) => None,
            Holder::Device(memory) => Some(memory.cuda()),
        }
    }

    /// A copy in memory of the host.
    ///
    /// # Errors
    /// `Device` where it lies on one that fails.
    pub(crate) fn copy_on_host(&self) -> Result<Self> {
        match &self.holder {
            Holder::Host(_) => {
                // SAFETY: `start` is the first of this many bytes, kept by `holder`.
                let bytes = unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len_bytes()) };
                Ok(Self::copy_of(bytes, self.dtype, self.shape())?)
            }
            Holder::Device(memory) => {
                let mut bytes = vec![0; memory.len_bytes()];
                memory.read(&mut bytes)?;
                Ok(Self::copy_of(&bytes, self.dtype, self.shape())?)
            }
        }
    }

    /// A copy where it lies.
    fn copy(&self) -> Result<Self> {
        let Holder::Device(memory) = &self.holder else {
            return self.copy_on_host();
        };
        let copied = memory.copied()?;
        let start = ptr::without_provenance_mut(copied.address());
        let start = NonNull::new(start).ok_or_else(|| Error::internal("a copy without memory"))?;
        Ok(Self {
            start,
            holder: Holder::Device(copied),
            ..self.clone()
        })
    }

    /// Hands memory of a device to who asks for it.
    fn lend(&self, stream: Option<i64>) -> Result<Option<Lent>> {
        match &self.holder {
            // What lies in memory of the host is there already.
            Holder::Host(_) => Ok(None),
            Holder::Device(memory) => Ok(Some(memory.lend(consumer(stream)?)?)),
        }
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

/// A capsule over `memory`, or over a copy of it where one is asked for or needed.
///
/// # Errors
/// `BufferError` if a device is asked for that it does not lie on, other than the
/// processor; a copy that may not be made; or a stream that the device does not have.
pub(crate) fn capsule<'py>(
    py: Python<'py>,
    memory: &Memory,
    request: Request,
) -> Result<Bound<'py, PyCapsule>> {
    let own = memory.device();
    let wanted = request.device.unwrap_or(own);
    if wanted != own && wanted != CPU {
        let known = if own == CPU {
            format!("the device {CPU:?} (CPU), where the batch lies")
        } else {
            format!("the device {own:?}, where the batch lies, or {CPU:?} (CPU)")
        };
        return Err(refused(format!(
            "expected {known}, got {wanted:?}; move it there with the framework's own copy"
        )));
    }
    check_stream(wanted, request.stream)?;
    let (memory, flags) = match request.copy {
        Some(false) if wanted != own => {
            return Err(refused(format!(
                "expected copy=None or copy=True for memory of the processor, got copy=False: \
                 the batch lies on the device {own:?}"
            )));
        }
        _ if wanted != own => (py.detach(|| memory.copy_on_host())?, IS_COPIED),
        Some(true) => (py.detach(|| memory.copy())?, IS_COPIED),
        Some(false) | None => (memory.clone(), 0),
    };
    let lent = memory.lend(request.stream)?;
    let tensor = View::new(&memory);
    let is_versioned = request.max_version.is_some_and(|(major, _)| major >= 1);
    let made = if is_versioned {
        let managed = ManagedVersioned {
            version: VERSION,
            context: ptr::null_mut(),
            deleter: Some(delete::<ManagedVersioned>),
            flags,
            tensor,
        };
        Owned::new(managed, lent, memory).into_capsule(py, destroy::<ManagedVersioned>)
    } else {
        let managed = Managed {
            tensor,
            context: ptr::null_mut(),
            deleter: Some(delete::<Managed>),
        };
        Owned::new(managed, lent, memory).into_capsule(py, destroy::<Managed>)
    };
    Ok(made?)
}

/// Refuses a stream that the device `wanted` does not have.
fn check_stream(wanted: (i32, i32), stream: Option<i64>) -> Result<()> {
    if wanted != CPU {
        return consumer(stream).map(|_| ());
    }
    // -1 says that nothing is to be waited for, which is always so here.
    match stream {
        None | Some(-1) => Ok(()),
        Some(stream) => Err(refused(format!(
            "expected stream=None for memory of the processor, got {stream}"
        ))),
    }
}

/// The stream of CUDA that the standard means by a number.
fn consumer(stream: Option<i64>) -> Result<ConsumerStream> {
    match stream {
        None | Some(1) => Ok(ConsumerStream::LEGACY),
        Some(2) => Ok(ConsumerStream::of_this_thread()),
        Some(-1) => Ok(ConsumerStream::UNKNOWN),
        Some(handle) => match usize::try_from(handle) {
            // SAFETY: the standard has consumers give a stream of the device, which is
            // theirs and which they use until they give the memory back.
            Ok(handle) if handle > 2 => Ok(unsafe { ConsumerStream::from_handle(handle) }),
            _ => Err(refused(format!(
                "expected a stream of CUDA (None or 1: the legacy default stream, 2: that of \
                 the thread, -1: none is to wait, or a handle), got {handle}"
            ))),
        },
    }
}

fn refused(message: String) -> crate::errors::Failure {
    PyBufferError::new_err(message).into()
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
            device: memory.device(),
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
    _lent: Option<Lent>,
    _memory: Memory,
}

impl<M: Handed> Owned<M> {
    fn new(managed: M, lent: Option<Lent>, memory: Memory) -> Self {
        Self {
            managed,
            _lent: lent,
            _memory: memory,
        }
    }

    fn into_capsule(
        self,
        py: Python<'_>,
        destructor: unsafe extern "C" fn(*mut PyObject),
    ) -> PyResult<Bound<'_, PyCapsule>> {
        let pointer = NonNull::from(Box::leak(Box::new(self))).cast::<c_void>();
        // SAFETY: the pointer is to an `Owned<M>` that stays until its deleter
        // is called: by the destructor, or by the consumer who renamed the
        // capsule. Both may happen on any thread, since `Memory` is `Send`.
        let made = unsafe {
            PyCapsule::new_with_pointer_and_destructor(py, pointer, M::NAME, Some(destructor))
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
