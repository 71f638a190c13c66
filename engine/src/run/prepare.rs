//! Everything before the first row moves: finds the inputs, loads the
//! tokenizers, and has the plan checked.

use std::path::Path;

use crate::error::Result;
use crate::plan::{Pipeline, Plan, check};
use crate::source::{DiscoverSpec, discover};

use super::load::load_tokenizers;

/// Finds the inputs of `pipeline`, loads its tokenizers and checks it; paths
/// are relative to `base`. Nothing is written.
///
/// # Errors
/// `Pipeline` where it does not fit its inputs, `Io` where a file cannot be
/// read, `Data` where an input is not of its layout.
pub fn prepare(pipeline: &Pipeline, base: &Path, threads: usize) -> Result<Plan> {
    let tokenizers = load_tokenizers(pipeline, base)?;
    let source = &pipeline.source;
    let catalog = discover(&DiscoverSpec {
        uris: source.uri.0.clone(),
        base,
        format: source.format,
        document: source.document.clone().unwrap_or_default(),
        threads,
        fingerprint: source.fingerprint,
        on_error: source.on_error,
    })
    .map_err(|error| pipeline.locate(error, "source.uri"))?;
    check(pipeline, &catalog, &tokenizers, base)
}
