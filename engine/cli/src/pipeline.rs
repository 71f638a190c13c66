//! The pipeline file that a verb reads: the one named, or the one that lies
//! where the command is run.

use std::path::{Path, PathBuf};

use fuelrail::plan::Pipeline;
use fuelrail::{Error, ErrorKind, run};

/// The pipeline file where none is named.
pub(crate) const DEFAULT: &str = "fuelrail.toml";

/// Which pipeline, and what is changed of it.
#[derive(Debug, clap::Args)]
pub(crate) struct PipelineArgs {
    /// The pipeline file [default: fuelrail.toml]
    #[arg(value_name = "PIPELINE.toml")]
    pipeline: Option<PathBuf>,
    /// Change a value of the file, such as pack.length=512 or step.2.length=512
    /// (steps count from 1)
    #[arg(long, value_name = "STEP.KEY=VALUE")]
    set: Vec<String>,
}

impl PipelineArgs {
    /// Reads it; gives the directory its paths are relative to.
    pub(crate) fn read(&self) -> Result<(Pipeline, PathBuf), Error> {
        let path = self.pipeline.as_deref().unwrap_or(Path::new(DEFAULT));
        if self.pipeline.is_none() && !path.exists() {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("expected a pipeline file, there is no {DEFAULT} in this directory"),
            )
            .with_hint("name one, or have one written for your data with `fuelrail init FOLDER`"));
        }
        if path == Path::new("-") {
            return Err(Error::new(
                ErrorKind::Usage,
                "expected a pipeline file, got `-`: a pipeline is read from a file, not from \
                 standard input",
            )
            .with_hint("name the file; one called `-` is `./-`"));
        }
        if path.is_dir() {
            return Err(a_directory(path));
        }
        run::read_pipeline(path, &self.set).map_err(|error| {
            let is_named_so = path.extension().is_none_or(|end| end == "toml");
            if is_named_so || error.kind() != ErrorKind::Pipeline {
                return error;
            }
            error.with_hint(format!(
                "a pipeline file is TOML; if this is data, `fuelrail init {}` writes a pipeline for it",
                path.display()
            ))
        })
    }
}

/// The error for a directory where a pipeline is to be: of inputs, most likely.
fn a_directory(path: &Path) -> Error {
    let inside = path.join(DEFAULT);
    let hint = if inside.is_file() {
        format!("there is one in it: {}", inside.display())
    } else {
        format!(
            "`fuelrail init {}` writes a pipeline for what it holds",
            path.display()
        )
    };
    Error::new(
        ErrorKind::Usage,
        "expected a pipeline file, got a directory",
    )
    .with_path(path)
    .with_hint(hint)
}
