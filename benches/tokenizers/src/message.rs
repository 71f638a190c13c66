//! What the driver and a peer's process say to each other: a line of JSON each
//! way. `peers.py` speaks the same.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What the driver asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase")]
pub enum Ask {
    /// Reads the documents and tries whether the vocabulary can be had.
    Open(Job),
    /// Writes the ids of all documents as `ids.u32` and `lengths.u32`.
    Ids { out: PathBuf },
    /// A new tokenizer, then two passes over all documents.
    Round,
}

/// What is encoded, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// `cl100k`, `wordpiece`, ….
    pub vocabulary: String,
    /// Its tokenizer.json.
    pub tokenizer: PathBuf,
    /// The file of documents.
    pub documents: PathBuf,
    /// At most so many bytes of documents are timed.
    pub len_bytes: usize,
    pub output: Output,
    pub n_threads: usize,
}

/// What a peer makes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Output {
    Ids,
    /// Ids with the byte offsets of each.
    Offsets,
}

/// What a peer's process answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "lowercase")]
pub enum Answer {
    /// The documents that are timed are read, and the vocabulary works.
    Opened {
        n_documents: usize,
        len_bytes: usize,
    },
    /// The peer cannot do it, in its own words.
    Refused {
        error: String,
    },
    Written,
    Timed {
        cold: Pass,
        warm: Pass,
    },
}

/// One pass over the documents.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Pass {
    pub wall_seconds: f64,
    /// Processor time of all threads of the process.
    pub cpu_seconds: f64,
    pub n_tokens: usize,
}
