//! Fits columns that a file holds to what the plan asked for, and cuts large
//! batches without copying.

use std::collections::VecDeque;
use std::ops::Range;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, OffsetSizeTrait, RecordBatch, RecordBatchOptions,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::downcast_dictionary_array;

use super::context::{Bad, Context};
use super::projection::Projection;
use crate::arrays::relayout;
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::plan::layouts::{plain, same_values};
use crate::plan::{leaf, type_name};

/// Rows in a batch at most, and looked at together.
const MAX_ROWS: usize = 64 << 10;

/// Where in `file` each column of `projection` comes from, or which is missing
/// or of another type.
pub(super) fn check_projection(
    file: &Schema,
    projection: &Schema,
) -> std::result::Result<Projection, String> {
    let mut places = Vec::with_capacity(projection.fields().len());
    for field in projection.fields() {
        let name = field.name();
        let place = leaf::find(file, name);
        let found = place.and_then(|at| Some((leaf::field_at(file, &at, name)?, at)));
        let (found, place) = found.ok_or_else(|| {
            format!(
                "expected a column {name:?} of type {}, the file has none",
                type_name(field.data_type())
            )
        })?;
        if !same_values(found.data_type(), field.data_type()) {
            return Err(format!(
                "expected column {name:?} of type {}, got {}",
                type_name(field.data_type()),
                type_name(found.data_type())
            ));
        }
        places.push(place);
    }
    Ok(Projection::new(file, &places))
}

