//! Rows that a step sets aside.

/// A row whose value the step cannot use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::device) struct Unusable {
    /// Index within the batch.
    pub(in crate::device) row: usize,
    /// Why.
    pub(in crate::device) reason: String,
    /// What helps beside setting it aside, if anything does.
    pub(in crate::device) hint: Option<&'static str>,
}

impl Unusable {
    /// One that nothing helps.
    pub(in crate::device) fn new(row: usize, reason: impl Into<String>) -> Self {
        Self {
            row,
            reason: reason.into(),
            hint: None,
        }
    }
}
