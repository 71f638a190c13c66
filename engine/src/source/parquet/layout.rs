//! A Parquet file's footer, checked against the file, and what of it a plan
//! reads.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
};
use parquet::arrow::{FieldLevels, ProjectionMask, parquet_to_arrow_field_levels};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataOptions,
    ParquetMetaDataReader, ParquetStatisticsPolicy,
};

use super::super::ReadRequest;
use super::super::contain::{contain, said};
use super::super::context::Bad;
use super::super::cut::{Misfit, check_nulls, check_projection, shared_layout};
use super::super::projection::Projection;
use super::chunk::Checksums;
use super::disk::Disk;
use super::group::DecodedGroup;
use super::{footer, int96, narrow, writer};
use crate::batch::QuarantineUnit;
use crate::error::name_in_quotes;
use crate::plan::Int96Unit;

/// Bytes decoded at once, about. Fixed: it decides where a damaged group
/// breaks off.
const STEP_BYTES: u64 = 8 << 20;

/// Rows decoded at once at most.
const STEP_ROWS: u64 = 8192;

/// Reads and checks the footer, or says why it cannot be.
pub(super) fn load(disk: &Disk) -> Result<ArrowReaderMetadata, String> {
    // What is not used is read over: old writers have other things there.
    let options = ParquetMetaDataOptions::new()
        .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll)
        .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
        .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
    let reader = ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Skip)
        .with_metadata_options(Some(options.clone()));
    let unreadable = |e: ParquetError| format!("cannot read the Parquet footer: {}", said(e));
    contain(|| {
        let metadata = match reader.parse_and_finish(disk) {
            Ok(metadata) => metadata,
            Err(e) => footer::bare(disk, &options).ok_or_else(|| unreadable(e))?,
        };
        check(&metadata, parquet::file::reader::Length::len(disk))?;
        footer::check(disk, &metadata)?;
        ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new())
            .map_err(unreadable)
    })
    .and_then(|footer| footer)
}

/// Refuses a footer whose places or counts cannot be those of a file of
/// `len_bytes`.
fn check(metadata: &ParquetMetaData, len_bytes: u64) -> Result<(), String> {
    let mut n_rows = 0_u64;
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let sum = u64::try_from(group.num_rows())
            .ok()
            .and_then(|n| n_rows.checked_add(n));
        n_rows = sum.ok_or_else(|| {
            format!(
                "row group {index} (from 0) states {} rows, which no file holds",
                group.num_rows()
            )
        })?;
        for column in group.columns() {
            if !fits(column, len_bytes) {
                return Err(format!(
                    "row group {index} (from 0), column {} does not lie within the file",
                    name_in_quotes(&column.column_path().string())
                ));
            }
        }
    }
    Ok(())
}

fn fits(column: &ColumnChunkMetaData, len_bytes: u64) -> bool {
    let start = u64::try_from(writer::start(column)).ok();
    let len = u64::try_from(column.compressed_size()).ok();
    let end = start
        .zip(len)
        .and_then(|(start, len)| start.checked_add(len));
    end.is_some_and(|end| end <= len_bytes) && column.uncompressed_size() >= 0
}

/// A row group and where its rows lie in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) index: usize,
    pub(super) first_row: u64,
    pub(super) n_rows: u64,
}

impl Span {
    /// The rest of the group, from its row `done` on.
    pub(super) fn bad(&self, done: u64, reason: &str) -> Bad {
        Bad {
            unit: QuarantineUnit::RowGroup,
            row: self.first_row + done,
            n_rows: Some(self.n_rows - done),
            reason: format!("row group {} (from 0): {reason}", self.index),
            ..Bad::tail(0, "")
        }
    }
}

/// The groups asked for that hold rows asked for.
pub(super) fn spans(layout: &ReadLayout, request: &ReadRequest<'_>) -> VecDeque<Span> {
    let mut first_row = 0;
    let mut spans = VecDeque::new();
    for (index, group) in layout.metadata.row_groups().iter().enumerate() {
        let n_rows = group.num_rows().unsigned_abs();
        let wanted = request
            .row_groups
            .as_ref()
            .is_none_or(|range| range.contains(&index));
        if wanted && n_rows > 0 && first_row + n_rows > request.start_row {
            spans.push_back(Span {
                index,
                first_row,
                n_rows,
            });
        }
        first_row += n_rows;
    }
    spans
}

