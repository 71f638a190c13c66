//! Checks how the inputs are read.

use arrow::datatypes::SchemaRef;

use crate::error::{Error, Result};
use crate::plan::columns::{is_text, is_whole};
use crate::plan::json::{EXTRA, JsonShape, UnknownKeys};
use crate::plan::output::Meaning;
use crate::plan::pipeline::{Int96Unit, Pipeline, SourceSpec};
use crate::plan::selected::Selected;
use crate::plan::type_names::column_type_name;
use crate::plan::types::{Catalog, Document, Format, SourcePlan};

use super::live::LiveColumns;

/// Checks the values of `[source]`, but for the key of the split.
pub(super) fn check(pipeline: &Pipeline, catalog: &Catalog) -> Result<()> {
    let values = check_values(&pipeline.source, catalog);
    values
        .and_then(|()| check_keys(pipeline, catalog))
        .map_err(|(error, key)| {
            let path = if key.is_empty() {
                "source".to_owned()
            } else {
                format!("source.{key}")
            };
            pipeline.locate(error, &path)
        })
}

/// The source of the plan, once it is known which columns are read.
pub(super) fn plan(
    spec: &SourceSpec,
    catalog: &Catalog,
    (projection, json): (SchemaRef, JsonShape),
) -> SourcePlan {
    SourcePlan {
        format: catalog.format,
        document: spec.document.clone().unwrap_or_default(),
        on_error: spec.on_error,
        limit: spec.limit,
        split: spec.split.clone(),
        projection,
        json,
        looked: catalog.seen.as_ref().and_then(|seen| seen.looked),
        left_out: Vec::new(),
        page_checksums: spec.page_checksums,
    }
}

/// The column a split hashes: any whose values have bytes of their own.
pub(super) fn check_key(columns: &mut LiveColumns<'_>, key: &str) -> Result<()> {
    let column = columns.column(key)?;
    let has_bytes = is_text(&column.data_type) || is_whole(&column.data_type);
    if has_bytes && column.meaning != Meaning::Json {
        return Ok(());
    }
    Err(Error::pipeline(format!(
        "expected text, binary or whole numbers to split by, got {}",
        column_type_name(&column)
    ))
    .with_column(key)
    .with_hint("split by a column such as an id or a URL, whose values have one spelling"))
}

/// What only JSON lines have.
fn check_keys(pipeline: &Pipeline, catalog: &Catalog) -> Result<(), (Error, &'static str)> {
    let spec = &pipeline.source;
    let given = [
        ("schema", !spec.schema.is_empty()),
        ("unknown_keys", spec.unknown_keys.is_some()),
        ("allow_nan", spec.allow_nan),
    ];
    if catalog.format != Format::Jsonl {
        return match given.into_iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((key, _)) => {
                let error = Error::pipeline(format!("`{key}` is for JSON lines only"));
                let hint = match (key, catalog.format) {
                    ("schema", Format::Parquet | Format::Arrow) => {
                        "the files state their types; change those of numbers with a `cast` step"
                    }
                    _ => "leave it out",
                };
                Err((error.with_hint(hint), key))
            }
        };
    }
    let selected = Selected::of(pipeline);
    let is_kept = selected.names.iter().any(|name| name == EXTRA);
    match spec.unknown_keys {
        Some(UnknownKeys::Keep) if selected.all || is_kept => Ok(()),
        Some(_) if !selected.all => {
            let error = Error::pipeline("`unknown_keys` is for pipelines that store all keys")
                .with_hint(format!(
                    "leave it out: keys that no step names are skipped here; or set it to \"keep\" \
                     and `select` the column `{EXTRA}`"
                ));
            Err((error, "unknown_keys"))
        }
        _ => Ok(()),
    }
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
    if catalog.format == Format::Table && spec.format.is_some() {
        let error = Error::pipeline("`format` is for files only")
            .with_hint("leave `format` out: the source is a table in memory");
        return Err((error, "format"));
    }
    if !spec.page_checksums && catalog.format != Format::Parquet {
        let error = Error::pipeline("`page_checksums` is for Parquet files only")
            .with_hint("leave `page_checksums` out");
        return Err((error, "page_checksums"));
    }
    if spec.int96 != Int96Unit::default() && catalog.format != Format::Parquet {
        let error =
            Error::pipeline("`int96` is for Parquet files only").with_hint("leave `int96` out");
        return Err((error, "int96"));
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
