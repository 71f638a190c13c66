//! Whatever fails at whatever call: no row is lost or repeated, and nothing
//! hangs.

use std::time::Duration;

use super::pretend::{Call, Manner, Pretend};
use super::table::{STEPS, batches, plan};
use super::{ALONE, Shape, assert_equal, reference, run, within};
use crate::device::OnDeviceError;
use crate::error::ErrorKind;

/// Enough rows for several slots a batch.
const ROWS: [usize; 6] = [40, 1, 0, 200, 77, 3];

fn manner(call: Call, nth: usize) -> Manner {
    Manner {
        max_slot_bytes: 4096,
        fault: Some((call, nth)),
        ..Manner::default()
    }
}

/// How often a run without faults makes each call.
fn n_calls() -> [usize; 5] {
    let batches = batches(&ROWS);
    let plan = plan(STEPS, &batches[0]);
    let pretend = Pretend::new(Manner {
        max_slot_bytes: 4096,
        ..Manner::default()
    });
    let ran = run(&plan, &pretend.device(), ALONE, &batches).unwrap();
    assert_eq!(ran.lost, None);
    assert_equal(&reference(&plan, &batches), &ran.whole());
    Call::ALL.map(|call| pretend.calls(call))
}

#[test]
fn the_processor_takes_over_from_whatever_call_fails() {
    within(120, || {
        let batches = batches(&ROWS);
        let plan = plan(STEPS, &batches[0]);
        let expected = reference(&plan, &batches);
        let n_calls = n_calls();
        assert_eq!(n_calls[0], 2, "one lane a segment");
        assert!(n_calls[1..].iter().all(|&n| n > 20), "{n_calls:?}");
        for (call, n) in Call::ALL.into_iter().zip(n_calls) {
            for nth in 1..=n {
                let pretend = Pretend::new(manner(call, nth));
                let ran = run(&plan, &pretend.device(), ALONE, &batches).unwrap();
                let lost = ran.lost.clone().unwrap();
                assert_eq!(lost, format!("the fault of {call:?} {nth}"));
                assert_eq!(pretend.n_after(), 0, "used again after {lost}");
                assert_equal(&expected, &ran.whole());
            }
        }
    });
}

#[test]
fn the_error_comes_out_where_that_is_asked_for() {
    within(120, || {
        let batches = batches(&ROWS);
        let plan = plan(STEPS, &batches[0]);
        let shape = Shape {
            policy: OnDeviceError::Fail,
            ..ALONE
        };
        for (call, n) in Call::ALL.into_iter().zip(n_calls()) {
            for nth in [1, n / 2 + 1, n] {
                let pretend = Pretend::new(manner(call, nth));
                let ran = run(&plan, &pretend.device(), shape, &batches);
                let error = match ran {
                    Err(error) => error,
                    Ok(ran) => {
                        let failed = ran.batches.into_iter().filter_map(Result::err);
                        let failed: Vec<_> = failed.collect();
                        assert_eq!(failed.len(), 1, "only the batch at hand fails");
                        assert_eq!(ran.lost, None);
                        let location = failed[0].location();
                        assert!(matches!(location.step, Some(1 | 6)), "{location:?}");
                        assert!(location.path.is_some());
                        failed.into_iter().next().unwrap()
                    }
                };
                assert_eq!(error.kind(), ErrorKind::Device);
                assert_eq!(error.message(), format!("the fault of {call:?} {nth}"));
            }
        }
    });
}

#[test]
fn many_workers_lose_a_device_and_no_row() {
    within(120, || {
        let batches = batches(&[60; 24]);
        let plan = plan(STEPS, &batches[0]);
        let expected = reference(&plan, &batches);
        let shape = Shape {
            threads: 2,
            workers: 5,
            ..ALONE
        };
        for call in Call::ALL.into_iter().skip(1) {
            for nth in [1, 2, 9, 40] {
                let pretend = Pretend::new(Manner {
                    lag: Duration::from_millis(1),
                    ..manner(call, nth)
                });
                let ran = run(&plan, &pretend.device(), shape, &batches).unwrap();
                let lost = ran.lost.clone().unwrap();
                assert_eq!(lost, format!("the fault of {call:?} {nth}"));
                assert_equal(&expected, &ran.whole());
                // Only those end their batch who had begun it: four workers,
                // one of two segments each, far fewer calls than all batches.
                let n_all: usize = Call::ALL.map(|call| pretend.calls(call)).iter().sum();
                assert!(pretend.n_after() < n_all.max(4 * 60), "{n_all}");
            }
        }
    });
}

#[test]
fn no_more_threads_compute_than_may_and_others_wait_for_the_device() {
    within(60, || {
        let batches = batches(&[60; 12]);
        let plan = plan(STEPS, &batches[0]);
        let expected = reference(&plan, &batches);
        for threads in [1, 2] {
            // The first slot is done only when a third is under way, so
            // workers must not hold on to their leave to compute.
            let pretend = Pretend::new(Manner {
                n_together: 3,
                ..Manner::default()
            });
            let shape = Shape {
                threads,
                workers: threads + 3,
                ..ALONE
            };
            let ran = run(&plan, &pretend.device(), shape, &batches).unwrap();
            assert_equal(&expected, &ran.whole());
            // A slot that was acquired waits for leave, so the ring bounds it.
            assert!(pretend.most_filling() <= 6, "{}", pretend.most_filling());
        }
    });
}

#[test]
fn a_ring_of_one_slot_serves_any_number_of_workers() {
    within(60, || {
        let batches = batches(&[60; 12]);
        let plan = plan(STEPS, &batches[0]);
        let pretend = Pretend::new(Manner {
            n_slots: 1,
            lag: Duration::from_millis(1),
            ..Manner::default()
        });
        let shape = Shape {
            threads: 1,
            workers: 6,
            ..ALONE
        };
        let ran = run(&plan, &pretend.device(), shape, &batches).unwrap();
        assert_equal(&reference(&plan, &batches), &ran.whole());
    });
}

#[test]
fn several_plans_run_on_one_device_at_once() {
    within(60, || {
        let batches = batches(&[60; 8]);
        let pretend = Pretend::new(Manner {
            max_slot_bytes: 2048,
            lag: Duration::from_micros(200),
            ..Manner::default()
        });
        let one = "[[step]]\nop = \"cast\"\ncolumn = \"x\"\ndtype = \"bfloat16\"\n";
        let plans = [STEPS, one, STEPS].map(|steps| plan(steps, &batches[0]));
        std::thread::scope(|scope| {
            for plan in &plans {
                scope.spawn(|| {
                    let shape = Shape {
                        threads: 2,
                        workers: 4,
                        ..ALONE
                    };
                    let ran = run(plan, &pretend.device(), shape, &batches).unwrap();
                    assert_equal(&reference(plan, &batches), &ran.whole());
                });
            }
        });
        assert_eq!(pretend.calls(Call::Lane), 5);
    });
}
