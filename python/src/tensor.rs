//! `fuelrail.Tensor`: memory with a dtype and a shape, which leaves by DLPack
//! or, where the host can read it, as a numpy array, always without a copy unless
//! one is asked for.

use fuelrail::Error;
use fuelrail::format::Dtype;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCapsule, PyDict, PyIterator, PyString, PyTuple};

use crate::dlpack::{self, Memory, Request};
use crate::errors::{Result, from_package};

/// One tensor of a batch, in the loader's own memory.
///
/// It leaves without a copy: `numpy.from_dlpack`, `torch.from_dlpack`,
/// `jax.dlpack.from_dlpack`, or `.numpy()`. The memory is kept, and not used
/// for another batch, for as long as this or anything made from it is held.
///
/// Where the steps of a loader run on CUDA it may lie on that device: torch, jax and
/// their like read it there, and `.cpu()` copies it down.
#[pyclass(frozen, module = "fuelrail", name = "Tensor")]
#[derive(Debug)]
pub(crate) struct Tensor {
    memory: Memory,
}

impl Tensor {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { memory }
    }
}

#[pymethods]
impl Tensor {
    /// All dimensions, the rows first where there is a row for each.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.memory.shape())
    }

    /// The element type, as numpy has it. `bfloat16` is a dtype of the package
    /// `ml_dtypes`, and a text where that is not installed.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static DTYPE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let make = DTYPE.import(py, "numpy", "dtype")?;
        let name = self.memory.dtype().name();
        if self.memory.dtype() != Dtype::BF16 {
            return make.call1((name,));
        }
        match ml_bfloat16(py) {
            Ok(dtype) => make.call1((dtype,)),
            Err(_) => Ok(PyString::new(py, name).into_any()),
        }
    }

    /// The number of dimensions.
    #[getter]
    fn ndim(&self) -> usize {
        self.memory.shape().len()
    }

    /// Bytes of all elements.
    #[getter]
    fn nbytes(&self) -> usize {
        self.memory.len_bytes()
    }

    /// Where it lies: `"cpu"`, or `"cuda:0"` and the like.
    #[getter]
    fn device(&self) -> String {
        let cuda = self.memory.cuda();
        cuda.map_or_else(|| "cpu".to_owned(), |ordinal| format!("cuda:{ordinal}"))
    }

    /// The same in memory of the host: itself, if it lies there, or a copy of what
    /// lies on a device, behind all that consumers of it have queued.
    fn cpu<'py>(slf: &Bound<'py, Self>) -> Result<Bound<'py, Self>> {
        let memory = &slf.get().memory;
        if memory.cuda().is_none() {
            return Ok(slf.clone());
        }
        let copied = slf.py().detach(|| memory.copy_on_host())?;
        Ok(Bound::new(slf.py(), Self::new(copied))?)
    }

    /// The address of the first byte, on the device it lies on.
    #[getter]
    fn data_ptr(&self) -> usize {
        self.memory.address()
    }

    fn __len__(&self) -> PyResult<usize> {
        let first = self.memory.shape().first();
        let len = first.and_then(|len| usize::try_from(*len).ok());
        len.ok_or_else(|| PyTypeError::new_err("len() of a tensor without dimensions"))
    }

    fn __repr__(&self) -> String {
        let dims: Vec<String> = self.memory.shape().iter().map(i64::to_string).collect();
        let comma = if dims.len() == 1 { "," } else { "" };
        let place = match self.memory.cuda() {
            Some(ordinal) => format!(" on cuda:{ordinal}"),
            None => String::new(),
        };
        format!(
            "<fuelrail.Tensor ({}{comma}) {}{place}>",
            dims.join(", "),
            self.memory.dtype().name()
        )
    }

    /// What `.numpy()` has there.
    fn __getitem__<'py>(
        slf: &Bound<'py, Self>,
        index: &Bound<'py, PyAny>,
    ) -> Result<Bound<'py, PyAny>> {
        Ok(Self::numpy(slf)?.get_item(index)?)
    }

    /// The rows of `.numpy()`.
    fn __iter__<'py>(slf: &Bound<'py, Self>) -> Result<Bound<'py, PyIterator>> {
        Ok(Self::numpy(slf)?.try_iter()?)
    }

    fn __add__(_slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        no_arithmetic(other)
    }

    fn __radd__(_slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        no_arithmetic(other)
    }

    fn __sub__(_slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        no_arithmetic(other)
    }

    fn __rsub__(_slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        no_arithmetic(other)
    }

    fn __mul__(_slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        no_arithmetic(other)
    }

    fn __rmul__(_slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        no_arithmetic(other)
    }

    fn __truediv__(_slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        no_arithmetic(other)
    }

    fn __rtruediv__(_slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        no_arithmetic(other)
    }

    /// A capsule over the memory, by the array API standard: versioned where
    /// `max_version` allows it. On CUDA the memory is lent to `stream` until the
    /// capsule, or what was made of it, is gone. `dl_device=(1, 0)` copies down.
    /// Raises `BufferError` for any other device than that it lies on, for streams
    /// that this has not, and where `copy` forbids a copy that is needed.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    #[expect(clippy::too_many_arguments, reason = "those of the standard")]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<i64>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> Result<Bound<'py, PyCapsule>> {
        let request = Request {
            max_version,
            device: dl_device,
            copy,
            stream,
        };
        dlpack::capsule(py, &self.memory, request)
    }

    /// `(1, 0)`, the processor, or `(2, n)`, a CUDA device.
    fn __dlpack_device__(&self) -> (i32, i32) {
        self.memory.device()
    }

    /// How numpy finds the memory. `bfloat16` has no such description, and memory of
    /// a device has none.
    #[getter]
    fn __array_interface__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let py = slf.py();
        let memory = &slf.get().memory;
        if memory.cuda().is_some() {
            let message = "numpy does not read memory of a device: tensor.cpu() copies it down";
            return Err(pyo3::exceptions::PyAttributeError::new_err(message));
        }
        let typestr = typestr(memory.dtype()).ok_or_else(|| {
            pyo3::exceptions::PyAttributeError::new_err("numpy has no bfloat16 of its own")
        })?;
        let interface = PyDict::new(py);
        interface.set_item(intern!(py, "version"), 3)?;
        interface.set_item(intern!(py, "typestr"), typestr)?;
        interface.set_item(intern!(py, "shape"), slf.get().shape(py)?)?;
        interface.set_item(intern!(py, "data"), (memory.address(), false))?;
        Ok(interface)
    }

    /// A numpy array over the memory: no copy, and the memory is kept as long
    /// as the array is. What lies on a device is an error that says what helps. A `bfloat16` tensor needs the package `ml_dtypes`.
    pub(crate) fn numpy<'py>(slf: &Bound<'py, Self>) -> Result<Bound<'py, PyAny>> {
        if let Some(ordinal) = slf.get().memory.cuda() {
            return Err(not_on_host(ordinal).into());
        }
        if slf.get().memory.dtype() == Dtype::BF16 {
            return bfloat16(slf);
        }
        Ok(to_numpy(slf.py())?.call1((slf,))?)
    }

    /// As `numpy.asarray` and `numpy.array` ask for it.
    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> Result<Bound<'py, PyAny>> {
        let py = slf.py();
        let array = Self::numpy(slf)?;
        let own = array.getattr(intern!(py, "dtype"))?;
        match dtype {
            Some(dtype) if !own.eq(&dtype)? => {
                if copy == Some(false) {
                    return Err(pyo3::exceptions::PyValueError::new_err(format!(
                        "expected no copy, which {own} to {dtype} needs"
                    ))
                    .into());
                }
                Ok(array.call_method1(intern!(py, "astype"), (dtype,))?)
            }
            _ if copy == Some(true) => Ok(array.call_method0(intern!(py, "copy"))?),
            _ => Ok(array),
        }
    }
}

