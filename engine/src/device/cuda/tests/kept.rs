//! Rows that stay in memory of the device: their bits, consumers of theirs, and
//! every call that may fail meanwhile.

use std::io::Write;

use fuelrail_kernels::lut::Lut;
use fuelrail_kernels::normalize::Layout;
use fuelrail_kernels::{Element, RowKernel};

use super::super::super::program::RowChain;
use super::super::super::stream::ConsumerStream;
use super::super::super::{ColumnItems, Destination, Items, Kept, Landing, OnLane, RowItems, Slot};
use super::faults::{ENDED, sweep};
use super::*;
use crate::device::items::offsets_of;

/// A lane that says that its slots are smaller than they are.
#[derive(Debug)]
struct Small(Arc<dyn Lane>, usize);

impl Lane for Small {
    fn max_slot_bytes(&self) -> usize {
        self.1
    }

    fn acquire(&self, items: &[Items<'_>]) -> Result<Box<dyn Slot>> {
        self.0.acquire(items)
    }

    fn keep(&self) -> Option<Box<dyn Kept>> {
        self.0.keep()
    }
}

/// Two columns whose bytes are all negated, and in the second negated once more.
fn negated(limit: usize) -> Result<OnLane> {
    let lut = |_: u32, byte: u8| u32::from(!byte);
    let lut = Lut::of_fn(Element::U8, 1, Layout::Hwc, 1, lut).unwrap();
    let chain = |n| RowChain::new(vec![RowKernel::Lut(lut.clone()); n]).unwrap();
    let program = Program {
        chains: Vec::new(),
        row_chains: vec![chain(1), chain(2)],
    };
    Ok(OnLane {
        lane: Arc::new(Small(open(Some(0))?.lane(&program)?, limit)),
        program,
        level: Level::best(),
    })
}

/// Runs a batch of rows of these lengths, and compares what came to lie where.
fn check(on_lane: &OnLane, kept: &mut [Box<dyn Kept>], lens: &[u32], seed: u8) -> Result<usize> {
    let offsets = offsets_of(lens).unwrap();
    let len = offsets[lens.len()] as usize;
    let bytes: Vec<u8> = (0..=255u8)
        .cycle()
        .take(len)
        .map(|at| at.wrapping_mul(31) ^ seed)
        .collect();
    let records = [Vec::new(), Vec::new()];
    let sources = [1, 2].map(|n_kernels| ColumnItems {
        bytes: &bytes,
        items: Items::Rows(RowItems {
            offsets: &offsets,
            records: &records[..n_kernels],
            tables: &[],
        }),
    });
    let landings = kept.iter_mut().map(|kept| Landing {
        offsets: &offsets,
        to: Destination::Device(&mut **kept),
    });
    let mut landings: Vec<Landing<'_>> = landings.collect();
    let n_on_host = on_lane.run_into(&sources, &mut landings)?;
    assert_eq!(n_on_host[0], n_on_host[1]);
    let empty = 0..lens.first().map_or(0, |len| *len as usize);
    landings[1].to.zero(std::slice::from_ref(&empty))?;
    let negated = bytes.iter().map(|byte| !byte);
    let mut expected = [negated.collect::<Vec<u8>>(), bytes.clone()];
    expected[1][empty].fill(0);
    for (kept, expected) in kept.iter().zip(&expected) {
        let mut found = vec![0xee; len];
        kept.read(&mut found)?;
        assert_eq!(found, *expected);
        let copy = kept.duplicate(len)?;
        assert_ne!(copy.address(), kept.address());
        found.fill(0xee);
        copy.read(&mut found)?;
        assert_eq!(found, *expected);
    }
    Ok(n_on_host[0])
}

fn two(on_lane: &OnLane) -> Vec<Box<dyn Kept>> {
    (0..2).map(|_| on_lane.lane.keep().unwrap()).collect()
}

#[test]
fn rows_stay_whatever_pieces_they_come_in() {
    let options = [("FUELRAIL_FAKE_CUDA_LAG_US", "500")];
    if let Err(ran) = inside("kept::rows_stay_whatever_pieces_they_come_in", &options) {
        assert_eq!(ran.count("live"), 0, "{}", ran.report);
        assert_eq!(ran.count("spinning_waits"), 0);
        return;
    }
    // All at once, in pieces, and some rows on the processor.
    for (limit, n_on_host) in [(1 << 20, 0), (9_000, 0), (4_096, 2)] {
        let on_lane = negated(limit).unwrap();
        let mut kept = two(&on_lane);
        let mut places = Vec::new();
        for seed in 0..4 {
            let lens = [7, 1000, 0, 4_000, 1, 3_500, 255, 256, 257];
            let found = check(&on_lane, &mut kept, &lens, seed).unwrap();
            assert_eq!(found, n_on_host, "{limit}");
            places.push(kept[0].address());
            // Fewer rows use the same memory.
            check(&on_lane, &mut kept, &lens[..2], seed).unwrap();
            check(&on_lane, &mut kept, &[], seed).unwrap();
        }
        places.dedup();
        assert_eq!(places.len(), 1, "memory that is enough is used again");
        assert_eq!(kept[0].ordinal(), 0);
        assert!(
            check(&on_lane, &mut kept, &[70_000; 9], 1).unwrap() == 9 * usize::from(limit < 70_000)
        );
    }
}

#[test]
fn consumers_are_waited_for_in_whatever_way_they_are_known() {
    let options = [("FUELRAIL_FAKE_CUDA_LAG_US", "2000")];
    let name = "kept::consumers_are_waited_for_in_whatever_way_they_are_known";
    if let Err(ran) = inside(name, &options) {
        assert_eq!(ran.count("live"), 0, "{}", ran.report);
        return;
    }
    let on_lane = negated(1 << 20).unwrap();
    let mut kept = two(&on_lane);
    for seed in 0..3 {
        check(&on_lane, &mut kept, &[3_000; 5], seed).unwrap();
        let known = [ConsumerStream::LEGACY, ConsumerStream::of_this_thread()];
        for stream in known.into_iter().chain([ConsumerStream::UNKNOWN]) {
            kept[0].lend(stream).unwrap();
            kept[0].lend(stream).unwrap();
        }
        let given = &kept[0];
        for stream in known.into_iter().chain([ConsumerStream::UNKNOWN]) {
            given.give_back(stream);
            // Another thread has another default stream.
            std::thread::scope(|scope| scope.spawn(|| given.give_back(stream)).join().unwrap());
        }
        // What was never lent is not given back.
        given.give_back(ConsumerStream::LEGACY);
    }
}

#[test]
fn memory_of_another_lane_is_refused() {
    if inside("kept::memory_of_another_lane_is_refused", &[]).is_err() {
        return;
    }
    let (one, other) = (negated(1 << 20).unwrap(), negated(1 << 20).unwrap());
    let error = check(&one, &mut two(&other), &[5], 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    let mut kept = two(&one);
    // Before it has room there is nothing to write to.
    assert!(kept[0].write(0, &[1]).is_err());
    kept[0].begin(4).unwrap();
    assert_eq!(
        kept[0].write(3, &[1, 2]).unwrap_err().kind(),
        ErrorKind::Internal
    );
    check(&one, &mut kept, &[5], 0).unwrap();
}

#[test]
fn every_call_may_fail_while_rows_stay() {
    if std::env::var_os(INSIDE).is_some() {
        let outcome = negated(4_096).and_then(|on_lane| {
            let mut kept = two(&on_lane);
            for seed in 0..2 {
                check(&on_lane, &mut kept, &[100, 4_000, 2_000, 3_000], seed)?;
                kept[1].lend(ConsumerStream::LEGACY)?;
                kept[1].give_back(ConsumerStream::LEGACY);
            }
            check(&on_lane, &mut kept, &[3_000; 9], 3).map(|_| ())
        });
        if let Err(error) = outcome {
            assert_eq!(error.kind(), ErrorKind::Device, "{error:?}");
            writeln!(std::io::stdout(), "failed: {error}").unwrap();
        }
        writeln!(std::io::stdout(), "{ENDED}").unwrap();
        return;
    }
    let test = "device::cuda::tests::kept::every_call_may_fail_while_rows_stay";
    let sound = run_inside(test, &[]);
    assert!(
        sound.passed() && !sound.text().contains("failed: "),
        "{}",
        sound.text()
    );
    assert_eq!(sound.count("live"), 0, "{}", sound.report);
    let n_calls = sound.count("calls");
    let codes = [2, 999, 700].into_iter().cycle();
    let calls = (1..=n_calls)
        .zip(codes)
        .map(|(call, code)| format!("{call}:{code}"));
    let mut faults: Vec<String> = calls.collect();
    for late in ["copy", "kernel", "memset"] {
        faults.extend((1..=5).map(|at| format!("{late}@{at}:700")));
    }
    let n_failed = sweep(test, &faults);
    // Only what gives back may fail without being noticed.
    assert!(
        n_failed * 2 > faults.len(),
        "{n_failed} of {}",
        faults.len()
    );
}
