//! The devices of this machine, as JSON.

use fuelrail::plan::DeviceChoice;
use fuelrail::run::{self, Speeds};
use pyo3::prelude::*;
use serde_json::json;

use crate::arguments;
use crate::attended::{Stopping, attended};
use crate::errors::Result;

/// Every device that is there, as a list of objects.
#[pyfunction]
pub(crate) fn devices(py: Python<'_>) -> Result<String> {
    let list = || Ok(json!(run::devices()).to_string());
    attended(py, list, || Stopping::Leaves)
}

/// The report of the conformance suite, with whether it was `passed`.
#[pyfunction]
pub(crate) fn selftest(py: Python<'_>, device: &str, speeds: &str) -> Result<String> {
    let device: DeviceChoice = device.parse()?;
    let speeds = arguments::choice(
        "speeds",
        speeds,
        &[("skip", Speeds::No), ("measure", Speeds::Yes)],
    )?;
    let test = move || {
        let report = run::selftest(device, speeds)?;
        let mut value = json!(report);
        value["passed"] = report.passed().into();
        Ok(value.to_string())
    };
    attended(py, test, || Stopping::Leaves)
}
