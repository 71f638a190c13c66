//! A file of a loader's steps.

use std::path::Path;

use fuelrail::plan::operators::Steps;
use fuelrail::{Error, ErrorKind};

/// Reads a file of `[[step]]` tables.
pub(crate) fn read_steps(path: &Path) -> Result<Steps, Error> {
    let bytes = std::fs::read(path).map_err(|error| {
        Error::new(ErrorKind::Io, "cannot read the steps")
            .with_path(path)
            .with_source(error)
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Error::new(ErrorKind::Pipeline, "expected UTF-8 text")
            .with_path(path)
            .with_source(error)
    })?;
    Steps::from_toml(&text, Some(path))
}
