//! Tables beside images that say more of them, as Hugging Face's `ImageFolder` has
//! it: `metadata.jsonl` or `metadata.parquet` in the folder that is named, with the
//! path of an image below it in `file_name`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use twox_hash::XxHash3_128;

use super::endings::IMAGE_TABLES;
use super::fingerprint::fingerprint;
use super::images::ImageLabels;
use super::walk::FoundFile;
use super::{Meter, ReadRequest, for_format};
use crate::arrays::relayout;
use crate::error::{Error, Result};
use crate::plan::layouts::plain_schema;
use crate::plan::{Digest, Document, Fingerprint, Format, Input, JsonShape, OnError, UnknownKeys};

/// The column of paths.
const FILE_NAME: &str = "file_name";

/// Bytes of rows that are decoded at once.
const BATCH: usize = 1 << 20;

/// What tables in the folders of `found` say of these images; nothing where there
/// are none.
///
/// # Errors
/// `Io`; `Data` where a table cannot be read, a row has no image, or some of the
/// folders have a table and others have none.
pub(super) fn labels(found: &[FoundFile]) -> Result<Option<ImageLabels>> {
    let roots: BTreeSet<&Path> = found.iter().filter_map(root).collect();
    let tables = roots
        .iter()
        .map(|root| table(root).map(|table| (*root, table)));
    let tables: Vec<_> = tables.collect::<Result<_>>()?;
    if tables.iter().all(|(_, table)| table.is_none()) {
        return Ok(None);
    }
    let mut hasher = XxHash3_128::new();
    let (mut files, mut batches) = (Vec::new(), Vec::new());
    for (root, table) in tables {
        let Some((path, format)) = table else {
            let reason = "expected metadata in each of the folders, this one has none";
            return Err(Error::data(reason).with_path(root));
        };
        let (digest, len_bytes) = fingerprint(&path, Fingerprint::Content)?;
        hasher.write(&digest.0.to_le_bytes());
        let rows = read(&path, format, (digest, len_bytes))?;
        let (named, columns) = split(root, &rows).map_err(|error| error.with_path(&path))?;
        files.extend(named);
        batches.push(columns);
    }
    let columns = one_table(&batches)?;
    ImageLabels::new(files, columns, Digest(hasher.finish_128())).map(Some)
}

/// The folder that was named, in which a file was found.
fn root(file: &FoundFile) -> Option<&Path> {
    let depth = file.name.split('/').count();
    file.path.ancestors().nth(depth)
}

/// The table in a folder.
fn table(root: &Path) -> Result<Option<(PathBuf, Format)>> {
    let tables = IMAGE_TABLES.map(|(name, format)| (root.join(name), format));
    let mut tables = tables.into_iter().filter(|(path, _)| path.is_file());
    match (tables.next(), tables.next()) {
        (Some((path, _)), Some((other, _))) => {
            let reason = "expected one table of metadata, got this and metadata.jsonl";
            Err(Error::data(reason)
                .with_path(other)
                .with_hint(format!("remove it or {}", path.display())))
        }
        (table, _) => Ok(table),
    }
}

/// All rows of a table.
fn read(path: &Path, format: Format, (digest, len_bytes): (Digest, u64)) -> Result<RecordBatch> {
    let source = for_format(format);
    let described = source.describe(path)?;
    let schema = plain_schema(&described.schema);
    let input = Input {
        path: path.to_owned(),
        name: String::new(),
        len_bytes,
        digest,
        row_groups: described.row_groups,
        table: None,
        listing: None,
    };
    let batches = source.read(&ReadRequest {
        input: &input,
        file: 0,
        row_groups: None,
        start_row: 0,
        projection: &schema,
        document: &Document::File,
        // A key that has no type is an error rather than a loss.
        json: &JsonShape {
            unknown_keys: UnknownKeys::Error,
            ..JsonShape::default()
        },
        batch_bytes: BATCH,
        row_bytes: 0,
        on_error: OnError::Fail,
        page_checksums: true,
        meter: Meter::default(),
    })?;
    let batches = batches.map(|batch| batch.map(|batch| batch.columns));
    let batches = batches.collect::<Result<Vec<_>>>()?;
    concat_batches(&schema, &batches).map_err(|e| Error::data(e.to_string()).with_path(path))
}

/// The files that rows are about, and the other columns.
fn split(root: &Path, rows: &RecordBatch) -> Result<(Vec<PathBuf>, RecordBatch)> {
    let index = rows.schema_ref().index_of(FILE_NAME).map_err(|_| {
        Error::data("expected a column of the paths of images, the table has none")
            .with_column(FILE_NAME)
    })?;
    let names = relayout(rows.column(index), &DataType::LargeUtf8)
        .map_err(|error| error.with_column(FILE_NAME))?;
    let names = names.as_string::<i64>();
    let mut files = Vec::with_capacity(names.len());
    for row in 0..names.len() {
        let at = |error: Error| error.with_column(FILE_NAME).with_row(row as u64);
        if names.is_null(row) {
            return Err(at(Error::data("expected the path of an image, got null")));
        }
        let name = names.value(row);
        let path = root.join(name.trim_start_matches("./"));
        if !path.is_file() {
            let reason = format!("expected the path of an image, {name:?} leads to no file");
            return Err(at(Error::data(reason)));
        }
        files.push(path);
    }
    let mut others = rows.clone();
    others.remove_column(index);
    Ok((files, others))
}

/// The rows of all tables, which must have the same columns.
fn one_table(batches: &[RecordBatch]) -> Result<RecordBatch> {
    let schema = match batches {
        [first, ..] => first.schema(),
        [] => return Err(Error::internal("metadata without a table")),
    };
    concat_batches(&schema, batches).map_err(|e| {
        Error::data(format!(
            "expected metadata with the same columns in all folders: {e}"
        ))
    })
}
