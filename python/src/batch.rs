//! `fuelrail.Batch`: the tensors of one step, by name.

use fuelrail::feed;
use fuelrail::format::Dtype;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PyString};

use crate::dlpack::Memory;
use crate::errors::{Result, from_package};
use crate::state::state_dict;
use crate::table::{SHOWN_NAMES, and_more};
use crate::tensor::Tensor;

/// The tensors of one step, by name: a mapping that is read like a dict.
///
/// Its memory is the loader's and is used again for a later batch once the
/// batch, its tensors and whatever was made of them without a copy are gone.
#[pyclass(frozen, mapping, module = "fuelrail", name = "Batch")]
#[derive(Debug)]
pub(crate) struct Batch {
    inner: feed::Batch,
}

impl Batch {
    pub(crate) fn new(inner: feed::Batch) -> Self {
        Self { inner }
    }

    /// Why the CPU changed its rows where a device was to, if it did.
    pub(crate) fn device_lost(&self) -> Option<&str> {
        self.inner.device_lost()
    }

    fn names(&self) -> Vec<String> {
        let tensors = self.inner.tensors();
        tensors.map(|tensor| tensor.name().to_owned()).collect()
    }
}

#[pymethods]
impl Batch {
    fn __getitem__(&self, name: &Bound<'_, PyAny>) -> PyResult<Tensor> {
        let found = match name.cast::<PyString>() {
            Ok(name) => self.inner.tensor(&name.to_cow()?),
            Err(_) => None,
        };
        found
            .map(tensor)
            .ok_or_else(|| from_package(name.py(), "no_tensor", (name, self.names())))
    }

    fn __len__(&self) -> usize {
        self.inner.tensors().len()
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> bool {
        let name = name.extract::<String>();
        name.is_ok_and(|name| self.inner.tensor(&name).is_some())
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, self.names())?.try_iter()
    }

    /// The names of the tensors.
    fn keys<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        view(slf, "KeysView")
    }

    /// The tensors.
    fn values<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        view(slf, "ValuesView")
    }

    /// Names and tensors.
    fn items<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        view(slf, "ItemsView")
    }

    /// The tensor of this name, or the default.
    #[pyo3(signature = (key, default=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let found = match key.extract::<String>() {
            Ok(name) => self.inner.tensor(&name),
            Err(_) => None,
        };
        match found {
            Some(found) => Ok(Bound::new(py, tensor(found))?.into_any()),
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
        }
    }

    /// A dict of numpy arrays over the memory, without a copy; an error where some
    /// of it is of a device.
    fn numpy<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let arrays = PyDict::new(py);
        for found in self.inner.tensors() {
            let name = found.name().to_owned();
            arrays.set_item(name, Tensor::numpy(&Bound::new(py, tensor(found))?)?)?;
        }
        Ok(arrays)
    }

    /// Where the loader stands after this batch: what to save with a model
    /// that has been trained on it.
    #[getter]
    fn state<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        state_dict(py, self.inner.saved())
    }

    /// The same as text, which is made sooner.
    fn state_text(&self) -> String {
        self.inner.saved().to_string()
    }

    /// The epoch it belongs to.
    #[getter]
    fn epoch(&self) -> u32 {
        self.inner.epoch()
    }

    /// Its number in the epoch.
    #[getter]
    fn index(&self) -> u64 {
        self.inner.index()
    }

    /// The row of the dataset in each row of the tensors: numpy `uint64`, and
    /// 2^64 - 1 in rows that fill up.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let rows = self.inner.rows();
        array(py, bytemuck::cast_slice(rows), Dtype::U64, rows.len())
    }

    /// The number of the dataset that each row of the tensors is of, where several
    /// are mixed: numpy `int32`, and -1 in rows that fill up or were damaged. `None`
    /// where there is one dataset.
    #[getter]
    fn datasets<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, PyAny>>> {
        let datasets = self.inner.datasets();
        if self.inner.saved().mixture.is_empty() {
            return Ok(None);
        }
        let bytes = bytemuck::cast_slice(datasets);
        array(py, bytes, Dtype::I32, datasets.len()).map(Some)
    }

    /// Which rows of the tensors are rows of the dataset: numpy `bool`. The
    /// others fill up, or were damaged and skipped.
    #[getter]
    fn valid<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let valid = self.inner.valid();
        array(py, valid, Dtype::Bool, valid.len())
    }

    /// How many rows are valid.
    #[getter]
    fn n_valid(&self) -> usize {
        self.inner.n_valid()
    }

    /// The rows that were skipped because they are damaged: where they are,
    /// and why.
    #[getter]
    fn damage<'py>(&self, py: Python<'py>) -> Result<Vec<Bound<'py, PyDict>>> {
        let damage = self.inner.damage().iter();
        damage.map(|damage| damage_dict(py, damage)).collect()
    }

    fn __repr__(&self) -> String {
        let n_tensors = self.inner.tensors().count();
        let tensors = self.inner.tensors().take(SHOWN_NAMES).map(|found| {
            let dims: Vec<String> = found.shape().iter().map(u64::to_string).collect();
            let dtype = found.dtype().name();
            let place = match found.cuda() {
                Some(ordinal) => format!(" on cuda:{ordinal}"),
                None => String::new(),
            };
            format!("{}: {dtype}[{}]{place}", found.name(), dims.join(", "))
        });
        format!(
            "<fuelrail.Batch {} of epoch {}, {} rows, {}{}>",
            self.inner.index(),
            self.inner.epoch(),
            self.inner.n_valid(),
            tensors.collect::<Vec<_>>().join(", "),
            and_more(n_tensors)
        )
    }
}

/// A view of a batch as `collections.abc` has it for every mapping.
fn view<'py>(batch: &Bound<'py, Batch>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    let classes = batch.py().import("collections.abc")?;
    classes.getattr(name)?.call1((batch,))
}

/// What is known of a row that was skipped.
pub(crate) fn damage_dict<'py>(
    py: Python<'py>,
    damage: &feed::Damage,
) -> Result<Bound<'py, PyDict>> {
    let of = PyDict::new(py);
    of.set_item("shard", &damage.shard)?;
    of.set_item("block", damage.block)?;
    of.set_item("row", damage.row)?;
    of.set_item("message", &damage.message)?;
    Ok(of)
}

/// A tensor of the engine as one of Python's.
fn tensor(found: feed::Tensor) -> Tensor {
    Tensor::new(Memory::of_tensor(found))
}

/// A numpy array of a copy of a few numbers.
fn array<'py>(
    py: Python<'py>,
    bytes: &[u8],
    dtype: Dtype,
    len: usize,
) -> Result<Bound<'py, PyAny>> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let memory = Memory::copy_of(bytes, dtype, &[len])?;
    Tensor::numpy(&Bound::new(py, Tensor::new(memory))?)
}