/// `columns` as a batch of exactly `schema`.
///
/// Types differ at most in layout (a string view or a dictionary for a string),
/// in names within nested types, or because a file has no value in a column, so
/// no value changes.
fn conform(
    columns: &[ArrayRef],
    n_rows: usize,
    schema: &SchemaRef,
) -> Result<std::result::Result<RecordBatch, (String, String)>> {
    let mut conformed = Vec::with_capacity(columns.len());
    for (column, field) in columns.iter().zip(schema.fields()) {
        match as_type(column, field.data_type()) {
            Ok(column) => conformed.push(column),
            Err(reason) => return Ok(Err((field.name().clone(), reason))),
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    RecordBatch::try_new_with_options(schema.clone(), conformed, &options)
        .map(Ok)
        .map_err(|e| Error::internal("cannot make a batch").with_source(e))
}

/// `column` in another layout, or as it is.
pub(super) fn as_type(column: &ArrayRef, to: &DataType) -> std::result::Result<ArrayRef, String> {
    if column.data_type() == to {
        return Ok(column.clone());
    }
    relayout(column, to).map_err(|e| e.message().to_owned())
}

/// Refuses nulls in columns that have none in the plan.
pub(super) fn check_nulls(
    columns: &[ArrayRef],
    projection: &Schema,
) -> std::result::Result<(), String> {
    for (column, field) in columns.iter().zip(projection.fields()) {
        if field.is_nullable() {
            continue;
        }
        let n_nulls = column.logical_null_count();
        if n_nulls > 0 {
            return Err(format!(
                "expected no nulls in column {:?}, got {n_nulls}",
                field.name()
            ));
        }
    }
    Ok(())
}

/// A row with a value that its column does not hold.
#[derive(Debug, Clone)]
pub(super) struct Misfit {
    /// By index among the decoded rows.
    pub(super) row: usize,
    pub(super) column: String,
    pub(super) reason: String,
}

/// Decoded rows, given out in runs of about so many bytes.
#[derive(Debug)]
pub(super) struct Decoded {
    first_row: u64,
    columns: Vec<ArrayRef>,
    n_rows: usize,
    /// Rows before this one have been looked at.
    at: usize,
    runs: VecDeque<Range<usize>>,
    /// Rows to set aside, ascending.
    misfits: VecDeque<Misfit>,
}

impl Decoded {
    /// `n_rows` rows of a file from `first_row` on, those before `start_row`
    /// left out.
    pub(super) fn new(
        first_row: u64,
        columns: Vec<ArrayRef>,
        n_rows: usize,
        start_row: u64,
    ) -> Self {
        let skip = start_row.saturating_sub(first_row);
        Self {
            first_row,
            columns,
            n_rows,
            at: usize::try_from(skip).map_or(n_rows, |skip| skip.min(n_rows)),
            runs: VecDeque::new(),
            misfits: VecDeque::new(),
        }
    }

    /// The same with rows to set aside, each of them once.
    pub(super) fn without(self, mut misfits: Vec<Misfit>) -> Self {
        misfits.sort_by_key(|misfit| misfit.row);
        misfits.dedup_by_key(|misfit| misfit.row);
        let before = misfits.partition_point(|misfit| misfit.row < self.at);
        Self {
            misfits: misfits.into_iter().skip(before).collect(),
            ..self
        }
    }

    /// The next run as a batch of `context`'s schema. Values shared between
    /// rows are copied out only here.
    pub(super) fn next_batch(&mut self, context: &Context) -> Option<Result<Batch>> {
        if self.runs.is_empty() && self.at < self.n_rows {
            let window = self.at..self.n_rows.min(self.at + MAX_ROWS);
            let columns = slice(&self.columns, &window);
            let bytes = (context.batch_bytes, context.row_bytes);
            let runs = runs(&columns, window.len(), bytes);
            let moved = runs
                .into_iter()
                .map(|run| run.start + self.at..run.end + self.at);
            self.runs.extend(moved);
            self.at = window.end;
        }
        let run = self.runs.pop_front()?;
        let columns = slice(&self.columns, &run);
        let columns = match conform(&columns, run.len(), &context.schema) {
            Err(error) => return Some(Err(error.with_path(&context.path))),
            Ok(Ok(columns)) => columns,
            Ok(Err((column, reason))) => {
                if run.len() > 1 {
                    let middle = run.start + run.len() / 2;
                    self.runs.push_front(middle..run.end);
                    self.runs.push_front(run.start..middle);
                    return self.next_batch(context);
                }
                return Some(self.only_misfits(&run, (column, reason), context));
            }
        };
        let rows = (self.first_row + run.start as u64..).take(run.len());
        let batch = context.batch(rows.collect(), columns, Vec::new());
        Some(self.set_aside(&run, batch, context))
    }

    /// No rows, because the one of `run` has a value that damage left behind.
    fn only_misfits(
        &mut self,
        run: &Range<usize>,
        (column, reason): (String, String),
        context: &Context,
    ) -> Result<Batch> {
        // One reason is enough.
        while self
            .misfits
            .pop_front_if(|misfit| misfit.row < run.end)
            .is_some()
        {}
        let row = self.first_row + run.start as u64;
        let event = context.set_aside(Bad::value(row, column, reason))?;
        let none = RecordBatch::new_empty(context.schema.clone());
        Ok(context.batch(Vec::new(), none, event.into_iter().collect()))
    }

    /// `batch`, which holds the rows of `run`, without those to set aside.
    fn set_aside(
        &mut self,
        run: &Range<usize>,
        mut batch: Batch,
        context: &Context,
    ) -> Result<Batch> {
        let mut kept = vec![true; run.len()];
        while let Some(misfit) = self.misfits.pop_front_if(|misfit| misfit.row < run.end) {
            kept[misfit.row - run.start] = false;
            let row = self.first_row + misfit.row as u64;
            let bad = Bad::value(row, misfit.column, misfit.reason);
            batch.events.extend(context.set_aside(bad)?);
        }
        if batch.events.is_empty() {
            return Ok(batch);
        }
        batch.columns = filter_record_batch(&batch.columns, &BooleanArray::from(kept.clone()))
            .map_err(|e| Error::internal("cannot set rows aside").with_source(e))?;
        let mut kept = kept.into_iter();
        batch.rows.retain(|_| kept.next().unwrap_or(true));
        Ok(batch)
    }
}

/// Runs of rows of about `len_bytes` each, together all rows, where steps add
/// `row_bytes` to each; a row larger than that is a run of its own.
fn runs(
    columns: &[ArrayRef],
    n_rows: usize,
    (len_bytes, row_bytes): (usize, usize),
) -> Vec<Range<usize>> {
    let mut costs = vec![row_bytes as u64; n_rows];
    for column in columns {
        add_costs(column.as_ref(), &mut costs);
    }
    let mut runs = Vec::new();
    let (mut start, mut sum) = (0, 0_u64);
    for (row, cost) in costs.into_iter().enumerate() {
        if row > start && sum.saturating_add(cost) > len_bytes as u64 {
            runs.push(start..row);
            (start, sum) = (row, 0);
        }
        sum = sum.saturating_add(cost);
    }
    if start < n_rows {
        runs.push(start..n_rows);
    }
    runs
}

/// Adds the bytes that each row of `array` takes, about.
fn add_costs(array: &dyn Array, costs: &mut [u64]) {
    match array.data_type() {
        DataType::Utf8 => add_offsets(array.as_string::<i32>().value_offsets(), costs),
        DataType::LargeUtf8 => add_offsets(array.as_string::<i64>().value_offsets(), costs),
        DataType::Binary => add_offsets(array.as_binary::<i32>().value_offsets(), costs),
        DataType::LargeBinary => add_offsets(array.as_binary::<i64>().value_offsets(), costs),
        DataType::Utf8View => add_views(array.as_string_view().views(), costs),
        DataType::BinaryView => add_views(array.as_binary_view().views(), costs),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            add_lists(list.value_offsets(), list.values().as_ref(), costs);
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            add_lists(list.value_offsets(), list.values().as_ref(), costs);
        }
        DataType::Dictionary(_, _) => add_dictionary(array, costs),
        DataType::Struct(_) => {
            for column in array.as_struct().columns() {
                add_costs(column.as_ref(), costs);
            }
        }
        _ => {
            let width = array.get_array_memory_size() / array.len().max(1);
            add_each(costs, width as u64);
        }
    }
}

fn add_each(costs: &mut [u64], bytes: u64) {
    for cost in costs {
        *cost = cost.saturating_add(bytes);
    }
}

fn add_offsets<O: OffsetSizeTrait>(offsets: &[O], costs: &mut [u64]) {
    for (cost, pair) in costs.iter_mut().zip(offsets.windows(2)) {
        let len = pair[1].as_usize().saturating_sub(pair[0].as_usize());
        *cost = cost.saturating_add((len + size_of::<O>()) as u64);
    }
}

fn add_views(views: &[u128], costs: &mut [u64]) {
    for (cost, view) in costs.iter_mut().zip(views) {
        // A view begins with its length.
        let [a, b, c, d, ..] = view.to_le_bytes();
        let len = u64::from(u32::from_le_bytes([a, b, c, d]));
        *cost = cost.saturating_add(len + size_of::<u128>() as u64);
    }
}

fn add_lists<O: OffsetSizeTrait>(offsets: &[O], values: &dyn Array, costs: &mut [u64]) {
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
        return;
    };
    let (first, last) = (first.as_usize(), last.as_usize());
    let mut inner = vec![0_u64; last - first];
    add_costs(values.slice(first, last - first).as_ref(), &mut inner);
    for (cost, pair) in costs.iter_mut().zip(offsets.windows(2)) {
        let range = pair[0].as_usize() - first..pair[1].as_usize() - first;
        let sum: u64 = inner.get(range).map_or(0, |costs| costs.iter().sum());
        *cost = cost.saturating_add(sum + size_of::<O>() as u64);
    }
}

