//! From a pipeline and what its inputs hold to a plan.
//!
//! Each step is checked against the columns that live at its place; a column
//! of the source is read only if some step, the split or the sink uses it.

mod assets;
mod chat;
mod chat_files;
mod chunk;
mod declared;
mod encoded;
mod extensions;
mod filter;
mod inputs;
mod keys;
mod lists;
mod live;
mod map;
mod merged;
mod nested;
mod pack;
mod select;
mod source;
mod tokenize;

use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;

use crate::error::{Error, Result};

use super::columns as flow;
use super::json::JsonShape;
use super::local::local_path;
use super::output::{Meaning, OutputColumn};
use super::pipeline::{Pipeline, StepSpec};
use super::stage::Stages;
use super::step_result::StepResult;
use super::steps::Step;
use super::stored::stored_columns;
use super::tokenizers::LoadedTokenizers;
use super::types::{Asset, Catalog, Format, Plan, SinkPlan, SourcePlan};
use super::{identity, parts};
use inputs::InputColumns;
use live::LiveColumns;

/// The least shard: the header's page and one page of data.
const LEAST_SHARD: u64 = 8 << 10;

/// Checks `pipeline` against the inputs that `catalog` describes.
///
/// `tokenizers` holds those that [`Pipeline::tokenizers`] lists; the sink's
/// directory is relative to `base`.
///
/// # Errors
/// `Pipeline`, with step, column and the place in the file, where a value is
/// out of range, a column is unknown or of the wrong type, files disagree
/// about a column that is used, or a token is unknown.
pub fn check(
    pipeline: &Pipeline,
    catalog: &Catalog,
    tokenizers: &LoadedTokenizers,
    base: &Path,
) -> Result<Plan> {
    source::check(pipeline, catalog)?;
    let checked = Checked::new(pipeline, catalog, tokenizers)?;
    let projected = (checked.projection, checked.json);
    let source = SourcePlan {
        left_out: checked.left_out,
        ..source::plan(&pipeline.source, catalog, projected)
    };
    let sink = sink(pipeline, base)?;
    let part_size = match source.limit {
        // A limit counts rows in source order, so one reader must see them all.
        Some(_) => u64::MAX,
        None => pipeline.source.part_size.0,
    };
    let inputs: Vec<_> = catalog
        .files
        .iter()
        .map(|file| file.input.clone())
        .collect();
    let parts = parts::cut(&inputs, part_size)?;
    let mut discovery = catalog.discovery.clone();
    discovery.notes.extend(declared::notes(pipeline, catalog));
    let extensions = extensions::notes(&source.projection, catalog);
    discovery.notes.extend(extensions);
    if !source.left_out.is_empty() {
        discovery.notes.push(format!(
            "left out, since their type is null: {}",
            source.left_out.join(", ")
        ));
    }
    let mut plan = Plan {
        inputs,
        source,
        parts,
        stages: Stages::of(&checked.steps)?,
        steps: checked.steps,
        output: checked.output,
        sink,
        assets: checked.assets,
        discovery,
        identity: identity::empty(),
    };
    plan.identity = identity::of(&plan, pipeline);
    Ok(plan)
}

/// What is odd about the types that `pipeline` declares.
#[must_use]
pub(crate) fn declared_notes(pipeline: &Pipeline, catalog: &Catalog) -> Vec<String> {
    declared::notes(pipeline, catalog)
}

/// The steps with what follows from them.
struct Checked {
    steps: Vec<Step>,
    assets: Vec<Asset>,
    projection: SchemaRef,
    json: JsonShape,
    left_out: Vec<String>,
    output: Vec<OutputColumn>,
}

impl Checked {
    fn new(pipeline: &Pipeline, catalog: &Catalog, tokenizers: &LoadedTokenizers) -> Result<Self> {
        let inputs = InputColumns::new(pipeline, catalog);
        let mut columns = LiveColumns::new(&inputs);
        if let Some(split) = &pipeline.source.split {
            let path = "source.split.key";
            source::check_key(&mut columns, &split.key)
                .map_err(|error| pipeline.locate(error, path))?;
        }
        for (index, spec) in pipeline.step.iter().enumerate() {
            let noted = match spec {
                StepSpec::Map(spec) => map::note_layouts(spec, &mut columns),
                StepSpec::Select(_)
                | StepSpec::Filter(_)
                | StepSpec::Tokenize(_)
                | StepSpec::Chat(_)
                | StepSpec::Pack(_)
                | StepSpec::Chunk(_) => Ok(()),
            };
            noted.map_err(|(error, key)| pipeline.locate_step(error, index, &key))?;
        }
        let mut steps = Vec::with_capacity(pipeline.step.len());
        let mut assets = Vec::new();
        for (index, spec) in pipeline.step.iter().enumerate() {
            let later = pipeline.step.get(index + 1..).unwrap_or_default();
            let around = (tokenizers, &mut assets, (steps.as_slice(), later));
            let checked = check_step(spec, index, &mut columns, around);
            let step = checked.map_err(|(error, key)| pipeline.locate_step(error, index, &key))?;
            steps.push(step);
        }
        let left_out = columns
            .look_up_all()
            .map_err(|error| pipeline.locate(error, "source.uri"))?;
        let projection = columns.projection()?;
        let output = output(&steps, &projection, catalog.format)
            .map_err(|error| pipeline.locate(without(error, &left_out), "sink"))?;
        Ok(Self {
            steps,
            assets,
            json: inputs.shape(&projection),
            projection,
            left_out,
            output,
        })
    }
}

