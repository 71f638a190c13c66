//! Pipelines: what `fuelrail.Pipeline` is made of.

use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal as _, stderr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fuelrail::format::Account;
use fuelrail::plan::{
    self, DeviceChoice, ExplainContext, InMemory, Plan, explain, explain_json, notes,
};
use fuelrail::run::{self, Control, Device, OnDeviceError, ScanProgress, ShardOptions};
use fuelrail::sink::{OnExisting, OnForeign};
use fuelrail::source::in_memory;
use fuelrail::{Error, ErrorKind};
use pyo3::prelude::*;

use crate::arguments;
use crate::arrow::import_table;
use crate::attended::{Stopping, attended};
use crate::errors::Result;
use crate::tokenizer::Tokenizer;

/// What errors call a pipeline whose text came from a program.
const TEXT: &str = "<string>";

/// A pipeline, and where its paths begin: where the process is, but for a
/// directory whose name cannot be part of the paths.
#[pyclass(frozen, module = "fuelrail._native", name = "Pipeline")]
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    spec: plan::Pipeline,
    base: PathBuf,
    /// The rows, where the source is a table in memory.
    table: Option<Arc<InMemory>>,
}

/// What a run depends on beside its pipeline.
#[derive(Debug, Clone, Copy)]
struct Means {
    device: DeviceChoice,
    threads: usize,
}

/// A plan on the device that it runs on.
struct Prepared {
    plan: Arc<Plan>,
    device: Device,
    threads: usize,
}

