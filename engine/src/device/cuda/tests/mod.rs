//! The backend on the simulated driver: bits, overlap, faults.
//!
//! A driver is loaded once a process, so each test starts this binary again
//! with `LD_LIBRARY_PATH` set to the simulator, and passes if the same test
//! passes there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use fuelrail_kernels::Level;

use super::super::program::Program;
use super::super::{DeviceKind, Lane};
use super::*;
use crate::device::items::fixed;
use crate::error::ErrorKind;

mod faults;
mod kept;
mod programs;

/// Set where the simulator is the driver.
const INSIDE: &str = "FUELRAIL_CUDA_SIM";

/// Seconds after which a test in the simulator counts as hung.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the simulator is; built the first time it is asked for.
fn simulator() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let done = Command::new(root.join("scripts/cuda_sim.sh"))
            .arg("build")
            .output()
            .expect("scripts/cuda_sim.sh starts");
        assert!(
            done.status.success(),
            "the simulator cannot be built (g++ is needed): {}",
            String::from_utf8_lossy(&done.stderr)
        );
        root.join("target/cuda-sim")
    })
}

/// What a test in the simulator did.
struct Ran {
    output: Output,
    /// What the simulator reported at its end, as `name=value` lines.
    report: String,
}

impl Ran {
    fn passed(&self) -> bool {
        let text = String::from_utf8_lossy(&self.output.stdout);
        self.output.status.success() && text.contains("test result: ok. 1 passed")
    }

    fn text(&self) -> String {
        let text = [&self.output.stdout[..], &self.output.stderr[..]].concat();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// A count of the simulator's report.
    fn count(&self, name: &str) -> u64 {
        let line = self.report.lines().find_map(|line| {
            let (found, value) = line.split_once('=')?;
            (found == name).then(|| value.parse().unwrap())
        });
        line.unwrap_or_else(|| panic!("no {name} in {:?}: {}", self.report, self.text()))
    }
}

/// Runs `test` of this binary in the simulator with these options.
fn run_inside(test: &str, options: &[(&str, &str)]) -> Ran {
    let folder = std::env::temp_dir();
    let unique = format!("{:?}", std::thread::current().id());
    let unique: String = unique.chars().filter(char::is_ascii_digit).collect();
    let name = format!("fuelrail-cuda-{}-{unique}", std::process::id());
    let report = folder.join(name);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("LD_LIBRARY_PATH", simulator())
        .env(INSIDE, "1")
        .env("FUELRAIL_FAKE_CUDA_REPORT", &report)
        .envs(options.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > PATIENCE {
            child.kill().unwrap();
            let text = child.wait_with_output().unwrap();
            panic!("{test} hangs with {options:?}: {text:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let text = std::fs::read_to_string(&report).unwrap_or_default();
    // It is not there if the process was aborted.
    let _ = std::fs::remove_file(&report);
    Ran {
        output,
        report: text,
    }
}

/// Whether this process has the simulator; if not, the test is run in one that
/// has, and what it came to is given.
fn inside(test: &str, options: &[(&str, &str)]) -> Result<(), Ran> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok(());
    }
    let ran = run_inside(&format!("device::cuda::tests::{test}"), options);
    assert!(ran.passed(), "{}", ran.text());
    Err(ran)
}

/// Runs a batch through a lane.
fn run_batch(
    lane: &dyn Lane,
    n_items: &[usize],
    columns: &[Vec<u8>],
) -> Result<Vec<(Vec<u8>, bool)>> {
    let mut slot = lane.acquire(&fixed(n_items))?;
    for (chain, column) in columns.iter().enumerate() {
        slot.write(chain, column)?;
    }
    let outputs = slot.submit()?.wait()?;
    let chains = 0..columns.len();
    Ok(chains
        .map(|chain| (outputs.dst(chain).to_vec(), outputs.overflowed(chain)))
        .collect())
}

/// The same by the scalar reference.
fn reference(program: &Program, n_items: &[usize], columns: &[Vec<u8>]) -> Vec<(Vec<u8>, bool)> {
    let chains = program.chains.iter().zip(n_items).zip(columns);
    chains
        .map(|((chain, n), column)| {
            let mut dst = vec![0; n * chain.dst_item_bytes()];
            let overflowed = chain.run(Level::SCALAR, column, &mut dst).unwrap();
            (dst, overflowed)
        })
        .collect()
}

/// Both, compared.
fn check_batch(lane: &dyn Lane, program: &Program, n_items: &[usize], seed: u64) {
    let columns = programs::columns(program, n_items, seed);
    let got = run_batch(lane, n_items, &columns).unwrap();
    let expected = reference(program, n_items, &columns);
    for (chain, (got, expected)) in got.iter().zip(&expected).enumerate() {
        let differs = got.0.iter().zip(&expected.0).position(|(a, b)| a != b);
        assert_eq!(
            (differs, got.0.len(), got.1),
            (None, expected.0.len(), expected.1),
            "{:?}, {n_items:?} items",
            program.chains[chain]
        );
    }
}

#[test]
fn the_simulator_is_found_and_says_what_it_is() {
    if inside("the_simulator_is_found_and_says_what_it_is", &[]).is_err() {
        return;
    }
    let all = list().unwrap();
    assert_eq!(all.len(), 1);
    let report = all[0].report();
    assert_eq!(
        (report.id.as_str(), report.kind),
        ("cuda:0", DeviceKind::Cuda)
    );
    assert_eq!(report.name, "fuelrail CUDA simulator");
    assert_eq!(report.driver.as_deref(), Some("CUDA driver 12.0"));
    assert!(report.is_software);
    assert_eq!(report.details[0], "compute capability 9.0");
    assert_eq!(open(Some(1)).unwrap_err().kind(), ErrorKind::Device);
}

#[test]
fn every_kernel_has_the_reference_s_bits() {
    if inside("every_kernel_has_the_reference_s_bits", &[]).is_err() {
        return;
    }
    let backend = open(Some(0)).unwrap();
    for program in programs::all() {
        let lane = backend.lane(&program).unwrap();
        for n in [1, 2, 7, 64, 259] {
            let n_items = programs::items(&program, n);
            check_batch(&*lane, &program, &n_items, n as u64);
        }
    }
}

#[test]
fn chains_may_have_any_number_of_items() {
    if inside("chains_may_have_any_number_of_items", &[]).is_err() {
        return;
    }
    let backend = open(Some(0)).unwrap();
    let program = programs::mixed();
    let lane = backend.lane(&program).unwrap();
    for n_items in [
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [0, 3, 0, 17],
        [2, 1, 1000, 1],
        [5, 5, 5, 5],
        [1, 0, 300_000, 40_001],
        [0, 0, 0, 0],
    ] {
        check_batch(&*lane, &program, &n_items, 7);
    }
}

#[test]
fn slots_overlap() {
    let options = [("FUELRAIL_FAKE_CUDA_LAG_US", "4000")];
    if let Err(ran) = inside("slots_overlap", &options) {
        // One is on its way up, one at work and one on its way down.
        assert_eq!(ran.count("most_at_once"), 3);
        return;
    }
    let backend = open(Some(0)).unwrap();
    let program = programs::plain();
    let lane = backend.lane(&program).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (lane, program) = (&lane, &program);
            let batches = move || (0..12).for_each(|n| check_batch(&**lane, program, &[n], thread));
            scope.spawn(batches);
        }
    });
}

