//! Rows of a dataset as a person reads them: tokens decoded, origins named.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float32Array, LargeListArray, RecordBatch,
};
use arrow::datatypes::{DataType, Field, UInt16Type};
use arrow::error::ArrowError;
use fuelrail_kernels::tokenize::{DecodeSpecial, Tokenizer};
use half::bf16;
use serde::Serialize;
use serde_json::Value;

use super::load::tokenizer_of_asset;
use crate::arrays::{integers, show};
use crate::batch::Origins;
use crate::error::{Error, Result};
use crate::format::{Column, Dataset, Manifest};
use crate::plan::Meaning;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Its number in the dataset, from 0.
    pub row: u64,
    /// What it holds: one document, or those packed into it.
    pub documents: Vec<SampleDocument>,
    /// Values of the columns that are not decoded, as text.
    pub values: Vec<(String, String)>,
}

/// One document of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SampleDocument {
    /// The input file it came from, as the manifest names it.
    pub source: String,
    /// Its row in that file, from 0.
    pub source_row: u64,
    /// The line of that row, from 1, where the file is one of lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_line: Option<u64>,
    /// The token of the document at which the piece in this row starts.
    pub start: u32,
    /// How many tokens of it are in this row, if it has been tokenized.
    pub n_tokens: Option<u64>,
    /// Those tokens, decoded; bytes that are not UTF-8 are replaced.
    pub text: Option<String>,
}

/// Reads the rows of `range` for a person.
///
/// # Errors
/// `Damage` where a checksum or count does not hold, `Io` as the operating
/// system reports it.
pub fn samples(dataset: &Dataset, range: Range<u64>) -> Result<Vec<Sample>> {
    let tokens = TokenColumn::of(dataset)?;
    read(dataset, range, tokens.as_ref())
}

/// Reads single rows for a person.
///
/// # Errors
/// As [`samples`].
pub fn samples_at(dataset: &Dataset, rows: &[u64]) -> Result<Vec<Sample>> {
    let tokens = TokenColumn::of(dataset)?;
    let mut samples = Vec::new();
    for &row in rows {
        samples.extend(read(dataset, row..row.saturating_add(1), tokens.as_ref())?);
    }
    Ok(samples)
}

/// Reads a single row for a person who sees some columns in another form.
///
/// # Errors
/// As [`samples`].
pub(super) fn sample_without(dataset: &Dataset, row: u64, columns: &[String]) -> Result<Sample> {
    let mut samples = samples_at(dataset, &[row])?;
    let mut sample = samples
        .pop()
        .ok_or_else(|| Error::internal("a row without its sample"))?;
    sample.values.retain(|(name, _)| !columns.contains(name));
    Ok(sample)
}

fn read(dataset: &Dataset, range: Range<u64>, tokens: Option<&TokenColumn>) -> Result<Vec<Sample>> {
    let columns = dataset.rows(range.clone())?;
    let origins = dataset.origins(range.clone())?;
    let shown = shown(&columns, &dataset.manifest().schema)?;
    range
        .enumerate()
        .map(|(index, row)| {
            Ok(Sample {
                row,
                documents: documents(dataset.manifest(), &origins, &columns, tokens, index)?,
                values: values(&shown, tokens, index),
            })
        })
        .collect()
}

/// The column that holds token ids, and what decodes them.
struct TokenColumn {
    index: usize,
    tokenizer: Arc<Tokenizer>,
}

