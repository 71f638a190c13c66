//! Checks how the inputs are read.

use arrow::datatypes::SchemaRef;

use crate::error::{Error, Result};
use crate::plan::columns::{is_text, is_whole, type_name};
use crate::plan::json::JsonShape;
use crate::plan::pipeline::{Pipeline, SourceSpec};
use crate::plan::types::{Catalog, Document, Format, SourcePlan};

use super::live::Columns;

/// Checks the values of `[source]`, but for the key of the split.
pub(super) fn check(pipeline: &Pipeline, catalog: &Catalog) -> Result<()> {
    check_values(&pipeline.source, catalog).map_err(|(error, key)| {
        let path = if key.is_empty() {
            "source".to_owned()
        } else {
            format!("source.{key}")
        };
        pipeline.locate(error, &path)
    })
}

/// The source of the plan, once it is known which columns are read.
pub(super) fn plan(spec: &SourceSpec, catalog: &Catalog, projection: SchemaRef) -> SourcePlan {
    SourcePlan {
        format: catalog.format,
        document: spec.document.clone().unwrap_or_default(),
        on_error: spec.on_error,
        limit: spec.limit,
        split: spec.split.clone(),
        projection,
        json: JsonShape::default(),
    }
}

/// The column a split hashes: any whose values have bytes of their own.
pub(super) fn check_key(columns: &mut Columns<'_>, key: &str) -> Result<()> {
    let data_type = columns.look_up(key)?;
    if is_text(&data_type) || is_whole(&data_type) {
        return Ok(());
    }
    Err(Error::pipeline(format!(
        "expected text, binary or whole numbers to split by, got {}",
        type_name(&data_type)
    ))
    .with_column(key))
}

fn check_values(spec: &SourceSpec, catalog: &Catalog) -> Result<(), (Error, &'static str)> {
    if spec.uri.0.is_empty() || catalog.files.is_empty() {
        return Err((
            Error::pipeline("expected at least one input file, got none"),
            "uri",
        ));
    }
    if let Some(document) = &spec.document {
        if catalog.format != Format::Text {
            let error = Error::pipeline("`document` is for text files only")
                .with_hint("leave `document` out, or set format = \"text\"");
            return Err((error, "document"));
        }
        if *document == Document::Separator(String::new()) {
            let error = Error::pipeline("expected a separator, got an empty text");
            return Err((error, "document"));
        }
    }
    if spec.part_size.0 == 0 {
        let error = Error::pipeline("source.part_size: expected at least 1 byte, got 0");
        return Err((error, "part_size"));
    }
    if spec.limit == Some(0) {
        let error = Error::pipeline("source.limit: expected at least 1 row, got 0");
        return Err((error, "limit"));
    }
    match &spec.split {
        Some(split) if !(0.0..=1.0).contains(&split.validation) => Err((
            Error::pipeline(format!(
                "source.split.validation: expected a share from 0 to 1, got {}",
                split.validation
            )),
            "split.validation",
        )),
        _ => Ok(()),
    }
}
