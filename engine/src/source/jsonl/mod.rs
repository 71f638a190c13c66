//! JSON lines: one object a line, plain, gzip or zstd.
//!
//! Row `n` is line `n`, from 0. Blank lines are counted and give no row. A
//! line that is not exactly one object of the expected types is bad content,
//! whatever stands around it.
//!
//! [`cursor`] reads one line, by RFC 8259 and nothing else. [`decode`] takes the
//! values that are asked for to their columns; [`observe`] notes which kinds of
//! values there are, so that types can be proposed.

mod bytes;
mod column;
mod cursor;
mod decode;
mod fault;
mod key_text;
mod keys;
mod line;
mod number;
mod observe;
mod remedy;
mod shape;
mod skip;
mod unknown;

use std::path::Path;

pub use observe::{Conflict, Found, Observer, Place, Proposed, Selection};

use self::decode::LineDecoder;
use super::lines;
use super::look::look_at_one;
use super::records::Delimiter;
use super::{BatchIter, Description, ReadRequest, Source};
use crate::error::{Error, Result};
use crate::plan::Format;

/// See the module text.
#[derive(Debug)]
pub(super) struct Jsonl;

impl Source for Jsonl {
    fn format(&self) -> Format {
        Format::Jsonl
    }

    /// One file by itself; the files of a pipeline are looked at together.
    fn describe(&self, path: &Path) -> Result<Description> {
        Ok(Description {
            schema: look_at_one(path)?,
            row_groups: Vec::new(),
        })
    }

    fn read(&self, request: &ReadRequest<'_>) -> Result<BatchIter> {
        let decoder = LineDecoder::new(request.projection, request.json)
            .map_err(|reason| Error::pipeline(reason).with_path(&request.input.path))?;
        lines::read(request, (Format::Jsonl, Delimiter::Newline), decoder)
    }
}

#[cfg(test)]
mod tests;
