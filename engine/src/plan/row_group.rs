//! The pieces that a file of columns is made of.

use serde::Serialize;

/// One row group of Parquet or record batch of Arrow IPC, from the file's
/// metadata.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RowGroup {
    /// Rows in it.
    pub n_rows: u64,
    /// Its bytes in the file.
    pub len_bytes: u64,
}
