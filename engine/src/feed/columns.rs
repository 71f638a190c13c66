//! What is read of each row and as what it leaves: [`ReadOptions`] held
//! against the columns of a dataset.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fuelrail_kernels::Element;
use fuelrail_kernels::cast::Cast;

use super::fill::{Placed, TensorPlace};
use super::options::{ColumnOptions, OverlongRow, Ragged, ReadOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::format::{
    Column, Content, Dataset, Dtype, FirstDimension, ShardLayout, TensorSpec, to_usize,
};
use crate::plan::suggest;

/// All that is read.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Tensors with an item for each row, one in and one out.
    pub(super) fixed: Vec<Fixed>,
    /// Tensors whose rows are runs of elements.
    pub(super) ragged: Vec<RaggedColumn>,
    /// Tensors that are compared with their checksums and not handed out.
    pub(super) watched: Vec<Watched>,
    /// The tensors of a batch; each lies in the buffer of its index.
    pub(super) outputs: Vec<Output>,
}

/// A tensor of a batch.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) name: Arc<str>,
    /// The column that it is of.
    pub(super) column: Arc<str>,
    pub(super) dtype: Dtype,
    pub(super) first: First,
    /// Dimensions after the first.
    pub(super) inner: Vec<u64>,
}

impl Output {
    /// The tensor `index` of a batch, without a row as yet.
    pub(super) fn placed((index, output): (usize, &Self)) -> Placed {
        let mut shape = vec![0];
        shape.extend_from_slice(&output.inner);
        Placed {
            name: output.name.clone(),
            dtype: output.dtype,
            shape,
            place: TensorPlace::Slot(index),
        }
    }
}

/// How long the first dimension of a tensor of a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// As the batch.
    Rows,
    /// One more.
    Offsets,
    /// As many as the rows have elements.
    Elements,
}

/// A tensor of the shards with an item for each row.
#[derive(Debug)]
pub(super) struct Fixed {
    /// Its index in the layout.
    pub(super) tensor: usize,
    pub(super) change: NumberChange,
    /// Bytes of a row of the batch's tensor.
    pub(super) row_bytes: usize,
    /// Index of the batch's tensor.
    pub(super) output: usize,
}

/// A ragged column.
#[derive(Debug)]
pub(super) struct RaggedColumn {
    /// Index of its values in the layout.
    pub(super) values: usize,
    /// Index of its offsets in the layout.
    pub(super) offsets: usize,
    pub(super) change: NumberChange,
    /// Bytes of an element of the batch's tensor.
    pub(super) element_bytes: usize,
    /// Index of the batch's tensor.
    pub(super) output: usize,
    pub(super) form: Form,
}

/// How the rows of a ragged column come in one tensor.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// One after another; offsets in this tensor of the batch.
    Flat(usize),
    /// Each in its own row; lengths in this tensor of the batch.
    Pad {
        lengths: usize,
        length: usize,
        overlong: OverlongRow,
    },
}

/// What becomes of the numbers of a tensor.
#[derive(Debug, Clone)]
pub(super) enum NumberChange {
    /// Nothing.
    None,
    /// Nothing; but all are 0 or 1.
    Bool,
    /// They change their type.
    Cast(Cast),
    /// The same, from 0 or 1.
    CastBool(Cast),
}

/// A tensor that is not handed out.
#[derive(Debug)]
pub(super) enum Watched {
    /// It has an item for each row.
    Rows(usize),
    /// It has the elements that these offsets give to each row.
    Elements { offsets: usize, values: Vec<usize> },
}

impl Columns {
    /// What `options` ask for of `dataset`.
    ///
    /// # Errors
    /// `Usage` if there is no such column, or it cannot leave as asked.
    pub(super) fn new(dataset: &Dataset, options: &ReadOptions) -> Result<Self> {
        let schema = &dataset.manifest().schema;
        let how = how(schema, options)?;
        let mut columns = Self::default();
        for index in chosen(schema, options)? {
            let column = &schema[index];
            let how = how.get(column.name.as_str()).copied();
            let usual = ColumnOptions::default();
            columns
                .add(dataset.layout(), index, column, how.unwrap_or(&usual))
                .map_err(|error| error.with_column(&column.name))?;
        }
        let mut names = HashSet::new();
        for output in &columns.outputs {
            if !names.insert(&output.name) {
                return Err(usage(format!(
                    "expected tensors of different names, got two of {:?}",
                    output.name
                ))
                .with_hint("leave one of the columns out"));
            }
        }
        if options.columns.is_none() {
            columns.watch(dataset.layout());
        }
        Ok(columns)
    }