/// Which columns of a file are read, and how.
#[derive(Debug)]
pub(super) struct ReadLayout {
    metadata: Arc<ParquetMetaData>,
    levels: FieldLevels,
    mask: ProjectionMask,
    /// How the columns of the plan come out of those decoded.
    columns: Projection,
    /// Timestamps of INT96 among them, in seconds, where there are any.
    seconds: Option<Seconds>,
    /// The types in the file's schema of all that is decoded.
    types: Vec<DataType>,
}

/// The columns with timestamps of INT96, decoded a second time.
#[derive(Debug)]
struct Seconds {
    levels: FieldLevels,
    /// Their places among all that is decoded, and their types in the file's
    /// schema.
    columns: Vec<(usize, DataType)>,
}

/// The decoders of one row group, which go on side by side.
pub(super) struct Decoders {
    columns: ParquetRecordBatchReader,
    seconds: Option<ParquetRecordBatchReader>,
}

impl Decoders {
    /// The next rows, and timestamps of INT96 among them in seconds.
    pub(super) fn step(&mut self) -> Result<Option<DecodedRows>, String> {
        let next = |reader: &mut ParquetRecordBatchReader| reader.next().transpose().map_err(said);
        let Some(columns) = next(&mut self.columns)? else {
            return Ok(None);
        };
        let seconds = match &mut self.seconds {
            Some(reader) => next(reader)?,
            None => None,
        };
        Ok(Some(DecodedRows { columns, seconds }))
    }
}

/// Rows as they were decoded.
pub(super) struct DecodedRows {
    columns: RecordBatch,
    seconds: Option<RecordBatch>,
}

impl DecodedRows {
    pub(super) fn n_rows(&self) -> usize {
        self.columns.num_rows()
    }
}

impl ReadLayout {
    /// Finds the columns of `projection`, or says which is missing.
    pub(super) fn new(footer: &ArrowReaderMetadata, projection: &Schema) -> Result<Self, String> {
        let (schema, columns) = projected(footer, projection)?;
        let decoded = columns.roots();
        let descriptor = footer.metadata().file_metadata().schema_descr_ptr();
        let descriptor = narrow::widened(&descriptor).map_err(said)?;
        let descriptor = &*descriptor;
        let hint = shared_fields(&schema);
        let levels = |hint: &Fields, mask: &ProjectionMask| {
            contain(|| {
                parquet_to_arrow_field_levels(descriptor, mask.clone(), Some(hint)).map_err(said)
            })
            .and_then(|levels| levels)
        };
        let mask = columns.mask(descriptor);
        let types = decoded.iter().map(|root| schema.field(*root));
        let types = types.map(|field| field.data_type().clone()).collect();
        let timed = |unit| int96::with_unit(&hint, descriptor, unit);
        let (moments, roots) = int96::leaves(descriptor, &mask);
        let times = roots
            .into_iter()
            .filter_map(|root| {
                let place = decoded.binary_search(&root).ok()?;
                Some((place, schema.field(root).data_type().clone()))
            })
            .collect::<Vec<_>>();
        let seconds = if times.is_empty() {
            None
        } else {
            let mask = ProjectionMask::leaves(descriptor, moments);
            Some(Seconds {
                levels: levels(&timed(TimeUnit::Second), &mask)?,
                columns: times,
            })
        };
        Ok(Self {
            metadata: footer.metadata().clone(),
            levels: levels(&timed(TimeUnit::Nanosecond), &mask)?,
            mask,
            columns,
            seconds,
            types,
        })
    }

    /// The decoders of row group `index`, from its first row.
    pub(super) fn open(
        &self,
        disk: &Disk,
        checksums: Checksums,
        index: usize,
    ) -> Result<Decoders, String> {
        let group = DecodedGroup::new(disk.clone(), self.metadata.clone(), checksums, index);
        let reader = |levels: &FieldLevels| {
            let step_rows = self.step_rows(index);
            ParquetRecordBatchReader::try_new_with_row_groups(levels, &group, step_rows, None)
                .map_err(said)
        };
        Ok(Decoders {
            columns: reader(&self.levels)?,
            seconds: self
                .seconds
                .as_ref()
                .map(|seconds| reader(&seconds.levels))
                .transpose()?,
        })
    }

