//! Slots and tickets in any order, from any thread, on a device that is lost.

use std::sync::mpsc;
use std::time::Duration;

use super::kernels::{items, mixed};
use super::*;
use crate::device::items::fixed;
use crate::error::{Error, ErrorKind};

/// Longer than anything here takes.
const HANG: Duration = Duration::from_mins(1);

/// Runs `work` on a thread of its own; fails if it hangs.
fn without_hang<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    ended.recv_timeout(HANG).expect("it hangs, or has panicked")
}

#[test]
fn adapters_are_reported_in_order() {
    for (index, backend) in adapters().iter().enumerate() {
        let report = backend.report();
        assert!(!report.name.is_empty());
        assert_eq!(report.is_software, report.id.starts_with("wgpu:software"));
        if !report.is_software {
            assert_eq!(report.id, format!("wgpu:{index}"));
        }
    }
    let hardware = backends(Software::Without);
    assert!(hardware.iter().all(|backend| !backend.report().is_software));
    let n_hardware = adapters()
        .iter()
        .filter(|backend| !backend.report().is_software)
        .count();
    assert_eq!(hardware.len(), n_hardware);
}

#[test]
fn kernels_of_64_bits_are_refused() {
    for backend in adapters() {
        for element in Element::ALL {
            let refused = backend.refuses(&cast_of(element, Element::F32));
            assert_eq!(refused.is_some(), element.is_wide(), "{element}");
        }
        let wide = program(vec![vec![numbers(
            Element::F64,
            Element::F64,
            (0.0, 1.0),
            None,
        )]]);
        let error = backend.lane(&wide).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
    }
}

#[test]
fn threads_share_a_lane() {
    let program = mixed();
    for backend in adapters() {
        let lane = backend.lane(&program).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (lane, program) = (&*lane, &program);
                scope.spawn(move || batches(lane, program, thread));
            }
        });
    }
}

/// Batches of random sizes, one after another.
fn batches(lane: &dyn Lane, program: &Program, seed: u64) {
    let mut random = Random(seed + 10);
    for _ in 0..15 {
        let n_items: Vec<usize> = (0..program.chains.len())
            .map(|_| random.word() as usize % 600)
            .collect();
        let src = items(program, &n_items, &mut random);
        let found = through(lane, program, &src);
        assert_same(program, &found, &expected(program, &src));
    }
}

#[test]
fn lanes_and_devices_live_side_by_side() {
    let programs = [
        mixed(),
        program(vec![vec![cast_of(Element::F32, Element::F16)]]),
    ];
    // Devices of their own beside those that all tests share.
    let more = backends(Software::With);
    let mut random = Random(20);
    for backend in adapters().iter().chain(&more) {
        let lanes = programs.each_ref().map(|it| backend.lane(it).unwrap());
        for n in [5, 500] {
            for (lane, program) in lanes.iter().zip(&programs) {
                let src = items(program, &vec![n; program.chains.len()], &mut random);
                let found = through(&**lane, program, &src);
                assert_same(program, &found, &expected(program, &src));
            }
        }
    }
}

#[test]
fn slots_and_tickets_may_be_dropped_at_any_point() {
    let program = mixed();
    let n_items = [100, 10, 100, 10, 100];
    let mut random = Random(30);
    let src = items(&program, &n_items, &mut random);
    for backend in adapters() {
        let lane = backend.lane(&program).unwrap();
        for _ in 0..8 {
            drop(lane.acquire(&fixed(&n_items)).unwrap());
            let mut slot = lane.acquire(&fixed(&n_items)).unwrap();
            slot.write(1, &src[1]).unwrap();
            drop(slot);
            let mut slot = lane.acquire(&fixed(&n_items)).unwrap();
            for (chain, src) in src.iter().enumerate() {
                slot.write(chain, src).unwrap();
            }
            drop(slot.submit().unwrap());
            // A larger batch while the slot may still be at work.
            drop(lane.acquire(&fixed(&[900; 5])).unwrap());
        }
        let found = through(&*lane, &program, &src);
        assert_same(&program, &found, &expected(&program, &src));
    }
}

#[test]
fn outputs_of_all_slots_may_be_held_at_once() {
    let program = program(vec![vec![cast_of(Element::U8, Element::U16)]]);
    for backend in adapters() {
        let lane = backend.lane(&program).unwrap();
        for _ in 0..3 {
            let tickets: Vec<_> = (0..3u8)
                .map(|value| {
                    let mut slot = lane.acquire(&fixed(&[100])).unwrap();
                    slot.write(0, &[value; 100]).unwrap();
                    slot.submit().unwrap()
                })
                .collect();
            // Waited for in another order than they were submitted in.
            let outputs = tickets.into_iter().rev().map(|it| it.wait().unwrap());
            for (value, outputs) in (0..3u16).rev().zip(outputs.collect::<Vec<_>>()) {
                assert_eq!(outputs.dst(0), value.to_le_bytes().repeat(100));
            }
        }
    }
}

