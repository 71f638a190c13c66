//! Numbers that numpy takes over without a copy.

use std::any::Any;
use std::fmt;

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A list of numbers in memory of its own, which nobody but its one consumer
/// touches: `numpy.asarray` makes an array of it that owns it.
#[pyclass(frozen, module = "fuelrail._native", name = "Numbers")]
pub(crate) struct Numbers {
    /// The address of the first.
    start: usize,
    len: usize,
    /// The element as numpy spells it.
    element: &'static str,
    /// The vector that the memory belongs to.
    _owner: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Numbers({} of {})", self.len, self.element)
    }
}

impl From<Vec<u32>> for Numbers {
    fn from(numbers: Vec<u32>) -> Self {
        let element = if cfg!(target_endian = "little") {
            "<u4"
        } else {
            ">u4"
        };
        Self::of(numbers, element)
    }
}

impl From<Vec<i64>> for Numbers {
    fn from(numbers: Vec<i64>) -> Self {
        let element = if cfg!(target_endian = "little") {
            "<i8"
        } else {
            ">i8"
        };
        Self::of(numbers, element)
    }
}

impl Numbers {
    fn of<T: Send + Sync + 'static>(mut numbers: Vec<T>, element: &'static str) -> Self {
        Self {
            start: numbers.as_mut_ptr().expose_provenance(),
            len: numbers.len(),
            element,
            _owner: Box::new(numbers),
        }
    }
}

#[pymethods]
impl Numbers {
    /// Where the numbers lie, as numpy asks for it.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("typestr", self.element)?;
        interface.set_item("shape", (self.len,))?;
        // Not read-only: the array is its consumer's own.
        interface.set_item("data", (self.start, false))?;
        Ok(interface)
    }
}
