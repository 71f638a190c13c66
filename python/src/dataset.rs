//! A dataset open for reading: what `fuelrail.Dataset` is made of.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use fuelrail::Error;
use fuelrail::feed::{Process, Shards};
use fuelrail::format;
use fuelrail::run::{Sample, samples};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict};
use serde_json::json;

use crate::arrow::{schema_capsule, stream_capsule};
use crate::errors::Result;
use crate::table::Table;
use crate::values;

/// Bytes of rows that are read at a time where all are wanted.
const CHUNK_BYTES: u64 = 16 << 20;

/// Rows that are read at a time, however small.
const CHUNK_ROWS: u64 = 1 << 16;

/// One column of a schema: name, type, layout, dtype, shape, nullable.
type ColumnText = (String, String, &'static str, &'static str, Vec<u64>, bool);

/// Where a document came from: source, row in it, first token.
type OriginText = (String, u64, u32);

/// A document as a person reads it: source, row in it, first token, number of
/// tokens, text.
type DocumentText = (String, u64, u32, Option<u64>, Option<String>);

/// What loaders of a dataset or a mixture share: a block is compared with its
/// checksum once. Others in each process, as a lock in them may be held by a thread
/// that a forked child does not have.
#[derive(Debug, Default)]
pub(crate) struct SharedShards(Mutex<Option<(Process, Arc<Shards>)>>);

impl SharedShards {
    /// Those of this process, made where there are none.
    ///
    /// # Errors
    /// Those of making them.
    pub(crate) fn get(
        &self,
        make: impl FnOnce() -> fuelrail::Result<Shards>,
    ) -> fuelrail::Result<Arc<Shards>> {
        let ours = |shared: &Option<(Process, Arc<Shards>)>| {
            let of_this = shared.as_ref().filter(|(process, _)| process.is_this());
            of_this.map(|(_, shards)| shards.clone())
        };
        // Nobody waits for this lock either: who cannot have it has shards
        // alone.
        if let Some(shards) = self.0.try_lock().ok().and_then(|held| ours(&held)) {
            return Ok(shards);
        }
        let made = Arc::new(make()?);
        let Ok(mut shared) = self.0.try_lock() else {
            return Ok(made);
        };
        if let Some(shards) = ours(&shared) {
            return Ok(shards);
        }
        *shared = Some((Process::this(), made.clone()));
        Ok(made)
    }
}

/// A dataset that is open.
#[pyclass(frozen, module = "fuelrail._native", name = "Dataset")]
#[derive(Debug)]
pub(crate) struct Dataset {
    inner: Arc<format::Dataset>,
    shards: SharedShards,
}

impl Dataset {
    pub(crate) fn inner(&self) -> &Arc<format::Dataset> {
        &self.inner
    }

    pub(crate) fn shards(&self) -> fuelrail::Result<Arc<Shards>> {
        self.shards.get(|| Shards::new(self.inner.clone()))
    }

    /// Rows that are read at a time.
    fn chunk(&self) -> u64 {
        let len_bytes = self.inner.manifest().len_bytes();
        let row_bytes = len_bytes.checked_div(self.inner.n_rows());
        (CHUNK_BYTES / row_bytes.unwrap_or(1).max(1)).clamp(1, CHUNK_ROWS)
    }

    fn dicts<'py>(&self, py: Python<'py>, batch: &RecordBatch) -> Result<Vec<Bound<'py, PyDict>>> {
        let columns = &self.inner.manifest().schema;
        let mut rows = Vec::with_capacity(batch.num_rows());
        for index in 0..batch.num_rows() {
            let row = PyDict::new(py);
            for (column, array) in columns.iter().zip(batch.columns()) {
                row.set_item(&column.name, values::value(py, column, array, index)?)?;
            }
            rows.push(row);
        }
        Ok(rows)
    }
}

