//! Parts: pieces one after another, split and limit, from any place.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::fs;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use fuelrail::batch::{Position, RowEvent};
use fuelrail::plan::{
    Digest, Discovery, Document, Format, Identity, JsonShape, OnError, Part, Piece, Plan, SinkPlan,
    SourcePlan, Split, SplitSide, Stages,
};
use fuelrail::source::{PartReader, Start};
use fuelrail_tests::source::input;

/// A plan of one part over JSON lines: three files, the second with bad lines.
fn plan(dir: &std::path::Path) -> Plan {
    let line = |i: usize| format!("{{\"text\": \"document {i}\"}}\n");
    let files = [
        (0..20).map(line).collect::<String>(),
        (20..40)
            .map(|i| {
                if i % 7 == 0 {
                    "bad\n".to_owned()
                } else {
                    line(i)
                }
            })
            .collect(),
        (40..60).map(line).collect(),
    ];
    let mut inputs = Vec::new();
    let mut pieces = Vec::new();
    for (i, text) in files.iter().enumerate() {
        let path = dir.join(format!("{i}.jsonl"));
        fs::write(&path, text).unwrap();
        inputs.push(input(&path));
        pieces.push(Piece {
            file: u32::try_from(i).unwrap(),
            row_groups: None,
            first_row: 0,
        });
    }
    let text = Field::new("text", DataType::Utf8, true);
    Plan {
        inputs,
        source: SourcePlan {
            format: Format::Jsonl,
            document: Document::File,
            on_error: OnError::Quarantine,
            limit: None,
            split: None,
            projection: Arc::new(Schema::new(vec![text])),
            json: JsonShape::default(),
            looked: None,
            left_out: Vec::new(),
            page_checksums: true,
        },
        parts: vec![Part {
            index: 0,
            pieces,
            len_bytes: 0,
        }],
        steps: Vec::new(),
        stages: Stages::default(),
        output: Vec::new(),
        sink: SinkPlan {
            root: dir.to_owned(),
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

/// Positions of rows and of events.
fn read(plan: &Plan, start: Start, batch_bytes: usize) -> (Vec<Position>, Vec<Position>) {
    let (mut rows, mut events) = (Vec::new(), Vec::new());
    for batch in PartReader::open(plan, &plan.parts[0], start, batch_bytes).unwrap() {
        let batch = batch.unwrap();
        assert_eq!(batch.rows.len(), batch.columns.num_rows());
        rows.extend((0..batch.rows.len()).map(|i| batch.position(i)));
        // How rows of the other side are counted together depends on batches.
        let events_of = batch.events.iter();
        let events_of = events_of.filter(|event| !matches!(event, RowEvent::OtherSide { .. }));
        events.extend(events_of.map(RowEvent::at));
    }
    assert!(rows.is_sorted() && events.is_sorted());
    (rows, events)
}

fn split(take: SplitSide) -> Split {
    Split {
        take,
        validation: 0.3,
        key: "text".to_owned(),
        seed: 1,
    }
}

#[test]
fn all_files_in_order_from_any_place_at_any_batch_size() {
    let dir = tempfile::tempdir().unwrap();
    let mut plan = plan(dir.path());
    for side in [None, Some(SplitSide::Train), Some(SplitSide::Validation)] {
        plan.source.split = side.map(split);
        let whole = read(&plan, Start::of(&plan.parts[0]), 1 << 20);
        for batch_bytes in [1, 100, usize::MAX] {
            for (file, row) in [(0, 0), (0, 19), (0, 20), (1, 0), (1, 2), (1, 3), (2, 20)] {
                let position = Position { file, row };
                let start = Start { position, taken: 0 };
                let (rows, events) = read(&plan, start, batch_bytes);
                assert!(rows.iter().eq(whole.0.iter().filter(|at| **at >= position)));
                assert!(
                    events
                        .iter()
                        .eq(whole.1.iter().filter(|at| **at >= position))
                );
            }
        }
    }
    plan.source.split = None;
    let (rows, events) = read(&plan, Start::of(&plan.parts[0]), 100);
    assert_eq!((rows.len(), events.len()), (57, 3));
}

#[test]
fn the_sides_of_a_split_are_complements_and_adding_files_moves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut plan = plan(dir.path());
    let all = read(&plan, Start::of(&plan.parts[0]), 100).0;
    plan.source.split = Some(split(SplitSide::Train));
    let train = read(&plan, Start::of(&plan.parts[0]), 100).0;
    plan.source.split = Some(split(SplitSide::Validation));
    let validation = read(&plan, Start::of(&plan.parts[0]), 100).0;
    assert!(!train.is_empty() && !validation.is_empty());
    let mut both = [train.clone(), validation.clone()].concat();
    both.sort_unstable();
    assert_eq!(both, all);

    // Without the first file, the others' rows stay where they were.
    plan.parts[0].pieces.remove(0);
    let fewer = read(&plan, Start::of(&plan.parts[0]), 100).0;
    assert!(fewer.iter().eq(validation.iter().filter(|at| at.file > 0)));
}

#[test]
fn the_limit_counts_rows_after_the_split_and_across_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let mut plan = plan(dir.path());
    for side in [None, Some(SplitSide::Validation)] {
        plan.source.split = side.map(split);
        plan.source.limit = None;
        let whole = read(&plan, Start::of(&plan.parts[0]), 100);
        for limit in [0, 1, 5, 21, 22, 57, 100] {
            plan.source.limit = Some(limit);
            let n = whole.0.len().min(usize::try_from(limit).unwrap());
            let expected = &whole.0[..n];
            let last = expected.last().copied();
            let stopped = n as u64 == limit;
            let events: Vec<_> = whole
                .1
                .iter()
                .filter(|at| !stopped || last.is_some_and(|last| **at < last))
                .copied()
                .collect();
            for batch_bytes in [1, 200, usize::MAX] {
                let came = read(&plan, Start::of(&plan.parts[0]), batch_bytes);
                assert_eq!(came, (expected.to_vec(), events.clone()), "limit {limit}");
            }
            for taken in 0..n {
                let start = Start {
                    position: expected[taken],
                    taken: taken as u64,
                };
                assert_eq!(
                    read(&plan, start, 200).0,
                    expected[taken..],
                    "limit {limit}"
                );
            }
        }
    }
}

#[test]
fn an_error_ends_the_part() {
    let dir = tempfile::tempdir().unwrap();
    let mut plan = plan(dir.path());
    plan.source.on_error = OnError::Fail;
    let start = Start::of(&plan.parts[0]);
    let mut reader = PartReader::open(&plan, &plan.parts[0], start, 100).unwrap();
    let error = reader.find_map(Result::err).unwrap();
    assert_eq!(error.location().row, Some(1));
    assert!(reader.next().is_none());
}
