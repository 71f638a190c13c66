//! Everything before the first row moves: finds the inputs, loads the
//! tokenizers, and has the plan checked.

use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::format::{ShardCounts, ShardLayout};
use crate::plan::{
    ByteSize, Catalog, InMemory, LoadedTokenizers, OriginKind, Pipeline, Plan, Selected, check,
    sink_root, stored_columns,
};
use crate::source::{DiscoverSpec, LookSpec, catalog_of, discover};

use super::load::load_tokenizers;

/// Finds the inputs of `pipeline`, loads its tokenizers and checks it; paths
/// are relative to `base`. Nothing is written.
///
/// # Errors
/// `Pipeline` where it does not fit its inputs, `Io` where a file cannot be
/// read, `Data` where an input is not of its layout.
pub fn prepare(pipeline: &Pipeline, base: &Path, threads: usize) -> Result<Plan> {
    let tokenizers = load_tokenizers(pipeline, base)?;
    let catalog = discover_inputs(pipeline, base, threads, look_for(pipeline))?;
    checked(pipeline, &catalog, &tokenizers, base)
}

/// What to look for in JSON lines, and how to see other files.
pub(super) fn look_for(pipeline: &Pipeline) -> LookSpec {
    let selected = Selected::of(pipeline);
    LookSpec {
        declared: selected.key_types(&pipeline.source.schema),
        selected,
        allow_nan: pipeline.source.allow_nan,
        int96: pipeline.source.int96,
        ..LookSpec::default()
    }
}

/// Finds the inputs of `pipeline` and what they hold.
pub(super) fn discover_inputs(
    pipeline: &Pipeline,
    base: &Path,
    threads: usize,
    lines: LookSpec,
) -> Result<Catalog> {
    let source = &pipeline.source;
    // A sink that is none is refused by the check, with its place.
    let sink = sink_root(&pipeline.sink.uri, base).ok();
    discover(&DiscoverSpec {
        uris: source.uri.0.clone(),
        base,
        sink: sink.as_deref(),
        format: source.format,
        document: source.document.clone().unwrap_or_default(),
        threads,
        fingerprint: source.fingerprint,
        on_error: source.on_error,
        lines,
    })
    .map_err(|error| pipeline.locate(error, "source.uri"))
}

fn checked(
    pipeline: &Pipeline,
    catalog: &Catalog,
    tokenizers: &LoadedTokenizers,
    base: &Path,
) -> Result<Plan> {
    let plan = check(pipeline, catalog, tokenizers, base)?;
    check_shard_size(&plan).map_err(|error| pipeline.locate(error, "sink.shard_size"))?;
    Ok(plan)
}

/// How many times what a shard has beside its rows a sensible shard is long.
const SENSIBLE: u64 = 16;

/// Refuses a size at which every row is a shard of its own that is little but
/// header and pages to fill up. A row may be as large as it likes.
///
/// # Errors
/// `Pipeline` with a size that is sensible.
fn check_shard_size(plan: &Plan) -> Result<()> {
    let columns = stored_columns(&plan.output)?;
    let layout = ShardLayout::new(&columns, OriginKind::of(plan))?;
    // Rows of lists may be of any length: at least, each has an element.
    let rows = |n_rows: u64| ShardCounts {
        n_rows,
        flat: vec![n_rows; layout.n_groups],
    };
    let one = layout.file_len(&rows(1));
    let two = layout.file_len(&rows(2));
    let data: u64 = layout
        .tensors
        .iter()
        .fold(0, |sum: u64, spec| sum.saturating_add(spec.item_bytes));
    if two <= plan.sink.shard_size || data > one / 2 {
        return Ok(());
    }
    let sensible = one.saturating_mul(SENSIBLE).next_power_of_two();
    Err(Error::pipeline(format!(
        "sink.shard_size: expected room for several rows in a shard, got {}: with {} tensors that \
         begin at pages of 4 KiB, a shard of one row takes {}",
        ByteSize(plan.sink.shard_size),
        layout.tensors.len(),
        ByteSize(one.next_multiple_of(1024)),
    ))
    .with_hint(format!(
        "set shard_size = \"{}\" or more",
        ByteSize(sensible).to_string().replace(' ', "")
    )))
}

/// As [`prepare`], of a pipeline that reads `table`; its one `uri` is what the
/// table is called.
///
/// # Errors
/// `Pipeline` where it does not fit the table, `Io` where a tokenizer cannot be
/// read.
pub fn prepare_table(pipeline: &Pipeline, table: &Arc<InMemory>, base: &Path) -> Result<Plan> {
    let tokenizers = load_tokenizers(pipeline, base)?;
    let name = pipeline
        .source
        .uri
        .0
        .first()
        .map_or("table", String::as_str);
    checked(pipeline, &catalog_of(table, name), &tokenizers, base)
}
