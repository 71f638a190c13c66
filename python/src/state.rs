//! States of loaders as dicts of Python, by way of their text: what the engine
//! writes and reads is the one definition of them.

use fuelrail::feed::SavedState;
use fuelrail::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use crate::errors::Result;

/// A state as a dict.
pub(crate) fn state_dict<'py>(py: Python<'py>, state: &SavedState) -> Result<Bound<'py, PyAny>> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let loads = LOADS.import(py, "json", "loads")?;
    Ok(loads.call1((state.to_string(),))?)
}

/// The state that a dict, or its text, says.
///
/// # Errors
/// `Usage` if it is none.
pub(crate) fn read_state(found: &Bound<'_, PyAny>) -> Result<SavedState> {
    static DUMPS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = found.py();
    if let Ok(text) = found.cast::<PyString>() {
        return Ok(SavedState::from_json(&text.to_cow()?)?);
    }
    let refused = || {
        Error::new(
            ErrorKind::Usage,
            format!(
                "expected the dict of a loader's state_dict(), got {}",
                found.get_type()
            ),
        )
    };
    let dict = found.cast::<PyDict>().map_err(|_| refused())?;
    let dumps = DUMPS.import(py, "json", "dumps")?;
    let text = dumps.call1((dict,)).map_err(|_| {
        refused().with_hint("it may hold integers, text and nothing else, as it did when saved")
    })?;
    Ok(SavedState::from_json(&text.extract::<String>()?)?)
}
