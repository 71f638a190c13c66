//! The columns that come out of a step, and of a plan.

use arrow::datatypes::DataType;

/// One column of the dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    pub data_type: DataType,
    /// Whether it may hold nulls.
    pub nullable: bool,
    /// What its numbers mean where the type does not tell.
    pub meaning: Meaning,
}

/// What the numbers of a column mean beyond their Arrow type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// What the type says.
    #[default]
    Plain,
    /// `UInt16` holds the bits of bfloat16, for which Arrow has no type.
    Bfloat16,
    /// Text holds JSON, as it was written.
    Json,
    /// Binary holds image files that a later step makes images of one size.
    Images,
}
