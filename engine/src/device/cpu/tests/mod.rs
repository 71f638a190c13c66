//! Assembling can be taken up again from every row it gave.

mod given;

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, UInt16Type};

use self::given::{Given, batch, documents, rows};
use super::assemble::Assembler;
use crate::batch::{Checkpoint, OutputBatch, Position, Quarantined, Stats};
use crate::plan::{
    AlignedColumn, ChunkStep, Digest, Discovery, Document, Format, Identity, JsonShape, OnError,
    OtherColumns, OutputColumn, Overlong, PackLabels, PackMethod, PackStep, Part, Piece, Plan,
    SinkPlan, SourcePlan, Stages, Step, chunked, packed,
};

const LENGTH: u32 = 16;

fn plan(pack: Option<PackStep>) -> Plan {
    plan_of(pack.map(Step::Pack))
}

fn plan_of(step: Option<Step>) -> Plan {
    let item = |id_type: DataType| Arc::new(Field::new_list_field(id_type, false));
    let tokens = DataType::List(item(DataType::UInt16));
    let column = |name: &str, data_type, nullable| OutputColumn {
        name: name.to_owned(),
        data_type,
        nullable,
        meaning: crate::plan::Meaning::Plain,
    };
    let mask = DataType::List(item(DataType::UInt8));
    let output = match &step {
        Some(Step::Pack(step)) => packed(step),
        Some(Step::Chunk(step)) => {
            let mask = column("mask", mask, true);
            chunked(step, &[column("tokens", tokens, true), mask])
        }
        Some(
            Step::Select(_) | Step::Filter(_) | Step::Tokenize(_) | Step::Chat(_) | Step::Map(_),
        )
        | None => {
            vec![column("tokens", tokens, true)]
        }
    };
    let steps: Vec<Step> = step.into_iter().collect();
    Plan {
        inputs: Vec::new(),
        source: SourcePlan {
            format: Format::Jsonl,
            document: Document::File,
            on_error: OnError::Quarantine,
            limit: None,
            split: None,
            projection: Arc::new(Schema::empty()),
            json: JsonShape::default(),
            looked: None,
            left_out: Vec::new(),
            page_checksums: true,
        },
        parts: Vec::new(),
        stages: Stages::of(&steps).unwrap(),
        steps,
        output,
        sink: SinkPlan {
            root: "out".into(),
            shard_size: 1,
        },
        assets: Vec::new(),
        discovery: Discovery::default(),
        identity: Identity {
            canonical: serde_json::Value::Null,
            digest: Digest(0),
        },
    }
}

fn pack_step(method: PackMethod, overlong: Overlong) -> PackStep {
    PackStep {
        column: "tokens".to_owned(),
        length: LENGTH,
        method,
        overlong,
        pad: 9999,
        pad_segment: false,
        window: 50,
        id_type: DataType::UInt16,
        aligned: Vec::new(),
        max_documents: None,
        position_ids: false,
        labels: PackLabels::None,
    }
}

/// Everything a run gives.
struct Run {
    batches: Vec<OutputBatch>,
    stats: Stats,
    quarantined: Vec<Quarantined>,
}

fn assembler(plan: &Plan, resume: Option<&Checkpoint>) -> Assembler {
    let part = Part {
        index: 0,
        pieces: vec![Piece {
            file: 0,
            row_groups: None,
            first_row: 0,
        }],
        len_bytes: 0,
    };
    Assembler::new(plan, &part, resume).unwrap()
}

fn run(plan: &Plan, resume: Option<&Checkpoint>, batch_rows: usize) -> Run {
    run_on(&rows(), plan, resume, batch_rows)
}

fn run_on(
    rows: &[(Position, Given)],
    plan: &Plan,
    resume: Option<&Checkpoint>,
    batch_rows: usize,
) -> Run {
    let mut assembler = assembler(plan, resume);
    let from = resume.map_or_else(Position::default, |checkpoint| checkpoint.position);
    let rows: Vec<_> = rows.iter().filter(|(at, _)| *at >= from).cloned().collect();
    let mut batches = Vec::new();
    let mut emit = |batch| {
        batches.push(batch);
        Ok(())
    };
    for file in rows.chunk_by(|a, b| a.0.file == b.0.file) {
        for rows in file.chunks(batch_rows) {
            let mut batch = batch(rows);
            if plan.steps.is_empty() {
                batch.columns = batch.columns.project(&[0]).unwrap();
            }
            assembler.push(&batch, &mut emit).unwrap();
        }
    }
    let (stats, last) = assembler.finish(&mut emit).unwrap();
    let mut quarantined: Vec<_> = batches
        .iter()
        .flat_map(|batch| batch.quarantined.clone())
        .collect();
    quarantined.extend(last);
    Run {
        batches,
        stats,
        quarantined,
    }
}

