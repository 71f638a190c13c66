//! `fuelrail.Table`: rows in memory that any Arrow library takes.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::arrow::{schema_capsule, stream_capsule};
use crate::errors::Result;

/// Names that a `repr` shows.
pub(crate) const SHOWN_NAMES: usize = 8;

/// What a `repr` says of the names that it does not show.
pub(crate) fn and_more(n_names: usize) -> String {
    match n_names.saturating_sub(SHOWN_NAMES) {
        0 => String::new(),
        n_more => format!(" and {n_more} more"),
    }
}

/// Rows in memory, for any library that speaks Arrow: `pyarrow.table(rows)`,
/// `polars.DataFrame(rows)`, `pandas.DataFrame.from_arrow(rows)`, or by name
/// in a query of duckdb.
#[pyclass(frozen, module = "fuelrail", name = "Table")]
#[derive(Debug)]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    pub(crate) fn new(batch: RecordBatch) -> Self {
        Self {
            schema: batch.schema(),
            batches: vec![batch],
        }
    }
}

#[pymethods]
impl Table {
    /// The names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        let fields = self.schema.fields().iter();
        fields.map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    fn __repr__(&self) -> String {
        let columns = self.columns();
        let shown = columns.len().min(SHOWN_NAMES);
        format!(
            "<fuelrail.Table {} rows: {}{}>",
            self.__len__(),
            columns[..shown].join(", "),
            and_more(columns.len())
        )
    }

    /// The schema, by the Arrow PyCapsule interface.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.schema)
    }

    /// The rows, by the Arrow PyCapsule interface.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyCapsule>> {
        let batches = self.batches.clone().into_iter().map(Ok);
        stream_capsule(py, self.schema.clone(), Box::new(batches), requested_schema)
    }
}
