//! What the check of a step gives.

use crate::error::Error;

/// An error with the key of the step it is about.
pub(super) type StepResult<T> = Result<T, (Error, String)>;