#[test]
fn a_batch_that_does_not_fit_is_an_error() {
    let program = mixed();
    for backend in adapters() {
        let lane = backend.lane(&program).unwrap();
        let kind = |error: Error| error.kind();
        let too_many = lane.acquire(&fixed(&[lane.max_slot_bytes(), 0, 0, 0, 0]));
        assert_eq!(too_many.map(drop).map_err(kind), Err(ErrorKind::Internal));
        let other = lane.acquire(&fixed(&[1]));
        assert_eq!(other.map(drop).map_err(kind), Err(ErrorKind::Internal));
        let mut slot = lane.acquire(&fixed(&[1, 1, 1, 1, 1])).unwrap();
        let shorter = slot.write(0, &[]);
        assert_eq!(shorter.map_err(kind), Err(ErrorKind::Internal));
        let beyond = slot.write(9, &[1]);
        assert_eq!(beyond.map_err(kind), Err(ErrorKind::Internal));
    }
}

/// A batch that keeps a device at work for a while.
fn submit_long(lane: &dyn Lane) -> Box<dyn crate::device::Ticket> {
    let mut slot = lane.acquire(&fixed(&[4 << 20])).unwrap();
    slot.write(0, &vec![1; 4 << 20]).unwrap();
    slot.submit().unwrap()
}

fn long() -> Program {
    program(vec![vec![
        cast_of(Element::U8, Element::F16),
        cast_of(Element::F16, Element::I8),
    ]])
}

/// What a lost device answers, each time at once.
fn assert_lost(lane: &dyn Lane, backend: &WgpuBackend) {
    for _ in 0..3 {
        let error = lane.acquire(&fixed(&[1])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Device);
        let text = error.to_string();
        assert!(text.contains(" was lost: "), "{text}");
        assert!(error.hint().is_some());
        let error = backend.lane(&long()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Device);
    }
}

#[test]
fn a_device_lost_while_at_work_is_an_error_and_no_hang() {
    for index in 0..adapters().len() {
        without_hang(move || {
            let backend = backends(Software::With).remove(index);
            let lane = backend.lane(&long()).unwrap();
            let tickets = [submit_long(&*lane), submit_long(&*lane)];
            let free = lane.acquire(&fixed(&[1])).unwrap();
            backend.gpu().unwrap().device().destroy();
            for ticket in tickets {
                // What was finished before the loss may still be read.
                match ticket.wait() {
                    Ok(outputs) => assert!(outputs.dst(0).iter().all(|byte| *byte == 1)),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Device),
                }
            }
            assert_eq!(free.submit().unwrap_err().kind(), ErrorKind::Device);
            assert_lost(&*lane, &backend);
        });
    }
}

/// Batches for as long as the device is there.
fn until_lost(lane: &dyn Lane) {
    let batch = || {
        let mut slot = lane.acquire(&fixed(&[4 << 20]))?;
        slot.write(0, &vec![1; 4 << 20])?;
        let outputs = slot.submit()?.wait()?;
        assert!(outputs.dst(0).iter().all(|byte| *byte == 1));
        Ok::<(), Error>(())
    };
    let error = loop {
        if let Err(error) = batch() {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::Device);
}

#[test]
fn who_waits_while_a_device_is_lost_goes_on() {
    for index in 0..adapters().len() {
        without_hang(move || {
            let backend = backends(Software::With).remove(index);
            let lane = backend.lane(&long()).unwrap();
            std::thread::scope(|scope| {
                // More than there are slots: some wait for one.
                for _ in 0..6 {
                    scope.spawn(|| until_lost(&*lane));
                }
                std::thread::sleep(Duration::from_millis(30));
                backend.gpu().unwrap().health().lose("the test says so");
            });
            assert_lost(&*lane, &backend);
        });
    }
}

#[test]
fn what_wgpu_objects_to_is_an_error() {
    for backend in adapters() {
        let gpu = backend.gpu().unwrap();
        let usage = wgpu::BufferUsages::STORAGE;
        let error = gpu.buffer(usage, usize::MAX / 2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Device);
        assert!(error.to_string().contains("memory"), "{error}");
        // A panic inside wgpu loses the device, but does not pass on.
        let own = backends(Software::With)
            .into_iter()
            .find(|other| other.report() == backend.report())
            .unwrap();
        let gpu = own.gpu().unwrap();
        let error = gpu.run("cannot go on", || panic!("planted")).unwrap_err();
        assert!(error.to_string().ends_with("was lost: planted"), "{error}");
        // So does what is reported outside of any scope.
        let own = backends(Software::With).remove(0);
        let gpu = own.gpu().unwrap();
        let unmapped = gpu.buffer(wgpu::BufferUsages::COPY_DST, 4).unwrap();
        unmapped.unmap();
        assert_eq!(gpu.health().check().unwrap_err().kind(), ErrorKind::Device);
    }
}

#[test]
fn a_forked_process_is_refused() {
    let without = backends(Software::With);
    for backend in &without {
        let lane = backend.lane(&long()).unwrap();
        let slot = lane.acquire(&fixed(&[8])).unwrap();
        let ticket = submit_long(&*lane);
        backend.gpu().unwrap().health().pretend_fork();
        let errors = [
            slot.submit().map(drop).unwrap_err(),
            ticket.wait().map(drop).unwrap_err(),
            lane.acquire(&fixed(&[8])).map(drop).unwrap_err(),
            backend.lane(&long()).map(drop).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Device);
            assert!(error.to_string().contains("forked"), "{error}");
            assert!(error.hint().is_some_and(|hint| hint.contains("spawn")));
        }
    }
}
