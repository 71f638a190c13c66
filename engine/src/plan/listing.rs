//! The files of a folder as one input of a plan. `source` lists them and knows
//! how they are read.

use std::path::PathBuf;

use arrow::array::RecordBatch;

use super::digest::Digest;

/// The files that lie in one folder, a row each, in the order of their rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The files.
    pub files: Vec<ListedFile>,
    /// The first folder below the root that they lie in, and its place among all
    /// such folders in the order of their names; none for files in the root.
    pub class: Option<(String, i64)>,
    /// What a table beside the files says of each of them.
    pub columns: Option<RecordBatch>,
}

/// One file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Where it is opened.
    pub path: PathBuf,
    /// Its path below the root, with `/`.
    pub name: String,
    /// Length in bytes.
    pub len_bytes: u64,
    /// What is known of its content.
    pub content: ListedContent,
}

/// What is known of a file's content before it is read as a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedContent {
    /// The digest of all of it.
    Whole(Digest),
    /// A digest of samples, by which a change may be missed.
    Sampled(Digest),
    /// It cannot be read, for this reason.
    Unreadable(String),
}
