//! What was seen of the keys of the inputs' lines before the plan is made.

use super::proposal::{Place, Proposed};

/// What was seen of the keys of all inputs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeenKeys {
    /// The keys that were looked for, or all, in order of first appearance;
    /// those that no line has come last, and behind all keys the declared paths
    /// into their objects.
    pub keys: Vec<Proposed>,
    /// Where a key that was looked for is absent, what else there is.
    pub others: Vec<String>,
    /// How much was looked at, where anything was.
    pub looked: Option<Looked>,
    /// The first lines that cannot be read, and why.
    pub bad: Vec<(Place, String)>,
}

impl SeenKeys {
    /// Whether no row was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.looked.is_none_or(|looked| looked.n_rows == 0)
    }
}

/// How much of the inputs was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// Lines that are rows.
    pub n_rows: u64,
    /// Lines that cannot be read.
    pub n_bad: u64,
    /// Whether that is all there is.
    pub is_all: bool,
}
