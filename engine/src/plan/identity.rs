//! All that decides the bits of a dataset, as canonical JSON and its digest.

use arrow::datatypes::Field;
use fuelrail_kernels::chat::{ChatClock, ChatEnding};
use serde_json::{Value, json};
use twox_hash::XxHash3_128;

use super::chat_step::ChatStep;
use super::digest::Digest;
use super::json::{JsonShape, UnknownKeys, is_json};
use super::pipeline::Pipeline;
use super::steps::{
    AlignedColumn, ColumnChange, DocumentTruncation, MapStep, PackLabels, PackMethod, PackStep,
    Step, TokenizeStep,
};
use super::type_names::{column_type_name, type_name};
use super::types::{Format, Identity, Plan};

/// The version of the dataset format that this crate writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// A change of an operator that changes its output raises its number.
fn version(step: &Step) -> u32 {
    match step {
        Step::Select(_)
        | Step::Filter(_)
        | Step::Tokenize(_)
        | Step::Chat(_)
        | Step::Pack(_)
        | Step::Chunk(_) => 1,
        Step::Map(step) => step.version,
    }
}

/// What a plan has before its identity is computed.
pub(super) fn empty() -> Identity {
    Identity {
        canonical: Value::Null,
        digest: Digest(0),
    }
}

/// The identity of `plan`, which was checked from `pipeline`.
///
/// What is easy to compare comes first and the inputs last; keys have one fixed
/// order. Paths, threads and batch sizes have no place here.
pub(super) fn of(plan: &Plan, pipeline: &Pipeline) -> Identity {
    let steps: Vec<Value> = plan.steps.iter().map(|step| of_step(step, plan)).collect();
    let inputs: Vec<Value> = plan
        .inputs
        .iter()
        .map(|input| {
            json!({
                "name": input.name,
                "len_bytes": input.len_bytes,
                "digest": input.digest,
            })
        })
        .collect();
    // With a limit all inputs are one part, whatever the part size.
    let part_size = match plan.source.limit {
        Some(_) => None,
        None => Some(pipeline.source.part_size.0),
    };
    let canonical = json!({
        "format_version": FORMAT_VERSION,
        "source": of_source(plan),
        "part_size": part_size,
        "steps": steps,
        "shard_size": plan.sink.shard_size,
        "fingerprint": pipeline.source.fingerprint,
        "inputs": inputs,
    });
    let digest = Digest(XxHash3_128::oneshot(canonical.to_string().as_bytes()));
    Identity { canonical, digest }
}

fn of_source(plan: &Plan) -> Value {
    let source = &plan.source;
    let document = match source.format {
        Format::Text => Some(&source.document),
        _ => None,
    };
    let fields = source.projection.fields().iter();
    let columns: Vec<Value> = fields.map(|field| of_field(field, &source.json)).collect();
    let mut of_source = json!({
        "format": source.format,
        "document": document,
        "on_error": source.on_error,
        "limit": source.limit,
        "split": source.split,
        "columns": columns,
    });
    add_keys(&mut of_source, &source.json);
    if !source.page_checksums {
        of_source["page_checksums"] = false.into();
    }
    of_source
}

/// A column that is read. What later versions added stands there only where
/// it is not as it always was, so that digests of before still hold.
fn of_field(field: &Field, shape: &JsonShape) -> Value {
    let name = if is_json(field) {
        "json".to_owned()
    } else {
        type_name(field.data_type())
    };
    let mut of_field = json!({
        "name": field.name(),
        "type": name,
        "nullable": field.is_nullable(),
    });
    let column = shape
        .columns
        .iter()
        .find(|column| column.name == *field.name());
    if let Some(column) = column {
        if column.path.len() > 1 {
            of_field["path"] = json!(column.path);
        }
        if column.declared {
            of_field["declared"] = json!(true);
        }
    }
    of_field
}

/// What becomes of other keys, where it is not the default.
fn add_keys(of_source: &mut Value, shape: &JsonShape) {
    if matches!(shape.unknown_keys, UnknownKeys::Ignore | UnknownKeys::Keep) {
        of_source["unknown_keys"] = json!(shape.unknown_keys);
    }
    if shape.allow_nan {
        of_source["allow_nan"] = json!(true);
    }
}

fn of_step(step: &Step, plan: &Plan) -> Value {
    let values = match step {
        Step::Select(step) => json!(step),
        Step::Filter(step) => json!(step),
        Step::Tokenize(step) => of_tokenize(step, plan),
        Step::Chat(step) => of_chat(step, plan),
        Step::Map(step) => of_map(step),
        Step::Pack(step) => of_pack(step, plan),
        Step::Chunk(step) => json!({
            "columns": of_aligned(&step.columns),
            "length": step.length,
            "overlap": step.overlap,
            "min_length": step.min_length,
            "others": step.others,
        }),
    };
    json!({ "op": step.op(), "version": version(step), "values": values })
}

