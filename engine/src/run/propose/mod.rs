//! A pipeline for data that nobody has described: what `fuelrail init` writes.
//!
//! What there is to read is found by the engine's own discovery, and what a
//! pipeline may do with it is what its own check lets pass; the text is read
//! back and planned before it is handed out.

mod inputs;
mod look;
mod proposal;
mod task;
mod written;

use std::path::Path;

use arrow::datatypes::DataType;

use crate::error::Result;
use crate::plan::{Fingerprint, Format, OnError, OutputColumn, Pipeline, type_name};

use super::prepare;
use inputs::Inputs;
use look::{ImageShape, SeenRows};
use task::ProposedTask;

pub use proposal::{Fate, Proposal, ProposeSpec, ProposedColumn};

/// Puts a pipeline together for what `spec` names. Reads the first rows of the
/// inputs; nothing is written.
///
/// # Errors
/// As [`prepare`]: `Pipeline` where nothing can be read or stored, `Io`, `Data`.
pub fn propose(spec: &ProposeSpec<'_>) -> Result<Proposal> {
    let base = spec.file.parent().unwrap_or(Path::new(""));
    let mut inputs = Inputs::find(spec, base)?;
    let storable = inputs.storable(base)?;
    let seen = SeenRows::of(&storable.plan);
    if let Some(trouble) = &seen.trouble {
        inputs.on_error = OnError::Quarantine;
        inputs.notes.push(format!(
            "some content cannot be read, and is set aside: {trouble}"
        ));
    }
    let job = job(&inputs, &storable.columns, &seen);
    let columns = fates(&inputs, &storable, &seen, &job);
    let sink = written::free_directory(base);
    let told = written::Told {
        spec,
        inputs: &inputs,
        columns: &columns,
        notes: &inputs.notes,
        job: &job,
        sink: &sink,
    };
    let toml = told.toml();
    let mut pipeline = Pipeline::from_toml(&toml, spec.file)?;
    // Content is compared on a run; here the inputs may be cold.
    pipeline.source.fingerprint = Fingerprint::Sampled;
    prepare(&pipeline, base, spec.threads)?;
    Ok(Proposal {
        toml,
        format: inputs.catalog.format,
        n_files: inputs.catalog.files.len(),
        len_bytes: inputs.len_bytes(),
        columns,
        notes: inputs.notes,
    })
}

/// Text if some column reads as text, else images if some column holds them.
fn job(inputs: &Inputs, columns: &[OutputColumn], seen: &SeenRows) -> ProposedTask {
    if inputs.catalog.format == Format::Text {
        return ProposedTask::Text("text".to_owned());
    }
    // Texts there are names and labels of what is beside them.
    if matches!(inputs.catalog.format, Format::Images | Format::Tar) {
        return ProposedTask::Table;
    }
    if let Some(name) = seen.text_column(columns, &inputs.declared) {
        return ProposedTask::Text(name.to_owned());
    }
    let images: Vec<_> = columns
        .iter()
        .filter_map(|column| Some((column.name.clone(), ImageShape::of(&column.data_type)?)))
        .filter(|(name, shape)| inputs.takes(&written::normalize(name, *shape)))
        .collect();
    if images.is_empty() {
        ProposedTask::Table
    } else {
        ProposedTask::Images(images)
    }
}

fn fates(
    inputs: &Inputs,
    storable: &inputs::Storable,
    seen: &SeenRows,
    job: &ProposedTask,
) -> Vec<ProposedColumn> {
    let fate = |name: &str, data_type: &DataType| {
        if let Some(reason) = storable.refusal(name) {
            return (Fate::LeftOut, reason.to_owned());
        }
        if *data_type == DataType::Null {
            return (Fate::LeftOut, "no row has a value in it".to_owned());
        }
        match job {
            ProposedTask::Text(text) if text == name => (Fate::Tokenized, seen.why_text(name)),
            ProposedTask::Text(_) => (
                Fate::LeftOut,
                "packed rows hold tokens of several documents, and nothing beside them".to_owned(),
            ),
            ProposedTask::Images(images) if images.iter().any(|(image, _)| image == name) => (
                Fate::Normalized,
                format!("bytes in the shape of an image: {}", type_name(data_type)),
            ),
            ProposedTask::Images(_) | ProposedTask::Table => {
                let why = storable.why_declared(name);
                let why = why.map_or_else(|| seen.why_stored(name), str::to_owned);
                (Fate::Stored, why)
            }
        }
    };
    inputs
        .columns()
        .into_iter()
        .map(|(name, data_type)| {
            let (fate, why) = fate(&name, &data_type);
            ProposedColumn {
                data_type: if inputs.is_declared(&name) {
                    "json".to_owned()
                } else {
                    type_name(&data_type)
                },
                name,
                fate,
                why,
            }
        })
        .collect()
}