impl TokenColumn {
    /// The column of the last step of the dataset that made tokens, if it still
    /// has one.
    fn of(dataset: &Dataset) -> Result<Option<Self>> {
        let manifest = dataset.manifest();
        let steps = manifest.plan["steps"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let pack = steps.last().filter(|step| step["op"] == "pack");
        // Packed ids may be those of the source.
        let made = |step: &&Value| match pack {
            Some(pack) => step["values"]["output"] == pack["values"]["column"],
            None => true,
        };
        let makes_tokens = |step: &&Value| step["op"] == "tokenize" || step["op"] == "chat";
        let mut makers = steps.iter().filter(makes_tokens);
        let Some(step) = makers.rfind(made) else {
            return Ok(None);
        };
        let is_packed = pack.is_some();
        let name = if is_packed {
            Some("tokens")
        } else {
            step["values"]["output"].as_str()
        };
        // A later step may have made other numbers of the ids.
        let is_ids = |column: &&Column| {
            name == Some(column.name.as_str())
                && (column.logical.starts_with("int") || column.logical.starts_with("uint"))
        };
        let Some(column) = manifest.schema.iter().find(is_ids) else {
            return Ok(None);
        };
        let Ok(index) = dataset.schema().index_of(&column.name) else {
            return Ok(None);
        };
        let digest = step["values"]["tokenizer"]["digest"].as_str();
        let asset = manifest
            .assets
            .iter()
            .find(|asset| digest == Some(asset.digest.to_string().as_str()))
            .ok_or_else(|| Error::damage("the dataset does not hold its tokenizer"))?;
        let bytes = dataset.asset(&asset.name)?;
        let tokenizer = tokenizer_of_asset(&asset.kind, asset.family.as_deref(), &bytes)?;
        Ok(Some(Self {
            index,
            tokenizer: Arc::new(tokenizer),
        }))
    }

    /// The ids of one row, padding included.
    fn ids(&self, columns: &RecordBatch, row: usize) -> Result<Vec<u32>> {
        let column = columns.column(self.index);
        let values = match column.data_type() {
            DataType::FixedSizeList(..) => column.as_fixed_size_list().value(row),
            DataType::List(_) => column.as_list::<i32>().value(row),
            DataType::LargeList(_) => column.as_list::<i64>().value(row),
            other => return Err(Error::damage(format!("expected token lists, got {other}"))),
        };
        let ids = integers(&values).ok_or_else(|| Error::damage("expected token ids"))?;
        // What fits no id, because a step changed it, decodes as an unknown one.
        let id = |id: Option<i128>| id.and_then(|id| u32::try_from(id).ok());
        Ok(ids.map(|value| id(value).unwrap_or(u32::MAX)).collect())
    }

    fn decode(&self, ids: &[u32]) -> Result<String> {
        self.tokenizer
            .decode_text(ids, DecodeSpecial::Keep)
            .map_err(|error| Error::data(error.to_string()))
    }
}

/// The documents of row `index` of the batch.
fn documents(
    manifest: &Manifest,
    origins: &Origins,
    columns: &RecordBatch,
    tokens: Option<&TokenColumn>,
    index: usize,
) -> Result<Vec<SampleDocument>> {
    let range = match &origins.offsets {
        Some(offsets) => index_of(offsets[index])?..index_of(offsets[index + 1])?,
        None => index..index + 1,
    };
    let ids = tokens
        .map(|tokens| tokens.ids(columns, index))
        .transpose()?;
    let bounds = bounds(columns, origins, index);
    let has_lines = has_lines(&manifest.plan);
    range
        .clone()
        .map(|doc| {
            let piece = ids.as_ref().map(|ids| match &bounds {
                Some(bounds) => piece(ids, bounds, doc - range.start),
                None => ids.as_slice(),
            });
            let text = tokens.zip(piece).map(|(tokens, ids)| tokens.decode(ids));
            let text = text.transpose()?;
            Ok(SampleDocument {
                source: source_name(manifest, origins.file[doc])?,
                source_row: origins.row[doc],
                source_line: has_lines.then(|| origins.row[doc].saturating_add(1)),
                start: origins.start.get(doc).copied().unwrap_or(0),
                n_tokens: piece.map(|ids| ids.len() as u64),
                text,
            })
        })
        .collect()
}

/// Whether the rows of the inputs of a plan, given as its canonical text, are
/// lines.
fn has_lines(plan: &Value) -> bool {
    let source = &plan["source"];
    source["format"] == "jsonl" || (source["format"] == "text" && source["document"] == "line")
}

/// The boundaries of the documents within a packed row.
fn bounds(columns: &RecordBatch, origins: &Origins, index: usize) -> Option<Vec<i32>> {
    origins.offsets.as_ref()?;
    let column = columns.column_by_name("cu_seqlens")?;
    let values = match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().value(index),
        DataType::LargeList(_) => column.as_list::<i64>().value(index),
        _ => return None,
    };
    let values = values.as_primitive_opt::<arrow::datatypes::Int32Type>()?;
    Some(values.values().to_vec())
}