fn of_tokenize(step: &TokenizeStep, plan: &Plan) -> Value {
    let mut values = json!({
        "column": step.column,
        "output": step.output,
        "tokenizer": of_asset(&step.asset, plan),
        "special_tokens": step.special_tokens,
        "begin_of_document": of_tokens(&step.begin_of_document),
        "end_of_document": of_tokens(&step.end_of_document),
        "id_type": type_name(&step.id_type),
    });
    // What later versions added stands there only where it is used.
    if !step.invalid_utf8.is_default() {
        values["invalid_utf8"] = json!(step.invalid_utf8);
    }
    if let Some(DocumentTruncation { max_length, side }) = step.truncation {
        values["max_length"] = json!(max_length);
        values["truncation_side"] = json!(side);
    }
    if let Some(unit) = step.offsets {
        values["offsets"] = json!(unit);
    }
    if step.keep_text {
        values["keep_text"] = json!(true);
    }
    if let Some(name) = &step.count {
        values["count"] = json!(name);
    }
    values
}

fn of_chat(step: &ChatStep, plan: &Plan) -> Value {
    let mut variables = json!({});
    for variable in &step.variables {
        variables[&variable.name] = variable.json.clone();
    }
    let with_tools = step.with_tools.as_ref();
    json!({
        "column": step.column,
        "tools": step.tools,
        "documents": step.documents,
        "output": step.output,
        "loss_mask": step.loss_mask,
        "tokenizer": of_asset(&step.asset, plan),
        "chat_template": of_asset(&step.template.asset, plan),
        "with_tools": with_tools.and_then(|template| of_asset(&template.asset, plan)),
        "variables": variables,
        "add_generation_prompt": step.ending == ChatEnding::GenerationPrompt,
        "now": match step.clock {
            ChatClock::Unset => None,
            ChatClock::Seconds(seconds) => Some(seconds),
        },
        "id_type": type_name(&step.id_type),
    })
}

fn of_pack(step: &PackStep, plan: &Plan) -> Value {
    let fits = step.method == PackMethod::BestFit;
    let mut values = json!({
        "column": step.column,
        "length": step.length,
        "method": step.method,
        "overlong": fits.then_some(step.overlong),
        "pad": step.pad,
        "window": fits.then_some(step.window),
    });
    // What later versions added stands there only where it is used.
    if step.pad_segment {
        values["pad_segment"] = json!(true);
    }
    if plan.made_tokens(&step.column).is_none() {
        values["id_type"] = json!(type_name(&step.id_type));
    }
    if !step.aligned.is_empty() {
        values["aligned"] = of_aligned(&step.aligned);
    }
    if let Some(documents) = step.max_documents {
        values["max_documents"] = json!(documents);
    }
    if step.position_ids {
        values["position_ids"] = json!(true);
    }
    match &step.labels {
        PackLabels::None => {}
        PackLabels::All => values["labels"] = json!(true),
        PackLabels::Masked(mask) => values["labels"] = json!(mask),
    }
    values
}

fn of_aligned(columns: &[AlignedColumn]) -> Value {
    let column = |column: &AlignedColumn| json!([column.name, type_name(&column.element)]);
    columns.iter().map(column).collect()
}

fn of_map(step: &MapStep) -> Value {
    let fill = |bytes: &Vec<u8>| -> Value { bytes.as_slice().into() };
    let of = |column: &ColumnChange| {
        json!({
            "column": column.output.name,
            "kernel": column.identity,
            "fill": column.fill.as_ref().map(fill),
            "type": column_type_name(&column.output),
        })
    };
    let columns: Vec<Value> = step.columns.iter().map(of).collect();
    let mut values = json!({ "columns": columns });
    for (key, value) in &step.identity {
        values[*key] = value.clone();
    }
    values
}

/// None as null and one as itself, as all that there could be in the first
/// version.
fn of_tokens(ids: &[u32]) -> Value {
    match ids {
        [] => Value::Null,
        [only] => json!(only),
        several => json!(several),
    }
}

fn of_asset(name: &str, plan: &Plan) -> Option<Value> {
    let asset = plan.assets.iter().find(|asset| asset.name == name)?;
    Some(json!({
        "kind": asset.kind,
        "family": asset.family,
        "digest": Digest(XxHash3_128::oneshot(&asset.bytes)),
    }))
}
