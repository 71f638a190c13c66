//! Reads files that are read whole.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};

/// A whole file, unless it is larger than such files ever are.
pub(super) fn read(path: &Path, most: u64, what: &str) -> Result<Vec<u8>> {
    let failed = |error| Error::io(&format!("read {what}"), path, error);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(
            Error::pipeline(format!("expected {what} in at most {most} bytes, got more"))
                .with_path(path),
        );
    }
    Ok(bytes)
}
