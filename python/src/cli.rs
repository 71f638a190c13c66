//! The command line inside the interpreter's process: the crate of the
//! program `fuelrail`, not a second one.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs `fuelrail` with these arguments, the program's name not among them,
/// and gives the code the process is to end with.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, args: Vec<OsString>) -> u8 {
    let program = OsString::from("fuelrail");
    py.detach(|| fuelrail_cli::run(std::iter::once(program).chain(args)))
}