#[pymethods]
impl Pipeline {
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "a list becomes a vector")]
    fn from_file(py: Python<'_>, path: PathBuf, set: Vec<String>) -> Result<Self> {
        let (spec, base) = py.detach(|| run::read_pipeline(&path, &set))?;
        Ok(Self::at(spec, base))
    }

    #[staticmethod]
    fn from_toml(text: &str, base: PathBuf) -> Result<Self> {
        let spec = plan::Pipeline::from_toml(text, Path::new(TEXT))?;
        Ok(Self::at(spec, base))
    }

    #[staticmethod]
    fn of_source(keys: &str, device: Option<&str>) -> Result<Self> {
        let mut spec = plan::Pipeline::of_source(keys)?;
        spec.device = device.map(str::parse).transpose()?;
        Ok(Self {
            spec,
            base: PathBuf::new(),
            table: None,
        })
    }

    /// The pipeline of a table in memory, which `keys` name; nothing if
    /// `table` does not speak Arrow.
    #[staticmethod]
    fn of_table(
        table: &Bound<'_, PyAny>,
        keys: &str,
        device: Option<&str>,
    ) -> Result<Option<Self>> {
        let Some((schema, batches)) = import_table(table)? else {
            return Ok(None);
        };
        let made = table.py().detach(|| in_memory(&schema, batches))?;
        Ok(Some(Self {
            table: Some(Arc::new(made)),
            ..Self::of_source(keys, device)?
        }))
    }

    fn and_step(&self, keys: &str) -> Result<Self> {
        let mut spec = self.spec.and_step(keys)?;
        let paths = spec.step.last_mut().map(plan::StepSpec::paths_mut);
        for path in paths.unwrap_or_default() {
            *path = self.begun_here(path)?;
        }
        Ok(self.with_spec(spec))
    }

    /// The name of a tokenizer in memory, with its configuration if that is asked
    /// for, and the pipeline that knows it.
    fn knowing(&self, tokenizer: &Tokenizer, config: Option<&str>) -> Result<(String, Self)> {
        let mut spec = self.spec.clone();
        let named = match config {
            Some(config) => spec.keep_model(tokenizer.shared(), config)?,
            None => spec.keep_tokenizer(tokenizer.shared()),
        };
        Ok((named.name, self.with_spec(spec)))
    }

    fn with_sink(&self, keys: &str) -> Result<Self> {
        let mut spec = self.spec.with_sink(keys)?;
        spec.sink.uri = self.begun_here(&spec.sink.uri)?;
        Ok(self.with_spec(spec))
    }

    fn to_toml(&self) -> Result<String> {
        self.with_out(None)?;
        if self.table.is_some() {
            let error = Error::new(
                ErrorKind::Usage,
                "expected a pipeline of files, got one of a table in memory, which no file can name",
            );
            return Err(error
                .with_hint("write the table to a Parquet file, and make a pipeline of that")
                .into());
        }
        if !self.base.as_os_str().is_empty() {
            let error = Error::new(
                ErrorKind::Usage,
                "expected a directory whose name is no glob and UTF-8, to write paths with",
            );
            return Err(error
                .with_path(&self.base)
                .with_hint("rename it, or give the pipeline absolute paths")
                .into());
        }
        if self.spec.keeps_tokenizers() {
            let message = "expected a tokenizer in a file, got one in memory";
            return Err(Error::new(ErrorKind::Usage, message)
                .with_hint("save it with `tokenizer.save(\"tokenizer.json\")`, and name that file")
                .into());
        }
        Ok(self.spec.to_toml()?)
    }

    /// Where rows come from, the operators, and where the dataset goes.
    fn parts(&self) -> (Vec<&str>, Vec<&'static str>, &str) {
        let sources = self.spec.source.uri.0.iter().map(String::as_str);
        let ops = self.spec.step.iter().map(plan::StepSpec::op);
        (sources.collect(), ops.collect(), &self.spec.sink.uri)
    }

    /// The rows of the table in memory, if the source is one.
    fn n_rows(&self) -> Option<u64> {
        self.table.as_ref().map(|table| table.n_rows())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let Ok(other) = other.cast::<Self>() else {
            return false;
        };
        let other = other.get();
        self.spec == other.spec && self.base == other.base && self.table == other.table
    }

    fn explain(
        &self,
        py: Python<'_>,
        device: Option<&str>,
        threads: Option<i64>,
    ) -> Result<String> {
        self.explained(py, device, threads, explain)
    }

    /// The plan as JSON.
    fn plan(&self, py: Python<'_>, device: Option<&str>, threads: Option<i64>) -> Result<String> {
        self.explained(py, device, threads, |plan, context| {
            explain_json(plan, context).to_string()
        })
    }

    /// The types that hold every row, as JSON.
    fn scan(&self, py: Python<'_>, threads: Option<i64>) -> Result<String> {
        let threads = run::threads(arguments::threads(threads)?);
        let (spec, base) = (self.spec.clone(), self.base.clone());
        if self.table.is_some() {
            let error = Error::new(ErrorKind::Usage, "only JSON lines are scanned, got a table");
            return Err(error.with_hint("tables in memory state their types").into());
        }
        let scan = move || {
            let scan = run::scan(&spec, &base, threads, &ScanProgress::default())?;
            Ok(scan.json().to_string())
        };
        attended(py, scan, || Stopping::Leaves)
    }

    /// Runs it and gives the directory of the dataset, and what one may not
    /// expect of it.
    #[expect(
        clippy::too_many_arguments,
        reason = "the keywords of the package's method, which alone calls it"
    )]
    fn shard(
        &self,
        py: Python<'_>,
        out: Option<OsString>,
        device: Option<&str>,
        threads: Option<i64>,
        progress: &str,
        on_existing: &str,
        on_foreign: &str,
        on_device_error: &str,
    ) -> Result<(PathBuf, Vec<String>)> {
        let shown = [
            ("auto", stderr().is_terminal()),
            ("always", true),
            ("never", false),
        ];
        let existing = [
            ("refuse", OnExisting::Refuse),
            ("replace", OnExisting::Replace),
        ];
        let foreign = [("refuse", OnForeign::Refuse), ("into", OnForeign::Into)];
        let failed = [
            ("replay", OnDeviceError::Replay),
            ("fail", OnDeviceError::Fail),
        ];
        let job = Job {
            pipeline: self.with_out(out)?,
            means: self.means(device, threads)?,
            show_progress: arguments::choice("progress", progress, &shown)?,
            on_existing: arguments::choice("on_existing", on_existing, &existing)?,
            on_foreign: arguments::choice("on_foreign", on_foreign, &foreign)?,
            on_device_error: arguments::choice("on_device_error", on_device_error, &failed)?,
            control: Arc::default(),
            is_writing: Arc::default(),
        };
        let (control, is_writing) = (Arc::clone(&job.control), Arc::clone(&job.is_writing));
        attended(
            py,
            move || job.run(),
            || {
                control.stop(SIGINT);
                if is_writing.load(Ordering::SeqCst) {
                    Stopping::Waits
                } else {
                    Stopping::Leaves
                }
            },
        )
    }
}

/// The path from the root of the file system.
fn absolute(path: &OsStr) -> Result<String, Error> {
    let path =
        std::path::absolute(path).map_err(|error| Error::io("resolve", Path::new(path), error))?;
    path.into_os_string().into_string().map_err(|path| {
        Error::new(ErrorKind::Usage, "expected a path of UTF-8 text").with_path(path)
    })
}

