//! What a thread works with that changes rows.

use crate::plan::operators::{Between, Parameters};

/// Memory for one row; used again for the next.
#[derive(Debug, Default)]
pub(super) struct RowScratch {
    pub(super) between: Between,
    /// What is drawn for a row, and for its second one.
    pub(super) parameters: [Parameters; 2],
}