#[test]
fn threads_share_a_lane_whose_copies_lag() {
    let options = [("FUELRAIL_FAKE_CUDA_LAG_US", "3000")];
    if let Err(ran) = inside("threads_share_a_lane_whose_copies_lag", &options) {
        // Nobody waits by using the processor, and all is given back.
        assert_eq!(ran.count("spinning_waits"), 0);
        assert_eq!(ran.count("live"), 0, "{}", ran.report);
        return;
    }
    let backend = open(Some(0)).unwrap();
    let program = programs::mixed();
    let lane = backend.lane(&program).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (lane, program) = (&lane, &program);
            scope.spawn(move || {
                for batch in 0..12 {
                    let n = 1 + (thread * 12 + batch) % 9;
                    let n_items = [n, n + 1, n * 100, n * 33];
                    let seed = (thread * 100 + batch) as u64;
                    check_batch(&**lane, program, &n_items, seed);
                }
            });
        }
    });
}

#[test]
fn what_is_dropped_early_is_waited_for() {
    let options = [("FUELRAIL_FAKE_CUDA_LAG_US", "5000")];
    if let Err(ran) = inside("what_is_dropped_early_is_waited_for", &options) {
        assert_eq!(ran.count("live"), 0, "{}", ran.report);
        return;
    }
    let backend = open(Some(0)).unwrap();
    let program = programs::mixed();
    let lane = backend.lane(&program).unwrap();
    let n_items = [1, 1, 50, 50];
    let columns = programs::columns(&program, &n_items, 1);
    for at in 0..9 {
        let mut slot = lane.acquire(&fixed(&n_items)).unwrap();
        if at % 3 == 0 {
            continue;
        }
        for (chain, column) in columns.iter().enumerate() {
            slot.write(chain, column).unwrap();
        }
        if at % 3 == 1 {
            continue;
        }
        drop(slot.submit().unwrap());
        // The simulator aborts where memory is freed or grown under a copy.
        let more = [2, 2, 5000 * (at + 1), 50];
        check_batch(&*lane, &program, &more, at as u64);
    }
    let mut slot = lane.acquire(&fixed(&n_items)).unwrap();
    for (chain, column) in columns.iter().enumerate() {
        slot.write(chain, column).unwrap();
    }
    let ticket = slot.submit().unwrap();
    drop((lane, backend));
    drop(ticket);
}

#[test]
fn slots_refuse_what_was_not_asked_for() {
    if inside("slots_refuse_what_was_not_asked_for", &[]).is_err() {
        return;
    }
    let backend = open(Some(0)).unwrap();
    let program = programs::mixed();
    let lane = backend.lane(&program).unwrap();
    let internal = |error: Error| assert_eq!(error.kind(), ErrorKind::Internal);
    internal(lane.acquire(&fixed(&[1])).unwrap_err());
    internal(lane.acquire(&fixed(&[1 << 30, 0, 0, 0])).unwrap_err());
    let n_items = [0, 0, 4, 0];
    let mut slot = lane.acquire(&fixed(&n_items)).unwrap();
    internal(slot.write(2, &[0; 3]).unwrap_err());
    internal(slot.write(9, &[]).unwrap_err());
    internal(slot.submit().map(|_| ()).unwrap_err());
    // None of that is the device's fault.
    check_batch(&*lane, &program, &n_items, 1);
    assert!(lane.max_slot_bytes() >= 1 << 20);
}
