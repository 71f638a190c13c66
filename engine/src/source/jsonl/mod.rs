//! JSON lines: one object a line, plain, gzip or zstd.
//!
//! Row `n` is line `n`, from 0. Blank lines are counted and give no row. A
//! line that is not exactly one object of the expected types is bad content,
//! whatever stands around it.

mod decode;
mod infer;

use std::fs::File;
use std::path::Path;

pub(super) use infer::Inference;

use self::decode::LineDecoder;
use super::lines::{self, Decode};
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

    fn describe(&self, path: &Path) -> Result<Description> {
        let mut inference = Inference::new();
        let file = File::open(path).map_err(|e| Error::io("open input", path, e))?;
        inference.sample(file, path, Inference::LINES)?;
        Ok(Description {
            schema: inference.schema(),
            row_groups: Vec::new(),
        })
    }

    fn read(&self, request: &ReadRequest<'_>) -> Result<BatchIter> {
        let decoder = LineDecoder::new(request.projection, LineDecoder::MAX_LINES)
            .map_err(|reason| Error::pipeline(reason).with_path(&request.input.path))?;
        lines::read(request, Delimiter::Newline, decoder)
    }
}
