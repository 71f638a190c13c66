//! Errors of the engine as exceptions of the package: kind, message, place,
//! hint and cause, the same as in Rust and on the command line.

use fuelrail::{Error, Location};
use pyo3::call::PyCallArgs;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

/// The result of every function that Python calls.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a function that Python calls ends early: `?` makes it from either.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The engine says so: becomes a subclass of `fuelrail.Error`.
    Engine(Error),
    /// Python says so, and it stays what it is.
    Python(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Python(error) => error,
            Failure::Engine(error) => Python::attach(|py| raised(py, &error)),
        }
    }
}

/// The exception that the function `name` of the package's errors makes, for
/// what only Python has words for.
pub(crate) fn from_package<'py>(py: Python<'py>, name: &str, args: impl PyCallArgs<'py>) -> PyErr {
    let made = py
        .import("fuelrail._errors")
        .and_then(|errors| errors.getattr(name)?.call1(args));
    made.map_or_else(|failed| failed, PyErr::from_value)
}

/// The exception for `error`, or why there is none.
fn raised(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error).map_or_else(
        |failed| {
            // Without the package's own classes, what went wrong is still said.
            let lost = PyRuntimeError::new_err(error.to_string());
            lost.set_cause(py, Some(failed));
            lost
        },
        PyErr::from_value,
    )
}

fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let cause = std::error::Error::source(error);
    let errno = cause
        .and_then(|cause| cause.downcast_ref::<std::io::Error>())
        .and_then(std::io::Error::raw_os_error);
    MAKE.import(py, "fuelrail._errors", "make")?.call1((
        error.kind().as_str(),
        error.message(),
        place(py, error.location())?,
        error.hint(),
        cause.map(ToString::to_string),
        error.to_string(),
        errno,
    ))
}

/// Only what is known.
fn place<'py>(py: Python<'py>, location: &Location) -> PyResult<Bound<'py, PyDict>> {
    let place = PyDict::new(py);
    let (line, col) = location.line_col.unzip();
    let counts = [
        ("step", location.step.map(|step| step as u64)),
        ("line", line.map(|line| line as u64).or(location.line)),
        ("col", col.map(|col| col as u64)),
        ("row", location.row),
        ("block", location.block),
    ];
    for (name, count) in counts {
        if let Some(count) = count {
            place.set_item(name, count)?;
        }
    }
    let path = location.path.as_ref().map(|path| path.to_string_lossy());
    let texts = [
        ("op", location.op.as_deref()),
        ("path", path.as_deref()),
        ("column", location.column.as_deref()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            place.set_item(name, text)?;
        }
    }
    Ok(place)
}
