//! Whole runs, from a pipeline's text to the dataset's bytes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fuelrail::Result;
use fuelrail::format::Manifest;
use fuelrail::plan::{Pipeline, Plan};
use fuelrail::run::{self, Control, ShardOptions};

/// The plan of the pipeline `text`, whose paths are relative to `base`,
/// writing to `out`.
///
/// # Errors
/// As [`run::prepare`].
pub fn plan(base: &Path, text: &str, out: &Path) -> Result<Arc<Plan>> {
    let file: PathBuf = base.join("pipeline.toml");
    let pipeline = Pipeline::from_toml(text, &file)?;
    let mut plan = run::prepare(&pipeline, base, 2)?;
    out.clone_into(&mut plan.sink.root);
    Ok(Arc::new(plan))
}

/// Runs the pipeline `text` with two threads.
///
/// # Errors
/// As [`run::prepare`] and [`run::shard`].
pub fn shard(base: &Path, text: &str, out: &Path) -> Result<Manifest> {
    shard_with(base, text, out, &ShardOptions::new(2))
}

/// Runs the pipeline `text` with `options`.
///
/// # Errors
/// As [`run::prepare`] and [`run::shard`].
pub fn shard_with(base: &Path, text: &str, out: &Path, options: &ShardOptions) -> Result<Manifest> {
    run::shard(&plan(base, text, out)?, options, &Control::default())
}