/// The error that nothing is left to write, where that is because of columns
/// without values.
fn without(error: Error, left_out: &[String]) -> Error {
    match left_out {
        [] => error,
        names => error.with_hint(format!(
            "these have no values, their type is null: {}",
            names.join(", ")
        )),
    }
}

/// What a step's check may look at beside its columns: at last the steps before it,
/// and those behind it.
type Around<'a> = (
    &'a LoadedTokenizers,
    &'a mut Vec<Asset>,
    (&'a [Step], &'a [StepSpec]),
);

fn check_step(
    spec: &StepSpec,
    index: usize,
    columns: &mut LiveColumns<'_>,
    (tokenizers, assets, (steps, later)): Around<'_>,
) -> StepResult<Step> {
    if let Some(last) = steps.last().filter(|step| step.is_last()) {
        let op = last.op();
        let error = Error::pipeline(format!(
            "expected `{op}` to be the last step, got another after it"
        ))
        .with_hint(format!("move the step before `{op}`"));
        return Err((error, "op".to_owned()));
    }
    match spec {
        StepSpec::Select(spec) => select::check(spec, columns).map(Step::Select),
        StepSpec::Filter(spec) => filter::check(spec, columns).map(Step::Filter),
        StepSpec::Tokenize(spec) => {
            tokenize::check(spec, index, columns, (tokenizers, assets)).map(Step::Tokenize)
        }
        StepSpec::Chat(spec) => {
            let around = (tokenizers, assets, later);
            let step = chat::check(spec, index, columns, around)?;
            Ok(Step::Chat(Box::new(step)))
        }
        StepSpec::Map(spec) => map::check(spec, columns).map(Step::Map),
        StepSpec::Pack(spec) => pack::check(spec, columns, steps).map(Step::Pack),
        StepSpec::Chunk(spec) => chunk::check(spec, columns, steps).map(Step::Chunk),
    }
}

/// The columns of the dataset, all of them with a name and a type it can hold.
fn output(steps: &[Step], projection: &SchemaRef, format: Format) -> Result<Vec<OutputColumn>> {
    let mut columns = flow::projected(projection);
    for step in steps {
        columns = flow::after(step, &columns);
    }
    if columns.is_empty() {
        return Err(
            Error::pipeline("expected at least one column to write, got none")
                .with_hint("are the inputs empty?"),
        );
    }
    if let Some(column) = columns.iter().find(|it| it.meaning == Meaning::Images) {
        return Err(Error::pipeline(
            "expected images of one size behind all steps, got images of any size",
        )
        .with_column(&column.name)
        .with_hint("end with `resize` or `center_crop`, or store the files as they are"));
    }
    nested::check(&columns, format)?;
    stored_columns(&columns)?;
    Ok(columns)
}

fn sink(pipeline: &Pipeline, base: &Path) -> Result<SinkPlan> {
    let spec = &pipeline.sink;
    let root = sink_root(&spec.uri, base).map_err(|error| pipeline.locate(error, "sink.uri"))?;
    if spec.shard_size.0 < LEAST_SHARD {
        let error = Error::pipeline(format!(
            "sink.shard_size: expected at least 8 KiB, got {}",
            spec.shard_size
        ));
        return Err(pipeline.locate(error, "sink.shard_size"));
    }
    Ok(SinkPlan {
        root,
        shard_size: spec.shard_size.0,
    })
}

/// The directory that `sink.uri` stands for.
///
/// # Errors
/// `Pipeline` for one that is not on this machine.
pub fn sink_root(uri: &str, base: &Path) -> Result<PathBuf> {
    let error = || Error::pipeline(format!("sink.uri: expected a local directory, got {uri:?}"));
    if uri.is_empty() {
        return Err(error());
    }
    local_path(uri, base).map_err(|_| {
        error().with_hint("write the dataset to a local directory, then copy the directory there")
    })
}
