//! The rows that are written, made from batches in source order.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::chunk::Chunker;
use super::ledger::Ledger;
use super::pack::{Emit, Packer};
use crate::batch::{Batch, Checkpoint, Origins, OutputBatch, Position, Quarantined, Stats};
use crate::error::{Error, Result};
use crate::plan::{OutputColumn, Part, Plan, Step};

/// Takes the batches of one part in source order and gives rows in their final
/// form, each batch with the place from which it can be made again.
#[derive(Debug)]
pub(crate) enum Assembler {
    /// One output row a document.
    Pass(Passer),
    /// Rows packed from many documents.
    Pack(Packer),
    /// Many rows cut from a document.
    Chunk(Chunker),
}

impl Assembler {
    /// The assembler of `part`, at its beginning or where `resume` left it.
    ///
    /// # Errors
    /// `Internal` for a plan that was not checked.
    pub(crate) fn new(plan: &Plan, part: &Part, resume: Option<&Checkpoint>) -> Result<Self> {
        let start = match resume {
            Some(checkpoint) => checkpoint.clone(),
            None => Checkpoint {
                position: part_start(part),
                ..Checkpoint::default()
            },
        };
        let ledger = Ledger::new(start.stats.clone(), plan.steps.len());
        let schema = schema_of(&plan.output);
        let index = plan.steps.len().saturating_sub(1);
        if let Some(step) = plan.pack() {
            return Packer::new(step.clone(), index, schema, ledger, &start).map(Self::Pack);
        }
        if let Some(step) = plan.chunk() {
            let chunker = Chunker::new(step.clone(), index, schema, ledger);
            return Ok(Self::Chunk(chunker));
        }
        Ok(Self::Pass(Passer {
            tokens: token_columns(plan),
            schema,
            ledger,
        }))
    }

    /// Bytes that an assembler of `plan` holds, at most but for one document.
    pub(crate) fn memory_bound(plan: &Plan) -> u64 {
        let chunker = plan.chunk().map_or(0, |_| Chunker::MEMORY_BOUND);
        plan.pack().map_or(chunker, Packer::memory_bound)
    }

    /// Takes the next batch.
    ///
    /// # Errors
    /// Those of `emit`, or `Internal` for a batch that does not fit the plan.
    pub(crate) fn push(&mut self, batch: &Batch, emit: Emit<'_>) -> Result<()> {
        match self {
            Self::Pass(passer) => passer.push(batch, emit),
            Self::Pack(packer) => packer.push(batch, emit),
            Self::Chunk(chunker) => chunker.push(batch, emit),
        }
    }

    /// Gives the last rows, and the counts of the part with the units set
    /// aside that came with no batch.
    ///
    /// # Errors
    /// Those of `emit`.
    pub(crate) fn finish(self, emit: Emit<'_>) -> Result<(Stats, Vec<Quarantined>)> {
        match self {
            Self::Pass(passer) => Ok(passer.ledger.finish()),
            Self::Pack(packer) => packer.finish(emit),
            Self::Chunk(chunker) => Ok(chunker.finish()),
        }
    }
}

/// The position of the first row of a part.
pub(crate) fn part_start(part: &Part) -> Position {
    part.pieces
        .first()
        .map_or_else(Position::default, |piece| Position {
            file: piece.file,
            row: piece.first_row,
        })
}

/// The Arrow schema of the plan's output.
fn schema_of(output: &[OutputColumn]) -> SchemaRef {
    let field =
        |column: &OutputColumn| Field::new(&column.name, column.data_type.clone(), column.nullable);
    Arc::new(Schema::new(output.iter().map(field).collect::<Vec<_>>()))
}

/// The output columns that hold tokens.
fn token_columns(plan: &Plan) -> Vec<usize> {
    let is_tokens = |name: &str| {
        let mut made = plan.steps.iter().filter_map(Step::made_tokens);
        made.any(|made| made.column == name)
    };
    (0..plan.output.len())
        .filter(|&index| is_tokens(&plan.output[index].name))
        .collect()
}

/// Hands rows on as they come.
#[derive(Debug)]
pub(crate) struct Passer {
    /// Output columns whose lengths count as tokens.
    tokens: Vec<usize>,
    schema: SchemaRef,
    ledger: Ledger,
}

impl Passer {
    fn push(&mut self, batch: &Batch, emit: Emit<'_>) -> Result<()> {
        let Some(restart) = self.ledger.begin(batch) else {
            return Ok(());
        };
        self.note(batch);
        if batch.rows.is_empty() {
            return Ok(());
        }
        let columns =
            RecordBatch::try_new(Arc::clone(&self.schema), batch.columns.columns().to_vec())
                .map_err(|error| {
                    Error::internal("a batch does not fit the plan's output").with_source(error)
                })?;
        emit(OutputBatch {
            columns,
            origins: Origins {
                file: vec![batch.file; batch.rows.len()],
                row: batch.rows.clone(),
                ..Origins::default()
            },
            restart,
            quarantined: self.ledger.take_quarantined(),
        })
    }

    /// Notes rows and events in source order.
    fn note(&mut self, batch: &Batch) {
        let tokens = &self.tokens;
        self.ledger.note(batch, |ledger, index, at| {
            let lens = tokens
                .iter()
                .map(|&column| list_len(batch.columns.column(column), index));
            ledger.document(at, lens.sum());
        });
    }
}

/// Elements of a list value.
fn list_len(column: &dyn Array, row: usize) -> u64 {
    match column.data_type() {
        DataType::List(_) => u64::from(column.as_list::<i32>().value_length(row).unsigned_abs()),
        _ => 0,
    }
}
