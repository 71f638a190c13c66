//! The parts of a slot's way, timed on a driver that lags and fails.

use super::super::super::Profile;
use super::super::super::profile::Part;
use super::*;

/// What is large here.
const LARGE: usize = 4 << 20;

fn profile_of(n_items: usize) -> Result<Option<Profile>> {
    let lane = open(Some(0))?.lane(&programs::plain())?;
    lane.profile(&[n_items], 3, LARGE)
}

#[test]
fn each_part_of_the_way_is_timed() {
    // What runs on the device takes 2 to 6 ms more than it needs.
    let options = [("FUELRAIL_FAKE_CUDA_LAG_US", "4000")];
    if let Err(ran) = inside("bench::each_part_of_the_way_is_timed", &options) {
        assert_eq!(ran.count("spinning_waits"), 0);
        assert_eq!(ran.count("live"), 0, "{}", ran.report);
        assert_eq!(ran.count("most_at_once"), 3);
        return;
    }
    let lane = open(Some(0)).unwrap().lane(&programs::plain()).unwrap();
    let profile = lane.profile(&[1000], 3, LARGE).unwrap().unwrap();
    assert!(profile.keys().copied().eq(Part::ALL));
    for (part, timed) in &profile {
        assert_eq!(timed.seconds.len(), 3, "{part:?}");
        assert!(
            timed.seconds.iter().all(|s| *s >= 0.002),
            "{part:?}: {timed:?}"
        );
    }
    let n_bytes = |part| profile[&part].n_bytes;
    // 1,000 numbers in whole regions of 256 bytes; the jobs go up behind them.
    assert!(n_bytes(Part::Upload) > 4096);
    assert_eq!(n_bytes(Part::Download), 4096);
    assert_eq!(n_bytes(Part::Kernels), 8192);
    assert_eq!(n_bytes(Part::Copy), n_bytes(Part::Kernels));
    assert_eq!(
        (n_bytes(Part::LargeUp), n_bytes(Part::LargeDown)),
        (LARGE, LARGE)
    );
    assert!(lane.profile(&[0], 3, LARGE).unwrap().is_none());
    // The ring was left alone.
    check_batch(&*lane, &programs::plain(), &[1000], 1);
}

#[test]
fn a_large_copy_shrinks_where_memory_is_short() {
    let options = [("FUELRAIL_FAKE_CUDA_PINNED", "3000000")];
    if let Err(ran) = inside(
        "bench::a_large_copy_shrinks_where_memory_is_short",
        &options,
    ) {
        assert_eq!(ran.count("live"), 0, "{}", ran.report);
        return;
    }
    let profile = profile_of(1000).unwrap().unwrap();
    assert_eq!(profile[&Part::LargeUp].n_bytes, LARGE / 2);
}

#[expect(clippy::print_stdout, reason = "read by the process that started this")]
#[test]
fn a_part_that_fails_is_an_error_and_no_hang() {
    let name = "bench::a_part_that_fails_is_an_error_and_no_hang";
    if std::env::var_os(INSIDE).is_some() {
        match profile_of(1000) {
            Ok(_) => println!("all is well"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Device, "{error:?}");
                println!("failed: {error}");
            }
        }
        return;
    }
    let test = format!("device::cuda::tests::{name}");
    for fault in [
        "cuEventCreate@10:2",
        "cuEventElapsedTime@1:999",
        "cuEventElapsedTime@9:700",
        "cuEventRecord@12:999",
        "cuEventSynchronize@5:999",
        "cuMemAlloc_v2@6:2",
        "cuMemcpyDtoDAsync_v2@2:700",
        "cuMemcpyDtoHAsync_v2@6:999",
        "cuMemcpyHtoDAsync_v2@4:999",
        "cuLaunchKernel@5:700",
        "cuStreamWaitEvent@9:999",
        "copy@9:700",
        "kernel@4:719",
    ] {
        let options = [
            ("FUELRAIL_FAKE_CUDA_FAIL", fault),
            ("FUELRAIL_FAKE_CUDA_LAG_US", "4000"),
        ];
        let ran = run_inside(&test, &options);
        assert!(ran.passed(), "{fault}: {}", ran.text());
        assert!(ran.text().contains("failed: "), "{fault}: {}", ran.text());
    }
}
