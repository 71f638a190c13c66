//! Tells the story of a row.

use std::path::Path;
use std::sync::Arc;

use super::super::sample::sample_without;
use super::column::Teller;
use super::told::{Trace, TraceRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::feed::{ReadOptions, Shards};
use crate::plan::operators::Draw;

/// The story of a row of the dataset at `root`, as a loader of the request's steps gives
/// it. What is wrong with an image is told in it.
///
/// # Errors
/// `Usage` for a row that there is not, `Pipeline` for steps that cannot be done to the
/// columns, `Io` and `Damage` where the dataset cannot be read.
pub fn trace(root: &Path, request: &TraceRequest) -> Result<Trace> {
    let shards = Arc::new(Shards::open(root)?);
    let TraceRequest {
        row, epoch, seed, ..
    } = *request;
    let n_rows = shards.n_rows();
    if row >= n_rows {
        let message = format!("row {row} is out of range: the dataset has {n_rows} rows");
        return Err(Error::new(ErrorKind::Usage, message).with_hint("rows count from 0"));
    }
    // What a loader would refuse is refused.
    let lowered = shards.lowered(&ReadOptions::default(), &request.steps)?;
    let dataset = shards.dataset().clone();
    let manifest = dataset.manifest();
    let teller = Teller {
        shards: &shards,
        steps: &request.steps,
        draw: Draw { seed, epoch },
        row,
    };
    let mut columns = Vec::new();
    for column in &manifest.schema {
        let number = columns.len() + 1;
        let is_of = |name: &str| name == column.name;
        if lowered.iter().any(|steps| is_of(&steps.column)) {
            columns.push(teller.changed(number, &column.name)?);
        } else {
            columns.extend(teller.unchanged(number, column)?);
        }
    }
    let shown: Vec<String> = columns.iter().map(|it| it.column.clone()).collect();
    let sample = sample_without(&dataset, row, &shown)?;
    let (shard, shard_row) = shards
        .place_of(row)
        .ok_or_else(|| Error::internal("a row without its shard"))?;
    Ok(Trace {
        dataset: root.display().to_string(),
        digest: manifest.digest.to_string(),
        n_rows,
        row,
        epoch,
        seed,
        shard,
        shard_row,
        documents: sample.documents,
        values: sample.values,
        columns,
    })
}