fn add_dictionary(array: &dyn Array, costs: &mut [u64]) {
    downcast_dictionary_array!(
        array => {
            let mut values = vec![0_u64; array.values().len()];
            add_costs(array.values().as_ref(), &mut values);
            for (cost, key) in costs.iter_mut().zip(array.keys_iter()) {
                let value = key.and_then(|key| values.get(key)).copied().unwrap_or(0);
                *cost = cost.saturating_add(value + 1);
            }
        },
        _ => {}
    );
}

/// Rows `run` of `columns`, without a copy.
fn slice(columns: &[ArrayRef], run: &Range<usize>) -> Vec<ArrayRef> {
    columns
        .iter()
        .map(|column| column.slice(run.start, run.len()))
        .collect()
}

/// The types in which columns are read: string layouts whose values may be
/// shared between rows, so that a dictionary of long values is not copied out
/// row by row before it can be cut. Never a dictionary of our own: a file whose
/// schema has small indices may have more values than these can count.
pub(super) fn shared_layout(data_type: &DataType) -> DataType {
    match plain(data_type) {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{DictionaryArray, Int64Array, StringArray, StringViewArray};
    use arrow::datatypes::{Field, Int32Type};

    use super::*;

    #[test]
    fn every_string_layout_costs_its_bytes() {
        let long = "x".repeat(1000);
        let values = [Some("a"), None, Some(long.as_str()), Some("b")];
        let layouts: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter(values)),
            Arc::new(StringViewArray::from_iter(values)),
            Arc::new(values.into_iter().collect::<DictionaryArray<Int32Type>>()),
        ];
        for layout in layouts {
            assert_eq!(
                runs(std::slice::from_ref(&layout), 4, (500, 0)),
                [0..2, 2..3, 3..4],
                "{:?}",
                layout.data_type()
            );
            assert_eq!(
                runs(&[layout.slice(1, 3)], 3, (500, 0)),
                [0..1, 1..2, 2..3],
                "sliced"
            );
        }
    }

    #[test]
    fn one_byte_gives_single_rows_and_no_row_is_lost() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        assert_eq!(
            runs(std::slice::from_ref(&column), 3, (1, 0)),
            [0..1, 1..2, 2..3]
        );
        let whole = runs(std::slice::from_ref(&column), 3, (usize::MAX, 0));
        assert_eq!((whole.len(), whole[0].clone()), (1, 0..3));
        assert!(runs(&[], 0, (1, 0)).is_empty());
        // What steps add counts as well.
        assert_eq!(runs(&[], 5, (100, 40)), [0..2, 2..4, 4..5]);
    }

    #[test]
    fn a_missing_or_different_column_is_named_with_both_types() {
        let file = Schema::new(vec![Field::new("a", DataType::Int64, true)]);
        let want = |name: &str, data_type| Schema::new(vec![Field::new(name, data_type, true)]);
        let found = check_projection(&file, &want("a", DataType::Int64)).unwrap();
        assert_eq!(found.roots(), [0]);
        assert_eq!(
            check_projection(&file, &want("a", DataType::Utf8)).unwrap_err(),
            "expected column \"a\" of type utf8, got int64"
        );
        assert_eq!(
            check_projection(&file, &want("b", DataType::Utf8)).unwrap_err(),
            "expected a column \"b\" of type utf8, the file has none"
        );
    }
}