fn columns(run: &Run) -> RecordBatch {
    let schema = run.batches[0].columns.schema();
    concat_batches(&schema, run.batches.iter().map(|batch| &batch.columns)).unwrap()
}

/// The documents' origins, one entry a piece, row by row.
fn origins(run: &Run) -> Vec<Vec<(u32, u64, u32)>> {
    let mut rows = Vec::new();
    for OutputBatch {
        origins, columns, ..
    } in &run.batches
    {
        for row in 0..columns.num_rows() {
            let range = match &origins.offsets {
                Some(offsets) => {
                    usize::try_from(offsets[row]).unwrap()
                        ..usize::try_from(offsets[row + 1]).unwrap()
                }
                None => row..row + 1,
            };
            let start = |i| origins.start.get(i).copied().unwrap_or(0);
            rows.push(
                range
                    .map(|i| (origins.file[i], origins.row[i], start(i)))
                    .collect(),
            );
        }
    }
    rows
}

fn plans() -> Vec<Plan> {
    let mut plans = vec![plan(None)];
    for overlong in [Overlong::Split, Overlong::Truncate, Overlong::Drop] {
        plans.push(plan(Some(pack_step(PackMethod::BestFit, overlong))));
    }
    plans.push(plan(Some(pack_step(PackMethod::Concat, Overlong::Split))));
    for (method, max_documents) in [
        (PackMethod::BestFit, None),
        (PackMethod::BestFit, Some(2)),
        (PackMethod::Concat, Some(2)),
    ] {
        plans.push(plan(Some(PackStep {
            aligned: vec![AlignedColumn {
                name: "mask".to_owned(),
                element: DataType::UInt8,
            }],
            labels: PackLabels::Masked("mask".to_owned()),
            position_ids: true,
            max_documents,
            ..pack_step(method, Overlong::Split)
        })));
    }
    for (names, overlap, others) in [
        (&["tokens"][..], 0, OtherColumns::Repeat),
        (&["tokens", "mask"], 5, OtherColumns::Drop),
        (&["mask"], 6, OtherColumns::Repeat),
    ] {
        let element = |name: &str| match name {
            "mask" => DataType::UInt8,
            _ => DataType::UInt16,
        };
        let columns = names.iter().map(|name| AlignedColumn {
            name: (*name).to_owned(),
            element: element(name),
        });
        plans.push(plan_of(Some(Step::Chunk(ChunkStep {
            columns: columns.collect(),
            length: 7,
            overlap,
            min_length: 3,
            others,
        }))));
    }
    for method in [PackMethod::BestFit, PackMethod::Concat] {
        plans.push(plan(Some(PackStep {
            pad_segment: true,
            ..pack_step(method, Overlong::Split)
        })));
    }
    plans
}

#[test]
fn the_size_of_batches_does_not_show() {
    for plan in plans() {
        let whole = run(&plan, None, 4000);
        for batch_rows in [1, 7, 333] {
            let other = run(&plan, None, batch_rows);
            assert_eq!(columns(&other), columns(&whole));
            assert_eq!(origins(&other), origins(&whole));
            assert_eq!(other.stats, whole.stats);
            assert_eq!(other.quarantined, whole.quarantined);
        }
    }
}

#[test]
fn every_row_can_be_started_from() {
    for plan in plans() {
        let whole = run(&plan, None, 500);
        let all = columns(&whole);
        let (mut first_row, mut handed_on) = (0, 0);
        for batch in &whole.batches {
            handed_on += batch.quarantined.len();
            let n_rows = batch.columns.num_rows();
            for row in [0, n_rows / 2, n_rows - 1] {
                let skip = batch.restart.skip_rows + row as u64;
                let again = run(&plan, Some(&batch.restart), 77);
                let skip = usize::try_from(skip).unwrap();
                let n_left = all.num_rows() - first_row - row;
                assert_eq!(
                    columns(&again).slice(skip, n_left),
                    all.slice(first_row + row, n_left)
                );
                assert_eq!(origins(&again)[skip..], origins(&whole)[first_row + row..]);
                assert_eq!(again.stats, whole.stats);
                assert_eq!(again.quarantined, whole.quarantined[handed_on..]);
            }
            first_row += n_rows;
        }
        assert_eq!(first_row, all.num_rows());
    }
}