/// What is said where numpy is to read memory of a device.
fn not_on_host(ordinal: u32) -> Error {
    let message =
        format!("expected a tensor in memory of the host for numpy, got one on cuda:{ordinal}");
    Error::new(fuelrail::ErrorKind::Usage, message).with_hint(
        "tensor.cpu() copies it down, and Loader(results=\"host\") all of them; \
         torch.from_dlpack(tensor) and its like read it where it lies",
    )
}

/// What makes a numpy array of a tensor: `from_dlpack`, which is quicker,
/// where it gives arrays that can be written to; that is since numpy 2.1.
fn to_numpy(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static TO_NUMPY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let found = TO_NUMPY.get_or_try_init(py, || {
        let numpy = py.import("numpy")?;
        let version: String = numpy.getattr("__version__")?.extract()?;
        let mut parts = version
            .split('.')
            .map(|part| part.parse::<u32>().unwrap_or(0));
        let since = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        let name = if since >= (2, 1) {
            "from_dlpack"
        } else {
            "asarray"
        };
        Ok::<_, PyErr>(numpy.getattr(name)?.unbind())
    })?;
    Ok(found.bind(py))
}

/// A numpy array of `ml_dtypes.bfloat16`, over the same memory.
fn bfloat16<'py>(tensor: &Bound<'py, Tensor>) -> Result<Bound<'py, PyAny>> {
    let py = tensor.py();
    let dtype = ml_bfloat16(py).map_err(|_| {
        Error::new(
            fuelrail::ErrorKind::Usage,
            "expected the package ml_dtypes for bfloat16 in numpy, found none",
        )
        .with_hint("install ml_dtypes, or ask for dtypes={name: \"float32\"}")
    })?;
    let bits = Tensor::new(tensor.get().memory.bits_of_bfloat16());
    let bits = Tensor::numpy(&Bound::new(py, bits)?)?;
    Ok(bits.call_method1(intern!(py, "view"), (dtype,))?)
}

/// The type that numpy lacks.
fn ml_bfloat16(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static BFLOAT16: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    BFLOAT16.import(py, "ml_dtypes", "bfloat16")
}

/// A tensor is memory, and others compute with it: arrays do, and for what else
/// comes there is a hint.
fn no_arithmetic(other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let py = other.py();
    if other.hasattr(intern!(py, "__array_priority__"))? {
        return Ok(py.NotImplemented());
    }
    Err(from_package(py, "no_arithmetic", ()))
}

/// A dtype in numpy's array interface.
fn typestr(dtype: Dtype) -> Option<&'static str> {
    Some(match dtype {
        Dtype::Bool => "|b1",
        Dtype::I8 => "|i1",
        Dtype::I16 => "<i2",
        Dtype::I32 => "<i4",
        Dtype::I64 => "<i8",
        Dtype::U8 => "|u1",
        Dtype::U16 => "<u2",
        Dtype::U32 => "<u4",
        Dtype::U64 => "<u8",
        Dtype::F16 => "<f2",
        Dtype::F32 => "<f4",
        Dtype::F64 => "<f8",
        Dtype::BF16 => return None,
    })
}
