//! Batches that no slot holds whole, and kernels that a device does not have.

use fuelrail_kernels::Kernel;

use super::pretend::{Call, Manner, Pretend, Refuses};
use super::table::{STEPS, batches, plan};
use super::{ALONE, assert_equal, reference, run, within};
use crate::device::Chain;
use crate::device::items::fixed;
use crate::device::schedule::{LaunchSchedule, SlotBuffer};
use crate::device::tables::Tables;

#[test]
fn any_size_of_slots_gives_the_same_bits() {
    within(120, || {
        let batches = batches(&[90, 0, 1, 31]);
        let plan = plan(STEPS, &batches[0]);
        let expected = reference(&plan, &batches);
        let mut n_slots = Vec::new();
        // From those that hold nothing and those that hold single items to
        // those that hold all.
        for max_slot_bytes in [0, 256, 260, 264, 300, 600, 1000, 4096, 1 << 20] {
            let pretend = Pretend::new(Manner {
                max_slot_bytes,
                ..Manner::default()
            });
            let ran = run(&plan, &pretend.device(), ALONE, &batches).unwrap();
            assert_eq!(ran.lost, None);
            assert_equal(&expected, &ran.whole());
            n_slots.push(pretend.calls(Call::Submit));
        }
        assert_eq!(n_slots[..2], [0, 0], "the processor does it all");
        assert!(n_slots[2] > 100, "{n_slots:?}");
        assert!(n_slots[4..].is_sorted_by(|a, b| a >= b), "{n_slots:?}");
        assert_eq!(n_slots.last(), Some(&6), "three batches, two segments");
    });
}

#[test]
fn what_a_device_refuses_the_processor_does() {
    within(60, || {
        let batches = batches(&[90, 0, 31]);
        let plan = plan(STEPS, &batches[0]);
        let expected = reference(&plan, &batches);
        let refusals: [Refuses; 5] = [
            |kernel| kernel.is_wide().then_some("64 bits"),
            |kernel| matches!(kernel, Kernel::NormalizeImages(_)).then_some("images"),
            |kernel| matches!(kernel, Kernel::NormalizeNumbers(_)).then_some("numbers"),
            |kernel| matches!(kernel, Kernel::Cast(_)).then_some("casts"),
            |_| Some("everything"),
        ];
        for refuses in refusals {
            let pretend = Pretend::new(Manner {
                refuses,
                ..Manner::default()
            });
            let device = pretend.device();
            let ran = run(&plan, &device, ALONE, &batches).unwrap();
            assert_equal(&expected, &ran.whole());
            let told = device.placement(&plan).join("\n");
            let reasons = ["64 bits", "images", "numbers", "casts", "everything"];
            let n_told = reasons.iter().filter(|reason| told.contains(**reason));
            assert_eq!(n_told.count(), 1, "{told}");
        }
    });
}

#[test]
fn placement_says_who_does_what() {
    let batches = batches(&[1]);
    let plan = plan(STEPS, &batches[0]);
    let pretend = Pretend::new(Manner {
        refuses: |kernel| kernel.is_wide().then_some("64 bits"),
        ..Manner::default()
    });
    let device = pretend.device();
    let level = device.level();
    assert_eq!(
        device.placement(&plan),
        [
            "pretend:0 (a device for tests) does x (steps 1, 2), n (step 3), image (step 4), \
             codes (steps 6, 7, 8, 9), n (step 7), image (steps 8, 9)"
                .to_owned(),
            format!("cpu:{level} does y (steps 1, 2), ids (step 6): 64 bits"),
        ]
    );
}

#[test]
fn a_long_chain_takes_no_more_than_its_widest_items() {
    let batches = batches(&[1]);
    let plan = plan(STEPS, &batches[0]);
    for segment in plan.stages.segments() {
        let program = &segment.program;
        let n_items = vec![1000; program.chains.len()];
        let schedule =
            LaunchSchedule::new(program, &Tables::new(program), &fixed(&n_items)).unwrap();
        let widest = program.chains.iter().map(Chain::widest_item_bytes);
        let most: usize = widest
            .map(|width| (1000 * width).next_multiple_of(256))
            .sum();
        for buffer in [
            SlotBuffer::Src,
            SlotBuffer::Between(0),
            SlotBuffer::Between(1),
            SlotBuffer::Dst,
        ] {
            let len = schedule.len_bytes[buffer.index()];
            assert!(len <= most, "{buffer:?}: {len} of {most} bytes");
        }
    }
}
