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

/// A number that numpy has too.
pub(crate) trait Element: Send + Sync + 'static {
    /// As numpy spells it.
    const NAME: &'static str;
}

macro_rules! elements {
    ($($number:ty, $name:literal;)*) => {$(
        impl Element for $number {
            const NAME: &'static str = if cfg!(target_endian = "little") {
                concat!("<", $name)
            } else {
                concat!(">", $name)
            };
        }
    )*};
}

elements! {
    u16, "u2";
    u32, "u4";
    i32, "i4";
    i64, "i8";
}

impl<T: Element> From<Vec<T>> for Numbers {
    fn from(mut numbers: Vec<T>) -> Self {
        Self {
            start: numbers.as_mut_ptr().expose_provenance(),
            len: numbers.len(),
            element: T::NAME,
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
