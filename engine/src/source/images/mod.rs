//! Folders of image files: a row for each file, its bytes as they are.
//!
//! One input is one folder that holds images itself, and its rows are these
//! files in the order of their names. Nothing is decoded here.

mod columns;
mod folders;
mod labels;
mod reader;

use std::path::Path;

use super::context::{Bad, Context, until_error};
use super::cut::check_projection;
use super::{BatchIter, Description, ReadRequest, Source};
use crate::error::{Error, Result};
use crate::plan::Format;

use columns::{Classed, schema};

pub(super) use folders::folders;
pub(super) use labels::ImageLabels;

/// See the module text.
#[derive(Debug)]
pub(super) struct ImageFiles;

impl Source for ImageFiles {
    fn format(&self) -> Format {
        Format::Images
    }

    fn describe(&self, path: &Path) -> Result<Description> {
        Err(Error::internal("a folder of images has no description of its own").with_path(path))
    }

    fn read(&self, request: &ReadRequest<'_>) -> Result<BatchIter> {
        let context = Context::new(request);
        let listing = request.input.listing.clone().ok_or_else(|| {
            Error::internal("the files of a folder are missing").with_path(&context.path)
        })?;
        let base = match (&listing.class, &listing.columns) {
            (None, None) => schema(Classed::Some),
            (Some(_), None) => schema(Classed::All),
            (_, Some(columns)) => {
                labels::with_labels(&schema(Classed::None), columns.schema_ref().fields())
            }
        };
        if let Err(reason) = check_projection(&base, &context.schema) {
            return context.nothing_but(Bad::file(reason));
        }
        let rows = reader::rows(request, listing.files.len());
        let mut reader = reader::ImageReader::new(context, listing, rows);
        Ok(until_error(move || reader.advance()))
    }
}
