//! What is asked for, and what is proposed.

use std::path::Path;

use crate::plan::Format;

/// What a pipeline is wanted for.
#[derive(Debug, Clone, Copy)]
pub struct ProposeSpec<'a> {
    /// A file, directory or glob, as it is to stand in the pipeline.
    pub uri: &'a str,
    /// The pipeline file: relative paths begin where it lies.
    pub file: &'a Path,
    /// Threads that look at files.
    pub threads: usize,
}

/// A pipeline, and why it is that one.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The text of the pipeline file, with comments.
    pub toml: String,
    /// The layout of the inputs.
    pub format: Format,
    /// How many files it reads.
    pub n_files: usize,
    /// Their size.
    pub len_bytes: u64,
    /// The columns found, each with what becomes of it.
    pub columns: Vec<ProposedColumn>,
    /// What is good to know beside it.
    pub notes: Vec<String>,
}

/// A column of the inputs, and what the pipeline does with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: String,
    /// What becomes of it.
    pub fate: Fate,
    /// Why, in words.
    pub why: String,
}

/// What a proposed pipeline does with a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is tokenized and packed.
    Tokenized,
    /// It is an image, and becomes floats.
    Normalized,
    /// It is written as it is.
    Stored,
    /// It is not read.
    LeftOut,
}

impl Fate {
    /// Its name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tokenized => "tokenized",
            Self::Normalized => "normalized",
            Self::Stored => "stored",
            Self::LeftOut => "left_out",
        }
    }
}
