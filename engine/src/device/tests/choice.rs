//! A device is trusted with what it has shown that it can do.

use std::sync::Arc;

use super::pretend::{Call, Manner, Pretend, Wrong};
use super::table::{STEPS, batches, plan};
use super::within;
use crate::device::open::first_that_passes;
use crate::device::{Backend, DeviceKind, Program};
use crate::error::ErrorKind;

fn programs() -> Vec<Program> {
    let plan = plan(STEPS, &batches(&[1])[0]);
    let segments = plan.stages.segments();
    segments.map(|segment| segment.program.clone()).collect()
}

fn pretend(manner: &Manner) -> Arc<Pretend> {
    Pretend::new(Manner {
        max_slot_bytes: 1 << 30,
        ..manner.clone()
    })
}

/// Devices that must not be used, each with a word of the reason.
fn bad() -> Vec<(Arc<Pretend>, &'static str)> {
    let wrong = |wrong| {
        let manner = Manner {
            wrong,
            ..Manner::default()
        };
        pretend(&manner)
    };
    let mut bad = vec![
        (wrong(Wrong::OneBit), "1 of"),
        (wrong(Wrong::Misfits), "misfits"),
    ];
    for call in Call::ALL {
        let fault = Some((call, 1));
        let manner = Manner {
            fault,
            ..Manner::default()
        };
        bad.push((pretend(&manner), "the fault of"));
    }
    bad
}

#[test]
fn one_that_fails_the_plan_s_self_test_is_an_error_where_it_is_named() {
    within(60, || {
        let programs = programs();
        let good = pretend(&Manner::default());
        assert!(good.device().tried(&programs).is_ok());
        assert!(good.calls(Call::Wait) > 0);
        for (pretend, reason) in bad() {
            let error = pretend.device().tried(&programs).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Device);
            let text = error.to_string();
            let expected = "expected pretend:0 to pass the plan's self-test, got: ";
            assert!(text.starts_with(expected), "{text}");
            assert!(text.contains(reason), "{text}");
            assert!(error.hint().unwrap().contains("--device cpu"));
        }
    });
}

#[test]
fn auto_passes_over_those_that_fail_and_says_why() {
    within(60, || {
        let programs = programs();
        let bad: Vec<Arc<dyn Backend>> = bad()
            .into_iter()
            .map(|(pretend, _)| pretend as Arc<dyn Backend>)
            .collect();
        let n_bad = bad.len();
        let before = vec!["cuda: no driver".to_owned()];
        let device = first_that_passes(&programs, bad.clone(), before.clone());
        assert_eq!(device.report().kind, DeviceKind::Cpu);
        assert_eq!(device.notes().len(), n_bad + 1);
        assert_eq!(device.notes()[0], "cuda: no driver");
        assert!(device.notes()[1].contains("pretend:0"));

        let good: Arc<dyn Backend> = pretend(&Manner::default());
        let all = bad.into_iter().take(2).chain([good]).collect();
        let device = first_that_passes(&programs, all, Vec::new());
        assert_eq!(device.report().id, "pretend:0");
        assert_eq!(device.notes().len(), 2);
    });
}