    fn add(
        &mut self,
        layout: &ShardLayout,
        index: usize,
        column: &Column,
        how: &ColumnOptions,
    ) -> Result<()> {
        let (values, spec) = find(layout, |spec| spec.content == Content::Values(index))?;
        let dtype = how.dtype.unwrap_or(column.dtype);
        let change = change(column.dtype, dtype)?;
        let element_bytes = to_usize(dtype.len_bytes())?;
        let output = self.outputs.len();
        match spec.extent {
            FirstDimension::Flat(group) => {
                let of_group = |spec: &TensorSpec| spec.extent == FirstDimension::Offsets(group);
                let (offsets, _) = find(layout, of_group)?;
                let form = self.ragged_outputs(&column.name, dtype, &how.ragged)?;
                self.ragged.push(RaggedColumn {
                    values,
                    offsets,
                    change,
                    element_bytes,
                    output,
                    form,
                });
            }
            FirstDimension::Rows | FirstDimension::Offsets(_) => {
                if how.ragged != Ragged::Flat {
                    return Err(usage(
                        "expected a ragged column to fill up, got a fixed one",
                    ));
                }
                self.output(&column.name, dtype, First::Rows, column.shape.clone());
                let elements = to_usize(column.row_elements())?;
                let row_bytes = elements.checked_mul(element_bytes);
                self.fixed.push(Fixed {
                    tensor: values,
                    change,
                    row_bytes: row_bytes.ok_or_else(|| usage("expected shorter rows"))?,
                    output,
                });
            }
        }
        if column.nullable {
            let (tensor, _) = find(layout, |spec| spec.content == Content::Valid(index))?;
            let name = format!("{}.valid", column.name);
            let output = self.output(&name, Dtype::Bool, First::Rows, Vec::new());
            self.fixed.push(Fixed {
                tensor,
                change: NumberChange::Bool,
                row_bytes: 1,
                output,
            });
        }
        let first = self.outputs[output].name.clone();
        for of_column in &mut self.outputs[output..] {
            of_column.column = first.clone();
        }
        Ok(())
    }

    /// The two tensors of a ragged column.
    fn ragged_outputs(&mut self, name: &str, dtype: Dtype, ragged: &Ragged) -> Result<Form> {
        match *ragged {
            Ragged::Flat => {
                self.output(name, dtype, First::Elements, Vec::new());
                let name = format!("{name}.cu_seqlens");
                let offsets = self.output(&name, Dtype::I32, First::Offsets, Vec::new());
                Ok(Form::Flat(offsets))
            }
            Ragged::Pad { length, overlong } => {
                let most = i32::MAX.unsigned_abs();
                let fits = (1..=u64::from(most)).contains(&length);
                if !fits {
                    return Err(usage(format!(
                        "expected a length of 1 to {most} to fill rows up to, got {length}"
                    )));
                }
                self.output(name, dtype, First::Rows, vec![length]);
                let name = format!("{name}.lengths");
                let lengths = self.output(&name, Dtype::I32, First::Rows, Vec::new());
                Ok(Form::Pad {
                    lengths,
                    length: to_usize(length)?,
                    overlong,
                })
            }
        }
    }

    fn output(&mut self, name: &str, dtype: Dtype, first: First, inner: Vec<u64>) -> usize {
        let name: Arc<str> = Arc::from(name);
        self.outputs.push(Output {
            column: name.clone(),
            name,
            dtype,
            first,
            inner,
        });
        self.outputs.len() - 1
    }

    /// Origins are part of a row for whoever reads all of it.
    fn watch(&mut self, layout: &ShardLayout) {
        let is_origin = |spec: &TensorSpec| {
            matches!(
                spec.content,
                Content::OriginFile | Content::OriginRow | Content::OriginStart
            )
        };
        let mut groups: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, spec) in layout.tensors.iter().enumerate() {
            match spec.extent {
                FirstDimension::Rows if is_origin(spec) => self.watched.push(Watched::Rows(index)),
                FirstDimension::Flat(group) if is_origin(spec) => {
                    groups.entry(group).or_default().push(index);
                }
                _ => {}
            }
        }
        for (group, values) in groups {
            let of_group = |spec: &TensorSpec| spec.extent == FirstDimension::Offsets(group);
            let offsets = layout.tensors.iter().position(of_group);
            let watched = offsets.map(|offsets| Watched::Elements { offsets, values });
            self.watched.extend(watched);
        }
    }
}