    /// Rows of group `index` decoded at once.
    fn step_rows(&self, index: usize) -> usize {
        let group = self.metadata.row_group(index);
        let len_bytes = group
            .columns()
            .iter()
            .enumerate()
            .filter(|(leaf, _)| self.mask.leaf_included(*leaf))
            .map(|(_, column)| column.uncompressed_size().unsigned_abs())
            .fold(0, u64::saturating_add);
        let n_rows = group.num_rows().unsigned_abs();
        let row_bytes = len_bytes.checked_div(n_rows).unwrap_or(0).max(1);
        let step = (STEP_BYTES / row_bytes).clamp(1, STEP_ROWS);
        usize::try_from(step).unwrap_or(1)
    }

    /// The columns of `step` in the order of the plan, and the rows with a value
    /// that its column does not hold; refuses nulls where the plan has none.
    pub(super) fn arrange(
        &self,
        step: &DecodedRows,
        projection: &Schema,
    ) -> Result<(Vec<ArrayRef>, Vec<Misfit>), String> {
        let mut decoded = step.columns.columns().to_vec();
        let mut misfits = Vec::new();
        let mut note = |place: usize, found: Vec<int96::Int96Misfit>| {
            let name = step.columns.schema_ref().field(place).name();
            misfits.extend(found.into_iter().enumerate().filter_map(|(row, reason)| {
                Some(Misfit {
                    row,
                    column: name.clone(),
                    reason: reason?,
                })
            }));
        };
        for (place, to) in self.types.iter().enumerate() {
            let column = decoded.get_mut(place).ok_or("a column was not decoded")?;
            let (restored, found) = narrow::restore(column, to);
            *column = restored;
            note(place, found);
        }
        if let Some(seconds) = &self.seconds {
            let exact = step
                .seconds
                .as_ref()
                .filter(|exact| exact.num_rows() == step.n_rows())
                .ok_or("a column of INT96 has other rows when it is read again")?;
            for ((place, to), exact) in seconds.columns.iter().zip(exact.columns()) {
                let (column, found) = int96::restore(&decoded[*place], exact, to);
                decoded[*place] = column;
                note(*place, found);
            }
        }
        let columns = self.columns.pick(&decoded)?;
        check_nulls(&columns, projection)?;
        Ok((columns, misfits))
    }
}

/// The columns of a file, with timestamps of INT96 in `unit`.
pub(super) fn schema(footer: &ArrowReaderMetadata, unit: Int96Unit) -> SchemaRef {
    let file = footer.schema();
    match unit {
        Int96Unit::Ns => Arc::clone(file),
        Int96Unit::Us => {
            let descriptor = footer.metadata().file_metadata().schema_descr();
            let fields = int96::with_unit(file.fields(), descriptor, TimeUnit::Microsecond);
            Arc::new(Schema::new_with_metadata(fields, file.metadata().clone()))
        }
    }
}

/// The columns of a file in the unit in which the plan has timestamps of INT96,
/// and where those of the plan are among them.
fn projected(
    footer: &ArrowReaderMetadata,
    projection: &Schema,
) -> Result<(SchemaRef, Projection), String> {
    let of_unit = |unit| {
        let schema = schema(footer, unit);
        check_projection(&schema, projection).map(|columns| (schema, columns))
    };
    let of_ns = of_unit(Int96Unit::Ns);
    // What is wrong in any unit is said in that of the file.
    of_ns.or_else(|refused| of_unit(Int96Unit::Us).map_err(|_| refused))
}

/// The fields of a file with strings in a layout that shares values.
fn shared_fields(schema: &Schema) -> Fields {
    schema
        .fields()
        .iter()
        .map(|field| {
            let data_type = shared_layout(field.data_type());
            Field::clone(field).with_data_type(data_type)
        })
        .collect()
}
