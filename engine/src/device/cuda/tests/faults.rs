//! Every call of the driver fails once, in every place where it is made: the
//! outcome is right or a `Device` error, and nothing hangs or is touched while
//! the device uses it.

use std::io::Write;

use super::super::super::program::Program;
use super::*;

/// What a run under faults prints when it came to its end.
pub(super) const ENDED: &str = "ended as it should";

/// Starts the device, runs batches on two threads, and makes sure that each is
/// right or failed with a `Device` error, after which nothing is started.
fn run_under_faults() -> Result<(), Error> {
    let backend = open(Some(0))?;
    let program = programs::mixed();
    let lane = backend.lane(&program)?;
    let failed = std::thread::scope(|scope| {
        let threads = [1, 2].map(|seed| {
            let (lane, program) = (&*lane, &program);
            scope.spawn(move || batches(lane, program, seed))
        });
        threads.map(|thread| thread.join().unwrap().err())
    });
    match failed.into_iter().flatten().next() {
        None => Ok(()),
        Some(error) => {
            let again = lane.acquire(&fixed(&[1, 1, 1, 1])).map(|_| ()).unwrap_err();
            assert_eq!(again.kind(), ErrorKind::Device);
            assert!(
                again.to_string().contains("not used after it failed"),
                "{again}"
            );
            Err(error)
        }
    }
}

fn batches(lane: &dyn Lane, program: &Program, seed: u64) -> Result<(), Error> {
    for n in [1, 40] {
        let n_items = [1, 1, n, n];
        let columns = programs::columns(program, &n_items, seed);
        let got = run_batch(lane, &n_items, &columns)?;
        assert_eq!(got, reference(program, &n_items, &columns));
    }
    Ok(())
}

#[test]
fn every_call_may_fail() {
    let name = "faults::every_call_may_fail";
    if std::env::var_os(INSIDE).is_some() {
        if let Err(error) = run_under_faults() {
            assert_eq!(error.kind(), ErrorKind::Device, "{error:?}");
            writeln!(std::io::stdout(), "failed: {error}").unwrap();
        }
        writeln!(std::io::stdout(), "{ENDED}").unwrap();
        return;
    }
    let test = format!("device::cuda::tests::{name}");
    let sound = run_inside(&test, &[]);
    assert!(sound.passed(), "{}", sound.text());
    assert!(!sound.text().contains("failed: "), "{}", sound.text());
    assert_eq!(sound.count("live"), 0, "{}", sound.report);
    let n_calls = sound.count("calls");
    assert!(n_calls > 50, "expected a run of many calls, got {n_calls}");
    // Refused once (out of memory, unknown), and lost for good.
    let mut faults = Vec::new();
    for (call, code) in (1..=n_calls).zip([2, 999, 700].into_iter().cycle()) {
        faults.push(format!("{call}:{code}"));
    }
    for late in ["copy", "kernel", "memset"] {
        faults.extend((1..=5).map(|at| format!("{late}@{at}:700")));
    }
    let n_failed = sweep(&test, &faults);
    // Only what gives back may fail without being noticed.
    assert!(
        n_failed * 2 > faults.len(),
        "{n_failed} of {}",
        faults.len()
    );
}

/// Runs the test with each fault, two at once; how many were noticed.
pub(super) fn sweep(test: &str, faults: &[String]) -> usize {
    let run = |fault: &String| {
        let options = [
            ("FUELRAIL_FAKE_CUDA_FAIL", fault.as_str()),
            ("FUELRAIL_FAKE_CUDA_LAG_US", "200"),
        ];
        let ran = run_inside(test, &options);
        assert!(
            ran.passed() && ran.text().contains(ENDED),
            "{fault}: {}",
            ran.text()
        );
        usize::from(ran.text().contains("failed: "))
    };
    let (left, right) = faults.split_at(faults.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| right.iter().map(run).sum::<usize>());
        left.iter().map(run).sum::<usize>() + other.join().unwrap()
    })
}

#[test]
fn too_little_memory_says_what_to_lower() {
    for option in [
        ("FUELRAIL_FAKE_CUDA_PINNED", "100000"),
        ("FUELRAIL_FAKE_CUDA_FAIL", "cuMemAlloc_v2@2:2"),
    ] {
        if inside("faults::too_little_memory_says_what_to_lower", &[option]).is_err() {
            continue;
        }
        let lane = open(Some(0)).unwrap().lane(&programs::plain()).unwrap();
        let error = lane.acquire(&fixed(&[100_000])).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Device);
        assert!(error.to_string().contains("OUT_OF_MEMORY"), "{error}");
        assert!(error.hint().unwrap().contains("lower the size of batches"));
        return;
    }
}

#[test]
fn a_child_of_the_process_that_started_cuda_is_refused() {
    assert!(driver::same_process(std::process::id()).is_ok());
    let error = driver::same_process(std::process::id() + 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Device);
    assert!(error.to_string().contains("forked"), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn a_machine_without_devices_is_no_fault() {
    let options = [("FUELRAIL_FAKE_CUDA_DEVICES", "0")];
    if inside("faults::a_machine_without_devices_is_no_fault", &options).is_err() {
        return;
    }
    let error = list().map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Device);
    assert!(
        error.to_string().contains("CUDA_ERROR_NO_DEVICE"),
        "{error}"
    );
    assert!(error.hint().is_some());
    assert_eq!(
        open(Some(0)).map(|_| ()).unwrap_err().kind(),
        ErrorKind::Device
    );
}