#[test]
fn no_token_is_lost_and_counts_add_up() {
    let given = rows();
    let n_bad = given
        .iter()
        .filter(|row| matches!(row.1, Given::Bad))
        .count();
    let n_tokens: usize = given
        .iter()
        .map(|row| match &row.1 {
            Given::Tokens(Some(tokens)) => tokens.len(),
            _ => 0,
        })
        .sum();
    for plan in plans() {
        let whole = run(&plan, None, 500);
        assert_eq!(whole.stats.rows_read, (given.len() - n_bad) as u64);
        assert_eq!(whole.stats.quarantined, n_bad as u64);
        assert_eq!(whole.quarantined.len(), n_bad);
        let Some(Step::Pack(step)) = plan.steps.first() else {
            continue;
        };
        let keeps_all = step.overlong == Overlong::Split;
        let all = columns(&whole);
        let bounds = all.column(1).as_list::<i32>();
        let mut used = 0;
        for (row, pieces) in origins(&whole).iter().enumerate() {
            let bounds = bounds.value(row);
            let bounds = bounds.as_primitive::<Int32Type>().values();
            let end = bounds[pieces.len()];
            used += end;
            let has_segment = step.pad_segment && end.unsigned_abs() < LENGTH;
            let segment = has_segment.then_some(LENGTH.cast_signed());
            assert_eq!(bounds[pieces.len() + 1..], *segment.as_slice());
        }
        assert_eq!(u64::from(used.unsigned_abs()), whole.stats.tokens);
        if keeps_all {
            assert_eq!(whole.stats.tokens, n_tokens as u64);
        }
        let padding = all
            .column(0)
            .as_fixed_size_list()
            .values()
            .as_primitive::<UInt16Type>()
            .values()
            .iter()
            .filter(|&&token| token == 9999)
            .count();
        let room = all.num_rows() * LENGTH as usize;
        assert_eq!(padding as u64, room as u64 - whole.stats.tokens);
    }
}

#[test]
fn a_closed_window_of_concat_can_be_started_behind() {
    // Several windows of 4 MiB, their bounds within documents.
    let rows = documents(300, 20_011);
    let plan = plan(Some(pack_step(PackMethod::Concat, Overlong::Split)));
    let whole = run_on(&rows, &plan, None, 40);
    let other = run_on(&rows, &plan, None, 7);
    assert_eq!(columns(&other), columns(&whole));
    assert_eq!(other.stats, whole.stats);
    let starts = whole.batches.iter().map(|batch| &batch.restart);
    assert!(starts.filter(|restart| restart.skip_tokens > 0).count() > 1);
    let all = columns(&whole);
    let mut first_row = 0;
    for batch in &whole.batches {
        let again = run_on(&rows, &plan, Some(&batch.restart), 11);
        let skip = usize::try_from(batch.restart.skip_rows).unwrap();
        let n_left = all.num_rows() - first_row;
        assert_eq!(
            columns(&again).slice(skip, n_left),
            all.slice(first_row, n_left)
        );
        assert_eq!(again.stats, whole.stats);
        first_row += batch.columns.num_rows();
    }
}

/// The most that a packer holds after any of 100 batches of `rows`: tokens in
/// its buffers, and entries of its ledger.
fn most_held(step: PackStep, rows: &[(Position, Given)]) -> (usize, usize) {
    let mut assembler = assembler(&plan(Some(step)), None);
    let (mut n_tokens, mut n_entries) = (0, 0);
    for rows in rows.chunks(rows.len().div_ceil(100)) {
        assembler.push(&batch(rows), &mut |_| Ok(())).unwrap();
        let Assembler::Pack(packer) = &assembler else {
            panic!("the plan packs")
        };
        let held = packer.held();
        (n_tokens, n_entries) = (n_tokens.max(held.0), n_entries.max(held.1));
    }
    (n_tokens, n_entries)
}

#[test]
fn concat_keeps_no_more_than_a_window() {
    let step = pack_step(PackMethod::Concat, Overlong::Split);
    let (n_tokens, _) = most_held(step, &documents(600, 20_011));
    // A window of 2^21 tokens, and the batch that filled it.
    assert!(n_tokens < (1 << 21) + 7 * 20_011, "{n_tokens}");
}

#[test]
fn what_is_dropped_or_cut_off_is_not_kept() {
    for overlong in [Overlong::Truncate, Overlong::Drop] {
        let mut rows = documents(2000, 1000);
        for (_, given) in rows.iter_mut().step_by(10) {
            *given = Given::Tokens(Some(vec![1; 16]));
        }
        let step = pack_step(PackMethod::BestFit, overlong);
        let (n_tokens, _) = most_held(step, &rows);
        // A window closes at 1024 rows of 16 tokens.
        assert!(n_tokens <= 1044 * 16 * 4 / 3, "{overlong:?}: {n_tokens}");
    }
}

#[test]
fn rows_that_a_filter_drops_take_no_memory() {
    let mut rows = documents(20_000, 1);
    for (_, given) in rows.iter_mut().skip(1) {
        *given = Given::Filtered;
    }
    let step = pack_step(PackMethod::BestFit, Overlong::Split);
    assert_eq!(most_held(step, &rows).1, 2);
}
