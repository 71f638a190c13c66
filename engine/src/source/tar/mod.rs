//! Tar archives in the layout of `WebDataset`: a sample for each run of files of one
//! key, and a column for each of their extensions.
//!
//! Archives are streamed and never unpacked. Where programs differ in what they read
//! in an archive, it is refused.

mod bytes;
mod columns;
mod entries;
mod header;
mod reader;
mod records;
mod samples;

use std::path::Path;

use super::context::{Context, until_error};
use super::{BatchIter, Description, ReadRequest, Source};
use crate::error::Result;
use crate::plan::{Format, OnError};

pub(super) use columns::{describe, unite};

/// See the module text.
#[derive(Debug)]
pub(super) struct Tar;

impl Source for Tar {
    fn format(&self) -> Format {
        Format::Tar
    }

    fn describe(&self, path: &Path) -> Result<Description> {
        describe(path, OnError::Fail)
    }

    fn read(&self, request: &ReadRequest<'_>) -> Result<BatchIter> {
        let archive = bytes::ArchiveBytes::open(request.input, request.meter.clone())?;
        let samples = samples::TarSamples::new(entries::ArchiveEntries::new(archive));
        let mut reader =
            reader::SampleReader::new(Context::new(request), samples, reader::rows(request));
        Ok(until_error(move || reader.advance()))
    }
}