#[pymethods]
impl Dataset {
    #[new]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "Python's paths come by value"
    )]
    fn new(py: Python<'_>, path: PathBuf) -> Result<Self> {
        let inner = py.detach(|| format::Dataset::open(&path))?;
        Ok(Self {
            inner: Arc::new(inner),
            shards: SharedShards::default(),
        })
    }

    #[getter]
    fn path(&self) -> PathBuf {
        self.inner.root().to_owned()
    }

    #[getter]
    fn n_rows(&self) -> u64 {
        self.inner.n_rows()
    }

    #[getter]
    fn n_shards(&self) -> usize {
        self.inner.manifest().shards.len()
    }

    #[getter]
    fn len_bytes(&self) -> u64 {
        self.inner.manifest().len_bytes()
    }

    #[getter]
    fn digest(&self) -> String {
        self.inner.manifest().digest.to_string()
    }

    #[getter]
    fn plan_digest(&self) -> String {
        self.inner.manifest().plan_digest.to_string()
    }

    /// What became of every row of the inputs, as JSON.
    #[getter]
    fn account(&self) -> Option<String> {
        let account = self.inner.manifest().account.as_ref();
        account.map(|account| json!(account).to_string())
    }

    /// The columns, in order.
    #[getter]
    fn columns(&self) -> Vec<ColumnText> {
        let layout = |column: &format::Column| match column.layout {
            format::ColumnLayout::Fixed => "fixed",
            format::ColumnLayout::Ragged => "ragged",
        };
        let text = |column: &format::Column| {
            (
                column.name.clone(),
                column.logical.clone(),
                layout(column),
                column.dtype.name(),
                column.shape.clone(),
                column.nullable,
            )
        };
        self.inner.manifest().schema.iter().map(text).collect()
    }

    /// Rows that are read at a time where all are wanted.
    #[getter]
    fn chunk_rows(&self) -> u64 {
        self.chunk()
    }

    /// The rows from `start` to before `stop`.
    fn rows<'py>(&self, py: Python<'py>, start: u64, stop: u64) -> Result<Vec<Bound<'py, PyDict>>> {
        let batch = py.detach(|| self.inner.rows(start..stop))?;
        self.dicts(py, &batch)
    }

    /// The rows with these numbers, 8 bytes each in the machine's order.
    fn take(&self, py: Python<'_>, rows: &[u8]) -> Result<Table> {
        let rows: Vec<u64> = rows
            .chunks_exact(8)
            .map(|raw| {
                let mut number = [0; 8];
                number.copy_from_slice(raw);
                u64::from_ne_bytes(number)
            })
            .collect();
        Ok(Table::new(py.detach(|| self.inner.take(&rows))?))
    }

    /// The documents that each of the rows holds: source, row in it, first
    /// token.
    fn origins(&self, py: Python<'_>, start: u64, stop: u64) -> Result<Vec<Vec<OriginText>>> {
        let origins = py.detach(|| self.inner.origins(start..stop))?;
        let sources = &self.inner.manifest().sources;
        let document = |index: usize| {
            let file = origins.file[index];
            let source = usize::try_from(file)
                .ok()
                .and_then(|file| sources.get(file));
            let source = source.ok_or_else(|| {
                Error::damage(format!(
                    "expected a source among {}, got {file}",
                    sources.len()
                ))
            })?;
            let first = origins.start.get(index).copied().unwrap_or(0);
            Ok((source.name.clone(), origins.row[index], first))
        };
        let of_row = |documents: Range<usize>| documents.map(document).collect::<Result<_>>();
        match &origins.offsets {
            None => (0..origins.file.len())
                .map(|row| of_row(row..row + 1))
                .collect(),
            Some(offsets) => offsets
                .windows(2)
                .map(|pair| of_row(to_usize(pair[0])?..to_usize(pair[1])?))
                .collect(),
        }
    }

    /// The documents of each of the rows as a person reads them, tokens
    /// decoded: source, row in it, first token, number of tokens, text.
    fn documents(&self, py: Python<'_>, start: u64, stop: u64) -> Result<Vec<Vec<DocumentText>>> {
        let read: Vec<Sample> = py.detach(|| samples(&self.inner, start..stop))?;
        let documents = |sample: Sample| {
            let parts = sample.documents.into_iter();
            parts
                .map(|d| (d.source, d.source_row, d.start, d.n_tokens, d.text))
                .collect()
        };
        Ok(read.into_iter().map(documents).collect())
    }

    /// Files that travel with the dataset: name, kind, family.
    #[getter]
    fn assets(&self) -> Vec<(String, String, Option<String>)> {
        let assets = self.inner.manifest().assets.iter();
        assets
            .map(|asset| (asset.name.clone(), asset.kind.clone(), asset.family.clone()))
            .collect()
    }

    /// The content of one of them.
    fn asset<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyBytes>> {
        let content = py.detach(|| self.inner.asset(name))?;
        Ok(PyBytes::new(py, &content))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.inner.schema())
    }

    /// The rows from `start` to before `stop`, read as they are pulled.
    #[pyo3(signature = (start, stop, requested=None))]
    fn stream<'py>(
        &self,
        py: Python<'py>,
        start: u64,
        stop: u64,
        requested: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyCapsule>> {
        let chunk = self.chunk();
        let dataset = self.inner.clone();
        let mut next = start;
        let batches = std::iter::from_fn(move || {
            let rows = next..stop.min(next.saturating_add(chunk));
            next = rows.end;
            (rows.start < rows.end).then(|| dataset.rows(rows))
        });
        stream_capsule(py, self.inner.schema(), Box::new(batches), requested)
    }
}

fn to_usize(offset: u64) -> Result<usize> {
    let size = usize::try_from(offset);
    Ok(size.map_err(|_| Error::damage("expected offsets that fit memory"))?)
}
