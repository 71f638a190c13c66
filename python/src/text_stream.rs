//! Ids to text as they come: what `fuelrail.TextStream` is made of.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fuelrail::Error;
use fuelrail::kernels::tokenize::{EncodeError, TextDecoder};
use pyo3::prelude::*;

use crate::errors::Result;

/// A text that is decoded id by id.
#[pyclass(frozen, module = "fuelrail._native", name = "TextStream")]
#[derive(Debug)]
pub(crate) struct TextStream(Mutex<TextDecoder>);

impl TextStream {
    pub(crate) fn new(decoder: TextDecoder) -> Self {
        Self(Mutex::new(decoder))
    }

    fn decoder(&self) -> MutexGuard<'_, TextDecoder> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl TextStream {
    #[expect(clippy::needless_pass_by_value, reason = "as Python gives it")]
    fn push(&self, ids: Vec<u32>) -> Result<Option<String>> {
        Ok(self.decoder().push(&ids).map_err(failed)?)
    }

    fn finish(&self) -> Result<String> {
        Ok(self.decoder().finish().map_err(failed)?)
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn failed(error: EncodeError) -> Error {
    Error::data(error.to_string())
}
