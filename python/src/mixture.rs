//! Datasets that are fed as one: what `fuelrail.Mixture` is made of.

use std::sync::Arc;

use fuelrail::feed::{MixStop, Shards};
use fuelrail::format;
use fuelrail::{Error, ErrorKind};
use pyo3::prelude::*;

use crate::dataset::{Dataset, SharedShards};
use crate::errors::Result;

/// Datasets with their weights.
#[pyclass(frozen, module = "fuelrail._native", name = "Mixture")]
#[derive(Debug)]
pub(crate) struct Mixture {
    datasets: Vec<(Arc<format::Dataset>, u32)>,
    stop: MixStop,
    shards: SharedShards,
}

impl Mixture {
    pub(crate) fn shards(&self) -> fuelrail::Result<Arc<Shards>> {
        let mix = || Shards::mix(self.datasets.clone(), self.stop);
        self.shards.get(mix)
    }
}

#[pymethods]
impl Mixture {
    #[new]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "Python's lists come by value"
    )]
    fn new(py: Python<'_>, datasets: Vec<(Py<Dataset>, u32)>, stop: &str) -> Result<Self> {
        let mut stops = [MixStop::FirstExhausted, MixStop::AllExhausted].into_iter();
        let stop = stops.find(|it| it.as_str() == stop).ok_or_else(|| {
            let message = format!(
                "expected stop to be \"first_exhausted\" or \"all_exhausted\", got {stop:?}"
            );
            Error::new(ErrorKind::Usage, message)
        })?;
        let datasets = datasets.iter();
        let mixture = Self {
            datasets: datasets
                .map(|(dataset, weight)| (dataset.get().inner().clone(), *weight))
                .collect(),
            stop,
            shards: SharedShards::default(),
        };
        py.detach(|| mixture.shards())?;
        Ok(mixture)
    }

    /// Rows of an epoch.
    #[getter]
    fn n_rows(&self) -> Result<u64> {
        Ok(self.shards()?.extent().n_rows)
    }

    /// The digest that states name it by.
    #[getter]
    fn digest(&self) -> Result<Option<String>> {
        let shards = self.shards()?;
        Ok(shards.mixture().map(|mixture| mixture.digest().to_string()))
    }
}
