//! Why something here could not go on, in words.

use std::fmt;

/// What went wrong. A peer that refuses a vocabulary says so with this, too.
#[derive(Debug)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// A failure from any error.
pub fn failed(error: impl fmt::Display) -> Failure {
    Failure(error.to_string())
}
