//! Steps that are made one kernel, or one segment, give the bits that they
//! give one by one.

use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::normalize::Numbers;
use fuelrail_kernels::{Element, Kernel, Level};

use super::reference;
use super::table::{STEPS, batches, plan};
use crate::batch::{Batch, RowEvent};
use crate::device::parity::sample;
use crate::device::{Chain, Program};
use crate::plan::fused;

/// What a chain makes of everything that makes trouble.
fn run(chain: &Chain) -> (Vec<u8>, bool) {
    let n_items = 700;
    let src = sample(chain, n_items, 5);
    let mut dst = vec![0; n_items * chain.dst_item_bytes()];
    let overflowed = chain.run(Level::SCALAR, &src, &mut dst).unwrap();
    (dst, overflowed)
}

/// Every `normalize` of numbers, with constants that make results tiny, huge
/// and everyday.
fn normalizes() -> Vec<Numbers> {
    let constants = [
        (3.25, 1.75, None),
        (0.0, 1e30, Some([-1e-30, 1.0])),
        (0.1, 1e-30, None),
        (-7.0, 0.3, Some([-70_000.0, 65_519.99])),
    ];
    let pairs = Element::ALL
        .into_iter()
        .flat_map(|from| Element::ALL.into_iter().map(move |to| (from, to)));
    let all = pairs.flat_map(|types| {
        constants.map(|(mean, std, clip)| Numbers::new(types, (mean, std), clip).ok())
    });
    all.flatten().collect()
}

#[test]
fn one_kernel_has_the_bits_of_two_and_of_three() {
    let mut n_fused = [0; 4];
    for numbers in normalizes() {
        for second in Element::ALL {
            for third in Element::ALL {
                let kernels = [
                    Kernel::NormalizeNumbers(numbers),
                    Kernel::Cast(Cast {
                        from: numbers.to,
                        to: second,
                    }),
                    Kernel::Cast(Cast {
                        from: second,
                        to: third,
                    }),
                ];
                let apart = Chain::new(kernels.to_vec()).unwrap();
                let together = Chain::new(fused(kernels.into_iter())).unwrap();
                n_fused[together.kernels().len()] += 1;
                if together != apart {
                    assert_eq!(run(&apart), run(&together), "{apart:?}");
                }
            }
        }
    }
    assert!(n_fused[1..].iter().all(|&n| n > 50), "{n_fused:?}");
}

/// The batches after each step of [`STEPS`] has run as a plan of its own.
fn step_by_step(steps: &str, batches: Vec<Batch>) -> Vec<Batch> {
    let mut batches = batches;
    for step in steps.split("[[step]]").skip(1) {
        let plan = plan(&format!("[[step]]{step}"), &batches[0]);
        batches = reference(&plan, &batches);
    }
    batches
}

/// What happened to rows, by number.
type Fates = Vec<(u64, String)>;

/// What happened to rows, but for the number of the step: what became of them in
/// order, and the values that were changed, sorted.
fn events(batch: &Batch) -> (Fates, Fates) {
    let (mut fates, mut changes) = (Fates::new(), Fates::new());
    for event in &batch.events {
        match event {
            RowEvent::Filtered { at, .. } => fates.push((at.row, "filtered".to_owned())),
            RowEvent::Quarantined(unit) => fates.push((unit.at.row, unit.reason.clone())),
            RowEvent::Noted { at, notes } => {
                changes.extend(notes.converted.iter().map(|change| {
                    let (what, _) = change.what.split_once(" (step").unwrap();
                    (
                        at.row,
                        format!("{}: {what} {}", change.column, change.n_values),
                    )
                }));
            }
            RowEvent::OtherSide { .. } | RowEvent::Truncated { .. } => panic!("{event:?}"),
        }
    }
    // What was changed of a row that is then refused is nobody's value.
    changes.retain(|(row, _)| !fates.iter().any(|(refused, _)| refused == row));
    changes.sort();
    (fates, changes)
}

fn assert_same(steps: &str) {
    let batches = batches(&[150, 0, 1, 60]);
    let together = reference(&plan(steps, &batches[0]), &batches);
    let apart = step_by_step(steps, batches);
    for (together, apart) in together.iter().zip(&apart) {
        assert_eq!(together.rows, apart.rows);
        assert_eq!(events(together), events(apart));
        assert_eq!(together.columns.schema(), apart.columns.schema());
        let columns = together.columns.columns().iter();
        for (together, apart) in columns.zip(apart.columns.columns()) {
            assert!(together.to_data() == apart.to_data(), "{steps}");
        }
    }
}

#[test]
fn a_segment_has_the_bits_and_the_bad_rows_of_its_steps_one_by_one() {
    // bfloat16 is told by the plan, not by the column, so no plan of a single
    // step can take it up again.
    assert_same(&STEPS.replace("bfloat16", "float16"));
    assert_same(
        r#"
[[step]]
op = "cast"
column = ["x", "n"]
dtype = "int16"
[[step]]
op = "cast"
column = ["n", "x", "ids"]
dtype = "uint8"
"#,
    );
}

#[test]
fn nulls_replaced_late_take_a_segment_of_their_own() {
    let steps = r#"
[[step]]
op = "cast"
column = ["n", "ids"]
dtype = "float32"
[[step]]
op = "normalize"
column = "n"
mean = 1.0
[[step]]
op = "normalize"
column = "n"
fill = 9.0
[[step]]
op = "normalize"
column = "x"
fill = 2.0
"#;
    let batches = batches(&[50]);
    let plan = plan(steps, &batches[0]);
    let segments: Vec<_> = plan.stages.segments().collect();
    let steps_of = plan
        .stages
        .0
        .iter()
        .filter(|stage| stage.segment().is_some());
    let steps_of: Vec<_> = steps_of.map(|stage| stage.steps.clone()).collect();
    assert_eq!(steps_of, [0..2, 2..4]);
    let n_stages = |program: &Program| -> Vec<usize> {
        program
            .chains
            .iter()
            .map(|chain| chain.kernels().len())
            .collect()
    };
    assert_eq!(n_stages(&segments[0].program), [2, 1]);
    assert_eq!(n_stages(&segments[1].program), [1, 1]);
    let done = &reference(&plan, &batches)[0].columns;
    assert_eq!(done.column_by_name("n").unwrap().null_count(), 0);
    assert!(batches[0].columns.column_by_name("n").unwrap().null_count() > 0);
    assert_same(steps);
}