/// The signal that Ctrl-C sends.
const SIGINT: u32 = 2;

/// A run of a pipeline, on a thread of its own.
struct Job {
    pipeline: Pipeline,
    means: Means,
    show_progress: bool,
    on_existing: OnExisting,
    on_foreign: OnForeign,
    on_device_error: OnDeviceError,
    control: Arc<Control>,
    /// Whether the target is being written to.
    is_writing: Arc<AtomicBool>,
}

impl Job {
    fn run(self) -> fuelrail::Result<(PathBuf, Vec<String>)> {
        let Prepared {
            plan,
            device,
            threads,
        } = self.pipeline.prepare(self.means)?;
        self.is_writing.store(true, Ordering::SeqCst);
        if self.control.stopped_by().is_some() {
            return Err(Error::new(ErrorKind::Interrupted, "stopped as asked"));
        }
        run::fail_on_file_size_limit();
        let options = ShardOptions {
            on_existing: self.on_existing,
            on_foreign: self.on_foreign,
            on_device_error: self.on_device_error,
            ..ShardOptions::new(threads).on(device)
        };
        let shown = self
            .show_progress
            .then(|| fuelrail_cli::show_progress(&self.control, &plan));
        let result = run::shard(&plan, &options, &self.control);
        drop(shown);
        let manifest = result?;
        let mut notes = notes(&plan);
        notes.extend(manifest.account.as_ref().and_then(Account::nothing_kept));
        Ok((plan.sink.root.clone(), notes))
    }
}

impl Pipeline {
    /// A pipeline whose paths begin at `base`.
    fn at(spec: plan::Pipeline, base: PathBuf) -> Self {
        match spec.rooted(&base) {
            Some(spec) => Self {
                spec,
                base: PathBuf::new(),
                table: None,
            },
            None => Self {
                spec,
                base,
                table: None,
            },
        }
    }

    /// The same with another `spec`.
    fn with_spec(&self, spec: plan::Pipeline) -> Self {
        Self {
            spec,
            base: self.base.clone(),
            table: self.table.clone(),
        }
    }

    /// A path that begins where the process is, as this pipeline has it.
    fn begun_here(&self, path: &str) -> Result<String, Error> {
        let is_here = self.base.as_os_str().is_empty();
        if is_here || path.is_empty() || path.contains("://") || plan::is_rooted(path) {
            return Ok(path.to_owned());
        }
        absolute(OsStr::new(path))
    }

    /// The same with its dataset in `out`, if that is given.
    fn with_out(&self, out: Option<OsString>) -> Result<Self, Error> {
        let mut with = self.clone();
        if let Some(out) = out {
            with.spec.sink.uri = absolute(&out)?;
        }
        if with.spec.sink.uri.is_empty() {
            let error = Error::new(
                ErrorKind::Usage,
                "expected a directory for the dataset, got none",
            );
            return Err(error.with_hint("name one with `.sink(\"shards/\")`"));
        }
        Ok(with)
    }

    fn means(&self, device: Option<&str>, threads: Option<i64>) -> Result<Means, Error> {
        let device = device.map(str::parse).transpose()?;
        Ok(Means {
            device: device.or(self.spec.device).unwrap_or_default(),
            threads: run::threads(arguments::threads(threads)?),
        })
    }

    fn prepare(&self, means: Means) -> fuelrail::Result<Prepared> {
        let plan = match &self.table {
            Some(table) => run::prepare_table(&self.spec, table, &self.base)?,
            None => run::prepare(&self.spec, &self.base, means.threads)?,
        };
        let device = Device::open(means.device, &plan)?;
        Ok(Prepared {
            plan: Arc::new(plan),
            device,
            threads: means.threads,
        })
    }

    fn explained(
        &self,
        py: Python<'_>,
        device: Option<&str>,
        threads: Option<i64>,
        words: fn(&Plan, &ExplainContext<'_>) -> String,
    ) -> Result<String> {
        let means = self.means(device, threads)?;
        let pipeline = self.with_out(None)?;
        let explain = move || {
            let Prepared {
                plan,
                device,
                threads,
            } = pipeline.prepare(means)?;
            let context = ExplainContext {
                threads,
                device: &device.placement(&plan),
                memory_bound: Some(run::memory_bound(&plan, threads, &device)?),
            };
            Ok(words(&plan, &context))
        };
        attended(py, explain, || Stopping::Leaves)
    }
}