fn usage(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, message)
}

/// The one tensor of the layout that `is` is true of.
fn find(layout: &ShardLayout, is: impl Fn(&TensorSpec) -> bool) -> Result<(usize, &TensorSpec)> {
    let mut tensors = layout.tensors.iter().enumerate();
    let found = tensors.find(|(_, spec)| is(spec));
    found.ok_or_else(|| Error::internal("expected the tensor of a column"))
}

/// The index of a column.
fn position(schema: &[Column], name: &str) -> Result<usize> {
    let found = schema.iter().position(|column| column.name == name);
    found.ok_or_else(|| {
        let error = usage("expected a column of the dataset").with_column(name);
        let known = schema.iter().map(|column| column.name.as_str());
        match suggest::hint(name, "its columns", known) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    })
}

/// The indices of the columns that are asked for.
fn chosen(schema: &[Column], options: &ReadOptions) -> Result<Vec<usize>> {
    let Some(names) = &options.columns else {
        return Ok((0..schema.len()).collect());
    };
    if names.is_empty() {
        return Err(usage("expected at least one column to read"));
    }
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let index = position(schema, name)?;
        if found.contains(&index) {
            return Err(usage("expected each column once, got one twice").with_column(name));
        }
        found.push(index);
    }
    Ok(found)
}

/// What is asked of columns, by name.
fn how<'a>(
    schema: &[Column],
    options: &'a ReadOptions,
) -> Result<HashMap<&'a str, &'a ColumnOptions>> {
    let mut how = HashMap::new();
    for (name, of_column) in &options.options {
        position(schema, name)?;
        if let Some(names) = options
            .columns
            .as_ref()
            .filter(|names| !names.contains(name))
        {
            let error = usage("expected options of columns that are read").with_column(name);
            let hint = suggest::hint(name, "read are", names.iter().map(String::as_str));
            return Err(match hint {
                Some(hint) => error.with_hint(hint),
                None => error,
            });
        }
        if how.insert(name.as_str(), of_column).is_some() {
            return Err(
                usage("expected options of a column once, got them twice").with_column(name)
            );
        }
    }
    Ok(how)
}

/// How numbers stored as `from` become numbers of `to` that say the same, or
/// as nearly as floats can.
fn change(from: Dtype, to: Dtype) -> Result<NumberChange> {
    if from == to {
        return Ok(match from {
            Dtype::Bool => NumberChange::Bool,
            _ => NumberChange::None,
        });
    }
    let cast = Cast {
        from: element(from),
        to: element(to),
    };
    if to == Dtype::Bool || !keeps(cast.from, cast.to) {
        return Err(usage(format!(
            "expected a dtype that can hold what is stored as {}, got {}",
            from.name(),
            to.name()
        ))
        .with_hint("use `cast` in the pipeline, or change the tensor after it was read"));
    }
    Ok(match from {
        Dtype::Bool => NumberChange::CastBool(cast),
        _ => NumberChange::Cast(cast),
    })
}

/// Whether each number of `from` comes out as the same number of `to`, a float
/// as the nearest that `to` has, or is reported.
fn keeps(from: Element, to: Element) -> bool {
    use Element::{BF16, F16, F32};
    match (from.is_float(), to.is_float()) {
        // Floats are rounded, and what becomes infinite is reported.
        (false, false) | (true, true) => true,
        (true, false) => false,
        (false, true) => {
            let exact_bits = match to {
                BF16 => 8,
                F16 => 11,
                F32 => 24,
                _ => 53,
            };
            from.len_bytes() * 8 <= exact_bits
        }
    }
}

/// The type of the numbers of a tensor; booleans are bytes of 0 and 1.
fn element(dtype: Dtype) -> Element {
    match dtype {
        Dtype::Bool | Dtype::U8 => Element::U8,
        Dtype::I8 => Element::I8,
        Dtype::I16 => Element::I16,
        Dtype::I32 => Element::I32,
        Dtype::I64 => Element::I64,
        Dtype::U16 => Element::U16,
        Dtype::U32 => Element::U32,
        Dtype::U64 => Element::U64,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::BF16,
        Dtype::F32 => Element::F32,
        Dtype::F64 => Element::F64,
    }
}
