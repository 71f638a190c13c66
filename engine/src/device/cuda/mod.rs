//! NVIDIA GPUs through the CUDA driver.

use std::sync::Arc;

use super::Backend;
use crate::error::{Error, Result};

pub(super) fn open(_index: Option<u32>) -> Result<Arc<dyn Backend>> {
    Err(Error::device("no driver"))
}

pub(super) fn list() -> Result<Vec<Arc<dyn Backend>>> {
    Err(Error::device("not there"))
}
