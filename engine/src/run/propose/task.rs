//! What a proposed pipeline does with the rows.

use super::look::ImageShape;

/// What is done with the rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ProposedTask {
    /// Tokenize this column, and pack.
    Text(String),
    /// Normalize these columns, and store all.
    Images(Vec<(String, ImageShape)>),
    /// Store all.
    Table,
}