/// The ids between two boundaries, cut to what is there.
fn piece<'a>(ids: &'a [u32], bounds: &[i32], doc: usize) -> &'a [u32] {
    let at = |i: usize| {
        let bound = bounds.get(i).copied().unwrap_or(0);
        usize::try_from(bound).unwrap_or(0).min(ids.len())
    };
    ids.get(at(doc)..at(doc + 1)).unwrap_or(&[])
}

fn source_name(manifest: &Manifest, file: u32) -> Result<String> {
    manifest
        .sources
        .get(file as usize)
        .map(|source| source.name.clone())
        .ok_or_else(|| Error::damage(format!("an origin names source {file}, which is not there")))
}

/// The columns with values that print as what they mean.
fn shown(columns: &RecordBatch, schema: &[Column]) -> Result<RecordBatch> {
    let arrays = columns.columns().iter().zip(schema);
    let arrays = arrays.map(|(array, column)| meant(array, column.meaning()));
    let arrays = arrays.collect::<Result<Vec<_>>>()?;
    let schema = columns.schema();
    let names = schema.fields().iter().map(|field| field.name());
    let nullable = names.zip(arrays).map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(nullable).map_err(unshown)
}

/// `array` with bfloat16 as binary32, in the same lists.
fn meant(array: &ArrayRef, meaning: Meaning) -> Result<ArrayRef> {
    let item = |items: &ArrayRef| {
        let data_type = items.data_type().clone();
        Arc::new(Field::new_list_field(data_type, true))
    };
    Ok(match (array.data_type(), meaning) {
        (DataType::FixedSizeList(_, len), _) => {
            let list = array.as_fixed_size_list();
            let items = meant(list.values(), meaning)?;
            let (item, nulls) = (item(&items), list.nulls().cloned());
            Arc::new(FixedSizeListArray::try_new(item, *len, items, nulls).map_err(unshown)?)
        }
        (DataType::LargeList(_), _) => {
            let list = array.as_list::<i64>();
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            let items = meant(list.values(), meaning)?;
            let item = item(&items);
            Arc::new(LargeListArray::try_new(item, offsets, items, nulls).map_err(unshown)?)
        }
        (DataType::UInt16, Meaning::Bfloat16) => {
            let bits = array.as_primitive::<UInt16Type>();
            let floats: Float32Array = bits.unary(|bits| bf16::from_bits(bits).to_f32());
            Arc::new(floats)
        }
        _ => Arc::clone(array),
    })
}

fn unshown(error: ArrowError) -> Error {
    Error::internal("cannot show a column").with_source(error)
}

/// The other columns of a row, as text.
fn values(
    columns: &RecordBatch,
    tokens: Option<&TokenColumn>,
    index: usize,
) -> Vec<(String, String)> {
    let schema = columns.schema();
    let shown = (0..columns.num_columns()).filter(|&column| {
        tokens.is_none_or(|tokens| tokens.index != column)
            && schema.field(column).name() != "cu_seqlens"
    });
    shown
        .map(|column| {
            let name = schema.field(column).name().clone();
            (name, show(columns.column(column), index))
        })
        .collect()
}

fn index_of(offset: u64) -> Result<usize> {
    usize::try_from(offset).map_err(|_| Error::damage("an origin offset beyond memory"))
}
